"""A pool licence on paper, filed in time, its sums called for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from licensing.models import PoolLicence
from licensing.selectors.falling_due import falling_due
from licensing.services import pool_licences, pool_papers
from listings.models import Encumbrance
from tests.factories import core as make
from tests.factories import pools as made
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db


class Taken:
    """A pool of two holders, taken by a firm."""

    def __init__(self) -> None:
        self.runs, self.holder, self.firm = make.office(), make.office(), make.enterprise()
        pool = made.pool(self.runs)
        self.entries = [
            made.admitted(pool, self.holder, self.runs),
            made.admitted(pool, self.runs, self.runs),
        ]
        self.row = made.taken(pool, self.firm)

    def file(self, **changes) -> PoolLicence:
        by = actor(self.firm)
        known = {"filing_number": "B2026-1", "filed_on": TODAY, "by": by, "now": NOON}
        return pool_papers.file_pool_licence(pool_licence_id=self.row.pk, **(known | changes))


def test_the_contract_names_every_patent_with_its_last_day():
    at = Taken()
    said = dict(at.row.document.content)
    assert said["许可编号"] == at.row.number
    for entry in at.entries:
        assert any(entry.patent_number in line for line in said["许可的专利"])


def test_either_party_files_it_once_and_every_patent_bears_the_number():
    at = Taken()
    [due] = [x for x in falling_due(viewer=actor(at.firm), today=TODAY) if x.kind == "filing"]
    assert due.on == at.row.file_by
    with pytest.raises(NotAllowed):
        at.file(by=actor(at.holder))
    with pytest.raises(Missing):
        at.file(by=actor(make.enterprise()))
    at.file()
    with pytest.raises(Conflict) as twice:
        at.file(by=actor(at.runs))
    assert twice.value.code == "filed-already"
    for entry in at.entries:
        bond = Encumbrance.objects.get(patent_id=entry.patent_id, kind="ordinary")
        assert bond.register_number == "B2026-1"
    assert not [x for x in falling_due(viewer=actor(at.firm), today=TODAY) if x.kind == "filing"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"filing_number": " "}, "filing_number"),
        ({"filing_number": "x" * 41}, "filing_number"),
        ({"filed_on": TODAY + timedelta(days=1)}, "filed_on"),
        ({"filed_on": TODAY - timedelta(days=1)}, "filed_on"),
    ],
)
def test_a_filing_is_checked(said, field):
    with pytest.raises(Invalid) as wrong:
        Taken().file(**said)
    assert set(wrong.value.fields) == {field}


def test_a_licence_that_ran_out_is_not_filed():
    at = Taken()
    over = NOON + timedelta(days=365 * 4)
    pool_licences.end_run_out(now=over)
    with pytest.raises(Conflict) as ended:
        at.file(now=over)
    assert ended.value.code == "not-in-force"


@pytest.mark.parametrize(
    ("days", "word"), [(59, ""), (60, "已满 60 天"), (85, "已满 80 天"), (95, "超过期限")]
)
def test_the_clock_rings_both_parties(days, word):
    at = Taken()
    made.income(at.row, at.runs)
    pool_papers.follow_papers(now=NOON + timedelta(days=days))
    told = Notice.objects.filter(title__startswith="池许可备案").exclude(title__contains="已备案")
    assert {n.user_id for n in told} == ({at.firm.user_id, at.runs.user_id} if word else set())
    assert all(word in n.title for n in told)


def test_pages(client):
    at = Taken()
    client.force_login(at.firm.user)
    page = client.get(reverse("licensing:pool-licence", args=[at.row.pk])).text
    paper = reverse("licensing:pool-licence-pdf", args=[at.row.pk])
    assert paper in page
    assert client.get(paper).content.startswith(b"%PDF")
    there = reverse("licensing:pool-licence-file", args=[at.row.pk])
    assert client.post(there, {"filing_number": ""}).status_code == 422
    good = {"filing_number": "B9", "filed_on": f"{TODAY}"}
    assert client.post(there, good).status_code == 302
    assert "B9" in client.get(reverse("licensing:pool-licence", args=[at.row.pk])).text
    check = reverse("licensing:check", args=[at.row.document.content_hash])
    assert "专利池许可合同" in client.get(check).text


def test_the_contract_names_its_parties_and_the_filing_is_kept_and_told():
    at = Taken()
    said = dict(at.row.document.content)
    assert at.runs.organisation.name in said["管理人"]
    assert at.firm.organisation.name in said["被许可人"]
    assert said["其他约定"] == "无"
    assert at.row.document.number == at.row.number
    at.file()
    assert kept("pool_licence.filed") == ["pool_licence.filed"]
    assert told(f"pool-licence:{at.row.pk}:filed") == {at.firm.user_id, at.runs.user_id}


def test_a_licence_older_than_its_papers_gets_one_and_no_second():
    at = Taken()
    old = PoolLicence.objects.create(
        pool=at.row.pool, terms=at.row.terms, licensee_id=make.enterprise().organisation_id,
        number="CXK1", explanation="x", starts_on=TODAY, ends_on=TODAY + timedelta(900),
        taken_at=NOON, taken_by="x",
    )  # fmt: skip
    first = at.row.document_id
    assert [pool_papers.follow_papers(now=NOON) for _ in range(2)] == [1, 0]
    old.refresh_from_db()
    at.row.refresh_from_db()
    assert (old.document.number, at.row.document_id) == ("CXK1", first)
