"""Commands of those who keep the platform on other people's accounts."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F

from core import factors
from core.access.rules import EVIDENCE
from core.audit import services as audit
from core.errors import Conflict, Invalid, NotAllowed
from core.outbox import services as outbox
from core.people.models import User
from core.people.types import Actor
from core.permissions import Permission, require

LONGEST_REFERENCE = 60


@transaction.atomic
def end_sessions_of(*, user_id: int, by: Actor, now: datetime) -> None:
    """Sign somebody out of every device, at once: a lost laptop, a stolen password."""
    require(by, Permission.MANAGE_ACCESS)
    user = User.objects.select_for_update().get(pk=user_id)
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])
    audit.record("user.sessions_ended", subject=user, by=by, at=now)
    _tell(user, "sessions_ended", by=by, now=now)


@transaction.atomic
def end_everybodys_sessions(*, by: Actor, now: datetime) -> int:
    """Sign out everybody but the actor; how many people."""
    require(by, Permission.MANAGE_ACCESS)
    if by.user_id is None:
        raise NotAllowed("请以管理员本人的账户办理。")
    me = User.objects.select_for_update().get(pk=by.user_id)
    others = User.objects.filter(is_active=True).exclude(pk=me.pk)
    count = others.update(session_epoch=F("session_epoch") + 1)
    audit.record("user.all_sessions_ended", subject=me, by=by, at=now, changes={"people": count})
    return count


@transaction.atomic
def remove_factor(*, user_id: int, evidence: str, reference: str, by: Actor, now: datetime) -> None:
    """Take away a lost second factor, after it was made sure who asks.

    `evidence` says how, as carefully as when the account was opened; `reference` where it is
    filed. Every session ends; whoever must have a factor sets one up before anything else.
    """
    require(by, Permission.MANAGE_ACCESS)
    if user_id == by.user_id:
        raise NotAllowed("自己的两步验证不能自己移除，请由另一位管理员核实身份后办理。")
    problems: dict[str, list[str]] = {}
    if evidence not in EVIDENCE:
        problems["evidence"] = ["请选择怎样核实了身份。"]
    reference = reference.strip()
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        problems["reference"] = [f"请用 1 至 {LONGEST_REFERENCE} 个字写明核实记录存放在哪里。"]
    if problems:
        raise Invalid(fields=problems)
    user = User.objects.select_for_update().get(pk=user_id)
    rows = Authenticator.objects.filter(user=user)
    if not rows.exists():
        raise Conflict("这个账户没有设置两步验证，不需要移除。", code="no-factor")
    rows.delete()
    user.session_epoch += 1
    user.factor_due_at = now if factors.must_have_one(user) else None
    user.save(update_fields=["session_epoch", "factor_due_at"])
    said = {"evidence": evidence, "reference": reference}
    audit.record("user.factor_removed", subject=user, by=by, at=now, changes=said)
    _tell(user, "factor_removed", by=by, now=now)


def _tell(user: User, what: str, *, by: Actor, now: datetime) -> None:
    payload = {"user_id": user.pk, "what": what}
    outbox.emit("account.kept", subject=user, by=by, at=now, payload=payload)
