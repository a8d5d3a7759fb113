"""Renewals and terminations: what each step leaves in the trail, whom it tells, and its limits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import Conflict, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Mandate
from core.people.types import Role
from licensing import services as room
from licensing.models import Licence, PaymentDue
from licensing.rules import fees, royalties
from licensing.rules.fees import FeeMode, FeePart, PartKind
from licensing.rules.terminations import Ground
from licensing.services import contests, renewals, terminations
from licensing.services.terminations import Wanted
from listings import selectors as listings
from tests.factories import core as make
from tests.factories import deals as dealing
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing import test_deal_kinds as kinds
from tests.licensing.refusing import names, says
from tests.licensing.telling import told, trail
from tests.licensing.test_endings import AGREED, ENDS, NEAR, Pair

pytestmark = pytest.mark.django_db


def test_each_step_of_a_renewal_is_in_the_trail_and_told_to_the_other_side():
    at = Pair()
    firm, office = at.firm_member.user_id, at.office_member.user_id
    refused = at.asked()
    assert told(f"renewal-asked:{refused.pk}") == {office}
    renewals.refuse_renewal(renewal_id=refused.pk, reason="自用", by=at.office, now=NEAR)
    assert told(f"renewal-refused:{refused.pk}") == {firm}
    taken_back = at.asked()
    renewals.withdraw_renewal(renewal_id=taken_back.pk, by=at.firm, now=NEAR)
    assert told(f"renewal-withdrawn:{taken_back.pk}") == {office}
    lapsed = at.asked()
    renewals.follow_renewals(now=NEAR + timedelta(days=16))
    assert told(f"renewal-lapsed:{lapsed.pk}") == {firm, office}
    done = at.asked(now=NEAR + timedelta(days=17))
    row = renewals.accept_renewal(
        renewal_id=done.pk, by=at.office, now=NEAR + timedelta(days=17), answer=" 同意 "
    )
    assert told(f"renewal-accepted:{done.pk}") == {firm, office}
    assert (row.answer, row.answered_by, row.former_ends_on) == ("同意", at.office.key, ENDS)
    assert trail("licence.renewal") == [
        "licence.renewal_asked", "licence.renewal_refused", "licence.renewal_asked",
        "licence.renewal_withdrawn", "licence.renewal_asked", "licence.renewal_lapsed",
        "licence.renewal_asked",
    ]  # fmt: skip
    assert trail("licence.prolonged") == ["licence.prolonged"]


@pytest.mark.parametrize("months", [1, 240])
def test_a_renewal_is_for_a_month_to_twenty_years(months):
    at = Pair()
    for wrong in (0, 241):
        names("months", ask=lambda wrong=wrong: at.asked(months=wrong))
    assert at.asked(months=months).months == months


def test_a_renewal_without_another_fee_costs_nothing_and_wrong_fees_are_named():
    table = dealing.table()
    patent_id = lic.listed(table.office)
    deal = dealing.signed(table, patent_id, kind="exclusive", months=3)
    licence = deal.items.get().licence
    near = NOON.replace(year=2027, month=1)
    known = {"licence_id": licence.pk, "months": 6, "by": table.taker, "now": near}
    for wrong in (None, Decimal("-0.01"), Decimal("0.001"), fees.LARGEST + 1):
        names("fee", ask=lambda wrong=wrong: renewals.ask_renewal(**known, fee=wrong))
    dues = PaymentDue.objects.filter(licence=licence).count()
    row = renewals.ask_renewal(**known, fee=Decimal(0))
    renewals.accept_renewal(renewal_id=row.pk, by=table.holder, now=near)
    licence.refresh_from_db()
    deal.refresh_from_db()
    assert deal.ends_on == licence.ends_on == row.former_ends_on.replace(month=8)
    assert PaymentDue.objects.filter(licence=licence).count() == dues


def test_who_acts_for_both_sides_acts_for_neither():
    at = Pair()
    broker = make.broker()
    for side in (at.firm_member, at.office_member):
        Mandate.objects.create(
            principal=side.organisation, agent=broker.organisation, starts_on=TODAY
        )
    with pytest.raises(NotAllowed, match="双方委托"):
        at.asked(by=actor(broker))
    with pytest.raises(NotAllowed, match="双方委托"):
        at.opened(by=actor(broker))


def test_a_licence_not_in_force_or_contested_cannot_be_ended():
    office, firm = make.office(), make.enterprise()
    waiting = lic.licence(office, firm, mode=FeeMode.FIXED)
    known = {"wanted": AGREED, "by": actor(firm), "now": NOON}
    says("not-in-force", lambda: terminations.open_one(licence_id=waiting.pk, **known))
    at = Pair()
    contests.contest_licence(licence_id=at.row.pk, reason="未付", by=at.office, now=NOON)
    says("contested", at.opened)
    with pytest.raises(Conflict, match="异议"):
        at.opened(by=at.office)


def test_each_step_of_a_termination_is_in_the_trail_and_told():
    at = Pair(parts=(FeePart(PartKind.INSTALMENT, amount=Decimal(7_000), due_days=200),))
    firm, office = at.firm_member.user_id, at.office_member.user_id
    row = at.opened()
    assert told(f"ending-opened:{row.pk}") == {office}
    assert "请答复终止提议" in Notice.objects.get(key=f"ending-opened:{row.pk}").title
    terminations.withdraw_termination(termination_id=row.pk, by=at.firm, now=NOON)
    assert told(f"ending-stopped:{row.pk}") == {firm, office}
    again = at.opened()
    with pytest.raises(NotAllowed, match="由提出终止的一方"):
        terminations.withdraw_termination(termination_id=again.pk, by=at.office, now=NOON)
    answered = NOON + timedelta(days=1)
    names("verdict", ask=lambda: terminations.answer_termination(
        termination_id=again.pk, verdict="maybe", by=at.office, now=answered))  # fmt: skip
    terminations.answer_termination(
        termination_id=again.pk, verdict="agree", by=at.office, now=answered
    )
    heard = Notice.objects.filter(key__startswith=f"ending-agree:{again.pk}:")
    assert set(heard.values_list("user_id", flat=True)) == {firm}
    terminations.follow_terminations(now=NOON + timedelta(days=3))
    assert told(f"ending-soon:{again.pk}") == {firm, office}
    terminations.follow_terminations(now=NOON + timedelta(days=10))
    assert told(f"licence-terminated:{again.pk}") == {firm, office}
    done = at.fresh()
    assert (done.closed_by, done.closed_at) == ("system", NOON + timedelta(days=10))
    assert {"licence.ending_stopped", "licence.ending_answered"} <= set(trail("licence.ending"))
    assert trail("licence.terminated") == ["licence.terminated"]


def test_a_proposal_agreed_after_its_day_ends_the_licence_at_once():
    at = Pair()
    row = at.opened()
    late = NOON + timedelta(days=12)
    done = terminations.answer_termination(
        termination_id=row.pk, verdict="agree", by=at.office, now=late
    )
    assert (done.status, done.effective_on) == ("done", late.date())
    assert "答复晚于该日" in done.explanation
    assert at.fresh().ends_on == late.date() - timedelta(days=1)


def test_sums_that_the_parties_keep_stay_due_after_an_agreed_end():
    at = Pair(parts=(FeePart(PartKind.INSTALMENT, amount=Decimal(7_000), due_days=200),))
    row = at.opened(wanted=Wanted(Ground.AGREEMENT, "停产", wished_on=AGREED.wished_on,
                                            releases=False))  # fmt: skip
    terminations.answer_termination(termination_id=row.pk, verdict="agree", by=at.office, now=NOON)
    terminations.follow_terminations(now=NOON + timedelta(days=10))
    assert PaymentDue.objects.get(licence=at.row).released_on is None


def test_a_renewal_that_waits_lapses_with_the_licence():
    at = Pair()
    asked = at.asked()
    row = at.opened(now=NEAR, wanted=Wanted(Ground.AGREEMENT, "停产", wished_on=NEAR.date()))
    terminations.answer_termination(termination_id=row.pk, verdict="agree", by=at.office, now=NEAR)
    asked.refresh_from_db()
    assert (asked.status, asked.answer, asked.answered_by) == ("lapsed", "许可已终止", "system")
    assert room.end_expired_licences(now=NEAR.replace(year=2031)) == 0


def test_strangers_answer_nothing_and_a_colleague_without_the_right_neither():
    at = Pair()
    row = at.asked()
    for who, refusal in (
        (make.enterprise(), Missing),
        (make.MembershipFactory(organisation=at.row.licensor, role=Role.INVENTOR), NotAllowed),
        (make.MembershipFactory(organisation=at.row.licensee, role=Role.VALUER), NotAllowed),
    ):
        known = {"renewal_id": row.pk, "by": actor(who), "now": NEAR}
        with pytest.raises(refusal):
            renewals.accept_renewal(**known)
        with pytest.raises(refusal):
            renewals.refuse_renewal(**known, reason="自用")
        with pytest.raises(refusal):
            renewals.withdraw_renewal(**known)
    row.refresh_from_db()
    assert row.status == "asked"


def test_a_renewal_over_is_not_answered_again_whatever_became_of_the_licence():
    at = Pair()
    known = {"renewal_id": at.asked().pk, "now": NEAR}
    renewals.withdraw_renewal(**known, by=at.firm)
    Licence.objects.filter(pk=at.row.pk).update(patent_lapsed_on=TODAY)
    says("illegal-move", lambda: renewals.accept_renewal(**known, by=at.office))
    says("illegal-move", lambda: renewals.refuse_renewal(**known, reason="自用", by=at.office))
    says("illegal-move", lambda: renewals.withdraw_renewal(**known, by=at.firm))


def test_long_words_are_kept_as_far_as_their_column_says():
    at = Pair()
    long = "长" * 2001
    row = at.asked(note=long)
    assert len(row.note) == 2000
    done = renewals.refuse_renewal(renewal_id=row.pk, reason=long, by=at.office, now=NEAR)
    assert len(done.answer) == 2000
    ending = at.opened(now=NEAR, wanted=Wanted(Ground.AGREEMENT, long, wished_on=NEAR.date()))
    assert len(ending.reason) == 2000


def test_nobody_is_reminded_of_a_term_that_ends_after_renewals_open():
    at = Pair()
    before = NOON.replace(year=2029, month=6)
    assert renewals.remind_of_terms(now=before) == 0
    opens, month = f"licence-term:{at.row.pk}:{ENDS}:90", f"licence-term:{at.row.pk}:{ENDS}:30"
    assert renewals.remind_of_terms(now=before.replace(month=9)) == 1
    assert (told(opens), told(month)) == ({at.firm_member.user_id}, set())
    assert renewals.remind_of_terms(now=NEAR) == 1
    assert told(month) == {at.firm_member.user_id}


def subbed():
    """A table, a head licence of two years, and a year's licence under it."""
    at = dealing.table()
    dealing.signed(at, sublicensing=True, months=24)
    head = Licence.objects.get()
    second = make.MembershipFactory(role=at.firm.role, organisation=at.firm.organisation)
    below = dealing.Table(at.firm, second, make.enterprise())
    kinds.sealed(kinds.under(head, below, months=12), below)
    return at, head, below, Licence.objects.get(under=head)


