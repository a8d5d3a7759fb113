"""How long it takes to verify a long audit trail.

    python benchmarks/audit_chain.py --rows 1000000

A database of its own, thrown away: rows as commands write them, sealed by the platform's own
sealing, verified from the first to the last.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.django_db
def test_verify() -> None:
    """Not a test: it runs inside pytest for its database."""
    from django.db import connection

    from core.audit import selectors, services
    from core.audit.models import AuditEntry

    rows = int(os.environ["AUDIT_ROWS"])
    columns = "event, subject_type, subject_id, actor_key, organisation_id, at, changes"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY core_auditentry ({columns}) FROM STDIN") as copy,
    ):
        for number in range(rows):
            at = NOON + timedelta(seconds=number)
            changes = f'{{"amount": "{number}.00", "status": "listed"}}' if number % 2 else None
            who = f"user:{number % 900}/org:{number % 60}"
            copy.write_row(
                (
                    "listing.published",
                    "listings.listing",
                    str(number),
                    who,
                    number % 60,
                    at,
                    changes,
                )
            )
    begun = time.monotonic()
    while services.seal(limit=20_000):
        pass
    print(f"\nsealed {rows:,} in {time.monotonic() - begun:.1f} s")
    begun, cpu = time.monotonic(), time.process_time()
    assert selectors.first_break() is None
    took, spent = time.monotonic() - begun, time.process_time() - cpu
    load = os.getloadavg()[0]
    print(f"verified {rows:,} in {took:.1f} s, {spent:.1f} s of processor, load {load:.1f}")
    assert AuditEntry.objects.count() == rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    os.environ["AUDIT_ROWS"] = str(parser.parse_args().rows)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    return int(pytest.main([__file__, "-q", "-s", "-p", "no:cacheprovider"]))


if __name__ == "__main__":
    sys.exit(main())
