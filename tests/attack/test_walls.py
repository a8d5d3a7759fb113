"""The second wall: what PostgreSQL shows to a page that forgot to ask who looks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import walls
from core.people.models import Membership
from core.people.types import Actor
from listings.models.disclosures import Disclosure, DisclosureContributor, DisclosureQuerySet
from patentops.pooling import forget_tenant
from tests.factories import core as make

pytestmark = pytest.mark.django_db
WALLED = {
    "listings_disclosure",
    "listings_disclosurecontributor",
    "listings_disclosurepublication",
    "listings_disclosurefile",
    "licensing_deal",
    "licensing_dealitem",
    "licensing_dealmember",
    "licensing_dealapproval",
    "licensing_feeplan",
    "licensing_feepart",
    "matching_need",
    "matching_needdraft",
    "matching_needrevision",
    "licensing_dealmessage",
    "licensing_termsversion",
    "licensing_termspatent",
    "licensing_termsfile",
    "licensing_signedcopy",
    "pledges_pledge",
    "pledges_pledgeitem",
    "pledges_pledgeeconsent",
}
GRANTS = (
    "GRANT USAGE ON SCHEMA public TO patentops_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO patentops_app",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO patentops_app",
)
Client_as = Callable[[Membership], Client]


@pytest.fixture
def _granted() -> None:
    with connection.cursor() as cursor:
        for statement in GRANTS:
            cursor.execute(statement)


@contextmanager
def as_web(*organisations: int, overseen: str = "") -> Iterator[None]:
    """As the role that serves pages, acting for these, overseeing those regions."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {walls.WEB_ROLE}")
        told = ",".join(map(str, organisations))
        for name, value in ((walls.TENANT, told), (walls.OVERSEEN, overseen)):
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
        try:
            yield
        finally:
            cursor.execute("SET LOCAL ROLE NONE")
            for name in (walls.TENANT, walls.OVERSEEN):
                cursor.execute("SELECT set_config(%s, '', false)", [name])


def disclosed(inventor: Membership, now: datetime, title: str) -> Disclosure:
    row = Disclosure.objects.create(
        organisation=inventor.organisation, inventor=inventor.user, title=title,
        created_at=now, changed_at=now,
    )  # fmt: skip
    DisclosureContributor.objects.create(disclosure=row, position=1, name="甲", share=100)
    return row


@pytest.fixture
def two(now: datetime, request: pytest.FixtureRequest) -> tuple[Disclosure, Disclosure]:
    """An invention of each of two houses."""
    request.getfixturevalue("_granted")
    return disclosed(make.inventor(), now, "一种甲装置"), disclosed(make.inventor(), now, "乙方法")


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def test_raw_sql_of_a_page_sees_its_own_houses_rows_and_no_others(
    two: tuple[Disclosure, Disclosure],
) -> None:
    mine, other = (row.organisation_id for row in two)
    for table in ("listings_disclosure", "listings_disclosurecontributor"):
        assert rows(table) == 2  # commands and workers see all
        with as_web():
            assert rows(table) == 0
        with as_web(mine):
            assert rows(table) == 1
        with as_web(mine, other):
            assert rows(table) == 2
        with as_web(999_999):
            assert rows(table) == 0


def test_a_page_cannot_write_into_another_house(two: tuple[Disclosure, Disclosure]) -> None:
    mine, theirs = two
    with as_web(mine.organisation_id):
        assert Disclosure.objects.filter(pk=theirs.pk).update(title="x") == 0
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM listings_disclosurecontributor")
            assert cursor.rowcount == 1
        for change in (
            lambda: Disclosure.objects.filter(pk=mine.pk).update(
                organisation_id=theirs.organisation_id
            ),
            lambda: DisclosureContributor.objects.create(
                disclosure_id=theirs.pk, position=2, name="乙", share=1
            ),
        ):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                change()
    theirs.refresh_from_db()
    assert theirs.title == "乙方法"
    assert rows("listings_disclosurecontributor") == 1


