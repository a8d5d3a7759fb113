"""The people around one patent, and the calendar that turns while they act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.audit import services as audit
from core.outbox import services as outbox
from core.outbox.models import OutboxDelivery
from core.people.models import Membership
from core.people.types import Actor
from licensing import services as licensing
from listings import services as listings
from listings.models import Patent
from pledges import services as pledges
from tests.factories import core
from tests.factories import licensing as make
from tests.factories.core import actor
from tests.factories.licensing import NOON

# Filed, granted and paid as `tests.factories.licensing.patent` has it.
EXPIRES, PAID_TO = date(2039, 3, 1), date(2027, 3, 1)


@dataclass
class World:
    """A holder's office, two firms, a bank and one patent."""

    office: Membership
    firms: tuple[Membership, ...]
    bank: Membership
    patent_id: int
    holder: str
    now: datetime = NOON

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def keeper(self) -> Actor:
        return actor(self.office)

    def patent(self) -> Patent:
        return Patent.objects.get(pk=self.patent_id)

    def tick(self) -> None:
        """A minute passes: no two acts happen at once."""
        self.now += timedelta(minutes=1)

    def turn(self, days: int) -> None:
        """Days pass, and what runs by night runs."""
        self.now = (self.now + timedelta(days=days)).replace(hour=12, minute=0)
        listings.refresh_standing(now=self.now)
        licensing.end_expired_licences(now=self.now)
        licensing.remind_of_filing(now=self.now)
        pledges.remind_of_maturity(now=self.now)

    def hear(self) -> None:
        """Whoever listens hears what happened; nobody fails on it."""
        outbox.relay(clock=lambda: self.now)
        owed = OutboxDelivery.objects.filter(done_at__isnull=True).exclude(error="").first()
        assert owed is None, f"{owed}: {owed.error}"
        audit.seal()


def world() -> World:
    """A world in which nothing has happened yet."""
    office = core.office()
    patent_id = make.patent(office)
    firms = (core.enterprise(), core.enterprise())
    return World(office, firms, core.bank(), patent_id, office.organisation.name)
