"""Who plays: one office that manages the real patents, and a firm for every real need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from core.people import selectors as people
from core.people import services as enrolment
from core.people.types import Actor, Role
from patentops.demo.minting import organisation_code, region
from patentops.demo.sources import RealNeed
from patentops.sample.crew import PASSWORD

OFFICE_NAME = "示例·演示技术转移中心"
OFFICE_ACCOUNT = "demo-office@example.cn"
OFFICE_REGION = "310104"
FIRM_ACCOUNT = "demo-firm-{:03d}@example.cn"


@dataclass(frozen=True, slots=True)
class Player:
    """An organisation to make sure of, with its person."""

    name: str
    kind: str
    uscc: str
    region: str
    account: str
    person: str
    role: Role


def office(*, now: datetime) -> Actor:
    """The demo office, enrolled if it is not yet."""
    code = organisation_code(0, region=OFFICE_REGION, authority="12")
    player = Player(
        name=OFFICE_NAME,
        kind="university",
        uscc=code,
        region=OFFICE_REGION,
        account=OFFICE_ACCOUNT,
        person="演示转移中心",
        role=Role.OFFICE,
    )
    return _enrol(player, password_hash=make_password(PASSWORD), now=now)


def firms(
    needs: Sequence[RealNeed], *, now: datetime, step: Callable[[], object]
) -> dict[str, Actor]:
    """A firm for each need, by the need's id. Each is told of its own matches only."""
    shared = make_password(PASSWORD)  # one slow hash for all: the password is public
    found = {}
    for place, need in enumerate(needs, start=1):
        home = region(need.id)
        player = Player(
            name=f"示例·演示企业 {place:03d}",
            kind="enterprise",
            uscc=organisation_code(place, region=home),
            region=home,
            account=FIRM_ACCOUNT.format(place),
            person=f"演示企业 {place:03d}",
            role=Role.ENTERPRISE,
        )
        found[need.id] = _enrol(player, password_hash=shared, now=now)
        step()
    return found


def _enrol(player: Player, *, password_hash: str, now: datetime) -> Actor:
    by = Actor.system()
    card = people.organisation_by_uscc(player.uscc)
    organisation_id = (
        card.id
        if card
        else enrolment.register_organisation(
            name=player.name,
            kind=player.kind,
            uscc=player.uscc,
            region=player.region,
            is_sample=True,
            by=by,
            now=now,
        )
    )
    person = get_user_model().objects.filter(email=player.account).first()
    if person is None:
        pk = enrolment.register_user(
            email=player.account,
            display_name=player.person,
            password_hash=password_hash,
            by=by,
            now=now,
        )
        person = get_user_model().objects.get(pk=pk)
    membership_id = enrolment.appoint(
        user_id=person.pk,
        organisation_id=organisation_id,
        role=player.role,
        is_default=True,
        by=by,
        now=now,
    )
    return people.actor_for(person, membership_id=membership_id, on=timezone.localdate(now))
