"""Whose account an administrator touched hears it by letter, whatever is switched off."""

from __future__ import annotations

from datetime import datetime

from core import letters
from core.outbox.registry import Event, consumer
from core.people import selectors as people

TOLD = {
    "sessions_ended": "管理员已让您的账户在所有设备上退出登录",
    "factor_removed": "管理员已移除您账户的两步验证",
}


@consumer("account.kept", name="core.account_kept")
def tell(event: Event, *, now: datetime) -> None:
    """What was done and what to do when one did not ask for it."""
    user_id, what = event.payload["user_id"], event.payload["what"]
    address = people.mail_addresses([user_id]).get(user_id)
    if address:
        letters.send(to=address, subject=TOLD[what], template="account_kept", what=what)
