"""Rivals for what only one may have: three races by service, by API and by raw SQL, in rounds.

    DEAL_ROUNDS=200 .venv/bin/python manage.py test benchmarks/deal_rivals.py -q -s

Runs in the test database of the suite; without DEAL_ROUNDS two rounds each. In every round as many
rivals as DEAL_RIVALS says (32) start at one moment on connections of their own:

- exclusive: signed contracts for one exclusive scope, sealed at once; one may win.
- declared: open declarations announced and exclusive contracts sealed, half and half, on a patent.
- withdrawn: a declaration is withdrawn once while all others take a licence on it.

By raw SQL the rivals write the encumbrance themselves; the EXCLUDE constraint alone decides, and
its time is told apart. What may not be true together is then asked in SQL.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction
from rest_framework.test import APIClient

from core.db import lost_to_a_rival
from core.errors import DomainError
from core.people.models import Membership
from licensing import services
from licensing.rules.fees import FeeMode
from licensing.services import signing
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

RIVALS = int(os.environ.get("DEAL_RIVALS", "32"))
ROUNDS = int(os.environ.get("DEAL_ROUNDS", "2"))
LOST = {"taken", "blocked", "overlap", "not-on-offer", "rival", "illegal-move"}
OVERLAPS = """
    SELECT count(*) FROM listings_encumbrance a JOIN listings_encumbrance b
      ON a.patent_id = b.patent_id AND a.id < b.id AND a.active AND b.active
     AND a.cells && b.cells AND a.term && b.term
    WHERE a.kind IN ('sole', 'exclusive') AND b.kind IN ('sole', 'exclusive', 'open_declaration')
       OR b.kind IN ('sole', 'exclusive') AND a.kind = 'open_declaration'
"""
BIND = """
    INSERT INTO listings_encumbrance (patent_id, kind, territory, modes, cells, slots, term, source,
        reference, exception, consents, consent_reference, register_number, active, created_at,
        created_by, released_because)
    SELECT %s, %s, territory, modes, cells, int4range(%s, %s), daterange(%s, NULL), 'race', '', '',
        '{}', '', '', true, now(), 'race', '' FROM listings_encumbrance WHERE id = %s
"""
Rival = Callable[[], str]


@dataclass
class Tally:
    """What came out of many rounds."""

    ends: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    violations: int = 0

    def note(self, ends: Sequence[tuple[str, float]]) -> list[str]:
        """Take in one round; how each rival ended."""
        said = [end for end, _took in ends]
        self.ends.update(said)
        self.waits += [took for end, took in ends if end != "done"]
        self.violations += sum(end not in LOST | {"done"} for end in said)
        return said

    def line(self, name: str) -> str:
        """The figures in one line."""
        cuts = statistics.quantiles(self.waits or [0.0, 0.0], n=100)
        return (
            f"{name}: {self.violations} violations, {count(OVERLAPS)} overlaps by SQL; losers' "
            f"409 p50 {cuts[49]:.3f} s, p95 {cuts[94]:.3f} s, longest "
            f"{max(self.waits, default=0):.3f} s; deadlocks reaching a user "
            f"{self.ends['deadlock']}; {dict(self.ends)}"
        )


def together(rivals: Sequence[Rival]) -> list[tuple[str, float]]:
    """All at once on connections of their own; how each ended, and after how many seconds."""
    start = Barrier(len(rivals))

    def run(rival: Rival) -> tuple[str, float]:
        connection.ensure_connection()
        start.wait(60)
        began = time.perf_counter()
        try:
            end = rival()
        except DomainError as refusal:
            end = refusal.code
        except DatabaseError as problem:
            end = "rival" if lost_to_a_rival(problem) else type(problem).__name__
            if "deadlock" in str(problem):
                end = "deadlock"
        finally:
            took = time.perf_counter() - began
            connection.close()
        return end, took

    with ThreadPoolExecutor(len(rivals)) as pool:
        return list(pool.map(run, rivals))


def count(sql: str) -> int:
    """What one SQL query counts."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: int = cursor.fetchone()[0]
    return found


def overlaps() -> int:
    """Pairs of live rights that share a cell and a day and must not, by the database."""
    return count(OVERLAPS)


def ready_deals(at: given.Table, patent_id: int, number: int, kind: str = "exclusive") -> list[int]:
    """Deals of as many firms on one patent, signed by both sides."""
    tables = [given.Table(at.office, at.second, make.enterprise()) for _ in range(number)]
    return [given.uploaded(one, patent_id, kind=kind).pk for one in tables]


# --- the rivals: by service, by API, by SQL ----------------------------------------------------


def seal(deal_id: int, who: Membership) -> Rival:
    """The seals of a deal are checked, by service."""

    def run() -> str:
        signing.confirm_seals(deal_id=deal_id, by=actor(who), now=NOON)
        return "done"

    return run


