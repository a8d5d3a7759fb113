"""Disclosures for tests, brought by the room's own services to where they should stand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.people.models import Membership
from core.people.types import Role
from listings import services
from listings.models import Disclosure
from listings.rules.disclosures import Contributor, Decision, DisclosureInput
from listings.rules.verdicts import Scores
from tests.factories import core
from tests.factories.listings import NOON

SCORES = Scores(trl=6, novelty=4, market=4, enforceability=4, cost=3, team=4)


def inventor_of(office: Membership) -> Membership:
    """An inventor in the house of this office."""
    return core.MembershipFactory(role=Role.INVENTOR, organisation=office.organisation)


def said(**fields: Any) -> DisclosureInput:
    """A whole disclosure, unless told otherwise."""
    given: dict[str, Any] = {
        "title": "低温下快速加热电池的办法",
        "novelty": "不用加热膜，让两半电池互相充放电，自己发热，升温快三倍。",
        "problem": "冬天电池充不进电、跑不远，加热膜要二十多分钟还会局部过热。",
        "how": "把电池组分成两半，经双向变换器互相充放电，频率取阻抗最大处。",
        "contributors": (Contributor("甲", Decimal(60)), Contributor("乙", Decimal(40))),
    } | fields
    return DisclosureInput(**given)


def disclosure(
    inventor: Membership, office: Membership | None = None, *, stands: str = "draft",
    scores: Scores = SCORES, decision: Decision = Decision.FILE, **fields: Any,
) -> Disclosure:  # fmt: skip
    """A disclosure that has come as far as `stands`."""
    by = core.actor(inventor)
    pk = services.draft_disclosure(data=said(**fields), by=by, now=NOON)
    order = ["draft", "submitted", "evaluating", "evaluated", "decided"]
    steps = order[1 : order.index(stands) + 1]
    if "submitted" in steps:
        services.submit_disclosure(disclosure_id=pk, by=by, now=NOON)
    if office is not None and len(steps) > 1:
        judge = core.actor(office)
        services.take_disclosure(disclosure_id=pk, by=judge, now=NOON)
        if "evaluated" in steps:
            services.evaluate_disclosure(disclosure_id=pk, scores=scores, by=judge, now=NOON)
        if "decided" in steps:
            services.decide_disclosure(
                disclosure_id=pk, decision=decision, reason="按评估", by=judge, now=NOON
            )
    return Disclosure.objects.get(pk=pk)