def test_a_page_cannot_take_off_its_role(two: tuple[Disclosure, Disclosure]) -> None:
    """The role is a member of none that passes the wall and owns no table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
            " WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = %s)",
            [walls.WEB_ROLE],
        )
        assert [name for (name,) in cursor.fetchall()] == ["patentops_app"]
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s",
            [walls.WEB_ROLE],
        )
        assert cursor.fetchone() == (False, False, False)
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE tableowner IN ('patentops_app', 'patentops_web')"
        )
        assert cursor.fetchone() == (0,)
    with (
        as_web(two[0].organisation_id),
        pytest.raises(DatabaseError, match="must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("ALTER TABLE listings_disclosure DISABLE ROW LEVEL SECURITY")


def test_pages_work_behind_the_wall_and_forgetting_who_looks_shows_nothing(
    two: tuple[Disclosure, Disclosure], client_as: Client_as, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.ROW_WALLS = True
    mine, theirs = two
    member = Membership.objects.get(user=mine.inventor)
    client = client_as(member)
    client.get("/notices/")
    with as_web():
        assert "一种甲装置" in client.get(f"/disclosures/{mine.pk}/").content.decode()
        listed = client.get("/disclosures/").content.decode()
        assert "一种甲装置" in listed
        # A colleague forgets the first wall everywhere.
        monkeypatch.setattr(DisclosureQuerySet, "visible_to", lambda self, actor: self)
        assert client.get(f"/disclosures/{theirs.pk}/").status_code == 404
        listed = client.get("/disclosures/").content.decode()
        assert "一种甲装置" in listed
        assert "乙方法" not in listed
        assert client.get(f"/api/v1/disclosures/{theirs.pk}/").status_code == 404
    settings.ROW_WALLS = False
    assert (
        "乙方法" in client.get("/disclosures/").content.decode()
    )  # without the wall it would show


@pytest.mark.usefixtures("_granted")
def test_a_disclosure_is_written_behind_the_wall(client_as: Client_as, settings: Any) -> None:
    settings.ROW_WALLS = True
    inventor = make.inventor()
    client = client_as(inventor)
    with as_web():
        answer = client.post("/disclosures/new/", {"title": "一种新阀门"})
        assert answer.status_code == 302, answer.content.decode()[:3000]
    row = Disclosure.objects.get()
    assert row.organisation_id == inventor.organisation_id


def test_the_wall_costs_one_statement(
    two: tuple[Disclosure, Disclosure], client_as: Client_as, settings: Any
) -> None:
    client = client_as(Membership.objects.get(user=two[0].inventor))
    client.get("/disclosures/")
    with CaptureQueriesContext(connection) as without:
        client.get("/disclosures/")
    settings.ROW_WALLS = True
    with as_web(), CaptureQueriesContext(connection) as behind:
        client.get("/disclosures/")
    assert len(behind) == len(without) + 1


def test_indexes_still_serve(two: tuple[Disclosure, Disclosure]) -> None:
    mine = two[0].organisation_id
    with as_web(mine), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT * FROM listings_disclosure WHERE organisation_id = %s", [mine]
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute(
            "EXPLAIN SELECT * FROM listings_disclosurecontributor WHERE disclosure_id = %s",
            [two[0].pk],
        )
        below = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Cond: (organisation_id = " in plan, plan
    assert "Index Cond: (disclosure_id = " in below, below


def test_nobody_stays_behind_on_a_connection(two: tuple[Disclosure, Disclosure]) -> None:
    raw = connection.connection
    with connection.cursor() as cursor:
        for name in (walls.TENANT, walls.OVERSEEN):
            cursor.execute("SELECT set_config(%s, '7', false)", [name])
        raw_execute = raw.execute

        class Returned:
            autocommit = True
            execute = staticmethod(raw_execute)

        forget_tenant(Returned())  # type: ignore[arg-type]
        for name in (walls.TENANT, walls.OVERSEEN):
            cursor.execute("SELECT current_setting(%s, true)", [name])
            assert cursor.fetchone() == ("",)


def test_nobody_stands_for_visitors_and_nothing_is_asked_without_walls(settings: Any) -> None:
    settings.ROW_WALLS = True
    with CaptureQueriesContext(connection) as asked:
        walls.stand_for(Actor.anonymous())
        settings.ROW_WALLS = False
        walls.stand_for(Actor(user_id=1, organisation_id=7))
    assert len(asked) == 0


def test_which_tables_are_walled() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        assert {name for (name,) in cursor.fetchall()} == WALLED
        cursor.execute("SELECT tablename, policyname FROM pg_policies")
        assert {table for table, _ in cursor.fetchall()} == WALLED


@pytest.mark.parametrize(
    ("process", "url", "walled"),
    [
        ("web", "postgresql://patentops_web:p@h/d", True),
        ("web", "", False),
        ("worker", "postgresql://patentops_web:p@h/d", False),
    ],
)
def test_only_pages_stand_behind_the_wall(process: str, url: str, walled: bool) -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import patentops.settings as s; o = s.DATABASES['default'];"
            "print(s.ROW_WALLS, o['USER'], 'reset' in o['OPTIONS'].get('pool', {}))",
        ],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PATENTOPS_PRO")},
            "PATENTOPS_PROCESS": process,
            "DATABASE_URL": "postgresql://patentops_app:p@h/d",
            "DATABASE_WEB_URL": url,
        },
    ).stdout.split()
    assert told == [str(walled), walls.WEB_ROLE if walled else "patentops_app", str(walled)]
