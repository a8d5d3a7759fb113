"""Case files: assembled from the trail and the records, frozen with a hash, read by few."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.people.types import Actor
from licensing.models import CaseFile, Licence
from licensing.rules.case_files import Entry, EntryKind, as_data, digest, in_order
from licensing.rules.fees import FeeMode
from licensing.selectors import case_files as questions
from licensing.services import case_files as services
from licensing.services import deals
from listings import selectors as listings
from listings.models import Patent
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import trigger_refuses


def test_entries_are_in_one_order_and_their_hash_follows_every_word():
    early = Entry(NOON - timedelta(days=1), EntryKind.PRICE, "标价")
    late = Entry(NOON, EntryKind.DECISION, "公告", grounds=("a",))
    assert in_order([late, early]) == in_order([early, late]) == [early, late]
    data = as_data([early, late])
    assert digest(data) == digest(json.loads(json.dumps(data)))
    assert digest(data) != digest(as_data([early, Entry(NOON, EntryKind.DECISION, "公告")]))


db = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office(region="310115")


@pytest.fixture
def licence(office):
    firm = make.enterprise()
    return lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)


def build(licence, who):
    return services.build_case_file(number=licence.patent_number, by=actor(who), now=NOON)


@db
def test_it_says_who_decided_what_on_which_grounds(licence, office):
    row = build(licence, office)
    kinds = {entry["kind"] for entry in row.entries}
    assert kinds >= {"decision", "guard", "price", "money"}
    decided = [e for e in row.entries if e["what"] == "开放许可声明 · 公告"]
    assert decided[0]["who"] == str(office.user)
    guard = next(e for e in row.entries if e["source"] == f"licence:{licence.pk}")
    assert guard["grounds"] == ["无限制：可以办理"]
    assert digest(row.entries) == row.entries_hash
    trigger_refuses(lambda: CaseFile.objects.update(entries=[]))


@db
def test_a_later_build_is_another_file(licence, office):
    first, second = build(licence, office), build(licence, office)
    assert first.number != second.number
    assert first.document.content_hash != second.document.content_hash


@db
def test_office_bureau_and_auditor_read_it_nobody_else(licence, office):
    row = build(licence, office)
    for who in (office, make.bureau("31"), make.auditor()):
        assert questions.case_file(row.pk, viewer=actor(who)) == row
    for who in (make.office(), make.bureau("32"), make.enterprise(), make.broker()):
        with pytest.raises(Missing):
            questions.case_file(row.pk, viewer=actor(who))


@db
def test_only_the_holder_builds_and_only_of_what_it_sees(licence, office):
    for who in (make.bureau("31"), make.auditor(), make.enterprise()):
        with pytest.raises(NotAllowed):
            build(licence, who)
    with pytest.raises((Invalid, NotAllowed)):
        build(licence, make.office())
    with pytest.raises(Invalid):
        services.build_case_file(number="不存在", by=actor(office), now=NOON)
    assert not CaseFile.objects.exists()


@db
def test_the_pages_papers_and_the_check(client, licence, office):
    client.force_login(office.user)
    done = client.post(reverse("licensing:case-files"), {"number": licence.patent_number})
    row = CaseFile.objects.get()
    assert done.url == reverse("licensing:case-file", args=[row.pk])
    assert "当日的限制条件" in client.get(done.url).content.decode()
    told = client.get(reverse("licensing:case-file-json", args=[row.pk])).json()
    assert digest(told["entries"]) == told["entries_sha256"]
    paper = client.get(reverse("licensing:case-file-pdf", args=[row.pk]))
    assert paper.content.startswith(b"%PDF")
    known = client.get(reverse("licensing:check", args=[told["document_hash"]])).content.decode()
    assert row.entries_hash in known
    assert "当日的限制条件" not in known


@db
def test_a_sublicensor_reads_nothing_of_the_keepers_decisions():
    at = given.table()
    given.signed(at, sublicensing=True, months=24)
    head = Licence.objects.get()
    second = make.MembershipFactory(role=at.firm.role, organisation=at.firm.organisation)
    below = given.Table(at.firm, second, make.enterprise())
    row = deals.inquire_under(licence_number=head.number, wish="配套", by=below.taker, now=NOON)
    card = listings.card(row.patent_id, viewer=Actor.system())
    keeper = questions.entries_for(card, head.licensor_id, None)
    found = questions.entries_for(card, row.holder_id, row)
    sources = {entry.source for entry in found}
    assert found
    assert not sources & {entry.source for entry in keeper}


@db
def test_of_one_deal_it_holds_what_was_decided_there_and_names_it():
    at = given.table()
    row = given.signed(at)
    file = services.build_case_file(number=f" {row.number} ", by=at.holder, now=NOON)
    assert (file.deal, file.organisation_id) == (row, at.office.organisation_id)
    said = dict(file.document.content)
    assert said["范围"] == f"洽谈 {row.number}"
    assert said["条目数"] == str(len(file.entries))
    assert AuditEntry.objects.filter(event="case_file.built").count() == 1
    whole = services.build_case_file(number=row.patent_number, by=at.holder, now=NOON)
    assert dict(whole.document.content)["范围"] == "这件专利在本单位的全部处置"
    with pytest.raises(Invalid):  # another house's deal is no number at all
        services.build_case_file(number=row.number, by=actor(make.office()), now=NOON)


@db
def test_of_a_patent_that_nobody_keeps_there_is_no_file(office):
    patent_id = lic.listed(office)
    Patent.objects.filter(pk=patent_id).update(organisation=None)
    with pytest.raises(Conflict, match="没有登记管理单位"):
        services.build_case_file(number=lic.printed(patent_id), by=actor(office), now=NOON)
