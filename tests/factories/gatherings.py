"""Events for tests, made by the room's own services."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.people.models import Membership
from matching.models import Gathering, SignUp
from matching.services import attending
from matching.services import gatherings as services
from matching.types import GatheringInput, GatheringKind
from tests.factories import core
from tests.factories import matching as make

NOON = make.NOON
STARTS = NOON + timedelta(days=7)


def terms(**fields: Any) -> GatheringInput:
    """A roadshow of three hours in a week, with slots of half an hour."""
    given: dict[str, Any] = {
        "kind": GatheringKind.ROADSHOW,
        "title": "新型储能专利路演",
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(hours=3),
        "place": "张江路 1 号",
        "slot_minutes": 30,
    } | fields
    return GatheringInput(**given)


def draft(keeper: Membership | None = None, **fields: Any) -> Gathering:
    by = core.actor(keeper or core.office())
    return services.draft_gathering(data=terms(**fields), by=by, now=NOON)


def published(keeper: Membership | None = None, **fields: Any) -> Gathering:
    keeper = keeper or core.office()
    row = draft(keeper, **fields)
    return services.publish_gathering(gathering_id=row.pk, by=core.actor(keeper), now=NOON)


def comes(row: Gathering, firm: Membership, seats: int = 1, now: datetime = NOON) -> SignUp:
    return attending.sign_up(
        gathering_id=row.pk, attendees="张工", seats=seats, by=core.actor(firm), now=now
    )
