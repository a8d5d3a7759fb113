"""One's account: the second factor, where one is signed in."""

from __future__ import annotations

from tests.matrix import Row, logged_in

EXPECTATIONS: dict[str, Row] = {
    "core:account": Row(get=logged_in()),
    "core:second-factor": Row(get=logged_in()),
    "core:sessions": Row(get=logged_in()),
    "core:sessions-end": Row(post=logged_in(302)),
    "core:session-end": Row(kwargs=lambda world: {"session_id": 1}, post=logged_in(404)),
}
