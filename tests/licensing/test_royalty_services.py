"""From a licensee's report to money: accepted, questioned, corrected, late, dunned."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from licensing import selectors, services
from licensing.models import Document, DueReason, PaymentDue, RoyaltyReport
from licensing.rules import moves, reports
from licensing.rules.fees import FeeMode
from licensing.services import disputes
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.disputes import matter
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import says
from tests.licensing.telling import told
from tests.licensing.test_web import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office(region="310115")


@pytest.fixture
def firm():
    return make.enterprise(region="310115")


@pytest.fixture
def licence(office, firm):
    return lic.royal_licence(office, firm)


def accept(report, office, **changes):
    known = {"by": actor(office), "now": NOON}
    return services.accept_royalty(report_id=report.pk, **(known | changes))


def test_a_report_below_the_minimum_owes_the_minimum_and_says_so(licence, office, firm):
    report = accept(lic.royalty(licence, firm), office)
    assert (report.status, report.owed, report.below_minimum) == ("accepted", 50_000, True)
    due = licence.dues.get()
    assert (due.kind, due.amount, due.due_on) == ("running", 50_000, TODAY + timedelta(days=15))
    assert [line["label"] for line in due.reason.explanation] == [
        "申报数",
        "净销售额提成",
        "补足年度最低提成",
    ]
    notice = Notice.objects.get(user=firm.user, title__startswith="提成已确认")
    assert "低于年度最低提成" in notice.body
    paper = Document.objects.get(due=due)
    assert ["应付金额", "50,000 元"] in paper.content


def test_a_second_acceptance_is_refused(licence, office, firm):
    report = accept(lic.royalty(licence, firm), office)
    with pytest.raises(Conflict):
        accept(report, office)
    assert licence.dues.count() == 1


def test_a_correction_owes_the_difference_and_keeps_the_history(licence, office, firm):
    accept(lic.royalty(licence, firm, amount=Decimal(2_000_000)), office)
    second = lic.royalty(licence, firm, amount=Decimal(3_000_000))
    assert licence.royalty_reports.get(revision=1).status == "accepted"
    accept(second, office)
    assert [(r.revision, r.status) for r in licence.royalty_reports.order_by("revision")] == [
        (1, "replaced"),
        (2, "accepted"),
    ]
    assert [due.amount for due in licence.dues.all()] == [60_000, 30_000]
    said = licence.dues.order_by("position").last().reason.explanation
    assert [line["label"] for line in said] == ["申报数", "净销售额提成", "更正以前各期"]
    assert said[-1]["amount"] == "-60000.00"


def test_what_was_charged_too_much_is_credited_and_lessens_what_is_open(licence, office, firm):
    accept(lic.royalty(licence, firm, amount=Decimal(3_000_000)), office)
    accept(lic.royalty(licence, firm, amount=Decimal(2_000_000)), office)
    credit = licence.credits.get()
    assert (credit.kind, credit.amount) == ("correction", 30_000)
    assert Notice.objects.filter(user=firm.user, body__contains="30,000 元 已记为预存款").exists()
    assert "60,000 − 已计 90,000 = -30,000" in credit.explanation[0]["formula"]
    found = selectors.statement(licence, today=TODAY)
    assert [(line.due.amount, line.paid) for line in found.lines] == [(90_000, 30_000)]
    accept(lic.royalty(licence, firm, starts_on=date(2024, 11, 20), amount=Decimal(4_000_000)),
           office)  # fmt: skip
    found = selectors.statement(licence, today=TODAY)
    # 2,000,000 × 3 % + 4,000,000 × 3 %, and no fen of it twice
    assert (found.outstanding, found.credit) == (180_000, 0)


def test_no_period_is_passed_over(licence, office, firm):
    later = lic.royalty(licence, firm, starts_on=date(2024, 11, 20))
    with pytest.raises(Conflict, match="2023-11-20 至 2024-11-19"):
        accept(later, office)
    assert not licence.dues.exists()


def test_a_question_and_its_answer(licence, office, firm):
    report = lic.royalty(licence, firm)
    with pytest.raises(Invalid):
        services.question_royalty(report_id=report.pk, question=" ", by=actor(office), now=NOON)
    services.question_royalty(
        report_id=report.pk, question="为何比去年少一半？", by=actor(office), now=NOON
    )
    assert Notice.objects.filter(user=firm.user, body="为何比去年少一半？").exists()
    lic.royalty(licence, firm, amount=Decimal(5), note="停产半年")
    report.refresh_from_db()
    assert report.status == "replaced"


def test_sales_in_another_currency(licence, office, firm):
    report = lic.royalty(
        licence, firm, amount=Decimal(1_000_000), currency="USD", exchange_rate=Decimal("7.1")
    )
    assert accept(report, office).owed == 213_000
    report.refresh_from_db()
    assert report.lines[0]["formula"] == "1,000,000 美元 × 7.1 = 7,100,000 元"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": Decimal(-1)}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"currency": "USD", "exchange_rate": Decimal(0)}, "exchange_rate"),
        ({"starts_on": date(2024, 1, 1)}, "starts_on"),
        ({"starts_on": date(2025, 11, 20), "now": NOON - timedelta(days=30)}, "starts_on"),
    ],
)
def test_a_report_that_cannot_be_is_refused(licence, firm, changes, field):
    known = {"starts_on": licence.starts_on, "amount": Decimal(1), "now": NOON}
    with pytest.raises(Invalid) as refused:
        services.report_royalty(licence_id=licence.pk, by=actor(firm), **(known | changes))
    assert list(refused.value.fields) == [field]


def test_a_licence_without_royalty_has_nothing_to_report(office, firm):
    with pytest.raises(Conflict, match="没有约定提成"):
        lic.royalty(lic.licence(office, firm), firm)


def test_strangers_change_nothing(licence, office, firm):
    stranger = actor(make.enterprise(region="320500"))
    report = lic.royalty(licence, firm)
    with pytest.raises(Missing):
        services.report_royalty(
            licence_id=licence.pk, starts_on=licence.starts_on, amount=Decimal(1),
            by=stranger, now=NOON,
        )  # fmt: skip
    with pytest.raises(Missing):
        accept(report, office, by=stranger)
    with pytest.raises(Missing):
        services.question_royalty(report_id=report.pk, question="?", by=stranger, now=NOON)
    with pytest.raises(NotAllowed):
        accept(report, office, by=actor(firm))
    with pytest.raises(NotAllowed):
        lic.royalty(licence, office)
    accept(report, office)
    due = licence.dues.get()
    with pytest.raises(Missing):
        services.charge_interest(licence_id=licence.pk, due_id=due.pk, by=stranger, now=NOON)
    with pytest.raises(NotAllowed):
        services.charge_interest(licence_id=licence.pk, due_id=due.pk, by=actor(firm), now=NOON)
    assert licence.dues.count() == 1


def test_interest_is_asked_once_for_each_day(licence, office, firm):
    due = accept(lic.royalty(licence, firm), office) and licence.dues.get()
    asked = {"licence_id": licence.pk, "due_id": due.pk, "by": actor(office)}
    with pytest.raises(Conflict):
        services.charge_interest(**asked, now=NOON)
    late = NOON + timedelta(days=15 + 73)  # 73 days after it fell due: a fifth of a year
    first = services.charge_interest(**asked, now=late)
    assert (first.kind, first.amount) == ("interest", 390)  # 50,000 × 3.9% × 73 ÷ 365
    with pytest.raises(Conflict):
        services.charge_interest(**asked, now=late)
    second = services.charge_interest(**asked, now=late + timedelta(days=73))
    assert second.amount == 390
    found = selectors.statement(licence, today=(late + timedelta(days=73)).date())
    assert (found.due, found.outstanding, found.interest) == (50_780, 50_780, 0)


def test_what_brings_the_licence_about_bears_no_interest(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    found = selectors.statement(row, today=TODAY + timedelta(days=90))
    assert (found.outstanding, found.interest) == (50_000, 0)


def test_reminders_before_and_letters_after_each_once(licence, office, firm):
    due = accept(lic.royalty(licence, firm), office) and licence.dues.get()
    kinds = []
    for days in (5, 9, 9, 16, 16, 31, 60):
        services.remind_of_dues(now=NOON + timedelta(days=days))
        kinds.append(Document.objects.filter(due=due, kind="dunning").count())
    assert kinds == [0, 0, 0, 1, 1, 2, 3]
    assert Notice.objects.filter(user=firm.user, title__startswith="款项即将到期").count() == 1
    assert Notice.objects.filter(user=office.user, title__startswith="款项已逾期").count() == 3
    services.record_payment(
        licence_id=licence.pk, due_id=due.pk, amount=due.amount, paid_at=NOON, reference="回单",
        by=actor(firm), now=NOON,
    )  # fmt: skip
    assert services.remind_of_dues(now=NOON + timedelta(days=90)) == 0


def test_reports_are_asked_for(licence, firm):
    assert services.remind_of_reports(now=NOON) == 3  # three years are over, none reported
    services.remind_of_reports(now=NOON)
    titles = Notice.objects.filter(user=firm.user).values_list("title", flat=True)
    assert sum("逾期" in t for t in titles) == 2
    assert sum(t.startswith("请申报提成") for t in titles) == 1


def test_an_ended_licence_still_takes_its_last_report_and_money(licence, office, firm):
    services.end_expired_licences(now=NOON + timedelta(days=1))
    licence.refresh_from_db()
    assert licence.status == "ended"
    due = accept(lic.royalty(licence, firm), office) and licence.dues.get()
    services.record_payment(
        licence_id=licence.pk, due_id=due.pk, amount=due.amount, paid_at=NOON, reference="回单",
        by=actor(firm), now=NOON,
    )  # fmt: skip
    assert selectors.statement(licence, today=TODAY).outstanding == 0


@pytest.mark.parametrize(
    ("status", "move"), list(product(reports.ReportStatus, reports.REPORT_MOVES))
)
def test_every_state_and_move(status, move):
    sources, target = reports.REPORT_MOVES[move]
    if status in sources:
        assert moves.after(reports.REPORT_MOVES, status, move) == target
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(reports.REPORT_MOVES, status, move)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"status": "x"}, "status_known|Invalid transition"),
        ({"currency": "JPY"}, "royalty_report_currency_known"),
        ({"ends_on": date(2000, 1, 1)}, "royalty_report_period_forward"),
        ({"exchange_rate": 0}, "royalty_report_rate_positive"),
        ({"status": "accepted"}, "royalty_report_accepted_reckoned"),
        ({"status": "questioned"}, "royalty_report_question_said"),
        ({"decided_at": NOON}, "royalty_report_decided_pair"),
    ],
)
def test_no_report_looks_like_this(licence, firm, changes, name):
    rows = RoyaltyReport.objects.filter(pk=lic.royalty(licence, firm).pk)
    with pytest.raises(Exception, match=name), transaction.atomic():
        rows.update(**changes)


@pytest.mark.parametrize(
    ("revision", "name"), [(1, "royalty_report_revision_once|one_pending"), (9, "one_pending")]
)
def test_one_report_waits_for_a_period(licence, firm, revision, name):
    report = lic.royalty(licence, firm)
    report.pk, report.revision = None, revision
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        report.save(force_insert=True)


def test_one_report_counts_for_a_period(licence, office, firm):
    report = accept(lic.royalty(licence, firm), office)
    report.pk, report.revision = None, 9
    with pytest.raises(IntegrityError, match="one_accepted"), transaction.atomic():
        report.save(force_insert=True)


def test_a_reason_has_one_cause(licence, office, firm):
    report = accept(lic.royalty(licence, firm), office)
    due = PaymentDue.objects.create(
        licence=licence, position=9, kind="running", amount=1, due_on=TODAY, at_conclusion=False
    )
    with pytest.raises(IntegrityError, match="due_reason_of_one_thing"), transaction.atomic():
        DueReason.objects.create(
            due=due, report=report, late_due=licence.dues.first(), created_at=NOON, created_by="x"
        )


def test_the_pages_from_report_to_statement(licence, office, firm, client_as):
    mine, theirs = client_as(firm), client_as(office)
    overview = reverse("licensing:royalties", args=[licence.pk])
    form = reverse("licensing:royalty-report", args=[licence.pk])
    assert "待申报" in text(mine.get(overview)) or "申报已逾期" in text(mine.get(overview))
    bad = mine.post(form, {"starts_on": "2023-11-20", "amount": "-5", "currency": "CNY"})
    assert (bad.status_code, "净销售额不能小于 0" in text(bad)) == (422, True)
    sent = mine.post(form, {"starts_on": "2023-11-20", "amount": "1000000", "currency": "CNY"})
    assert sent.url == overview
    report = RoyaltyReport.objects.get()
    theirs.post(reverse("licensing:royalty-accept", args=[report.pk]))
    page = text(theirs.get(overview))
    assert "1,000,000 × 3% = 30,000" in page
    assert "年度最低提成 50,000 − 本年按比例 30,000 = 20,000" in page
    assert "50,000 元" in text(mine.get(reverse("licensing:statement", args=[licence.pk])))
    table = mine.get(reverse("licensing:statement-csv", args=[licence.pk])).content.decode()
    assert "提成" in table
    pdf = mine.get(reverse("licensing:statement-pdf", args=[licence.pk]))
    assert pdf.content.startswith(b"%PDF")
    paper = Document.objects.get(kind="invoice")
    notice = mine.get(reverse("licensing:due-paper", args=[licence.pk, paper.pk]))
    assert notice.content.startswith(b"%PDF")
    assert "付款通知书" in text(mine.get(reverse("licensing:check", args=[paper.content_hash])))
    listed = text(mine.get(reverse("licensing:dues")))
    assert licence.number in listed
    assert licence.number in mine.get(reverse("licensing:dues"), {"format": "csv"}).content.decode()


def test_the_list_of_dues_costs_the_same_for_many(licence, office, firm, client_as,
                                                  django_assert_num_queries):  # fmt: skip
    accept(lic.royalty(licence, firm), office)

    viewer = actor(firm)

    def cost():
        with django_assert_num_queries(1):
            return list(selectors.dues(viewer=viewer, today=TODAY))

    assert len(cost()) == 1
    for position in range(20, 30):
        PaymentDue.objects.create(
            licence=licence, position=position, kind="running", amount=1, due_on=TODAY,
            at_conclusion=False,
        )  # fmt: skip
    assert len(cost()) == 11


def test_interest_asked_is_told_with_its_day_and_rests_while_the_sum_is_disputed(
    licence, office, firm
):
    due = accept(lic.royalty(licence, firm), office) and licence.dues.get()
    late = NOON + timedelta(days=15 + 73)
    asked = {"licence_id": licence.pk, "due_id": due.pk, "by": actor(office), "now": late}
    with pytest.raises(Missing):
        services.charge_interest(**(asked | {"due_id": 0}))
    dispute = disputes.open_dispute(
        matter=matter(due_id=due.pk), licence_id=licence.pk, by=actor(firm), now=late
    )
    says("disputed", lambda: services.charge_interest(**asked))
    disputes.withdraw_dispute(dispute_id=dispute.pk, reason="已核对", by=actor(firm), now=late)
    row = services.charge_interest(**asked)
    assert row.due_on == (late + timedelta(days=15)).date()
    told = Notice.objects.get(key=f"licence-interest:{row.pk}")
    assert (told.user_id, "390 元" in told.body) == (firm.user_id, True)
    assert AuditEntry.objects.filter(event="licence.interest").count() == 1


def test_a_sum_not_near_rings_nobody_and_a_letter_is_in_the_trail(licence, office, firm):
    accept(lic.royalty(licence, firm), office)
    assert services.remind_of_dues(now=NOON) == 0
    assert services.remind_of_dues(now=NOON + timedelta(days=9)) == 1
    assert not AuditEntry.objects.filter(event="licence.dunned").exists()
    for _ in range(2):
        assert services.remind_of_dues(now=NOON + timedelta(days=16)) == 1
    assert AuditEntry.objects.filter(event="licence.dunned").count() == 1


def test_each_step_of_a_report_is_in_the_trail_and_told(licence, office, firm):
    report = lic.royalty(licence, firm, amount=Decimal(3_000_000))
    assert told(f"royalty-reported:{report.pk}") == {office.user_id}
    services.question_royalty(report_id=report.pk, question="为何？", by=actor(office), now=NOON)
    assert told(f"royalty-questioned:{report.pk}") == {firm.user_id}
    again = accept(lic.royalty(licence, firm, amount=Decimal(3_000_000)), office)
    due = licence.dues.get()
    assert (due.position, due.reason.report_id) == (1, again.pk)
    events = AuditEntry.objects.filter(event__startswith="royalty.").order_by("pk")
    assert list(events.values_list("event", flat=True)) == [
        "royalty.reported", "royalty.questioned", "royalty.reported", "royalty.accepted",
    ]  # fmt: skip
    out = OutboxEvent.objects.filter(name__startswith="royalty.").values_list("name", flat=True)
    assert sorted(out) == ["royalty.accepted", "royalty.reported", "royalty.reported"]


def test_a_correction_by_less_than_a_yuan_is_still_owed(licence, office, firm):
    accept(lic.royalty(licence, firm, amount=Decimal(3_000_000)), office)
    accept(lic.royalty(licence, firm, amount=Decimal(3_000_030)), office)
    assert [due.amount for due in licence.dues.order_by("position")] == [90_000, Decimal("0.90")]
    accept(lic.royalty(licence, firm, amount=Decimal(3_000_030)), office)
    assert licence.dues.count() == 2
    assert not licence.credits.exists()


def test_notices_of_sums_say_how_and_who(licence, office, firm):
    accept(lic.royalty(licence, firm), office)
    letter = dict(Document.objects.get(due=licence.dues.get(), kind="invoice").content)
    assert letter["收款方（许可人）"] == office.organisation.name
    assert letter["付款方（被许可人）"] == firm.organisation.name
    assert "3%" in "".join(letter["付费标准"])
    assert "净销售额提成" in letter["怎样算出"]
    fixed = lic.licence(office, firm, mode=FeeMode.FIXED)
    with_plan = Document.objects.filter(due=fixed.dues.get(), kind="invoice").first()
    assert with_plan is None or "定额" in dict(with_plan.content)["怎样算出"]
