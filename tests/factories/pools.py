"""Patent pools for tests: founded, filled, licensed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from core.people.models import Membership
from licensing.models import Pool, PoolEntry, PoolIncome, PoolLicence
from licensing.rules.fees import FeePart, PartKind
from licensing.services import pool_entries, pool_licences, pools
from licensing.types import PoolBargain
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON

LUMP = (FeePart(PartKind.LUMP, amount=Decimal(100_000)),)


def pool(administrator: Membership, **changes: Any) -> Pool:
    """A pool without patents, its terms published."""
    known: dict[str, Any] = {
        "name": "电池热管理专利池",
        "field": "动力电池热管理",
        "rules": "与电池热管理直接相关、已授权的专利。",
        "split": "patents",
        "fee_percent": Decimal(10),
    }
    bargain = PoolBargain(**(known | changes))
    row = pools.found_pool(bargain=bargain, by=actor(administrator), now=NOON)
    pools.publish_terms(pool_id=row.pk, parts=LUMP, months=36, by=actor(administrator), now=NOON)
    return row


def applied(row: Pool, holder: Membership, patent_id: int | None = None) -> PoolEntry:
    """A holder's patent that waits for the administrator."""
    known = {"patent_ids": [patent_id or lic.patent(holder)], "covenant": True}
    return pool_entries.apply_to_pool(pool_id=row.pk, by=actor(holder), now=NOON, **known)[0]  # type: ignore[arg-type]


def admitted(row: Pool, holder: Membership, administrator: Membership) -> PoolEntry:
    """A patent that stands in the pool."""
    entry = applied(row, holder)
    return pool_entries.admit_entry(entry_id=entry.pk, by=actor(administrator), now=NOON)


def taken(row: Pool, firm: Membership, *, now: datetime = NOON, **known: Any) -> PoolLicence:
    """A firm's licence of the pool under its first terms."""
    said = {"version": 1} | known
    return pool_licences.take_pool_licence(pool_id=row.pk, by=actor(firm), now=now, **said)


def income(row: PoolLicence, administrator: Membership, **changes: Any) -> PoolIncome:
    """The sum due, received."""
    known: dict[str, Any] = {
        "amount": Decimal(100_000),
        "received_on": NOON.date(),
        "reference": "回单1",
    }
    return pool_licences.record_income(
        pool_licence_id=row.pk, by=actor(administrator), now=NOON, **(known | changes)
    )