def test_a_sublicence_is_renewed_within_the_licence_above_and_binds_nothing_itself():
    _at, head, below, sub = subbed()
    near = NOON.replace(year=2027, month=11, day=1)
    row = renewals.ask_renewal(
        licence_id=sub.pk, months=24, fee=Decimal(0), by=below.taker, now=near
    )
    done = renewals.accept_renewal(renewal_id=row.pk, by=below.holder, now=near)
    assert (done.ends_on, done.encumbrance_id) == (head.ends_on, None)


def test_what_was_granted_under_a_licence_ends_with_its_termination():
    at, head, _below, sub = subbed()
    wanted = Wanted(Ground.AGREEMENT, "停产", wished_on=TODAY)
    row = terminations.open_one(licence_id=head.pk, wanted=wanted, by=at.taker, now=NOON)
    terminations.answer_termination(termination_id=row.pk, verdict="agree", by=at.holder, now=NOON)
    sub.refresh_from_db()
    assert (sub.status, head.number in sub.closed_reason) == ("ended", True)


def test_a_licence_terminated_after_its_renewal_frees_the_further_term_too():
    at = Pair()
    asked = at.asked()
    renewals.accept_renewal(renewal_id=asked.pk, by=at.office, now=NEAR)
    further = NEAR.replace(year=2030, month=6)
    assert len(at.bonds(at=further)) == 1
    row = at.opened(now=NEAR, wanted=Wanted(Ground.AGREEMENT, "停产", wished_on=NEAR.date()))
    terminations.answer_termination(termination_id=row.pk, verdict="agree", by=at.office, now=NEAR)
    assert (at.bonds(at=NEAR), at.bonds(at=further)) == ([], [])


def test_a_renewed_licence_of_a_deal_binds_as_agreed_and_its_fee_has_its_days():
    table = dealing.table()
    deal = dealing.signed(table, kind="exclusive", months=3, territory="31", modes=("make", "sell"))
    licence = deal.items.get().licence
    near = NOON.replace(year=2027, month=1)
    row = renewals.ask_renewal(
        licence_id=licence.pk, months=6, fee=Decimal(500), by=table.taker, now=near
    )
    renewals.accept_renewal(renewal_id=row.pk, by=table.holder, now=near)
    further = near.replace(month=6)
    [bond] = listings.encumbrances(licence.patent_id, at=further)
    assert (bond.kind, bond.territory, bond.modes) == ("exclusive", "31", ("make", "sell"))
    due = PaymentDue.objects.get(licence=licence, reason__renewal=row)
    assert due.due_on == row.former_ends_on + timedelta(days=1 + royalties.PAY_DAYS)
