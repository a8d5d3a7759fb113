"""Outcomes in full: facts, correction with history, many decided at once, lists of many."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.privacy import services as privacy
from licensing import selectors, services
from licensing.models import Outcome, OutcomeImport, OutcomeImportRow, OutcomeRevision
from licensing.rules import outcome_imports as rules
from licensing.rules.facts import Fact, same_fact
from licensing.rules.outcomes import Code
from licensing.selectors import outcome_handling as questions
from licensing.services import outcome_corrections as corrections
from licensing.services import outcome_imports as imports
from licensing.services import outcome_queue
from licensing.types import OutcomeReport
from listings.rules.working import WorkingKind
from listings.services.ownership import rights
from tests.factories import core as make
from tests.factories import deals as dealing
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF, TODAY
from tests.licensing.refusing import refuses, trigger_refuses
from tests.licensing.telling import kept

DAY = date(2026, 3, 1)

# --- facts: no database ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Fact(DAY, "HT-2026-01"), Fact(DAY + timedelta(5), "ht 2026 01"), True),
        (Fact(DAY, "HT-2026-01"), Fact(DAY, "HT-2026-02"), False),
        (Fact(DAY, "HT-1", "甲公司"), Fact(DAY, "", "甲公司"), True),
        (Fact(DAY, "HT-1", "甲公司"), Fact(DAY, "", "乙公司"), False),
        (Fact(DAY, "HT-1", "甲公司"), Fact(DAY, "QT0001", "甲公司", automatic=True), True),
        (Fact(DAY, "HT-1", "甲公司"), Fact(DAY + timedelta(1), "", "甲公司"), False),
        (Fact(DAY, "", ""), Fact(DAY, "", "甲公司"), True),
    ],
)
def test_one_fact_or_two(one, other, same):
    assert same_fact(one, other) is same_fact(other, one) is same


WORDS = st.text("ABc-0 １（甲", max_size=6)


@given(WORDS, st.dates(), WORDS)
def test_a_fact_is_itself(contract, day, partner):
    fact = Fact(day, contract, partner)
    assert same_fact(fact, fact)
    assert fact.key == Fact(day, f" {contract} ", partner).key


def test_every_code_is_named_by_its_label():
    assert {rules.code_of(kind.label) for kind in rules.OUTCOMES.values()} == set(Code)
    assert rules.code_of("独占许可") == rules.code_of(" 已达成独占许可 ") == Code.EXCLUSIVE
    assert rules.code_of("抵押") is None


# --- commands --------------------------------------------------------------------------------

db = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office(region="310115")


@pytest.fixture
def bureau():
    return make.bureau("31")


def report(office, patent_id=None, **changes):
    known = {
        "patent_id": patent_id or lic.patent(office),
        "code": "ordinary",
        "happened_on": DAY,
        "contract_number": "HT-01",
        "counterparty": "甲公司",
        "amount": Decimal(80_000),
    }
    said = OutcomeReport(**(known | changes))
    return services.report_outcome(report=said, by=actor(office), now=NOON)


def verify(row, bureau):
    return services.verify_outcome(outcome_id=row.pk, by=actor(bureau), now=NOON)


def corrected(row, office, **changes):
    known = {
        "patent_id": 0, "code": "ordinary", "happened_on": DAY, "contract_number": "HT-01",
        "amount": Decimal(90_000),
    }  # fmt: skip
    return corrections.correct_outcome(
        outcome_id=row.pk,
        report=OutcomeReport(**(known | changes)),
        reason="金额写错",
        by=actor(office),
        now=NOON,
    )


@db
def test_a_second_report_of_one_fact_is_refused_with_where_it_is(office):
    first = report(office)
    with pytest.raises(Conflict, match="已经反馈过"):
        report(office, first.patent_id, contract_number="ht 01", happened_on=TODAY)
    report(office, first.patent_id, contract_number="HT-02")
    assert Outcome.objects.count() == 2


@db
def test_the_database_holds_that_one_fact_is_one(office):
    row = report(office)
    row.pk, row.contract_number = None, "HT 01"
    refuses("outcome_once_per_fact", lambda: row.save(force_insert=True))


@db
def test_a_correction_stays_readable_and_counts_only_once_verified_again(office, bureau):
    row = verify(report(office), bureau)
    assert selectors.verified_outcomes(region="31").count == 1
    corrected(row, office)
    row.refresh_from_db()
    assert (row.status, row.amount, row.decided_at) == ("reported", 90_000, None)
    assert selectors.verified_outcomes(region="31").count == 0
    old = OutcomeRevision.objects.get()
    assert (old.number, old.amount, old.status, old.reason) == (1, 80_000, "verified", "金额写错")
    verify(row, bureau)
    found = selectors.verified_outcomes(region="31")
    assert (found.count, found.rows[0].amount) == (1, 90_000)
    trigger_refuses(lambda: OutcomeRevision.objects.update(amount=1))


@db
def test_what_was_not_sent_back_is_not_reported_again(office):
    row = report(office)
    with pytest.raises(Conflict, match="不能办理这一步"):
        services.report_again(outcome_id=row.pk, by=actor(office), now=NOON)
    assert not OutcomeRevision.objects.exists()


@db
def test_a_correction_needs_a_reason_its_owner_and_its_own_fact(office):
    row = report(office)
    other = report(office, row.patent_id, contract_number="HT-02")
    with pytest.raises(Invalid):
        corrections.withdraw_outcome(outcome_id=row.pk, reason=" ", by=actor(office), now=NOON)
    with pytest.raises(Conflict, match="已经反馈过"):
        corrected(row, office, contract_number="HT-02")
    with pytest.raises(Missing):
        corrected(row, make.office())
    with pytest.raises(NotAllowed):
        corrected(row, make.bureau("31"))
    row.refresh_from_db()
    assert (row.amount, other.status) == (80_000, "reported")
    assert not OutcomeRevision.objects.exists()


@db
def test_a_corrected_outcome_is_no_working_until_verified_again(office):
    patent_id, reference = lic.patent(office), "outcome:1"
    said = {"patent_id": patent_id, "reference": reference, "note": "x", "now": NOON}
    hear = partial(rights.hear_working, kind=WorkingKind.PRODUCT, since=DAY, **said)
    assert hear()
    assert not hear()
    assert rights.unhear_working(reference=reference, now=NOON)
    assert not rights.unhear_working(reference=reference, now=NOON)
    assert hear()


@db
def test_what_was_taken_back_may_be_reported_again(office, bureau):
    row = verify(report(office), bureau)
    corrections.withdraw_outcome(outcome_id=row.pk, reason="未发生", by=actor(office), now=NOON)
    assert selectors.verified_outcomes(region="31").count == 0
    again = report(office, row.patent_id)
    assert again.pk != row.pk


@db
def test_what_the_platform_reported_is_not_rewritten(office):
    licence = lic.licence(office, make.enterprise())
    row = Outcome.objects.get(licence=licence)
    with pytest.raises(Conflict, match="自动"):
        corrected(row, office)


@db
def test_many_are_decided_each_by_itself(office, bureau):
    rows = [report(office) for _ in range(3)]
    verify(rows[0], bureau)
    decided = outcome_queue.decide_outcomes(
        outcome_ids=[r.pk for r in rows] + [10**9], verified=True, by=actor(bureau), now=NOON
    )
    assert [one.done for one in decided] == [False, True, True, False]
    assert selectors.verified_outcomes(region="31").count == 3


@db
def test_the_queue_refuses_strangers_empty_choices_and_silence(office, bureau):
    row = report(office)
    for who in (office, make.enterprise(), make.auditor()):
        with pytest.raises(NotAllowed):
            outcome_queue.decide_outcomes(
                outcome_ids=[row.pk], verified=True, by=actor(who), now=NOON
            )
    for ids, verified in (([], True), ([row.pk], False), (range(1, 300), True)):
        with pytest.raises(Invalid):
            outcome_queue.decide_outcomes(
                outcome_ids=ids, verified=verified, by=actor(bureau), now=NOON
            )
    (far,) = outcome_queue.decide_outcomes(
        outcome_ids=[row.pk], verified=True, by=actor(make.bureau("32")), now=NOON
    )
    assert not far.done


@db
def test_the_queue_page_decides_and_says_why_not(client, office, bureau):
    row = report(office)
    client.force_login(bureau.user)
    url = reverse("licensing:outcome-queue")
    shown = client.get(url, {"q": row.patent_number})
    assert row.patent_title in shown.content.decode()
    refused = client.post(url, {"outcome": row.pk, "verdict": "reject"})
    assert refused.status_code == 422
    assert "请写明退回原因" in refused.content.decode()
    done = client.post(url, {"outcome": row.pk, "verdict": "reject", "reason": "合同缺页"})
    assert done.status_code == 302
    row.refresh_from_db()
    assert (row.status, row.decision_reason) == ("rejected", "合同缺页")


@db
def test_the_queue_costs_the_same_for_one_as_for_ten(
    client, office, bureau, django_assert_max_num_queries
):
    patent_id = lic.patent(office)
    report(office, patent_id)
    viewer = actor(bureau)
    for number in range(9):
        report(office, patent_id, contract_number=f"HT-1{number}")
    with django_assert_max_num_queries(1):
        assert len([(r.organisation.name, r.licence) for r in questions.queue(viewer=viewer)]) == 10


# --- lists -----------------------------------------------------------------------------------

HEAD = "专利号,转化方式,发生日期,合同编号,合作方,金额（万元）,说明\n"


def check(office, *lines, evidence=None):
    content = (HEAD + "".join(f"{line}\n" for line in lines)).encode()
    return imports.check_outcomes(
        content=content, file_name="a.csv", evidence=evidence, by=actor(office), now=NOON
    )


def verdicts(batch):
    return list(batch.rows.order_by("number").values_list("verdict", flat=True))


@db
def test_a_list_is_judged_reported_once_and_mended(office, bureau):
    number = lic.printed(lic.patent(office))
    strange = lic.printed(lic.patent(make.office()))
    batch = check(
        office,
        f"{number},普通许可,2026-03-01,HT-1,甲公司,8,",
        f"{number},已达成普通许可,2026-03-01,ht1,甲公司,8,",
        f"{number},抵押,2026-03-01,HT-2,,,",
        f"{number},排他许可,2027-03-01,HT-3,,,",
        f"{strange},转让,2026-03-01,HT-4,,,",
        f"{number},转让,2026-03-01,,,,",
    )
    assert verdicts(batch) == ["new", "same", "refused", "refused", "refused", "refused"]
    assert not Outcome.objects.exists()
    imports.take_outcomes(import_id=batch.pk, by=actor(office), now=NOON)
    imports.take_outcomes(import_id=batch.pk, by=actor(office), now=NOON)
    row = Outcome.objects.get()
    assert (row.code, row.amount, row.status) == ("ordinary", 80_000, "reported")
    assert Notice.objects.filter(user=bureau.user, url="/outcomes/queue/").count() == 1
    assert verdicts(check(office, f"{number},普通许可,2026-03-01,HT-1,,,")) == ["same"]
    mended = questions.import_to_mend(batch)
    assert mended.startswith(b"PK")


@db
def test_a_proof_with_the_list_stands_for_rows_without_a_contract(office):
    number = lic.printed(lic.patent(office))
    proof = SimpleUploadedFile("清单.pdf", lic.PDF)
    batch = check(office, f"{number},转让,2026-03-01,,乙公司,,", evidence=proof)
    imports.take_outcomes(import_id=batch.pk, by=actor(office), now=NOON)
    assert Outcome.objects.get().evidence_id == OutcomeImport.objects.get().evidence_id


@db
def test_what_was_reported_after_the_dry_run_is_skipped(office):
    patent_id = lic.patent(office)
    number = lic.printed(patent_id)
    batch = check(
        office,
        f"{number},普通许可,2026-03-01,HT-01,甲公司,,",
        f"{number},普通许可,2026-04-01,HT-02,甲公司,,",
    )
    report(office, patent_id)
    imports.take_outcomes(import_id=batch.pk, by=actor(office), now=NOON)
    assert verdicts(batch) == ["same", "taken"]
    assert Outcome.objects.count() == 2


@db
def test_a_list_without_its_columns_or_from_a_stranger_is_refused(office):
    with pytest.raises(Invalid, match="提交的内容"):
        imports.check_outcomes(
            content="专利号\n1\n".encode(), file_name="a.csv", by=actor(office), now=NOON
        )
    with pytest.raises(NotAllowed):
        check(make.enterprise(), "1,转让,2026-03-01,HT-1,,,")
    batch = check(office, f"{lic.printed(lic.patent(office))},转让,2026-03-01,HT-1,,,")
    with pytest.raises(Missing):
        imports.take_outcomes(import_id=batch.pk, by=actor(make.office()), now=NOON)
    assert not Outcome.objects.exists()


@db
def test_no_list_looks_like_this(office):
    batch = check(office, f"{lic.printed(lic.patent(office))},转让,2026-03-01,HT-1,,,")
    row = batch.rows.get()

    def changed(thing, **to):
        return lambda: type(thing).objects.filter(pk=thing.pk).update(**to)

    refuses("outcome_import_taken_by_whom", changed(batch, state="taken"))
    refuses("outcome_import_taken_pair", changed(batch, taken_at=NOON))
    refuses("outcome_import_verdict_known", changed(row, verdict="x"))
    refuses("outcome_import_taken_row_names_outcome", changed(row, verdict="taken"))
    row.pk = None
    refuses("outcome_import_row_once", lambda: row.save(force_insert=True))
    assert OutcomeImportRow.objects.count() == 1


@db
def test_a_page_from_upload_to_report(client, office):
    number = lic.printed(lic.patent(office))
    client.force_login(office.user)
    file = SimpleUploadedFile("反馈.csv", (HEAD + f"{number},转让,2026-03-01,HT-1,,,\n").encode())
    shown = client.post(reverse("licensing:outcome-imports"), {"file": file}, follow=True)
    assert "确认反馈 1 条" in shown.content.decode()
    batch = OutcomeImport.objects.get()
    client.post(reverse("licensing:outcome-import-take", args=[batch.pk]))
    row = Outcome.objects.get()
    url = reverse("licensing:outcome-correct", args=[row.pk])
    assert "更正理由" in client.get(url).content.decode()
    told = {"code": "transferred", "happened_on": "2026-03-02", "contract_number": "HT-1"}
    told["reason"] = "日期有误"
    assert client.post(url, told).status_code == 302
    page = client.get(reverse("licensing:outcome", args=[row.pk])).content.decode()
    assert "第 1 版" in page
    assert "日期有误" in page


@db
def test_a_report_sent_back_waits_again_once_its_deal_proves_it():
    at = dealing.table()
    deal = dealing.uploaded(at)
    report = OutcomeReport(patent_id=deal.patent_id, code=Code.EXCLUSIVE, happened_on=TODAY)
    paper = SimpleUploadedFile("a.pdf", lic.PDF)
    row = services.report_outcome(report=report, evidence=paper, by=at.holder, now=NOON)
    services.reject_outcome(
        outcome_id=row.pk, reason="没有合同", by=actor(make.bureau("31")), now=NOON
    )
    dealing.signing.confirm_seals(deal_id=deal.pk, by=at.checker, now=NOON)
    row = Outcome.objects.get()
    assert (row.status, row.decided_at) == ("reported", None)
    assert row.licence_id is not None
    assert row.revisions.get().decision_reason == "没有合同"


@db
def test_what_was_taken_back_does_not_stand_for_the_deal():
    at = dealing.table()
    deal = dealing.uploaded(at)
    report = OutcomeReport(
        patent_id=deal.patent_id, code=Code.EXCLUSIVE, happened_on=TODAY,
        contract_number=deal.number,
    )  # fmt: skip
    row = services.report_outcome(report=report, by=at.holder, now=NOON)
    corrections.withdraw_outcome(outcome_id=row.pk, reason="早了", by=at.holder, now=NOON)
    dealing.signing.confirm_seals(deal_id=deal.pk, by=at.checker, now=NOON)
    assert sorted(Outcome.objects.values_list("status", flat=True)) == ["reported", "withdrawn"]


@db
@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",转让,2026-03-01,HT-1,,,", "专利号"),
        ("{number},转让,,HT-1,,,", "发生日期"),
        ("{number},转让,2026-13-41,HT-1,,,", "发生日期"),
        ("{number},转让,2026-03-01,HT-1,,-1,", "金额（万元）"),
        ("{number},转让,2026-03-01,HT-1,,约八万,", "金额（万元）"),
        ("{number},转让,2026-03-01,HT-1,,,{long}", "说明"),
    ],
)
def test_a_line_that_cannot_be_names_its_column_and_is_not_reported(office, line, column):
    number = lic.printed(lic.patent(office))
    batch = check(office, line.format(number=number, long="长" * 3_000))
    row = batch.rows.get()
    assert (row.verdict, [r["column"] for r in row.remarks]) == ("refused", [column])
    assert all(r["reason"] and r["mend"] for r in row.remarks)
    with pytest.raises(Conflict, match="没有可以反馈的行"):
        imports.take_outcomes(import_id=batch.pk, by=actor(office), now=NOON)
    assert not Outcome.objects.exists()


@db
def test_a_person_who_asks_to_be_forgotten_leaves_the_lists_that_were_uploaded(office, drain):
    office.user.display_name, office.user.email = "周可忘", "zhou.k@uni.example.cn"
    office.user.save()
    number = lic.printed(lic.patent(office))
    batch = check(office, f"{number},转让,2026-03-01,HT-1,,,联系 zhou.k@uni.example.cn 周可忘")
    by = actor(office)
    pk = privacy.ask_erasure(reason="", by=by, now=NOON)
    privacy.approve_erasure(erasure_id=pk, by=actor(make.sysadmin()), now=NOON)
    drain()
    row = batch.rows.get()
    assert "zhou.k" not in f"{row.values}{row.cells}{row.remarks}"
    assert number in str(row.cells)


@db
def test_a_correction_and_a_withdrawal_are_in_the_trail_and_go_out(office, bureau):
    row = report(office)
    paper = SimpleUploadedFile("合同.pdf", PDF, content_type="application/pdf")
    done = corrections.correct_outcome(
        outcome_id=row.pk,
        report=OutcomeReport(
            patent_id=0, code="ordinary", happened_on=DAY, contract_number="HT-01",
            amount=Decimal(7),
        ),
        reason="金额写错", evidence=paper, by=actor(office), now=NOON,
    )  # fmt: skip
    assert (done.pk, done.evidence.name) == (row.pk, "合同.pdf")
    gone = corrections.withdraw_outcome(
        outcome_id=row.pk, reason="未发生", by=actor(office), now=NOON
    )
    assert (gone.pk, gone.status) == (row.pk, "withdrawn")
    assert kept("outcome.") == [
        "outcome.reported", "outcome.corrected", "outcome.reported", "outcome.withdrawn",
    ]  # fmt: skip
    out = OutboxEvent.objects.filter(name="outcome.corrected")
    assert {one.payload["outcome_id"] for one in out} == {row.pk}
    assert out.count() == 2
    assert [one.reason for one in row.revisions.order_by("number")] == ["金额写错", "未发生"]
