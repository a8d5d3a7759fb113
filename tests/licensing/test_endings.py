"""How a licence goes on or ends: renewals, terminations, and the calendar of what falls due."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from licensing import services as room
from licensing.models import Licence, PaymentDue
from licensing.rules import renewals as renewal_rules
from licensing.rules import terminations as rules
from licensing.rules.fees import FeeMode, FeePart, PartKind
from licensing.rules.terminations import Ground
from licensing.selectors.falling_due import falling_due
from licensing.services import renewals, terminations
from licensing.services.terminations import Wanted
from listings import selectors as listings
from listings.types import EncumbranceKind
from tests.factories import core as make
from tests.factories import deals as dealing
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.licensing import NOON, TODAY
from tests.licensing.test_races import together

ENDS = date(2029, 11, 19)  # three years from NOON
NEAR = NOON.replace(year=2029, month=10)
AGREED = Wanted(Ground.AGREEMENT, "产品停产", wished_on=TODAY + timedelta(days=10))


class Pair:
    """A licence in force with both of its parties."""

    def __init__(self, **changes) -> None:
        office, firm = make.office(), make.enterprise()
        patent_id = lic.patent(office, annuity_paid_to=date(2031, 3, 1))
        offered = lic.declaration(office, patent_id, **({"mode": FeeMode.FREE} | changes))
        self.row = room.take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON)
        self.firm_member, self.office_member = firm, office
        self.office, self.firm = actor(office), actor(firm)

    def asked(self, now=NEAR, **changes):
        known = {"licence_id": self.row.pk, "months": 12, "by": self.firm, "now": now}
        return renewals.ask_renewal(**(known | changes))

    def opened(self, wanted=AGREED, by=None, now=NOON, **changes):
        by = by or self.firm
        return terminations.open_one(
            licence_id=self.row.pk, wanted=wanted, by=by, now=now, **changes
        )

    def fresh(self) -> Licence:
        return Licence.objects.get(pk=self.row.pk)

    def bonds(self, at=NOON):
        found = listings.encumbrances(self.row.patent_id, at=at)
        return [b for b in found if b.kind is EncumbranceKind.ORDINARY]


# --- rules ---------------------------------------------------------------------------------------

FACTS = renewal_rules.Facts(True, ENDS, True, True, False, False, False)


@pytest.mark.parametrize(
    ("change", "day", "word"),
    [
        ({}, ENDS, ""),
        ({}, ENDS - timedelta(days=90), ""),
        ({}, ENDS - timedelta(days=91), "起可以提出"),
        ({}, ENDS + timedelta(days=1), "有效期内"),
        ({"in_force": False}, ENDS, "有效期内"),
        ({"lapsed": True}, ENDS, "专利权已不再有效"),
        ({"ending": True}, ENDS, "正在办理终止"),
        ({"announced": False}, ENDS, "声明已经撤回"),
        ({"announced": False, "is_open": False}, ENDS, ""),
        ({"asked": True}, ENDS, "等待答复"),
    ],
)
def test_when_a_renewal_may_be_asked(change, day, word):
    facts = renewal_rules.Facts(
        **{name: change.get(name, getattr(FACTS, name)) for name in FACTS.__slots__}
    )
    why = renewal_rules.against(facts, today=day, window_days=90, asking=True)
    assert word in why if word else why == ""


def test_a_further_term_is_cut_where_the_patent_ends():
    until = renewal_rules.new_end(ENDS, 240, expires_on=date(2039, 3, 1))
    assert until == date(2039, 2, 28)
    assert "截短" in renewal_rules.why(ENDS, 240, until=until)
    assert renewal_rules.new_end(ENDS, 12, expires_on=date(2039, 3, 1)) == date(2030, 11, 19)


@pytest.mark.parametrize(
    ("ground", "day"),
    [
        (Ground.AGREEMENT, TODAY + timedelta(days=10)),
        (Ground.NON_PAYMENT, TODAY + timedelta(days=30)),
        (Ground.BREACH, TODAY + timedelta(days=30)),
        (Ground.PATENT, TODAY),
    ],
)
def test_from_when_it_ends_and_why(ground, day):
    wished = TODAY + timedelta(days=10)
    on = rules.effective_on(ground, today=TODAY, wished=wished, grace_days=30)
    assert on == day
    said = rules.why(ground, served_on=TODAY, on=on)
    assert f"{day:%Y-%m-%d}" in said
    assert rules.ARTICLES[ground] in said


def test_what_becomes_of_fees_paid_on_an_invalid_patent_is_article_47():
    assert "专利法第四十七条" in rules.money_words(Ground.PATENT, invalid=True, releases=True)
    assert "第四十七条" not in rules.money_words(Ground.PATENT, invalid=False, releases=True)


# --- renewals ------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def test_an_open_licence_goes_on_as_announced():
    part = FeePart(PartKind.LUMP, amount=Decimal(9_000), due_days=30)
    at = Pair(parts=(part,))
    row = at.asked()
    with pytest.raises(NotAllowed, match="许可人答复"):
        renewals.accept_renewal(renewal_id=row.pk, by=at.firm, now=NEAR)
    renewals.accept_renewal(renewal_id=row.pk, by=at.office, now=NEAR)
    fresh = at.fresh()
    assert (fresh.ends_on, fresh.status) == (date(2030, 11, 19), "effective")
    due = fresh.dues.order_by("-position").first()
    assert (due.amount, due.due_on) == (Decimal(9_000), date(2029, 12, 20))
    assert due.reason.renewal_id == row.pk
    after = NEAR.replace(year=2030, month=6)
    assert room.end_expired_licences(now=after) == 0
    assert len(at.bonds(at=after)) == 1
    assert room.end_expired_licences(now=NEAR.replace(year=2031)) == 1


def test_not_before_the_window_nor_by_a_stranger_nor_twice():
    at = Pair()
    with pytest.raises(Conflict, match="起可以提出"):
        at.asked(now=NOON)
    with pytest.raises(Missing):
        at.asked(by=actor(make.enterprise()))
    with pytest.raises(NotAllowed, match="由被许可人提出"):
        at.asked(by=at.office)
    with pytest.raises(Invalid):
        at.asked(months=0)
    row = at.asked()
    with pytest.raises(Conflict, match="等待答复"):
        at.asked()
    with pytest.raises(Invalid):
        renewals.refuse_renewal(renewal_id=row.pk, reason=" ", by=at.office, now=NEAR)
    renewals.refuse_renewal(renewal_id=row.pk, reason="自用", by=at.office, now=NEAR)
    with pytest.raises(Conflict):
        renewals.accept_renewal(renewal_id=row.pk, by=at.office, now=NEAR)
    again = at.asked()
    renewals.withdraw_renewal(renewal_id=again.pk, by=at.firm, now=NEAR)
    assert at.fresh().ends_on == ENDS


def test_no_renewal_once_the_declaration_is_withdrawn():
    at = Pair()
    row = at.asked()
    room.withdraw_declaration(
        declaration_id=at.row.declaration_id, reason="停止", by=at.office, now=NEAR
    )
    with pytest.raises(Conflict, match="声明已经撤回"):
        renewals.accept_renewal(renewal_id=row.pk, by=at.office, now=NEAR)


def test_unanswered_it_lapses_once():
    at = Pair()
    row = at.asked()
    assert [renewals.remind_of_terms(now=NEAR) for _ in range(2)] == [1, 1]
    assert Notice.objects.filter(key=f"licence-term:{at.row.pk}:{ENDS}:30").count() == 1
    late = NEAR + timedelta(days=16)
    assert [renewals.follow_renewals(now=late) for _ in range(2)] == [1, 0]
    row.refresh_from_db()
    assert (row.status, row.answer) == ("lapsed", "逾期未答复")


def test_an_exclusive_licence_of_a_deal_goes_on_for_the_agreed_sum():
    table = dealing.table()
    patent_id = lic.listed(table.office, annuity_paid_to=date(2030, 3, 1))
    deal = dealing.signed(table, patent_id, kind="exclusive", months=12)
    licence = deal.items.get().licence
    near = NOON.replace(year=2027, month=10)
    known = {"licence_id": licence.pk, "months": 6, "by": table.taker, "now": near}
    with pytest.raises(Invalid):
        renewals.ask_renewal(**known)
    row = renewals.ask_renewal(**known, fee=Decimal("500.00"))
    renewals.accept_renewal(renewal_id=row.pk, by=table.holder, now=near)
    licence.refresh_from_db()
    assert licence.ends_on == date(2028, 5, 19)
    assert licence.dues.filter(reason__renewal=row).get().amount == Decimal("500.00")


# --- terminations --------------------------------------------------------------------------------


def test_by_agreement_the_patent_is_freed_and_later_sums_fall_away():
    part = FeePart(PartKind.INSTALMENT, amount=Decimal(7_000), due_days=200)
    at = Pair(parts=(part,))
    row = at.opened()
    with pytest.raises(NotAllowed, match="由对方答复"):
        terminations.answer_termination(
            termination_id=row.pk, verdict="agree", by=at.firm, now=NOON
        )
    terminations.answer_termination(termination_id=row.pk, verdict="agree", by=at.office, now=NOON)
    assert terminations.follow_terminations(now=NOON) == 0
    assert at.fresh().in_force
    day = NOON + timedelta(days=10)
    assert [terminations.follow_terminations(now=day) for _ in range(2)] == [1, 0]
    fresh = at.fresh()
    assert (fresh.status, fresh.ends_on) == ("ended", TODAY + timedelta(days=9))
    assert at.bonds(at=day) == []
    due = PaymentDue.objects.get(licence=fresh)
    assert due.released_on == day.date()
    assert room.remind_of_dues(now=NOON + timedelta(days=230)) == 0
    assert Notice.objects.filter(key=f"licence-terminated:{row.pk}").count() == 2
    with pytest.raises(Conflict, match="不再应付"):
        room.record_payment(
            licence_id=fresh.pk, due_id=due.pk, amount=due.amount, paid_at=day, by=at.firm, now=day
        )


def test_unpaid_after_dunning_it_ends_unless_paid_meanwhile():
    part = FeePart(PartKind.INSTALMENT, amount=Decimal(7_000), due_days=10)
    wanted = Wanted(Ground.NON_PAYMENT, "第一期未付")
    for pays in (False, True):
        at = Pair(parts=(part,))
        late = NOON + timedelta(days=20)
        with pytest.raises(Conflict, match="没有经过催告"):
            at.opened(wanted, by=at.office, now=late)
        room.remind_of_dues(now=late)
        with pytest.raises(NotAllowed, match="由许可人通知"):
            at.opened(wanted, now=late)
        row = at.opened(wanted, by=at.office, now=late)
        if pays:
            lic.paid(at.row, at.firm_member, now=late)
        terminations.follow_terminations(now=late + timedelta(days=29))
        assert at.fresh().in_force
        terminations.follow_terminations(now=late + timedelta(days=30))
        row.refresh_from_db()
        assert (row.status, at.fresh().status) == (
            ("mended", "effective") if pays else ("done", "ended")
        )
        assert PaymentDue.objects.get(licence=at.row).released_on is None  # it was due before


def test_a_breach_needs_proof_and_an_objection_stops_the_clock():
    at = Pair()
    wanted = Wanted(Ground.BREACH, "超出许可地域")
    with pytest.raises(Invalid):
        at.opened(wanted, by=at.office)
    row = at.opened(wanted, by=at.office, evidence=paper())
    with pytest.raises(Conflict, match="已有一项终止"):
        at.opened()
    answer = {"termination_id": row.pk, "by": at.firm, "now": NOON}
    with pytest.raises(Invalid):
        terminations.answer_termination(**answer, verdict="object")
    terminations.answer_termination(**answer, verdict="object", reason="没有超出")
    later = NOON + timedelta(days=40)
    terminations.follow_terminations(now=later)
    assert at.fresh().in_force
    terminations.answer_termination(**(answer | {"now": later}), verdict="drop")
    terminations.follow_terminations(now=later)
    row.refresh_from_db()
    assert (row.status, row.effective_on) == ("done", later.date())


def test_only_a_patent_that_is_gone_ends_it_at_once():
    at = Pair()
    wanted = Wanted(Ground.PATENT, "专利失效")
    with pytest.raises(Conflict, match="仍然有效"):
        at.opened(wanted)
    Licence.objects.filter(pk=at.row.pk).update(patent_lapsed_on=TODAY)
    row = at.opened(wanted)
    assert (row.status, at.fresh().status, at.bonds()) == ("done", "ended", [])


def test_taken_back_or_unanswered_nothing_ends():
    at = Pair()
    row = at.opened()
    with pytest.raises(Missing):
        terminations.withdraw_termination(
            termination_id=row.pk, by=actor(make.enterprise()), now=NOON
        )
    terminations.withdraw_termination(termination_id=row.pk, by=at.firm, now=NOON)
    again = at.opened()
    terminations.follow_terminations(now=NOON + timedelta(days=16))
    again.refresh_from_db()
    assert (again.status, at.fresh().in_force) == ("lapsed", True)


@pytest.mark.django_db(transaction=True)
def test_renewal_and_termination_come_in_one_order_or_the_other():
    for _ in range(3):
        at = Pair()
        renewal = at.asked()
        wanted = Wanted(Ground.AGREEMENT, "停产", wished_on=NEAR.date())
        ending = at.opened(wanted, now=NEAR)
        together(
            lambda at=at, pk=ending.pk: terminations.answer_termination(
                termination_id=pk, verdict="agree", by=at.office, now=NEAR
            ),
            lambda at=at, pk=renewal.pk: renewals.accept_renewal(
                renewal_id=pk, by=at.office, now=NEAR
            ),
        )
        renewal.refresh_from_db()
        assert (renewal.status, at.fresh().status) == ("lapsed", "ended")
        assert at.bonds(at=NEAR) == []


# --- calendar and pages --------------------------------------------------------------------------


def test_the_calendar_tells_what_falls_due_with_the_same_queries(client):
    firm = make.enterprise()
    row = lic.royal_licence(make.office(), firm)
    with CaptureQueriesContext(connection) as one:
        found = falling_due(viewer=actor(firm), today=TODAY)
    assert {x.kind for x in found} == {"report", "filing", "term"}
    assert found[0].late
    assert falling_due(viewer=actor(make.enterprise()), today=TODAY) == []
    for _ in range(3):
        lic.royal_licence(make.office(), firm)
    with CaptureQueriesContext(connection) as four:
        assert len(falling_due(viewer=actor(firm), today=TODAY)) == 4 * len(found)
    assert len(four) == len(one)
    client.force_login(firm.user)
    assert row.patent_title in client.get(reverse("licensing:licence-calendar")).text
    text = client.get(reverse("licensing:licence-calendar-file")).text
    assert f"UID:licence-term-{row.pk}@patentops" in text


def test_a_firm_proposes_and_the_office_agrees_on_pages(client):
    at = Pair()
    client.force_login(at.firm_member.user)
    page = reverse("licensing:terminate", args=[at.row.pk])
    assert client.post(page, {"ground": "agreement", "reason": "停产"}).status_code == 422
    sent = {"ground": "agreement", "reason": "停产", "wished_on": "2099-01-01"}
    assert "期满之前" in client.post(page, sent).text
    row = at.opened(now=NOON)
    client.force_login(at.office_member.user)
    assert "终止许可" not in client.get(reverse("licensing:endings", args=[at.row.pk])).text
    done = client.post(reverse("licensing:termination-answer", args=[row.pk]), {"verdict": "agree"})
    assert done.status_code == 302
    row.refresh_from_db()
    assert row.status in ("agreed", "done")
