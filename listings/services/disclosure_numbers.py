"""How disclosures are numbered: one series for each house and year.

A number tells nothing of how many inventions other houses have. Those handed out before (FM, year
and six digits, without a dash) stay as they are and never meet the new ones.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import connection
from django.db.models import IntegerField, Max
from django.db.models.functions import Cast, Substr

from listings.models import Disclosure

NUMBERING_LOCK: Final = 0x5EA4


def next_number(*, organisation_id: int, day: date) -> str:
    """The house's next one of the year; held until the end of the transaction."""
    with connection.cursor() as cursor:  # two inventors of one house never get the same
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [NUMBERING_LOCK, organisation_id % 2**31]
        )
    start = f"FM{day:%Y}-"
    last = Disclosure.objects.filter(
        organisation_id=organisation_id, number__startswith=start
    ).aggregate(last=Max(Cast(Substr("number", len(start) + 1), IntegerField())))["last"]
    return f"{start}{(last or 0) + 1:04d}"
