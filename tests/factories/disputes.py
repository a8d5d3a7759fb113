"""Disputes for tests, as far as they are to have come."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.people.models import Membership
from core.people.types import Actor
from licensing import services as room
from licensing.models import Dispute, Licence, PaymentDue
from licensing.rules.disputes import Topic
from licensing.rules.fees import FeePart, PartKind
from licensing.services import disputes, mediation
from licensing.services.disputes import Matter
from licensing.services.settling import Offer
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON

MATTER = Matter(Topic.FEE, "销量按含税口径计算，多算了。", "按不含税口径重新计算。", Decimal(3_000))


def matter(**changes: Any) -> Matter:
    """What a firm brings about a fee."""
    known = {name: getattr(MATTER, name) for name in MATTER.__slots__}
    return Matter(**(known | changes))


class Quarrel:
    """A licence in force with one sum due in ten days, both parties, and the bureau."""

    def __init__(self, office: Membership | None = None, firm: Membership | None = None) -> None:
        self.office_member, self.firm_member = office or make.office(), firm or make.enterprise()
        part = FeePart(PartKind.INSTALMENT, amount=Decimal(7_000), due_days=10)
        offered = lic.declaration(self.office_member, parts=(part,))
        self.office, self.firm = actor(self.office_member), actor(self.firm_member)
        self.licence: Licence = room.take_open_licence(
            declaration_id=offered.pk, by=self.firm, now=NOON
        )

    @property
    def due(self) -> PaymentDue:
        """The sum of its plan."""
        return self.licence.dues.get(position=1)

    def opened(self, by: Actor | None = None, now: datetime = NOON, **changes: Any) -> Dispute:
        """The firm brings it."""
        return disputes.open_dispute(
            matter=matter(**changes), licence_id=self.licence.pk, by=by or self.firm, now=now
        )

    def answered(self, now: datetime = NOON, **changes: Any) -> Dispute:
        """The office has answered."""
        row = self.opened(now=now, **changes)
        return disputes.answer_dispute(
            dispute_id=row.pk, answer="口径以合同为准。", by=self.office, now=now
        )

    def agreed(self, now: datetime = NOON, **changes: Any) -> Dispute:
        """The firm asked for mediation and the office agreed."""
        row = self.answered(now=now, **changes)
        mediation.ask_mediation(dispute_id=row.pk, note="协商两次未果", by=self.firm, now=now)
        return mediation.agree_to_mediation(
            dispute_id=row.pk, statement="", by=self.office, now=now
        )

    def mediated(
        self, bureau: Membership, mediator: Membership, now: datetime = NOON, **changes: Any
    ) -> Dispute:
        """The bureau has named a mediator."""
        row = self.agreed(now=now, **changes)
        return mediation.name_mediator(
            dispute_id=row.pk,
            mediator_id=mediator.organisation_id,
            mediator_name="周调",
            by=actor(bureau),
            now=now,
        )


def offer(**changes: Any) -> Offer:
    """The firm pays less, and the disputed sum falls away."""
    known: dict[str, Any] = {
        "text": "按不含税口径重算，双方再无争议。",
        "amount": Decimal(5_000),
        "payer": "taker",
        "pay_by": (NOON + timedelta(days=60)).date(),
        "releases": True,
    }
    return Offer(**(known | changes))