def posted(path: str, who: Membership, body: dict[str, object]) -> Rival:
    """A command by API; the code of its 409."""
    client = APIClient()
    client.force_login(who.user)

    def run() -> str:
        answer = client.post(
            path, body, format="json", headers={"Idempotency-Key": f"{path}:{who.pk}"}
        )
        if answer.status_code in (200, 201):
            return "done"
        code = str(answer.json()["type"]).rsplit("/", 1)[-1]
        return code if answer.status_code == 409 else f"{answer.status_code} {code}"

    return run


def bound(patent_id: int, like: int, kind: str, seats: tuple[int, int]) -> Rival:
    """The encumbrance alone, written past every command."""

    def run() -> str:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(BIND, [patent_id, kind, *seats, TODAY, like])
        except DatabaseError as problem:
            if "encumbrance_no_overlap" in str(problem):
                return "overlap"
            raise
        return "done"

    return run


def announce(declaration_id: int, who: Membership) -> Rival:
    """A drafted declaration is announced."""

    def run() -> str:
        services.declare(
            declaration_id=declaration_id, filed_on=TODAY, announced_on=TODAY, revision=None,
            by=actor(who), now=NOON,
        )  # fmt: skip
        return "done"

    return run


def withdraw(declaration_id: int, who: Membership) -> Rival:
    """The declaration is withdrawn."""

    def run() -> str:
        services.withdraw_declaration(
            declaration_id=declaration_id, reason="停止", by=actor(who), now=NOON
        )
        return "done"

    return run


def take(declaration_id: int, who: Membership) -> Rival:
    """A firm takes the open licence."""

    def run() -> str:
        services.take_open_licence(declaration_id=declaration_id, by=actor(who), now=NOON)
        return "done"

    return run


# --- the races ---------------------------------------------------------------------------------


def exclusive_round(tally: Tally, at: given.Table, rivals: int, *, by_api: bool = False) -> None:
    """Signed contracts for one exclusive scope: one is sealed."""
    ids = ready_deals(at, lic.listed(at.office), rivals)
    if by_api:
        runs = [posted(f"/api/v1/deals/{pk}/seals/", at.second, {}) for pk in ids]
    else:
        runs = [seal(pk, at.second) for pk in ids]
    ends = tally.note(together(runs))
    tally.violations += abs(ends.count("done") - 1)


def declared_round(tally: Tally, at: given.Table, rivals: int) -> None:
    """Announcing one declaration against exclusive contracts: one of them all."""
    patent_id = lic.listed(at.office)
    ids = ready_deals(at, patent_id, rivals - 1)
    draft = lic.draft(at.office, patent_id)
    runs = [announce(draft.pk, at.office), *(seal(pk, at.second) for pk in ids)]
    ends = tally.note(together(runs))
    tally.violations += abs(ends.count("done") - 1)


def withdrawn_round(tally: Tally, at: given.Table, rivals: int, *, by_api: bool = False) -> None:
    """One withdrawal against takers: nobody takes after it, whoever took before keeps it."""
    row = lic.declaration(at.office, lic.listed(at.office), mode=FeeMode.FREE)
    firms = [make.enterprise() for _ in range(rivals - 1)]
    if by_api:
        body = {"declaration_id": row.pk, "accept_terms": True}
        runs = [posted("/api/v1/licences/", firm, body) for firm in firms]
    else:
        runs = [take(row.pk, firm) for firm in firms]
    ends = tally.note(together([withdraw(row.pk, at.office), *runs]))
    taken = type(row).objects.get(pk=row.pk).licences.count()
    tally.violations += (ends[0] != "done") + (taken != ends[1:].count("done"))


def sql_round(tally: Tally, at: given.Table, rivals: int) -> None:
    """Sole, exclusive and declared rows written at once past every command: one stays."""
    like = make_like(at)
    kinds = [("exclusive", (0, 2**31 - 1)), ("sole", (1, 2**31 - 1)), ("open_declaration", (1, 2))]
    patent_id = lic.listed(at.office)
    runs = [bound(patent_id, like, *kinds[i % 3]) for i in range(rivals)]
    ends = tally.note(together(runs))
    tally.violations += abs(ends.count("done") - 1)


def make_like(at: given.Table) -> int:
    """An encumbrance of the whole country to copy the scope of; its id."""
    row = lic.declaration(at.office, mode=FeeMode.FREE)
    assert row.encumbrance_id
    return row.encumbrance_id


RACES = {
    "exclusive, by service": lambda t, at, n: exclusive_round(t, at, n),
    "exclusive, by API": lambda t, at, n: exclusive_round(t, at, n, by_api=True),
    "declaration against exclusive": declared_round,
    "withdrawal against takers, by service": lambda t, at, n: withdrawn_round(t, at, n),
    "withdrawal against takers, by API": lambda t, at, n: withdrawn_round(t, at, n, by_api=True),
    "the constraint alone, raw SQL": sql_round,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", RACES)
def test_rivals(name: str) -> None:
    tally, at = Tally(), given.table()
    for _ in range(ROUNDS):
        RACES[name](tally, at, RIVALS)
    print(f"\n{ROUNDS} rounds x {RIVALS} rivals, {tally.line(name)}")
    assert (tally.violations, overlaps(), tally.ends["deadlock"]) == (0, 0, 0)
