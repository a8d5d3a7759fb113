"""Credit: overpaid, paid twice, in advance, in another currency; used, paid back, never lost."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from licensing import selectors
from licensing.models import Credit, CreditUse
from licensing.rules import credits as rules
from licensing.services import credits as services
from listings.models import PatentIncome
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import LONG_AGO, NOON, TODAY
from tests.licensing.test_web import text

D = Decimal
sums = st.lists(st.integers(1, 99_999_999).map(lambda fen: Decimal(fen) / 100), max_size=6)


# --- rules ---------------------------------------------------------------------------------------


@given(sums, sums)
def test_no_fen_is_lost_or_made(credits, dues):
    shares = rules.spread(list(enumerate(credits)), list(enumerate(dues)))
    for index, credit in enumerate(credits):
        assert sum(s.amount for s in shares if s.credit == index) <= credit
    for index, due in enumerate(dues):
        assert sum(s.amount for s in shares if s.due == index) <= due
    assert sum(s.amount for s in shares) == min(sum(credits), sum(dues))
    assert all(s.amount > 0 for s in shares)


@pytest.mark.parametrize(
    ("credits", "dues", "shares"),
    [
        (["100"], ["60"], [(0, 0, "60")]),
        (["100"], ["60", "60"], [(0, 0, "60"), (0, 1, "40")]),
        (["30", "30"], ["50"], [(0, 0, "30"), (1, 0, "20")]),  # the oldest credit first
        (["30", "30"], ["20", "20"], [(0, 0, "20"), (0, 1, "10"), (1, 1, "10")]),
        ([], ["50"], []),
        (["50"], [], []),
    ],
)
def test_oldest_first(credits, dues, shares):
    found = rules.spread(
        [(n, D(c)) for n, c in enumerate(credits)], [(n, D(d)) for n, d in enumerate(dues)]
    )
    assert found == [rules.Share(c, d, D(a)) for c, d, a in shares]


@pytest.mark.parametrize(
    ("amount", "rate", "turned"),
    [
        ("1000", "7.0999", "7099.90"),
        ("0.33", "7.1", "2.34"),  # 2.343
        ("0.05", "7.1", "0.36"),  # 0.355 goes up
        ("12.34", "0.914567", "11.29"),  # 11.28575678
    ],
)
def test_another_currency_is_rounded_half_up_to_the_fen(amount, rate, turned):
    receipt = rules.Receipt(D(amount), "USD", D(rate), "中间价", TODAY)
    line = rules.converted(receipt, plan_currency="CNY")
    assert line.amount == D(turned)
    assert line.basis == "汇率来源：中间价，2026-11-20；按分四舍五入"


# --- services ------------------------------------------------------------------------------------


@pytest.fixture
def office(db):
    return make.office(region="310115")


@pytest.fixture
def firm(db):
    return make.enterprise(region="310115")


@pytest.fixture
def licence(office, firm):
    return lic.royal_licence(office, firm)


def accept(report, office):
    return lic.services.accept_royalty(report_id=report.pk, by=actor(office), now=NOON)


def receive(licence, who, amount, **changes):
    known = {"received_at": NOON, "reference": "回单1", "now": NOON}
    return services.receive(
        licence_id=licence.pk, amount=D(amount), by=actor(who), **(known | changes)
    )


def account(licence):
    found = selectors.statement(licence, today=TODAY)
    return found.outstanding, found.credit


def test_too_much_pays_what_is_open_and_the_rest_waits(licence, office, firm):
    accept(lic.royalty(licence, firm), office)
    receive(licence, firm, 70_000)
    assert account(licence) == (0, 20_000)
    assert Notice.objects.filter(user=office.user, body__contains="余 20,000 记为预存款").exists()
    accept(lic.royalty(licence, firm, starts_on=date(2024, 11, 20)), office)
    # the second year's minimum of 50,000, less the 20,000 that waited
    assert account(licence) == (30_000, 0)
    came = PatentIncome.objects.filter(patent=licence.patent_id)
    assert sum(row.amount for row in came) == 70_000  # once, whatever it paid
    assert {row.organisation_id for row in came} == {office.organisation_id}


def test_what_was_paid_in_advance_pays_the_next_report(licence, office, firm):
    receive(licence, firm, 50_000)
    assert account(licence) == (0, 50_000)
    accept(lic.royalty(licence, firm), office)
    assert account(licence) == (0, 0)
    (payment,) = licence.payments.all()
    assert payment.paid_at == NOON


def test_the_same_receipt_twice_is_refused(licence, firm):
    receive(licence, firm, 10)
    with pytest.raises(Conflict, match="已经登记过"):
        receive(licence, firm, 10)
    assert account(licence) == (0, 10)


def test_another_currency_is_kept_with_its_rate(licence, office, firm):
    accept(lic.royalty(licence, firm), office)
    row = receive(
        licence, firm, 10_000, currency="USD", exchange_rate=D("7.0875"),
        rate_source="中国外汇交易中心中间价", rate_on=TODAY,
    )  # fmt: skip
    assert row.amount == 70_875
    assert row.explanation[0]["formula"] == "10,000 美元 × 7.0875 = 70,875 元"
    assert account(licence) == (0, 20_875)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "9999999999999", "currency": "USD", "exchange_rate": D(9_999),
          "rate_source": "x", "rate_on": TODAY}, "amount"),
        ({"reference": " "}, "proof"),
        ({"received_at": NOON + timedelta(minutes=1)}, "received_at"),
        ({"currency": "XYZ"}, "currency"),
        ({"currency": "USD"}, "exchange_rate"),
        ({"currency": "USD", "exchange_rate": D(7)}, "rate_source"),
        ({"currency": "USD", "exchange_rate": D(7), "rate_source": "x",
          "rate_on": TODAY + timedelta(days=1)}, "rate_on"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_at_its_field(licence, firm, changes, field):
    with pytest.raises(Invalid) as refused:
        receive(licence, firm, **({"amount": "5"} | changes))
    assert field in refused.value.fields
    assert not Credit.objects.exists()


def test_only_the_parties_and_each_its_own(licence, office, firm):
    stranger = make.enterprise()
    with pytest.raises(Missing):
        receive(licence, stranger, 5)
    with pytest.raises(NotAllowed):
        receive(licence, office, 5)
    receive(licence, firm, 5)
    known = {"licence_id": licence.pk, "amount": D(5), "refunded_on": TODAY, "reference": "退1"}
    with pytest.raises(NotAllowed):
        services.refund_credit(**known, by=actor(firm), now=NOON)
    assert account(licence) == (0, 5)


def test_a_repayment_takes_no_more_than_there_is(licence, office, firm):
    known = {"licence_id": licence.pk, "refunded_on": TODAY, "by": actor(office), "now": NOON}
    with pytest.raises(Conflict, match="没有预存款"):
        services.refund_credit(**known, amount=D(5), reference="退1")
    receive(licence, firm, 30)
    receive(licence, firm, 20, reference="回单2")
    with pytest.raises(Invalid) as refused:
        services.refund_credit(**known, amount=D("50.01"))
    assert set(refused.value.fields) == {"amount", "proof"}
    uses = services.refund_credit(**known, amount=D(40), reference="退1")
    assert [use.amount for use in uses] == [30, 10]
    assert account(licence) == (0, 10)
    assert Notice.objects.filter(user=firm.user, title__startswith="预存款已退回").exists()


def test_credit_waits_until_a_sum_comes_near(office, firm):
    parts = [
        lic.FeePart(lic.PartKind.INSTALMENT, amount=D(100), due_days=n) for n in (1_000, 1_200)
    ]
    offered = lic.draft(office, parts=tuple(parts))
    days = {"filed_on": TODAY, "announced_on": TODAY, "revision": None}
    lic.services.declare(declaration_id=offered.pk, **days, by=actor(office), now=NOON)
    row = lic.services.take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON)
    receive(row, firm, 150)
    assert services.use_credits(now=NOON + timedelta(days=969)) == 0
    assert services.use_credits(now=NOON + timedelta(days=970)) == 1
    assert services.use_credits(now=NOON + timedelta(days=970)) == 0
    assert account(row) == (100, 50)


def test_a_correction_bears_no_interest_on_what_was_never_owed(licence, office, firm):
    accept(lic.royalty(licence, firm, amount=D(3_000_000)), office)
    due = licence.dues.get()
    later = NOON + timedelta(days=100)
    second = lic.services.report_royalty(
        licence_id=licence.pk, starts_on=licence.starts_on, amount=D(2_000_000),
        by=actor(firm), now=later,
    )  # fmt: skip
    lic.services.accept_royalty(report_id=second.pk, by=actor(office), now=later)
    found = selectors.statement(licence, today=due.due_on + timedelta(days=10))
    assert [line.formula.split(" ×")[0] for line in found.lines[0].interest_lines] == ["60,000"]


# --- constraints ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"amount": 0}, "credit_positive"),
        ({"kind": "gift"}, "credit_kind_known"),
        ({"paid_currency": "XYZ"}, "credit_currency_known"),
        ({"exchange_rate": -1, "rate_source": "x", "rate_on": TODAY}, "credit_rate_positive"),
        ({"exchange_rate": 7}, "credit_rate_with_source"),
        ({"reference": ""}, "credit_proved"),
        ({"kind": "correction"}, "credit_proved"),
        ({"received_at": NOON + timedelta(days=1)}, "credit_not_in_future"),
        ({"reference": "回单1"}, "credit_reference_once"),
    ],
)
def test_the_database_refuses(licence, firm, changes, name):
    receive(licence, firm, 5)
    known = {
        "licence": licence, "kind": "received", "amount": 5, "received_at": LONG_AGO,
        "paid_amount": 5, "paid_currency": "CNY", "reference": "回单2", "recorded_at": NOON,
        "recorded_by": "system",
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Credit.objects.create(**(known | changes))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"amount": 0}, "credit_use_positive"),
        ({"refunded_on": None}, "credit_use_of_one_kind"),
        ({"reference": ""}, "credit_use_of_one_kind"),
        ({"amount": D("5.01")}, "credit_use_within_credit"),
    ],
)
def test_the_database_refuses_uses(licence, firm, changes, name):
    row = receive(licence, firm, 5)
    known = {
        "credit": row, "amount": 5, "refunded_on": TODAY, "reference": "退1", "used_at": NOON,
        "used_by": "system",
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        CreditUse.objects.create(**(known | changes))


# --- pages and programs --------------------------------------------------------------------------


def test_the_pages_take_money_and_give_it_back(client, licence, office, firm):
    client.force_login(firm.user)
    url = reverse("licensing:receipt", args=[licence.pk])
    said = {"amount": "1,000", "currency": "USD", "received_at": "2026-11-20T10:00"}
    page = client.post(url, said)
    assert page.status_code == 422
    assert "请填写汇率" in text(page)
    done = client.post(url, said | {"currency": "CNY", "reference": "回单7"})
    statement = reverse("licensing:statement", args=[licence.pk])
    assert done.url == statement
    assert "预存款 1,000 元" in text(client.get(statement))
    client.force_login(office.user)
    back = reverse("licensing:refund", args=[licence.pk])
    assert client.post(back, {"amount": "2000", "refunded_on": "2026-11-20"}).status_code == 422
    client.post(back, {"amount": "400", "refunded_on": "2026-11-20", "reference": "退7"})
    told = text(client.get(statement))
    assert "预存款 600 元" in told
    assert "退回 400" in told
    csv = client.get(reverse("licensing:statement-csv", args=[licence.pk])).content.decode()
    assert "余 600.00" in csv
    pdf = client.get(reverse("licensing:statement-pdf", args=[licence.pk]))
    assert pdf["Content-Type"] == "application/pdf"


def test_programs_take_money_once(client, licence, office, firm):
    client.force_login(firm.user)
    url = reverse("licensing-api:licence-receipts", args=[licence.pk])
    said = {"amount": "1000.00", "received_at": "2026-11-20T10:00:00+08:00", "reference": "回单7"}
    for _ in range(2):
        made = client.post(url, said, "application/json", headers={"Idempotency-Key": "r1"})
        assert made.status_code == 201
    (row,) = client.get(reverse("licensing-api:licence-credits", args=[licence.pk])).json()
    assert (row["amount"], row["kind"]) == ("1000.00", "received")
    found = client.get(reverse("licensing-api:licence-statement", args=[licence.pk])).json()
    assert found["credit"] == "1000.00"
