"""The audit trail: one entry per command, sealed so that no change goes unseen."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from core.audit import selectors, services
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
