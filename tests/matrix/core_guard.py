"""Where browsers report what the policy refused, and who reads it."""

from __future__ import annotations

from tests.matrix import Row, everyone, only

EXPECTATIONS: dict[str, Row] = {
    "core:policy-report": Row(post=everyone(415)),  # a form is no report
    "core:policy-reports": Row(get=only("auditor", "sysadmin")),
}
