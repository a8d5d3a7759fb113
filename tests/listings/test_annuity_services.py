"""Payments, corrections, reductions, decisions: who may, what follows, what is refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.audit.models import AuditEntry
from core.days import legal_day
from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership
from listings import models, selectors, services
from listings.models import AnnuityPayment, MaintenanceDecision, Patent
from listings.selectors.upkeep import annuities, annuity_records
from listings.services import upkeep
from listings.types import EncumbranceKind, PatentStatus
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
TODAY = stock.NOON.date()
PAID = date(2026, 11, 1)
KEY = {"Idempotency-Key": "a"}


@pytest.fixture
def office() -> Membership:
    return make.office()


def patent(office: Membership, **fields: Any) -> Patent:
    """Filed 1 March 2019; the eighth year is due on 1 March 2026 unless told otherwise."""
    return stock.patent(office, **({"annuity_paid_to": date(2027, 3, 1)} | fields))


def pay(row: Patent, office: Membership, **given: Any) -> int:
    facts: dict[str, Any] = {"paid_on": PAID, "by": make.actor(office), "now": stock.NOON} | given
    return upkeep.record_payment(patent_id=row.pk, **facts)


def test_a_payment_moves_the_paid_time_one_year_on(office: Membership) -> None:
    row = patent(office)
    payment = AnnuityPayment.objects.get(pk=pay(row, office, receipt=" 2026 001 "))
    row.refresh_from_db()
    assert row.annuity_paid_to == date(2028, 3, 1)
    assert (payment.year, payment.amount, payment.receipt) == (9, 2000, "2026 001")
    assert payment.basis[0]["article"] == "专利法第四十三条、专利收费标准"
    assert row.version == 2
    assert AuditEntry.objects.filter(event="annuity.paid").count() == 1


def test_late_payments_are_reckoned_with_their_surcharge(office: Membership) -> None:
    row = patent(office, annuity_paid_to=date(2026, 9, 1), filed_on=date(2019, 9, 1))
    payment = AnnuityPayment.objects.get(pk=pay(row, office))
    assert (payment.year, payment.expected) == (8, 2100)
    other = patent(office)
    cheaper = AnnuityPayment.objects.get(pk=pay(other, office, amount=Decimal("300")))
    assert (cheaper.amount, cheaper.expected) == (300, 2000)


@pytest.mark.parametrize(
    ("fields", "given", "code"),
    [
        ({}, {"paid_on": TODAY + timedelta(days=1)}, "invalid"),
        ({}, {"paid_on": date(2020, 1, 1)}, "invalid"),
        ({}, {"amount": Decimal("-1")}, "invalid"),
        ({}, {"year": 8}, "already-paid"),
        ({}, {"year": 10}, "year-skipped"),
        ({"annuity_paid_to": date(2026, 3, 1)}, {}, "grace-over"),
        ({"annuity_paid_to": date(2039, 3, 1)}, {}, "paid-to-the-end"),
        ({"annuity_paid_to": None}, {}, "invalid"),
        ({"annuity_paid_to": None}, {"year": 2}, "invalid"),
        ({"granted_on": None, "annuity_paid_to": None}, {}, "conflict"),
    ],
)
def test_what_cannot_have_been_paid_is_refused(
    office: Membership, fields: dict[str, Any], given: dict[str, Any], code: str
) -> None:
    row = patent(office, **fields)
    with pytest.raises(DomainError) as refusal:
        pay(row, office, **given)
    assert refusal.value.code == code
    assert not AnnuityPayment.objects.exists()


def test_without_any_record_the_year_must_be_named(office: Membership) -> None:
    row = patent(office, annuity_paid_to=None)
    pay(row, office, year=8, paid_on=date(2026, 2, 1))
    row.refresh_from_db()
    assert row.annuity_paid_to == date(2027, 3, 1)


def test_a_stranger_records_and_corrects_nothing(office: Membership) -> None:
    row, stranger = patent(office), make.office()
    with pytest.raises(Missing):
        pay(row, stranger)
    public = stock.listed_patent(office)
    with pytest.raises(NotAllowed):
        pay(public, stranger)
    done = pay(row, office)
    with pytest.raises(Missing):
        upkeep.correct_payment(payment_id=done, reason="x", by=make.actor(stranger), now=stock.NOON)
    for command in (upkeep.keep, upkeep.drop):
        more = {"reason": "没用"} if command is upkeep.drop else {}
        with pytest.raises(NotAllowed):
            command(patent_id=public.pk, by=make.actor(stranger), now=stock.NOON, **more)
    with pytest.raises(NotAllowed):
        upkeep.open_feed(by=make.actor(make.enterprise()), now=stock.NOON)
    assert not MaintenanceDecision.objects.exists()


def test_many_at_once_take_what_can_be_taken(office: Membership) -> None:
    good, also, lost = patent(office), patent(office), patent(office, annuity_paid_to=None)
    theirs = patent(make.office())
    found = upkeep.record_payments(
        patent_ids=[good.pk, also.pk, lost.pk, theirs.pk],
        paid_on=PAID,
        by=make.actor(office),
        now=stock.NOON,
    )
    assert (len(found.done), found.total) == (2, 4000)
    assert found.refused.keys() == {lost.pk, theirs.pk}
    assert "第几年度" in found.refused[lost.pk]
    theirs.refresh_from_db()
    assert theirs.annuity_paid_to == date(2027, 3, 1)


def test_a_correction_restores_what_was_before_and_can_be_recorded_anew(
    office: Membership,
) -> None:
    row, by = patent(office), make.actor(office)
    first = pay(row, office)
    second = pay(row, office)
    with pytest.raises(Conflict) as refusal:
        upkeep.correct_payment(payment_id=first, reason="错", by=by, now=stock.NOON)
    assert refusal.value.code == "later-paid"
    with pytest.raises(Invalid):
        upkeep.correct_payment(payment_id=second, reason="  ", by=by, now=stock.NOON)
    for payment in (second, first):
        upkeep.correct_payment(payment_id=payment, reason="登记错了", by=by, now=stock.NOON)
    row.refresh_from_db()
    assert row.annuity_paid_to == date(2027, 3, 1)
    with pytest.raises(Conflict):
        upkeep.correct_payment(payment_id=first, reason="错", by=by, now=stock.NOON)
    assert pay(row, office) not in (first, second)


def test_a_correction_leaves_what_somebody_set_since(office: Membership) -> None:
    row, by = patent(office), make.actor(office)
    payment = pay(row, office)
    row.refresh_from_db()
    services.correct_patent(
        patent_id=row.pk,
        changes={"annuity_paid_to": date(2029, 3, 1)},
        version=row.version,
        by=by,
        now=stock.NOON,
    )
    upkeep.correct_payment(payment_id=payment, reason="错", by=by, now=stock.NOON)
    row.refresh_from_db()
    assert row.annuity_paid_to == date(2029, 3, 1)


def test_reductions_are_stated_once_counted_and_ended(office: Membership) -> None:
    row, by = patent(office), make.actor(office)
    for _ in range(2):
        upkeep.state_reduction(
            patent_ids=[row.pk],
            percent=85,
            starts_on=date(2021, 6, 1),
            ends_on=date(2031, 6, 1),
            by=by,
            now=stock.NOON,
        )
    stock.bound(row, EncumbranceKind.OPEN_DECLARATION)
    found = annuity_records.keeping(row.pk, viewer=by, on=TODAY)
    assert found.due is not None
    assert (found.due.total, len(found.reductions)) == (300, 1)
    upkeep.end_reduction(reduction_id=found.reductions[0].pk, by=by, now=stock.NOON)
    found = annuity_records.keeping(row.pk, viewer=by, on=TODAY)
    assert found.due is not None
    assert found.due.total == 1700  # the open licence's 15 % is left
    with pytest.raises(Conflict):
        upkeep.end_reduction(
            reduction_id=models.FeeReduction.objects.get().pk, by=by, now=stock.NOON
        )


def test_a_dropped_patent_is_out_of_the_budget_until_it_is_kept_again(office: Membership) -> None:
    partner = make.enterprise(name="共有科技")
    row, by = (
        patent(
            office,
            holders=(
                stock.holder("学校", organisation_id=office.organisation_id),
                stock.holder("共有科技", organisation_id=partner.organisation_id),
            ),
        ),
        make.actor(office),
    )
    upkeep.drop(patent_id=row.pk, reason="技术已被替代", by=by, now=stock.NOON)
    found = annuities.calendar(viewer=by, on=TODAY)
    assert (found.coming, found.groups) == (0, {"dropped": 1})
    assert (len(found.rows), found.asked_total, found.uncounted) == (1, 0, 1)
    assert Notice.objects.filter(user=partner.user, key__startswith="annuity-dropped").count() == 1
    with pytest.raises(Conflict) as refusal:
        pay(row, office)
    assert refusal.value.code == "dropped"
    upkeep.keep(patent_id=row.pk, by=by, now=stock.NOON)
    assert annuities.calendar(viewer=by, on=TODAY).coming == 2000
    with pytest.raises(Conflict):
        upkeep.keep(patent_id=row.pk, by=by, now=stock.NOON)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (EncumbranceKind.PLEDGE, "pledged"),
        (EncumbranceKind.OPEN_DECLARATION, "open-declared"),
        (EncumbranceKind.ORDINARY, "licences-live"),
        (EncumbranceKind.PRESERVATION, "preserved"),
    ],
)
def test_what_binds_a_patent_keeps_it_alive(
    office: Membership, kind: EncumbranceKind, code: str
) -> None:
    row = patent(office)
    stock.bound(row, kind)
    with pytest.raises(Conflict) as refusal:
        upkeep.drop(patent_id=row.pk, reason="没用", by=make.actor(office), now=stock.NOON)
    assert [blocker.code for blocker in refusal.value.blockers] == [code]


def test_licensees_may_agree_to_a_lapse(office: Membership) -> None:
    row = patent(office)
    stock.bound(row, EncumbranceKind.ORDINARY)
    upkeep.drop(
        patent_id=row.pk,
        reason="没用",
        licensees_agreed=True,
        by=make.actor(office),
        now=stock.NOON,
    )
    assert MaintenanceDecision.objects.count() == 1


BROKEN: list[tuple[type[Any], dict[str, Any], str]] = [
    (AnnuityPayment, {"year": 0}, "annuity_year_of_life"),
    (AnnuityPayment, {"amount": 0}, "annuity_amount_positive"),
    (AnnuityPayment, {"expected": 0}, "annuity_expected_positive"),
    (AnnuityPayment, {"covers_to": PAID}, "annuity_covers_a_year"),
    (AnnuityPayment, {"corrected_at": stock.NOON}, "annuity_corrected_pair"),
    (
        AnnuityPayment,
        {"corrected_at": stock.NOON, "corrected_by": "system"},
        "annuity_corrected_says_why",
    ),
    (models.FeeReduction, {"percent": 100}, "reduction_is_a_part"),
    (models.FeeReduction, {"ends_on": date(2000, 1, 1)}, "reduction_runs"),
    (models.FeeReduction, {"ended_at": stock.NOON}, "reduction_ended_pair"),
    (MaintenanceDecision, {"reason": ""}, "maintenance_decision_says_why"),
    (MaintenanceDecision, {"revoked_at": stock.NOON}, "maintenance_revoked_pair"),
    (models.AnnuityReminder, {"mark": "soon"}, "reminder_mark_known"),
    (models.CalendarFeed, {"secret_hash": "x"}, "feed_hash_shape"),
]


@pytest.mark.parametrize(("model", "broken", "name"), BROKEN, ids=[name for *_, name in BROKEN])
def test_the_database_refuses_broken_rows(
    office: Membership, model: type[Any], broken: dict[str, Any], name: str
) -> None:
    row = patent(office)
    whole: dict[type[Any], dict[str, Any]] = {
        AnnuityPayment: {
            "patent": row, "year": 9, "due_on": PAID, "covers_to": date(2028, 3, 1),
            "paid_on": PAID, "amount": 1, "expected": 1, "recorded_at": stock.NOON,
            "recorded_by": "system",
        },
        models.FeeReduction: {
            "patent": row, "percent": 85, "starts_on": PAID, "ends_on": date(2030, 1, 1),
            "recorded_at": stock.NOON, "recorded_by": "system",
        },
        MaintenanceDecision: {
            "patent": row, "reason": "x", "decided_at": stock.NOON, "decided_by": "system",
        },
        models.AnnuityReminder: {
            "patent": row, "organisation_id": office.organisation_id, "due_on": PAID,
            "mark": "due-90", "sent_at": stock.NOON,
        },
        models.CalendarFeed: {
            "membership": office, "secret_hash": "0" * 64, "created_at": stock.NOON,
        },
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.create(**(whole[model] | broken))
    model.objects.create(**whole[model])


def test_a_second_live_row_is_refused_and_payments_are_never_deleted(office: Membership) -> None:
    row = patent(office)
    payment = AnnuityPayment.objects.get(pk=pay(row, office))
    payment.pk = None
    with pytest.raises(IntegrityError, match="annuity_paid_once"), transaction.atomic():
        payment.save()
    facts = {"patent": row, "reason": "x", "decided_at": stock.NOON, "decided_by": "system"}
    MaintenanceDecision.objects.create(**facts)
    with pytest.raises(IntegrityError, match="one_maintenance_decision"), transaction.atomic():
        MaintenanceDecision.objects.create(**facts)
    with pytest.raises(Exception, match="annuity_payment_stays"), transaction.atomic():
        AnnuityPayment.objects.all().delete()


def test_calendar_groups_months_and_sums(office: Membership, now: datetime) -> None:
    by, on = make.actor(office), legal_day(now)
    patent(office, annuity_paid_to=date(2027, 3, 1))
    patent(office, annuity_paid_to=date(2026, 9, 1), filed_on=date(2019, 9, 1))
    patent(office, annuity_paid_to=date(2026, 1, 1), filed_on=date(2019, 1, 1))
    patent(office, annuity_paid_to=None)
    patent(office, annuity_paid_to=date(2029, 3, 1))
    patent(make.office())
    found = annuities.calendar(viewer=by, on=on)
    assert found.groups == {"coming": 2, "late": 1, "overdue": 1, "unknown": 1}
    assert found.late == 2200  # 2,000 and 10 % for the third month begun
    assert {m.code: (m.count, m.total) for m in found.months if m.count} == {
        "2027-03": (1, 2000),
        "2027-09": (1, 2000),  # the year after the late one
    }
    assert [m.code for m in found.months][0::11] == ["2026-11", "2027-10"]
    narrowed = annuities.calendar(
        viewer=by, on=on, asked=annuities.Asked(month="2027-03", kind="invention")
    )
    assert (len(narrowed.rows), narrowed.asked_total, narrowed.coming) == (1, 2000, found.coming)
    by_sum = annuities.calendar(viewer=by, on=on, asked=annuities.Asked(sort="amount"))
    assert by_sum.rows[0].total == max(row.total for row in found.rows)


def test_the_calendar_asks_the_same_for_one_row_as_for_ten(
    office: Membership, django_assert_num_queries: Any
) -> None:
    by = make.actor(office)
    patent(office)
    with django_assert_num_queries(4):
        annuities.calendar(viewer=by, on=TODAY)
    for _ in range(9):
        patent(office)
    with django_assert_num_queries(4):
        assert len(annuities.calendar(viewer=by, on=TODAY).rows) == 10


def test_only_patents_in_force_have_annuities(office: Membership) -> None:
    row = patent(office)
    services.record_legal_event(
        patent_id=row.pk,
        code="CF01",
        occurred_on=date(2026, 9, 1),
        by=make.actor(office),
        now=stock.NOON,
    )
    assert selectors.card(row.pk, viewer=make.actor(office)).status == PatentStatus.LAPSED
    assert annuities.calendar(viewer=make.actor(office), on=TODAY).rows == ()
    with pytest.raises(Conflict):
        pay(row, office)


def test_the_api_plans_pays_and_corrects(office: Membership, api_as: Any) -> None:
    row, client = patent(office), api_as(office)
    listed = client.get("/api/v1/annuities/").json()["results"]
    assert [(r["patent_id"], r["year"], r["total"]) for r in listed] == [(row.pk, 9, "2000.00")]
    assert listed[0]["lines"][0]["article"]
    assert client.get("/api/v1/annuities/?until=2026-12-31").json()["results"] == []
    assert client.get("/api/v1/annuities/?until=soon").status_code == 400
    body = {"patent_id": row.pk, "paid_on": "2026-11-01"}
    twice = [
        client.post("/api/v1/annuity-payments/", body, format="json", headers=KEY) for _ in range(2)
    ]
    assert [r.status_code for r in twice] == [201, 201]
    assert twice[0].json() == twice[1].json()
    assert twice[0].json()["covers_to"] == "2028-03-01"
    url = twice[0].headers["Location"]
    refused = client.post(
        f"{url}correct/", {"reason": ""}, format="json", headers={"Idempotency-Key": "b"}
    )
    assert refused.status_code in (400, 422)
    done = client.post(
        f"{url}correct/", {"reason": "错"}, format="json", headers={"Idempotency-Key": "c"}
    )
    assert done.json()["corrected_because"] == "错"
    assert len(client.get("/api/v1/annuity-payments/").json()["results"]) == 1


def test_pages_show_sums_with_their_reasons(office: Membership, client_as: Any) -> None:
    row, client = (
        patent(office, title="=一种公式", annuity_paid_to=date(2027, 3, 1)),
        client_as(office),
    )
    page = client.get("/library/annuities/", {"month": "2027-03"}).content.decode()
    assert "第 7—9 年每年 2,000 元" in page
    assert "专利法第四十三条" in page
    empty = client.get("/library/annuities/", {"month": "2026-12"}).content.decode()
    assert "没有符合条件的年费" in empty
    odd = client.get("/library/annuities/?month=xx&state=zz&kind=1&sort=no&page=9&q=%00")
    assert odd.status_code == 200
    text = client.get("/library/annuities/export/csv/").content.decode("utf-8-sig")
    assert "'=一种公式" in text
    assert client.get("/library/annuities/export/xlsx/").content[:2] == b"PK"
    assert client.get("/library/annuities/export/pdf/").status_code == 404
    sent = client.post(f"/library/annuities/patents/{row.pk}/", {"paid_on": "2999-01-01"})
    assert sent.status_code == 422
    assert "缴费日还没有到" in sent.content.decode()
    assert client.get("/library/annuities/pay/", {"patent": ["x", "99"]}).status_code == 200
