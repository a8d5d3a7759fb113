"""Contracts are registered in time, certified by an exchange, and what was done there is seen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from benchmarks import deal_rivals as races
from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from licensing.models import Certificate, Registration
from licensing.rules import registrations as rules
from licensing.rules.fees import FeeMode
from licensing.rules.registrations import ReportSort, Told
from licensing.selectors import registrations as questions
from licensing.services import certificates, exchange_reports, registrations
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing import telling
from tests.licensing.refusing import names, says

db = pytest.mark.django_db
D = Decimal


@pytest.mark.parametrize(
    ("days", "said"), [(11, ""), (10, "10"), (4, "10"), (3, "3"), (0, "3"), (-1, "late")]
)
def test_alarms_come_nearer(days, said):
    assert rules.alarm(TODAY + timedelta(days=days), TODAY) == said


def test_a_record_made_late_leaves_time():
    assert rules.deadline(TODAY, today=TODAY, days=30) == date(2026, 12, 20)
    assert rules.deadline(date(2024, 1, 1), today=TODAY, days=30) == date(2026, 11, 30)


def test_sums_that_cannot_be():
    assert not rules.money_problems(D(100), D(100))
    assert "technical" in rules.money_problems(D(100), D("100.01"))
    assert "technical" in rules.money_problems(D(100), D(-1))
    assert "amount" in rules.money_problems(D("0.001"), D(0))


@pytest.mark.parametrize(
    ("before", "state", "amount", "fits"),
    [
        ({}, "held", 10, True),
        ({}, "released", 10, False),
        ({"held": D(10)}, "released", 10, True),
        ({"held": D(10)}, "returned", 11, False),
        ({"held": D(10), "released": D(10)}, "returned", 10, False),
    ],
)
def test_money_is_held_before_it_goes_on(before, state, amount, fits):
    told = Told(ReportSort.SETTLEMENT, "1", TODAY, D(amount), state)
    assert (rules.settlement_conflict(before, told) == "") is fits


@pytest.fixture
def at():
    return given.table()


@pytest.fixture
def deal(at):
    return given.signed(at)


def opened(deal):
    return registrations.open_registration(deal=deal, now=NOON)


def applied(deal, at, **changes):
    said = {"kind": "licence", "amount": D(300_000), "technical": D(280_000)} | changes
    return registrations.apply_for_registration(
        registration_id=opened(deal).pk, by=at.holder, now=NOON, **said
    )


def registered(row, by, number="沪技合2026-1"):
    return registrations.register_contract(
        registration_id=row.pk, number=number, registered_on=TODAY, by=actor(by), now=NOON
    )


@db
def test_from_signature_to_number(at, deal):
    registrations.follow_contract(deal_id=deal.pk, licence_id=None, now=NOON)
    row = opened(deal)
    assert (Registration.objects.count(), row.status, row.kind) == (1, "due", "licence")
    with pytest.raises(Invalid):
        applied(deal, at, technical=D(300_001))
    row = applied(deal, at)
    bureau = make.bureau("31")
    for stranger, error in ((make.bureau("32"), Missing), (at.firm, NotAllowed)):
        with pytest.raises(error):
            registered(row, stranger)
    back = registrations.send_back_registration(
        registration_id=row.pk, reason="缺附件", by=actor(bureau), now=NOON
    )
    assert (back.status, back.reason) == ("returned", "缺附件")
    applied(deal, at)
    row = registered(row, bureau)
    assert row.status == "registered"
    assert "财税" in row.tax
    event = OutboxEvent.objects.get(name="contract.registered")
    assert (event.payload["number"], event.payload["patent_id"]) == (row.number, row.patent_id)
    assert event.payload["registered_on"] == TODAY.isoformat()
    with pytest.raises(Conflict):
        registered(row, bureau)


@db
def test_an_open_licence_in_force_is_registered_like_a_contract(at):
    licence = lic.licence(at.office, at.firm)
    for _ in range(2):
        registrations.follow_contract(deal_id=None, licence_id=licence.pk, now=NOON)
    row = Registration.objects.get()
    assert (row.licence_id, row.kind, row.holder_id) == (licence.pk, "licence", licence.licensor_id)
    made = AuditEntry.objects.filter(event="registration.made")
    assert made.count() == 1
    rung = Notice.objects.filter(title__startswith="请办理技术合同认定登记", user=at.office.user)
    assert rung.count() == 1


@db
def test_the_licence_of_a_contract_and_what_is_not_signed_open_nothing(at, deal):
    for pk in (deal.items.get().licence_id, None):
        registrations.follow_contract(deal_id=None, licence_id=pk, now=NOON)
    registrations.follow_contract(deal_id=given.agreed(given.table()).pk, licence_id=None, now=NOON)
    assert not Registration.objects.exists()


@db
def test_alarms_ring_once_and_end_with_a_reason(at, deal):
    row, late = opened(deal), NOON + timedelta(days=40)
    for _ in range(2):
        registrations.remind_of_contracts(now=late)
    rung = Notice.objects.filter(kind="licence.deadline", user=at.office.user)
    assert rung.count() == 1
    with pytest.raises(NotAllowed):
        registrations.waive_registration(registration_id=row.pk, reason="x", by=at.taker, now=late)
    registrations.waive_registration(
        registration_id=row.pk, reason="不享受优惠", by=at.holder, now=late
    )
    assert registrations.remind_of_contracts(now=late + timedelta(days=9)) == 0
    row = registrations.take_up_registration(registration_id=row.pk, by=at.holder, now=late)
    assert (row.status, row.due_on > late.date()) == ("due", True)


@db
def test_older_contracts_get_their_record(at, deal):
    taken = lic.licence(make.office(), make.enterprise())
    assert registrations.open_missing(now=NOON) == 2
    assert registrations.open_missing(now=NOON) == 0
    assert set(Registration.objects.values_list("contract_number", flat=True)) == {
        deal.number,
        taken.number,
    }


def asked(deal, by, exchange):
    return certificates.request_certificate(
        exchange_id=exchange.organisation_id, deal_id=deal.pk, by=by, now=NOON
    )


@db
def test_a_certificate_is_checked_by_anyone_and_taken_back(client, at, deal):
    exchange = make.exchange()
    row = asked(deal, at.taker, exchange)
    with pytest.raises(Conflict):
        asked(deal, at.holder, make.exchange())
    with pytest.raises(Missing):
        certificates.issue_certificate(
            certificate_id=row.pk, statement="x", by=actor(make.exchange()), now=NOON
        )
    row = certificates.issue_certificate(
        certificate_id=row.pk, statement="主体、权属和价款相符", by=actor(exchange), now=NOON
    )
    assert OutboxEvent.objects.get(name="deal.certified").payload["number"] == row.number
    there = reverse("licensing:check", args=[row.document.content_hash])
    assert "主体、权属和价款相符" in client.get(there).content.decode()
    client.force_login(exchange.user)
    paper = client.get(reverse("licensing:certificate-pdf", args=[row.pk]))
    assert paper.content.startswith(b"%PDF")
    certificates.revoke_certificate(
        certificate_id=row.pk, reason="材料不实", by=actor(exchange), now=NOON
    )
    assert "鉴证已撤销" in client.get(there).content.decode()
    asked(deal, at.holder, exchange)


@db
def test_before_the_contract_nothing_is_certified(at):
    row = given.agreed(at)
    with pytest.raises(Conflict, match="合同还没有生效"):
        asked(row, at.holder, make.exchange())
    with pytest.raises(Missing):
        asked(row, actor(make.enterprise()), make.exchange())


@pytest.mark.django_db(transaction=True)
def test_rivals_leave_one_certificate(at):
    deal = given.signed(at)
    rivals = [(by, make.exchange()) for by in (at.holder, at.taker, at.holder, at.taker)]

    def rival(by, exchange):
        return lambda: asked(deal, by, exchange) and "done"

    ends = [end for end, _took in races.together([rival(*one) for one in rivals])]
    assert sorted(ends) == ["certificate-exists"] * 3 + ["done"]
    assert Certificate.objects.count() == 1


def told(deal, by, **changes):
    said = {
        "contract_number": deal.number, "patent_number": f" {deal.patent_number.lower()}",
        "sort": "registration", "number": "沪-9", "on": TODAY,
    }  # fmt: skip
    return exchange_reports.take_report(by=actor(by), now=NOON, **(said | changes))


@db
def test_what_was_done_there_is_taken_once(at, deal):
    exchange = make.exchange()
    row, new = told(deal, exchange)
    assert new
    assert told(deal, exchange) == (row, False)
    for wrong in ({"number": "沪-8"}, {"on": TODAY - timedelta(days=1)}, {"amount": D(1)}):
        with pytest.raises((Conflict, Invalid)):
            told(deal, exchange, **wrong)
    with pytest.raises(Conflict):
        told(deal, make.exchange())
    for unknown in ({"contract_number": "QT1"}, {"patent_number": "1"}):
        with pytest.raises(Missing):
            told(deal, exchange, **unknown)
    with pytest.raises(NotAllowed):
        told(deal, at.firm)
    shown = questions.of_contract(deal.number, viewer=at.taker).reports
    assert [r.number for r in shown] == ["沪-9"]
    assert not questions.reports(viewer=actor(make.exchange())).exists()


@db
def test_the_pages_from_queue_to_number(client, at, deal):
    row = applied(deal, at)
    told(deal, make.exchange())
    client.force_login(make.bureau("31").user)
    listed = client.get(reverse("licensing:registrations"), {"status": "applied"})
    assert deal.patent_title in listed.content.decode()
    there = reverse("licensing:registration-step", args=[row.pk, "register"])
    assert 'value="沪-9"' in client.get(there).content.decode()
    late = {"number": "沪-9", "registered_on": "2099-01-01"}
    assert client.post(there, late).status_code == 422
    done = client.post(there, late | {"registered_on": deal.effective_on.isoformat()})
    assert done.url == reverse("licensing:registration", args=[row.pk])
    client.force_login(at.firm.user)
    room = client.get(reverse("licensing:deal", args=[deal.pk])).content.decode()
    assert "对方登记" in room
    assert "申请鉴证" in room


@db
def test_the_lists_ask_as_often_for_ten_as_for_one(at, django_assert_max_num_queries):
    for _ in range(3):
        deal = given.signed(at)
        opened(deal)
        asked(deal, at.holder, make.exchange())
    viewer = at.holder
    with django_assert_max_num_queries(2):
        assert len([r.holder.name for r in questions.registrations(viewer=viewer)]) == 3
        assert len([c.exchange.name for c in questions.certificates(viewer=viewer)]) == 3


@db
def test_an_exchange_declines_and_a_party_takes_its_request_back(at, deal):
    one, two = make.exchange(), make.exchange()
    for none in (at.firm, make.bank()):  # a party; not an exchange
        names("exchange_id", ask=lambda none=none: asked(deal, at.holder, none))
    row = asked(deal, at.holder, one)
    refuse = {"certificate_id": row.pk, "now": NOON}
    with pytest.raises(Missing):
        certificates.decline_certificate(**refuse, reason="材料不全", by=actor(two))
    names("reason", ask=lambda: certificates.decline_certificate(
        **refuse, reason=" ", by=actor(one)))  # fmt: skip
    done = certificates.decline_certificate(**refuse, reason="材料不全", by=actor(one))
    assert (done.status, done.reason) == ("declined", "材料不全")
    told = Notice.objects.filter(key=f"certificate:{row.pk}:declined")
    assert {at.office.user_id, at.firm.user_id} <= set(told.values_list("user_id", flat=True))
    assert {n.body for n in told} == {"材料不全"}
    again = asked(deal, at.taker, two)
    back = {"certificate_id": again.pk, "now": NOON}
    with pytest.raises(Missing):
        certificates.withdraw_certificate(**back, by=actor(make.enterprise()))
    assert certificates.withdraw_certificate(**back, by=at.taker).status == "withdrawn"
    assert Notice.objects.filter(key=f"certificate:{again.pk}:withdrawn", user=two.user).exists()
    says("illegal-move", lambda: certificates.withdraw_certificate(**back, by=at.taker))
    recorded = set(AuditEntry.objects.values_list("event", flat=True))
    assert {"certificate.declined", "certificate.withdrawn"} <= recorded


@db
def test_an_open_licence_is_certified_with_what_it_costs():
    office, firm, exchange = make.office(), make.enterprise(), make.exchange()
    row = lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)
    asking = certificates.request_certificate(
        exchange_id=exchange.organisation_id, licence_id=row.pk, note=" 加急 ", by=actor(firm),
        now=NOON,
    )  # fmt: skip
    assert asking.note == "加急"
    assert any("5 万元" in line for line in certificates.price_lines(asking))
    done = certificates.issue_certificate(
        certificate_id=asking.pk, statement="相符", by=actor(exchange), now=NOON
    )
    said = dict(done.document.content)
    assert said["交易方式"] == "普通许可（专利开放许可）"
    assert said["鉴证机构"] == exchange.organisation.name


@db
def test_an_exchange_reports_money_in_its_order_and_never_of_its_own_contract(at, deal):
    exchange = make.exchange()
    names("sort", ask=lambda: told(deal, exchange, sort="rumour"))
    party = make.MembershipFactory(organisation=at.firm.organisation, role="exchange")
    says("own-contract", lambda: told(deal, party))
    money = {"sort": "settlement", "number": "S-1", "amount": D(10)}
    says("report-conflict", lambda: told(deal, exchange, **money, state="released"))
    assert told(deal, exchange, **money, state="held")[1]
    assert not told(deal, exchange, **money, state="held")[1]
    says(
        "report-conflict", lambda: told(deal, exchange, **(money | {"amount": D(9)}), state="held")
    )
    assert told(deal, exchange, **money, state="released")[1]
    says("report-conflict", lambda: told(deal, exchange, **money, state="returned"))
    states = questions.of_contract(deal.number, viewer=at.holder).reports
    assert sorted(r.state for r in states) == ["held", "released"]


@db
def test_a_registration_is_refused_where_it_is_wrong_and_keeps_its_paper(at, deal):
    names("kind", ask=lambda: applied(deal, at, kind="barter"))
    row, bureau = applied(deal, at), make.bureau("31")

    def register(**changes):
        said = {"number": "沪-1", "registered_on": TODAY} | changes
        return registrations.register_contract(
            registration_id=row.pk, by=actor(bureau), now=NOON, **said
        )

    for field, wrong in (
        ("number", {"number": " "}), ("number", {"number": "9" * 61}),
        ("registered_on", {"registered_on": TODAY + timedelta(days=1)}),
        ("registered_on", {"registered_on": deal.effective_on - timedelta(days=1)}),
    ):  # fmt: skip
        names(field, ask=lambda wrong=wrong: register(**wrong))
    done = register(paper=given.paper("登记证.pdf"))
    assert (done.status, done.paper.name) == ("registered", "登记证.pdf")


@db
def test_a_contract_that_ends_is_struck_from_the_to_dos_or_sent_to_the_registry(at, deal):
    row = opened(deal)
    registrations.follow_end(deal, reason="合同解除", now=NOON)
    row.refresh_from_db()
    assert (row.status, row.reason) == ("waived", "合同解除，不再办理登记")
    registrations.follow_end(deal, reason="合同解除", now=NOON)
    assert not Notice.objects.filter(title__contains="请核对登记").exists()
    other = given.signed(at)
    applied(other, at)
    registrations.follow_end(other, reason="合同解除", now=NOON)
    (told_,) = Notice.objects.filter(title__contains="请核对登记", user=at.office.user)
    assert "办理注销" in told_.body


@db
def test_a_licence_of_a_deal_is_registered_with_its_deal(at, deal):
    licence = deal.items.get().licence
    says("of-a-deal", lambda: registrations.open_registration(licence=licence, now=NOON))
    talk = given.agreed(at)
    registrations.follow_contract(deal_id=talk.pk, licence_id=None, now=NOON)
    registrations.follow_contract(deal_id=None, licence_id=licence.pk, now=NOON)
    assert not Registration.objects.exists()


@db
def test_each_step_of_a_certificate_is_in_the_trail_and_told(at, deal):
    exchange = make.exchange()
    parties = {at.office.user_id, at.second.user_id, at.firm.user_id}
    row = asked(deal, at.holder, exchange)
    key, known = f"certificate:{row.pk}", {"certificate_id": row.pk, "by": actor(exchange)}
    assert telling.told(f"{key}:{row.status}") == {exchange.user_id}
    assert any("8 万元" in line for line in certificates.price_lines(row))
    certificates.issue_certificate(**known, statement="相符", now=NOON)
    assert telling.told(f"{key}:issued") == parties
    certificates.revoke_certificate(**known, reason="材料不实", now=NOON)
    assert telling.told(f"{key}:revoked") == parties
    steps = ["requested", "issued", "revoked"]
    assert telling.kept("certificate.") == [f"certificate.{step}" for step in steps]


@db
def test_an_application_is_told_to_the_other_side_and_a_waiver_is_kept(at, deal):
    row = applied(deal, at)
    heard = Notice.objects.filter(title__contains="已申请技术合同认定登记")
    assert {n.user_id for n in heard} == {at.firm.user_id}
    other = opened(given.signed(at))
    registrations.waive_registration(
        registration_id=other.pk, reason="不申请减免", by=at.holder, now=NOON
    )
    assert telling.kept("registration.waived") == ["registration.waived"]
    assert row.status == "applied"
