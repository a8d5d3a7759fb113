"""Numbers, dates and codes for records that have none: from blocks marked 示例, always the same.

Serials 98xxxxx and organisation codes YP1xxxxx are far beyond any that were ever given out, so
nobody can take a minted number for a real one. What a record gets follows from its id alone,
unless two records want the same number: then the later one takes the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from stdnum.cn import uscc

from listings.rules import numbers

FIRST_SERIAL, SERIALS = 9_800_000, 100_000
FIRST_YEAR, YEARS = 2012, 11
INVENTION = "1"
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
REGIONS = (
    *("110108", "120116", "130102", "140107", "210102", "220104", "230102", "310115"),
    *("320106", "320508", "330106", "340104", "350102", "360102", "370102", "410105"),
    *("420106", "430102", "440106", "440305", "450103", "460105", "500112", "510104"),
    *("520102", "530102", "610113", "620102", "640104", "650102"),
)


@dataclass(frozen=True, slots=True)
class Minted:
    """What a record was given."""

    number: str
    filed_on: date
    granted_on: date
    annuity_paid_to: date


def _digest(record_id: str) -> int:
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:8], "big")


def mint(record_ids: Iterable[str], *, today: date) -> dict[str, Minted]:
    """A number and dates for each record: granted, in force, the annuity paid for the year."""
    taken: set[tuple[int, int]] = set()
    minted = {}
    for record_id in record_ids:
        seed = _digest(record_id)
        year = FIRST_YEAR + seed % YEARS
        serial = seed // YEARS % SERIALS
        while (year, serial) in taken:
            serial = (serial + 1) % SERIALS
        taken.add((year, serial))
        filed_on = date(year, 1, 1) + timedelta(days=seed // 7 % 365)
        minted[record_id] = Minted(
            number=numbers.mint(year, INVENTION, FIRST_SERIAL + serial),
            filed_on=filed_on,
            granted_on=filed_on + timedelta(days=600 + seed // 11 % 500),
            annuity_paid_to=_next_anniversary(filed_on, today),
        )
    return minted


def _next_anniversary(filed_on: date, today: date) -> date:
    day = min(filed_on.day, 28)
    this_year = filed_on.replace(year=today.year, day=day)
    return this_year if this_year > today else this_year.replace(year=today.year + 1)


def region(record_id: str) -> str:
    """A division for a record that names none."""
    return REGIONS[_digest(record_id) % len(REGIONS)]


def organisation_code(place: int, *, region: str, authority: str = "91") -> str:
    """A valid 统一社会信用代码 of the demo's block."""
    body = f"YP1{place:05d}"
    values = [int(c) if c.isdigit() else ord(c) - 55 for c in body]
    rest = 11 - sum(v * w for v, w in zip(values, _INNER_WEIGHTS, strict=True)) % 11
    inner = {10: "X", 11: "0"}.get(rest, str(rest))
    code = f"{authority}{region}{body}{inner}"
    return code + str(uscc.calc_check_digit(code))
