"""Royalties of a pool: reported, reckoned by the one engine, called for, covered."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from licensing.models import (
    Distribution,
    Document,
    PoolDue,
    PoolLicence,
    PoolRoyaltyReport,
    PoolShare,
)
from licensing.rules import income as income_rules
from licensing.rules import pool_dues as rules
from licensing.rules import royalties
from licensing.rules.fees import FeePart, PartKind, RoyaltyBase
from licensing.selectors import income as income_questions
from licensing.selectors import pool_royalties as questions
from licensing.selectors.falling_due import falling_due
from licensing.services import income, pool_dues, pool_licences, pools
from licensing.services import pool_royalties as services
from licensing.services.earnings import Earned
from tests.factories import core as make
from tests.factories import pools as made
from tests.factories.core import actor
from tests.factories.licensing import LONG_AGO, NOON, TODAY
from tests.licensing.telling import kept, told

D = Decimal
ROYAL = (
    FeePart(PartKind.ENTRY, amount=D(60_000), due_days=30),
    FeePart(PartKind.RUNNING, base=RoyaltyBase.NET_SALES, rate=D("1.5"), floor=D(20_000)),
)
DAY = date(2026, 1, 1)


# --- rules ---------------------------------------------------------------------------------------

sums = st.decimals(min_value=D("0.01"), max_value=D(10_000), places=2)
days = st.integers(0, 900).map(lambda n: DAY + timedelta(n))


@given(
    st.lists(st.tuples(days, sums | sums.map(lambda n: -n)), max_size=8),
    st.lists(st.tuples(days, sums), max_size=8),
)
def test_money_covers_the_oldest_sums_and_none_is_lost(dues, money):
    dues = [rules.Sum(amount, day) for day, amount in sorted(dues)]
    found = rules.cover(dues, money)
    covered = [sum((n for _day, n in pieces), D(0)) for pieces in found]
    owed = [max(due.amount, D(0)) for due in dues]
    had = sum((n for _day, n in money), D(0)) - sum(min(due.amount, D(0)) for due in dues)
    assert sum(covered) == min(sum(owed), had)
    still = [n < whole for n, whole in zip(covered, owed, strict=True) if whole]
    assert still == sorted(still)  # nothing is covered behind a sum that is not
    assert not any(n for pieces in found for _day, n in pieces if n <= 0)


def test_a_correction_covers_from_the_day_the_sum_fell_due():
    dues = [rules.Sum(D(100), DAY), rules.Sum(D(-30), DAY + timedelta(9))]
    late = DAY + timedelta(20)
    assert rules.cover(dues, [(late, D(50))]) == [[(DAY, D(30)), (late, D(50))], []]


@pytest.mark.parametrize(
    ("part", "fits"),
    [
        (FeePart(PartKind.LUMP, amount=D(1)), True),
        (FeePart(PartKind.MILESTONE, amount=D(1), trigger="投产"), False),
        (FeePart(PartKind.EQUITY, share=D(1)), False),
        (FeePart(PartKind.DEFERRED, amount=D(1), due_days=9, trigger="投产"), False),
        (FeePart(PartKind.FREE_UNTIL, free_months=6), True),
    ],
)
def test_standard_terms_wait_for_no_event(part, fits):
    assert (rules.terms_errors([part]) == []) is fits


# --- with a database -----------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


class Royal:
    """A pool with a royalty of 1.5 % of net sales, taken by a firm three years ago."""

    def __init__(self) -> None:
        self.runs, self.holder, self.firm = make.office(), make.office(), make.enterprise()
        pool = made.pool(self.runs)
        terms = pools.publish_terms(
            pool_id=pool.pk, parts=ROYAL, months=60, by=actor(self.runs), now=NOON
        )
        for who in (self.holder, self.runs):
            made.admitted(pool, who, self.runs)
        self.row = made.taken(pool, self.firm, version=terms.version, now=LONG_AGO)

    def fresh(self) -> PoolLicence:
        return PoolLicence.objects.get(pk=self.row.pk)

    def report(self, amount: int, year: int = 0, *, now=NOON, by=None, **said) -> PoolRoyaltyReport:
        starts_on = self.row.starts_on.replace(year=self.row.starts_on.year + year)
        return services.report_pool_royalty(
            pool_licence_id=self.row.pk,
            said=Earned(**({"starts_on": starts_on, "amount": D(amount)} | said)),
            by=by or actor(self.firm),
            now=now,
        )

    def accept(self, report: PoolRoyaltyReport, *, by=None, now=NOON) -> PoolRoyaltyReport:
        return services.accept_pool_royalty(report_id=report.pk, by=by or actor(self.runs), now=now)

    def account(self, today=TODAY) -> questions.PoolAccount:
        return questions.account(self.fresh(), today=today)


def test_a_report_owes_what_the_engine_of_fees_says():
    at = Royal()
    report = at.accept(at.report(2_000_000))
    _part, periods = questions.pool_periods(at.row)
    [said] = royalties.reckon(ROYAL, [(periods[0], D(2_000_000))], starts_on=at.row.starts_on)
    assert (report.owed, said.total) == (D(30_000), D(30_000))
    due = PoolDue.objects.get(report=report)
    assert due.amount == D(30_000)
    assert any("1.5%" in line["formula"] for line in due.explanation)
    letter = Document.objects.get(pool_due=due)
    assert letter.kind == Document.Kind.INVOICE
    assert any("1.5%" in str(value) for _name, value in letter.content)


def test_years_come_in_order_and_a_poor_year_owes_its_minimum():
    at = Royal()
    second = at.report(100_000, 1)
    with pytest.raises(Conflict) as gap:
        at.accept(second)
    assert gap.value.code == "earlier-period-open"
    at.accept(at.report(2_000_000))
    assert at.accept(second).below_minimum
    assert at.account().due == D(60_000) + D(30_000) + D(20_000)


def test_a_correction_takes_back_what_was_too_much_and_covers_what_comes():
    at = Royal()
    at.accept(at.report(4_000_000))  # 60,000
    made.income(at.row, at.runs, amount=D(120_000), received_on=at.row.starts_on)
    assert at.account().outstanding == 0
    at.accept(at.report(2_000_000))  # 30,000 less
    less = PoolDue.objects.get(amount__lt=0)
    assert less.amount == D(-30_000)
    assert (at.account().ahead, at.account().outstanding) == (D(30_000), 0)
    at.accept(at.report(3_000_000, 1))  # 45,000, of which 30,000 are there
    assert at.account().outstanding == D(15_000)
    assert not Document.objects.filter(pool_due=less).exists()


def test_a_question_is_answered_by_another_report():
    at = Royal()
    first = at.report(1_000_000)
    known = {"report_id": first.pk, "by": actor(at.runs), "now": NOON}
    with pytest.raises(Invalid):
        services.question_pool_royalty(question=" ", **known)
    services.question_pool_royalty(question="为何低于去年？", **known)
    told = Notice.objects.filter(title__startswith="池许可提成申报有疑问")
    assert {n.user_id for n in told} == {at.firm.user_id}
    again = at.report(1_500_000)
    first.refresh_from_db()
    assert (first.status, again.revision) == ("replaced", 2)


def test_who_may_and_who_may_not():
    at = Royal()
    with pytest.raises(NotAllowed):
        at.report(1, by=actor(at.runs))
    with pytest.raises(Missing):
        at.report(1, by=actor(make.enterprise()))
    report = at.report(1_000_000)
    for who, refusal in [(at.firm, NotAllowed), (at.holder, Missing), (make.office(), Missing)]:
        with pytest.raises(refusal):
            at.accept(report, by=actor(who))
    assert not questions.pool_reports(viewer=actor(at.holder)).exists()
    assert PoolDue.objects.filter(report__isnull=False).count() == 0


def test_a_pool_without_royalty_has_nothing_to_report():
    at = Royal()
    row = made.taken(made_pool(at), at.firm)
    with pytest.raises(Conflict) as nothing:
        services.report_pool_royalty(
            pool_licence_id=row.pk, said=Earned(TODAY, D(1)), by=actor(at.firm), now=NOON
        )
    assert nothing.value.code == "no-royalty"


def made_pool(at: Royal):
    """Another pool of the same administrator, for a lump sum."""
    pool = made.pool(at.runs, name="另一专利池")
    made.admitted(pool, at.holder, at.runs)
    return pool


def test_terms_with_an_event_are_refused():
    at = Royal()
    event = (FeePart(PartKind.MILESTONE, amount=D(1), trigger="投产"),)
    with pytest.raises(Invalid) as wrong:
        pools.publish_terms(
            pool_id=at.row.pool_id, parts=event, months=12, by=actor(at.runs), now=NOON
        )
    assert set(wrong.value.fields) == {"mode"}


def test_sums_are_dunned_on_paper_until_they_are_covered():
    at = Royal()
    [entry] = at.row.dues.all()
    made.income(at.row, at.runs, amount=D(40_000))
    late = LONG_AGO + timedelta(days=31)
    assert pool_dues.call_for_sums(now=late) == 1
    assert pool_dues.call_for_sums(now=late) == 1  # the same step again: no second letter
    letter = Document.objects.get(pool_due=entry, kind=Document.Kind.DUNNING)
    assert dict(letter.content)["尚未支付"].startswith("20,000")
    told = Notice.objects.filter(title__startswith="池许可费已逾期")
    assert {n.user_id for n in told} == {at.firm.user_id, at.runs.user_id}
    made.income(at.row, at.runs, amount=D(20_000), reference="回单2")
    assert pool_dues.call_for_sums(now=late + timedelta(days=20)) == 0


def test_licences_older_than_their_sums_have_them_booked():
    at = Royal()
    old = PoolLicence.objects.create(
        pool=at.row.pool, terms=at.row.terms, licensee_id=make.enterprise().organisation_id,
        number="CXK1", explanation="x", starts_on=TODAY, ends_on=TODAY + timedelta(900),
        taken_at=NOON, taken_by="x",
    )  # fmt: skip
    pool_dues.call_for_sums(now=NOON)
    assert [due.amount for due in old.dues.all()] == [D(60_000)]


def test_reports_are_asked_for_and_stand_in_the_calendar():
    at = Royal()
    assert services.ask_for_reports(now=NOON) == 3
    late = Notice.objects.filter(title__startswith="提成申报已逾期", user_id=at.firm.user_id)
    open_ones = Notice.objects.filter(title__startswith="请申报提成", user_id=at.firm.user_id)
    assert (late.count(), open_ones.count()) == (2, 1)
    due = [x for x in falling_due(viewer=actor(at.firm), today=TODAY) if x.kind == "report"]
    assert {x.url for x in due} == {f"/pool-licences/{at.row.pk}/royalties/"}
    before = len(due)
    at.report(1)
    due = [x for x in falling_due(viewer=actor(at.runs), today=TODAY) if x.kind == "report"]
    assert len(due) == before - 1


def plan(gross: str) -> income_rules.IncomePlan:
    person = income_rules.Person("张三", income_rules.PersonRole.INVENTOR, D(100))
    return income_rules.IncomePlan(D(gross), D(70), (person,), {}, conflict="无")


def test_a_holder_divides_its_share_and_no_more():
    at = Royal()
    known = {"pool_licence_id": at.row.pk, "now": NOON}
    with pytest.raises(Missing):  # nothing came in yet
        income.draft_income(plan=plan("1"), by=actor(at.holder), **known)
    made.income(at.row, at.runs, amount=D("60000.01"))
    [mine] = income_questions.sources(viewer=actor(at.holder))
    share = PoolShare.objects.get(holder_id=at.holder.organisation_id)
    assert (mine.available, mine.number) == (share.amount, at.row.number)
    row = income.draft_income(plan=plan("20000"), by=actor(at.holder), **known)
    assert (row.organisation_id, row.award) == (at.holder.organisation_id, D(14_000))
    [left] = income_questions.sources(viewer=actor(at.holder))
    assert left.available == share.amount - 20_000
    with pytest.raises(Invalid) as more:
        income.draft_income(plan=plan("20000"), by=actor(at.holder), **known)
    assert set(more.value.fields) == {"gross"}
    again = {"distribution_id": row.pk, "by": actor(at.holder), "now": NOON}
    income.revise_income(plan=plan(str(share.amount)), **again)
    assert income_questions.sources(viewer=actor(at.holder)) == []
    for who in (make.office(), at.firm):
        with pytest.raises((Missing, NotAllowed)):
            income.draft_income(plan=plan("1"), by=actor(who), **known)


def test_the_form_for_a_share_opens_and_saves(client):
    at = Royal()
    made.income(at.row, at.runs, amount=D(60_000))
    client.force_login(at.holder.user)
    there = reverse("licensing:income-draft", args=[f"pool_licence-{at.row.pk}"])
    assert there in client.get(reverse("licensing:income")).text
    assert at.row.number in client.get(there).text
    lines = {"p-TOTAL_FORMS": 1, "p-INITIAL_FORMS": 0, "p-0-name": "张三", "p-0-role": "inventor"}
    said = {"gross": "27000", "percent": "70", "conflict": "无", "p-0-share": "100"}
    assert client.post(there, lines | said).status_code == 302
    assert Distribution.objects.get().pool_licence_id == at.row.pk


def test_pages(client):
    at = Royal()
    here = reverse("licensing:pool-royalties", args=[at.row.pk])
    there = reverse("licensing:pool-royalty-report", args=[at.row.pk])
    client.force_login(at.firm.user)
    assert there in client.get(here).text
    bad = {"starts_on": f"{at.row.starts_on}", "amount": "-1", "currency": "CNY"}
    refused = client.post(there, bad)
    assert (refused.status_code, "不能小于 0" in refused.text) == (422, True)
    assert client.post(there, bad | {"amount": "2000000"}).status_code == 302
    report = PoolRoyaltyReport.objects.get()
    client.force_login(at.runs.user)
    assert "待核对" in client.get(here).text
    assert "池许可提成申报待核对" in client.get("/").text
    client.post(reverse("licensing:pool-royalty-accept", args=[report.pk]))
    assert "本期应付" in client.get(here).text
    page = client.get(reverse("licensing:pool-licence", args=[at.row.pk])).text
    letter = Document.objects.get(pool_due__report=report)
    paper = reverse("licensing:pool-paper", args=[at.row.pk, letter.pk])
    assert paper in page
    assert client.get(paper).content.startswith(b"%PDF")
    client.force_login(at.holder.user)
    page = client.get(reverse("licensing:pool-licence", args=[at.row.pk])).text
    assert paper not in page
    assert "2,000,000" not in page
    assert client.get(here).status_code == client.get(paper).status_code == 404


def test_each_step_of_a_report_is_in_the_trail_goes_out_and_is_told():
    at = Royal()
    report = at.report(4_000_000)
    key = f"pool-royalty:{report.pk}"
    assert told(f"{key}:reported") == {at.runs.user_id}
    services.question_pool_royalty(
        report_id=report.pk, question="为何？", by=actor(at.runs), now=NOON
    )
    assert told(f"{key}:questioned") == {at.firm.user_id}
    at.accept(at.report(4_000_000))
    assert kept("pool_royalty.") == [
        f"pool_royalty.{step}" for step in ("reported", "questioned", "reported", "accepted")
    ]
    out = OutboxEvent.objects.filter(name__startswith="pool.royalty_").order_by("pk")
    assert sorted(out.values_list("name", flat=True)) == [
        "pool.royalty_accepted", "pool.royalty_reported", "pool.royalty_reported",
    ]  # fmt: skip


def test_the_licensee_hears_what_a_correction_changes():
    at = Royal()

    def heard(amount: int) -> str:
        report = at.accept(at.report(amount))
        return Notice.objects.get(key=f"pool-royalty:{report.pk}:accepted").body

    assert "应付日" in heard(2_000_000)
    assert "没有新增应付款" in heard(2_000_000)
    assert "应付日" in heard(2_000_060)  # 0.90 more, by the same reckoning
    more = PoolDue.objects.get(amount=D("0.90"))
    assert any("1.5%" in line["formula"] for line in more.explanation)
    assert "多计的" in heard(1_999_000)
    less = PoolDue.objects.get(amount__lt=0)
    assert "冲抵未付" in less.explanation[0]["basis"]


def test_a_correction_that_covers_what_was_late_asks_for_its_interest():
    at = Royal()
    made.income(at.row, at.runs, amount=D(60_000), received_on=at.row.starts_on)
    at.accept(at.report(4_000_000))
    late = NOON + timedelta(days=200)
    pool_licences.record_income(
        pool_licence_id=at.row.pk, amount=D(50_000), received_on=late.date(), reference="回单2",
        by=actor(at.runs), now=late,
    )  # fmt: skip
    interest = PoolDue.objects.filter(licence=at.row, kind="interest")
    assert not interest.exists()
    at.accept(at.report(2_000_000, now=late), now=late)
    assert interest.get().amount > 0


def test_a_report_is_late_from_the_day_after_its_last_day():
    at = Royal()
    period = questions.pool_periods(at.row)[1][0]
    last = LONG_AGO + (period.report_by - LONG_AGO.date())
    key = f"pool-report:{at.row.pk}:{period.starts_on}"
    services.ask_for_reports(now=last)
    assert (told(f"{key}:open"), told(f"{key}:late")) == ({at.firm.user_id}, set())
    services.ask_for_reports(now=last + timedelta(days=1))
    assert told(f"{key}:late") == {at.firm.user_id, at.runs.user_id}


def test_sums_are_numbered_from_one_and_their_notices_name_both_parties():
    at = Royal()
    [entry] = at.row.dues.all()
    assert entry.position == 1
    letter = dict(Document.objects.get(pool_due=entry).content)
    assert letter["收款方（管理人）"] == at.runs.organisation.name
    assert letter["付款方（被许可人）"] == at.firm.organisation.name
    assert pool_dues.call_for_sums(now=LONG_AGO) == 0
    assert pool_dues.call_for_sums(now=LONG_AGO + timedelta(days=28)) == 1
    near = Notice.objects.filter(title__startswith="池许可费即将到期")
    assert {n.user_id for n in near} == {at.firm.user_id}
