"""Many reported outcomes decided at once by the bureau: each by itself, none for another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from core.errors import DomainError, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.services.outcomes import reject_outcome, verify_outcome

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """One report, and why it was not decided; "" when it was."""

    outcome_id: int
    problem: str = ""

    @property
    def done(self) -> bool:
        """Whether the decision stands."""
        return not self.problem


def decide_outcomes(
    *, outcome_ids: Iterable[int], verified: bool, by: Actor, now: datetime, reason: str = ""
) -> list[Decided]:
    """Verify or send back these; what cannot be decided says why and stops no other."""
    require(by, Permission.VERIFY_OUTCOME)
    ids = sorted(set(outcome_ids))
    if not ids:
        raise Invalid(fields={"outcome_ids": [_("请先勾选要核验的转化反馈。")]})
    if len(ids) > MOST_AT_ONCE:
        message = _("一次最多核验 %(n)d 条，请分批办理。") % {"n": MOST_AT_ONCE}
        raise Invalid(fields={"outcome_ids": [message]})
    if not verified and not reason.strip():
        raise Invalid(fields={"reason": [_("请写明退回原因，填报单位会看到。")]})
    command = verify_outcome if verified else reject_outcome
    decided = []
    for outcome_id in ids:
        try:
            command(outcome_id=outcome_id, reason=reason, by=by, now=now)
            decided.append(Decided(outcome_id))
        except DomainError as refusal:
            decided.append(Decided(outcome_id, refusal.message))
    return decided
