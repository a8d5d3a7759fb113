"""Pledges for tests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from core.people.models import Membership
from pledges import services
from pledges.models import Pledge
from pledges.types import PledgeInput
from tests.factories import licensing as patents
from tests.factories.core import actor
from tests.factories.licensing import NOON

_numbers = count(1)
CONFIRMED = ("invalidation-pending",)


def terms(*patent_ids: int, **changes: Any) -> PledgeInput:
    """A sound pledge of one year on these patents."""
    known: dict[str, Any] = {
        "patent_ids": patent_ids,
        "debtor_name": "示例科技有限公司",
        "principal": Decimal(3_000_000),
        "starts_on": date(2026, 11, 1),
        "ends_on": date(2027, 10, 31),
        "register_number": f"Y2026{next(_numbers):09d}",
        "registered_on": date(2026, 11, 10),
        "confirmed": CONFIRMED,
    }
    return PledgeInput(**(known | changes))


def pledge(holder: Membership, bank: Membership, *patent_ids: int, **changes: Any) -> Pledge:
    """A recorded pledge of the holder's patents to the bank."""
    ids = patent_ids or (patents.patent(holder),)
    return services.record_pledge(data=terms(*ids, **changes), by=actor(bank), now=NOON)
