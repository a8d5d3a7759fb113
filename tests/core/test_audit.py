"""The audit trail: one entry per command, sealed so that no change goes unseen."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from core.audit import heads, selectors, services
from core.audit.models import AuditEntry
from core.people.types import Actor
from tests.factories import core as make


def write(now: datetime, number: int = 5) -> list[AuditEntry]:
    subject = make.OrganisationFactory()
    by = Actor(user_id=3, organisation_id=subject.pk, name="张三")
    return [
        services.record("thing.done", subject=subject, by=by, at=now, changes={"n": n})
        for n in range(number)
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_a_sealed_chain_holds(now: datetime, settings: object, algorithm: str) -> None:
    settings.AUDIT_HASH = algorithm  # type: ignore[attr-defined]
    write(now)
    assert services.seal() == 5
    write(now)
    assert services.seal() == 5
    assert services.seal() == 0
    assert selectors.first_break() is None


def place(entry: int, to: int) -> str:
    return f"UPDATE core_auditentry SET position = {to} WHERE position = {entry}"


FORGERIES = {
    "edit": "UPDATE core_auditentry SET event = 'other' WHERE position = 3",
    "delete": "DELETE FROM core_auditentry WHERE position = 3",
    "reorder": "UPDATE core_auditentry SET at = at + interval '1 s' WHERE position = 3",
    "actor": "UPDATE core_auditentry SET actor_key = 'system' WHERE position = 3",
}


@pytest.mark.django_db
@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_database_refuses_a_forgery(now: datetime, forgery: str) -> None:
    write(now)
    services.seal()
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        _run(FORGERIES[forgery])


@pytest.mark.django_db
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_behind_the_triggers_back_is_found(now: datetime, forgery: str) -> None:
    write(now)
    services.seal()
    _run("ALTER TABLE core_auditentry DISABLE TRIGGER USER")
    _run("DELETE FROM core_auditperson")
    _run(FORGERIES[forgery])
    assert selectors.first_break() == 3


SWAP = (place(3, -1), place(4, 3), place(-1, 4))
INSERTED = """
    INSERT INTO core_auditentry
        (event, subject_type, subject_id, actor_key, at, position, digest)
    SELECT event, subject_type, subject_id, actor_key, at, 3, repeat('0', 64)
    FROM core_auditentry WHERE position = 2
"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "forgery", [SWAP, (place(5, 6), place(4, 5), place(3, 4), INSERTED)], ids=["swap", "insert"]
)
def test_entries_in_another_order_or_one_more_are_found(
    now: datetime, forgery: tuple[str, ...]
) -> None:
    write(now)
    services.seal()
    _run("ALTER TABLE core_auditentry DISABLE TRIGGER USER")
    for step in forgery:
        _run(step)
    assert selectors.first_break() == 3


@pytest.mark.django_db
def test_a_tail_that_was_cut_off_is_found(now: datetime, tmp_path: Path) -> None:
    """What is left of the chain holds; the end that was remembered outside is gone."""
    file, tomorrow = tmp_path / "heads", now + timedelta(days=1)
    assert heads.remember(file, now=now)  # nothing yet
    write(now)
    services.seal()
    assert heads.remember(file, now=now)
    write(now)
    services.seal()
    assert heads.remember(file, now=tomorrow)
    assert [head.position for head in heads.kept(file)] == [5, 10]
    assert heads.lost(file) is None
    _run("ALTER TABLE core_auditentry DISABLE TRIGGER USER")
    _run("DELETE FROM core_auditperson")
    _run("DELETE FROM core_auditentry WHERE position > 7")
    assert selectors.first_break() is None
    assert heads.lost(file) == 10
    write(now)  # written over, it is found as well, and the evidence stays
    services.seal()
    assert not heads.remember(file, now=tomorrow)
    assert (heads.lost(file), len(heads.kept(file))) == (10, 2)


@pytest.mark.django_db
def test_a_day_keeps_its_newest_entry(now: datetime, tmp_path: Path) -> None:
    for _ in range(3):
        write(now)
        services.seal()
        heads.remember(tmp_path / "heads", now=now)
    assert [head.position for head in heads.kept(tmp_path / "heads")] == [15]


@pytest.mark.django_db
def test_erasing_a_name_leaves_the_chain_whole(now: datetime) -> None:
    entry = write(now)[0]
    services.seal()
    entry.person.delete()
    assert selectors.first_break() is None


@pytest.mark.django_db
def test_an_organisation_reads_its_own_entries_and_an_auditor_all(now: datetime) -> None:
    write(now)
    stranger, auditor = make.actor(make.enterprise()), make.actor(make.auditor())
    assert selectors.entries(viewer=stranger).count() == 0
    assert selectors.entries(viewer=Actor.anonymous()).count() == 0
    assert selectors.entries(viewer=auditor).count() == 5


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
