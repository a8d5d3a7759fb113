"""Disclosures: from draft to number, seen by two parties only, and what can never be stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership, RegionSetting
from listings import services
from listings.models import Disclosure, DisclosureContributor, DisclosurePublication
from listings.models.disclosures import DisclosureDecision, DisclosureStatus
from listings.rules.disclosures import Decision, Publication, PublicationKind
from listings.selectors import disclosures as reading
from listings.selectors.searching.neighbours import neighbours
from tests.factories import core
from tests.factories import disclosures as make
from tests.factories import listings as stock
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4 secret"


@pytest.fixture
def office() -> Membership:
    return core.office()


@pytest.fixture
def inventor(office: Membership) -> Membership:
    return make.inventor_of(office)


def told(member: Membership) -> list[str]:
    rows = Notice.objects.filter(user=member.user, kind="disclosure.progress").order_by("pk")
    return [row.title.partition(" ")[2] or row.title for row in rows]


def test_its_number_carries_the_year_of_the_legal_day(
    office: Membership, inventor: Membership
) -> None:
    row = make.disclosure(inventor, office, stands="draft")
    eve = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight in China
    services.submit_disclosure(disclosure_id=row.pk, by=core.actor(inventor), now=eve)
    row.refresh_from_db()
    assert row.number == "FM2027-0001"


def test_each_house_counts_its_own_disclosures_beside_the_numbers_of_old(
    office: Membership, inventor: Membership
) -> None:
    old = make.disclosure(inventor, office, stands="submitted")
    Disclosure.objects.filter(pk=old.pk).update(number="FM2026000123")
    other = core.office()
    rows = [make.disclosure(inventor, office, stands="submitted") for _ in range(2)]
    theirs = make.disclosure(make.inventor_of(other), other, stands="submitted")
    assert [row.number for row in (*rows, theirs)] == ["FM2026-0001", "FM2026-0002", "FM2026-0001"]
    with pytest.raises(IntegrityError, match="disclosure_number_of_house"), transaction.atomic():
        Disclosure.objects.filter(pk=rows[1].pk).update(number=rows[0].number)


def test_the_life_of_a_disclosure(office: Membership, inventor: Membership) -> None:
    by = core.actor(office)
    row = make.disclosure(inventor, office, stands="evaluated")
    assert row.number == "FM2026-0001"
    card = reading.disclosure(row.pk, viewer=core.actor(inventor), now=NOON)
    assert card.verdict is not None
    assert card.verdict.route == "file"
    services.decide_disclosure(disclosure_id=row.pk, decision=Decision.FILE, by=by, now=NOON)
    number = stock.fresh_number(year=2026)
    assert services.record_application(
        disclosure_id=row.pk, number=number, by=by, now=NOON
    ) is None  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.application_number, row.patent) == ("filed", number, None)
    assert len(told(inventor)) == 3, "taken, decided, filed"
    assert [title.split(" ")[0] for title in told(office)] == [row.number]


def test_the_number_finds_its_patent_when_it_comes(
    office: Membership, inventor: Membership, drain: Callable[[], int]
) -> None:
    by, number = core.actor(office), stock.fresh_number(year=2026)
    row = make.disclosure(inventor, office, stands="decided")
    services.record_application(disclosure_id=row.pk, number=number, by=by, now=NOON)
    stock.patent(core.office(), number=stock.fresh_number(year=2026))
    drain()
    row.refresh_from_db()
    assert row.patent is None
    patent = stock.patent(office, number=number)
    drain()
    row.refresh_from_db()
    assert row.patent == patent
    assert services.link_disclosures(patent_id=patent.pk, by=by, now=NOON) == 0
    assert AuditEntry.objects.filter(event="disclosure.linked").count() == 1
    known = make.disclosure(inventor, office, stands="decided")
    other = stock.patent(office, number=stock.fresh_number(year=2026))
    assert services.record_application(
        disclosure_id=known.pk, number=other.number or "", by=by, now=NOON
    ) == other.pk  # fmt: skip


def test_nobody_else_sees_it_or_hears_of_its_content(
    office: Membership, inventor: Membership
) -> None:
    row = make.disclosure(inventor, office, stands="decided", title="绝密加热法")
    colleague = make.inventor_of(office)
    strangers = [
        colleague, core.office(), core.enterprise(), core.bureau(), core.auditor(), core.broker(),
        core.sysadmin(), core.inventor(),
    ]  # fmt: skip
    for stranger in strangers:
        with pytest.raises(Missing):
            reading.disclosure(row.pk, viewer=core.actor(stranger), now=NOON)
        assert not reading.disclosures(viewer=core.actor(stranger)).exists()
    trail = json.dumps(list(AuditEntry.objects.values_list("event", "changes")), default=str)
    events = json.dumps(list(OutboxEvent.objects.values_list("payload", flat=True)), default=str)
    assert "绝密" not in trail + events + str(row)
    assert not Notice.objects.exclude(user__in=[office.user, inventor.user]).exists()


def test_a_draft_is_the_inventors_alone(office: Membership, inventor: Membership) -> None:
    row = make.disclosure(inventor)
    with pytest.raises(Missing):
        reading.disclosure(row.pk, viewer=core.actor(office), now=NOON)
    assert told(office) == []
    assert reading.disclosure(row.pk, viewer=core.actor(inventor), now=NOON).is_mine


def test_an_unfinished_draft_is_kept_but_not_handed_in(inventor: Membership) -> None:
    row = make.disclosure(inventor, novelty="短", contributors=())
    with pytest.raises(Invalid) as refusal:
        services.submit_disclosure(disclosure_id=row.pk, by=core.actor(inventor), now=NOON)
    assert set(refusal.value.fields) == {"novelty", "contributors"}


def test_sent_back_mended_and_handed_in_again_under_the_same_number(
    office: Membership, inventor: Membership
) -> None:
    row = make.disclosure(inventor, office, stands="evaluating")
    with pytest.raises(Invalid):
        services.send_back_disclosure(
            disclosure_id=row.pk, reason=" ", by=core.actor(office), now=NOON
        )
    services.send_back_disclosure(
        disclosure_id=row.pk, reason="补测低温数据", by=core.actor(office), now=NOON
    )
    by = core.actor(inventor)
    row.refresh_from_db()
    version = services.edit_disclosure(
        disclosure_id=row.pk, data=make.said(results="零下 30 度也行"), version=row.version, by=by,
        now=NOON,
    )  # fmt: skip
    with pytest.raises(Conflict) as refusal:
        services.edit_disclosure(
            disclosure_id=row.pk, data=make.said(), version=version - 1, by=by, now=NOON
        )
    assert refusal.value.code == "edited-meanwhile"
    services.submit_disclosure(disclosure_id=row.pk, by=by, now=NOON)
    again = Disclosure.objects.get(pk=row.pk)
    assert (again.number, again.returned_because) == (row.number, "")
    with pytest.raises(Conflict):
        services.edit_disclosure(
            disclosure_id=row.pk, data=make.said(), version=None, by=by, now=NOON
        )


def test_differing_from_the_advice_needs_a_reason(office: Membership, inventor: Membership) -> None:
    row = make.disclosure(inventor, office, stands="evaluated")
    by = core.actor(office)
    with pytest.raises(Invalid) as refusal:
        services.decide_disclosure(disclosure_id=row.pk, decision=Decision.SECRET, by=by, now=NOON)
    assert "reason" in refusal.value.fields
    services.decide_disclosure(
        disclosure_id=row.pk, decision=Decision.SECRET, reason="客户要求保密", by=by, now=NOON
    )
    entry = AuditEntry.objects.get(event="disclosure.decided")
    assert entry.changes == {"decision": "secret", "advised": "file"}
    with pytest.raises(Conflict):
        services.record_application(
            disclosure_id=row.pk, number=stock.fresh_number(), by=by, now=NOON
        )


def test_nothing_is_decided_before_it_is_evaluated(
    office: Membership, inventor: Membership
) -> None:
    row = make.disclosure(inventor, office, stands="evaluating")
    with pytest.raises(Conflict) as refusal:
        services.decide_disclosure(
            disclosure_id=row.pk, decision=Decision.FILE, by=core.actor(office), now=NOON
        )
    assert refusal.value.code == "not-evaluated"


def test_a_wrong_number_is_named(office: Membership, inventor: Membership) -> None:
    row = make.disclosure(inventor, office, stands="decided")
    with pytest.raises(Invalid) as refusal:
        services.record_application(
            disclosure_id=row.pk, number="不是号码", by=core.actor(office), now=NOON
        )
    assert "number" in refusal.value.fields


def test_nobody_judges_their_own(office: Membership) -> None:
    row = make.disclosure(office, stands="submitted")
    with pytest.raises(NotAllowed) as refusal:
        services.take_disclosure(disclosure_id=row.pk, by=core.actor(office), now=NOON)
    assert refusal.value.code == "four-eyes"


def test_a_paper_that_came_first_ends_the_patents_chances(
    office: Membership, inventor: Membership
) -> None:
    published = Publication(PublicationKind.PAPER, date(2026, 6, 1), "学报")
    row = make.disclosure(inventor, office, stands="evaluated", publications=(published,))
    card = reading.disclosure(row.pk, viewer=core.actor(office), now=NOON)
    assert card.novelty_lost
    assert card.verdict is not None
    assert card.verdict.route == "decline"


def test_a_region_weighs_as_it_likes(office: Membership, inventor: Membership) -> None:
    weights = {
        "novelty": 50, "market": 10, "trl": 10, "enforceability": 10, "cost": 10, "team": 10,
    }  # fmt: skip
    RegionSetting.objects.create(
        region="31", key="disclosure.rule", value={"weights": weights, "version": "沪"}
    )
    row = make.disclosure(inventor, office, stands="evaluated")
    assert row.verdict is not None
    assert row.verdict["rule_version"] == "沪"
    assert row.verdict["parts"][1]["most"] == 50


def test_files_are_as_confidential_as_the_disclosure(
    office: Membership, inventor: Membership
) -> None:
    row, by = make.disclosure(inventor), core.actor(inventor)
    upload = SimpleUploadedFile("图纸.pdf", PDF)
    key = services.add_disclosure_file(disclosure_id=row.pk, file=upload, by=by, now=NOON)
    assert reading.disclosure_file(row.pk, key, viewer=by).name == "图纸.pdf"
    with pytest.raises(Missing):
        reading.disclosure_file(row.pk, key, viewer=core.actor(office))
    services.submit_disclosure(disclosure_id=row.pk, by=by, now=NOON)
    assert reading.disclosure_file(row.pk, key, viewer=core.actor(office))
    with pytest.raises(Conflict):
        services.remove_disclosure_file(disclosure_id=row.pk, file_id=key, by=by, now=NOON)
    with pytest.raises(Missing):
        reading.disclosure_file(row.pk, key, viewer=core.actor(core.auditor()))


def _every(row: Disclosure) -> list[Callable[[Any], object]]:
    pk = row.pk
    pdf = SimpleUploadedFile("a.pdf", PDF)
    return [
        lambda by: services.edit_disclosure(
            disclosure_id=pk, data=make.said(), version=None, by=by, now=NOON
        ),
        lambda by: services.submit_disclosure(disclosure_id=pk, by=by, now=NOON),
        lambda by: services.withdraw_disclosure(disclosure_id=pk, by=by, now=NOON),
        lambda by: services.take_disclosure(disclosure_id=pk, by=by, now=NOON),
        lambda by: services.send_back_disclosure(disclosure_id=pk, reason="x", by=by, now=NOON),
        lambda by: services.evaluate_disclosure(
            disclosure_id=pk, scores=make.SCORES, by=by, now=NOON
        ),
        lambda by: services.decide_disclosure(
            disclosure_id=pk, decision=Decision.FILE, by=by, now=NOON
        ),
        lambda by: services.record_application(
            disclosure_id=pk, number=stock.fresh_number(), by=by, now=NOON
        ),
        lambda by: services.add_disclosure_file(disclosure_id=pk, file=pdf, by=by, now=NOON),
        lambda by: services.remove_disclosure_file(disclosure_id=pk, file_id=1, by=by, now=NOON),
    ]


def test_strangers_are_refused_every_command(office: Membership, inventor: Membership) -> None:
    row = make.disclosure(inventor, office, stands="submitted")
    before = AuditEntry.objects.count()
    for stranger in (core.office(), make.inventor_of(office), core.enterprise(), core.auditor()):
        by = core.actor(stranger)
        for command in _every(row):
            with pytest.raises((Missing, NotAllowed)):
                command(by)
    with pytest.raises(NotAllowed):
        services.draft_disclosure(data=make.said(), by=core.actor(core.enterprise()), now=NOON)
    assert AuditEntry.objects.count() == before


def test_the_inventor_does_not_evaluate_and_the_office_does_not_write(
    office: Membership, inventor: Membership
) -> None:
    row = make.disclosure(inventor, office, stands="submitted")
    for command in _every(row)[3:8]:
        with pytest.raises(NotAllowed):
            command(core.actor(inventor))
    for command in (*_every(row)[:3], *_every(row)[8:]):
        with pytest.raises(NotAllowed):
            command(core.actor(office))


def test_neighbours_are_found_by_meaning_and_by_words(
    office: Membership, drain: Callable[[], int]
) -> None:
    near = stock.listed_patent(
        title="一种锂离子电池组低温自加热方法",
        abstract="电池组分成两半，互相充放电，低温下自行加热，不用加热膜。",
    )
    far = stock.listed_patent(title="一种水稻插秧机", abstract="插秧机构由曲柄驱动。")
    hidden = stock.patent(title="一种锂离子电池组低温自加热方法（未公开）")
    drain()
    text = "低温下快速加热电池的办法\n让电池组两半互相充放电，不用加热膜"
    found = neighbours(text, viewer=core.actor(office))
    ids = [n.card.id for n in found]
    assert ids[0] == near.pk
    assert hidden.pk not in ids
    assert {"电池组", "加热"} & set(found[0].shared)
    if far.pk in ids:
        assert found[ids.index(far.pk)].likeness < found[0].likeness / 2
    assert neighbours("", viewer=core.actor(office)) == []
    assert neighbours("。。。", viewer=core.actor(office)) == []


def test_the_list_costs_the_same_for_one_and_for_many(
    office: Membership, inventor: Membership, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        make.disclosure(inventor, office, stands="submitted")
    by = core.actor(office)
    with django_assert_max_num_queries(1):
        assert [str(r.inventor) for r in reading.disclosures(viewer=by)]
    assert reading.disclosure_counts(viewer=core.actor(office))["submitted"] == 3


def refuses(constraint: str, act: Any) -> None:
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        act()


def test_what_can_never_be_stored(office: Membership, inventor: Membership) -> None:
    row = make.disclosure(inventor)
    one = Disclosure.objects.filter(pk=row.pk)
    for fields, constraint in (
        ({"taken_at": NOON}, "disclosure_taken_pair"),
        ({"evaluated_by": "system"}, "disclosure_evaluated_pair"),
        ({"decided_at": NOON}, "disclosure_decided_pair"),
        ({"filed_at": NOON}, "disclosure_filed_pair"),
        ({"title": ""}, "disclosure_has_title"),
        ({"decision": "file"}, "disclosure_decision_when_decided"),
        ({"status": "submitted"}, "disclosure_handed_in_has_number"),
        ({"status": "decided"}, "disclosure_moves|Invalid status transition"),
    ):
        refuses(constraint, lambda fields=fields: one.update(**fields))
    decided = Disclosure.objects.filter(pk=make.disclosure(inventor, office, stands="decided").pk)
    refuses("disclosure_filed_has_number", lambda: decided.update(status="filed"))
    refuses("disclosure_decision_known", lambda: decided.update(decision="burn"))
    person = {"disclosure": row, "position": 5}
    for name, share, constraint in (
        ("甲", 1, "contributor_once"), ("丙", 0, "contributor_share_0_to_100"),
        ("丙", 101, "contributor_share_0_to_100"),
    ):  # fmt: skip
        refuses(
            constraint,
            lambda name=name, share=share: DisclosureContributor.objects.create(
                name=name, share=share, **person
            ),
        )
    refuses(
        "publication_kind_known",
        lambda: DisclosurePublication.objects.create(disclosure=row, kind="x", on=NOON.date()),
    )


def test_the_columns_know_the_words_of_the_rules() -> None:
    from listings.rules import disclosures as rules

    assert set(DisclosureStatus.values) == {s.value for s in rules.DisclosureStatus}
    assert set(DisclosureDecision.values) == {d.value for d in rules.Decision}
