"""One's account: the second factor, where one is signed in."""

from __future__ import annotations

from typing import Any

from tests.matrix import Row, World, logged_in, only

KEEPER = only("sysadmin")
LED = only("sysadmin", status=302)
PROOF = {"evidence": "in_person", "reference": "登记簿第 1 条"}


def somebody(world: World) -> dict[str, Any]:
    return {"user_id": world.members["office"].user_id}


def pk(world: World) -> dict[str, Any]:
    return {"pk": world.members["office"].user_id}


EXPECTATIONS: dict[str, Row] = {
    "core:account": Row(get=logged_in()),
    "core:second-factor": Row(get=logged_in()),
    "core:sessions": Row(get=logged_in()),
    "core:sessions-end": Row(post=logged_in(302)),
    # Whoever did not say who they are within the last minutes is led to do so first.
    "core:session-end": Row(kwargs=lambda world: {"session_id": 1}, post=logged_in(302)),
    "core:accounts": Row(get=KEEPER),
    "core:accounts-end": Row(post=LED),
    "core:account-kept": Row(kwargs=somebody, get=KEEPER),
    "core:account-end": Row(kwargs=somebody, post=LED),
    "core:account-factor": Row(kwargs=somebody, get=LED, post=LED),
    "accounts-api:accounts": Row(get=only("sysadmin", anonymous=401)),
    "accounts-api:account": Row(kwargs=pk, get=only("sysadmin", anonymous=401)),
    # Nobody here has just said who they are: administrators are told to do so first.
    "accounts-api:accounts-end": Row(post=only(anonymous=401)),
    "accounts-api:account-end": Row(kwargs=pk, post=only(anonymous=401)),
    "accounts-api:account-factor": Row(kwargs=pk, post=only(anonymous=401), data=lambda w: PROOF),
    "own-api:account": Row(get=logged_in(anonymous=401), patch=logged_in(anonymous=401)),
    "own-api:sessions": Row(get=logged_in(anonymous=401)),
    "own-api:sessions-end": Row(post=logged_in(403, anonymous=401)),
    "own-api:session-end": Row(kwargs=lambda world: {"pk": 1}, post=logged_in(403, anonymous=401)),
    "own-api:proof": Row(post=logged_in(422, anonymous=401)),
}
