"""Conduct notes: from records or on grounds, told first, answered, appealed, run out, looked at."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.people.models import RegionSetting
from licensing import services as room
from licensing.models import ConductNote
from licensing.rules import conduct as rules
from licensing.rules.terminations import Ground
from licensing.selectors import conduct as questions
from licensing.services import conduct, conduct_facts, settling, terminations
from tests.factories import core as make
from tests.factories import deals as dealing
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.disputes import Quarrel, offer
from tests.factories.licensing import NOON, TODAY

LATE = NOON + timedelta(days=45)  # the sum was due on day 10


def test_how_long_a_note_counts_is_the_regions_word():
    day = date(2026, 11, 20)
    assert rules.expires_on(None, "late", day) == date(2027, 11, 19)
    assert rules.expires_on({"late": 6}, "late", day) == date(2027, 5, 19)
    assert rules.expires_on({"late": True}, "late", day) == date(2027, 11, 19)
    assert (rules.answer_days({"answer_days": 5}), rules.answer_days({"answer_days": 0})) == (5, 15)


pytestmark = pytest.mark.django_db


def noted(at: Quarrel, now=LATE) -> ConductNote:
    room.remind_of_dues(now=now)
    conduct_facts.note_facts(now=now)
    return ConductNote.objects.get(due=at.due)


def stated(at: Quarrel, bureau, **changes) -> ConductNote:
    known = {
        "licence_id": at.licence.pk,
        "organisation_id": at.firm.organisation_id,
        "kind": "broke",
        "happened_on": TODAY,
        "fact": "超出约定的地域实施",
        "source": "沪知核〔2026〕9 号",
        "by": actor(bureau),
        "now": NOON,
    }
    return conduct.state_conduct(**(known | changes))


def test_a_sum_dunned_and_long_open_is_noted_once_and_counts_only_after_its_days():
    at = Quarrel()
    row = noted(at)
    assert (row.kind, row.status, row.organisation_id) == ("late", "told", at.firm.organisation_id)
    assert "7,000" in row.fact
    assert conduct_facts.note_facts(now=LATE) == 0
    assert list(questions.shown_of(row.organisation_id)) == []
    day = LATE + timedelta(days=15)
    assert conduct.follow_conduct(now=day) == 0
    day += timedelta(days=1)
    assert [conduct.follow_conduct(now=day) for _ in range(2)] == [1, 0]
    row.refresh_from_db()
    assert (row.status, row.effective_on) == ("in_force", day.date())
    assert row.expires_on == rules.expires_on(None, "late", row.happened_on)
    assert conduct.follow_conduct(now=NOON + timedelta(days=400)) == 1
    row.refresh_from_db()
    assert row.status == "expired"


def test_what_is_paid_in_time_or_disputed_never_counts():
    paid, disputed, never = Quarrel(), Quarrel(), Quarrel()
    lic.paid(never.licence, never.firm_member, now=NOON)
    first, second = noted(paid), noted(disputed)
    lic.paid(paid.licence, paid.firm_member, now=LATE)
    disputed.opened(due_id=disputed.due.pk, now=LATE)
    assert conduct_facts.note_facts(now=LATE) == 2
    for row, why in ((first, "付清"), (second, "有争议")):
        row.refresh_from_db()
        assert (row.status, why in row.decision) == ("struck", True)
    assert conduct_facts.note_facts(now=LATE) == 0
    assert not ConductNote.objects.filter(licence=never.licence).exists()


def test_a_disputed_sum_is_not_noted_and_a_broken_settlement_is():
    at = Quarrel()
    row = at.answered(due_id=at.due.pk)
    room.remind_of_dues(now=LATE)
    conduct_facts.note_facts(now=LATE)
    assert not ConductNote.objects.exists()
    settling.propose_settlement(dispute_id=row.pk, offer=offer(), by=at.firm, now=NOON)
    settling.answer_settlement(
        dispute_id=row.pk, version=1, accept=True, reason="", by=at.office, now=NOON
    )
    after = NOON + timedelta(days=95)
    room.remind_of_dues(now=after)
    conduct_facts.note_facts(now=after)
    assert ConductNote.objects.get().kind == "broke"


def test_a_licence_kept_to_its_end_is_noted_too():
    at = Quarrel()
    lic.paid(at.licence, at.firm_member)
    at.licence.refresh_from_db()
    after = NOON.replace(year=at.licence.ends_on.year, month=12, day=30)
    room.end_expired_licences(now=after)
    assert conduct_facts.note_facts(now=after) == 1
    assert ConductNote.objects.get().kind == "performed"
    assert conduct_facts.note_facts(now=after) == 0


def test_a_bureau_states_with_grounds_and_nobody_else():
    at, bureau = Quarrel(), make.bureau()
    row = stated(at, bureau)
    assert row.status == "told"
    for by, refusal in ((at.office, NotAllowed), (actor(make.bureau("32")), Missing)):
        with pytest.raises(refusal):
            stated(at, bureau, by=by)
    for wrong in (
        {"kind": "late"},
        {"organisation_id": bureau.organisation_id},
        {"source": " "},
        {"fact": ""},
        {"happened_on": TODAY + timedelta(days=1)},
    ):
        with pytest.raises(Invalid):
            stated(at, bureau, **wrong)
    table = dealing.table()
    deal = dealing.agreed(table)
    with pytest.raises(Conflict, match="没有生效"):
        stated(at, bureau, licence_id=None, deal_id=deal.pk)
    assert ConductNote.objects.count() == 1


def test_the_party_answers_and_appeals_once_and_the_bureau_decides():
    at, bureau = Quarrel(), make.bureau()
    row = stated(at, bureau)
    known = {"note_id": row.pk, "now": NOON}
    with pytest.raises(Missing):
        conduct.answer_conduct(**known, answer="x", by=at.office)
    conduct.answer_conduct(**known, answer="已征得同意", by=at.firm)
    with pytest.raises(Invalid):
        conduct.appeal_conduct(**known, appeal=" ", by=at.firm)
    conduct.appeal_conduct(**known, appeal="有书面同意", by=at.firm)
    with pytest.raises(Conflict, match="申诉过"):
        conduct.appeal_conduct(**known, appeal="再诉", by=at.firm)
    assert questions.conduct_waiting(viewer=actor(bureau))[0] == 1
    assert [n.status for n in questions.shown_of(row.organisation_id)] == ["appealed"]
    with pytest.raises(NotAllowed):
        conduct.decide_appeal(**known, uphold=True, decision="x", by=at.firm)
    by = actor(bureau)
    row = conduct.decide_appeal(**known, uphold=False, decision="书面同意不含该地域", by=by)
    assert (row.status, row.effective_on) == ("in_force", TODAY)
    with pytest.raises(Conflict, match="没有待处理"):
        conduct.decide_appeal(**known, uphold=True, decision="x", by=by)
    other = stated(Quarrel(), bureau)
    firm = actor(make.MembershipFactory(organisation=other.organisation))
    conduct.appeal_conduct(note_id=other.pk, appeal="x", by=firm, now=NOON)
    done = conduct.decide_appeal(
        note_id=other.pk, uphold=True, decision="查证有误", by=by, now=NOON
    )
    assert done.status == "struck"


def test_a_correction_keeps_what_was_said_and_tells_anew():
    at, bureau = Quarrel(), make.bureau()
    row = stated(at, bureau)
    conduct.follow_conduct(now=NOON + timedelta(days=16))
    known = {"note_id": row.pk, "reason": "地域写错", "by": actor(bureau), "now": LATE}
    fact = {"happened_on": TODAY, "fact": "在浙江实施"}
    with pytest.raises(NotAllowed):
        conduct.correct_conduct(**(known | fact | {"by": at.firm}))
    row = conduct.correct_conduct(**known, **fact)
    assert (row.status, row.effective_on, row.fact) == ("told", None, "在浙江实施")
    assert row.answer_by == LATE.date() + timedelta(days=15)
    assert [r.fact for r in row.revisions.all()] == ["超出约定的地域实施"]
    with pytest.raises(Invalid):
        conduct.strike_conduct(note_id=row.pk, reason="", by=actor(bureau), now=LATE)
    conduct.strike_conduct(note_id=row.pk, reason="证据不足", by=actor(bureau), now=LATE)
    with pytest.raises(Conflict):
        conduct.answer_conduct(note_id=row.pk, answer="x", by=at.firm, now=LATE)


def test_only_the_other_side_of_a_live_contract_looks_and_it_is_kept(client):
    at, bureau = Quarrel(), make.bureau()
    stated(at, bureau)
    conduct.follow_conduct(now=NOON + timedelta(days=16))
    known = {"licence_id": at.licence.pk, "now": NOON}
    side, rows = conduct.look_up(**known, by=at.office)
    assert (side.organisation_id, len(rows)) == (at.firm.organisation_id, 1)
    assert conduct.look_up(**known, by=at.firm)[1] == []
    for stranger, refusal in ((actor(make.enterprise()), Missing), (actor(bureau), NotAllowed)):
        with pytest.raises(refusal):
            conduct.look_up(**known, by=stranger)
    assert AuditEntry.objects.filter(event=questions.LOOKED).count() == 2
    looks = questions.looks(at.firm.acts_for)
    assert [(x.who, x.contract) for x in looks] == [
        (at.office_member.organisation.name, at.licence.number)
    ]
    client.force_login(at.office_member.user)
    page = client.get(reverse("licensing:conduct-of", args=["licence", at.licence.pk])).text
    assert "违反约定" in page
    assert "超出约定的地域" not in page
    room.end_expired_licences(now=NOON.replace(year=2060))
    with pytest.raises(NotAllowed, match="合同结束"):
        conduct.look_up(**known, by=at.office)


def test_a_region_has_terms_of_its_own():
    RegionSetting.objects.create(region="31", key="conduct.terms", value={"answer_days": 5})
    assert stated(Quarrel(), make.bureau()).answer_by == TODAY + timedelta(days=5)


def test_the_list_costs_the_same_for_one_as_for_many():
    at, bureau = Quarrel(), make.bureau()

    def cost():
        with CaptureQueriesContext(connection) as found:
            assert [n.organisation.name for n in questions.notes(viewer=at.firm)]
        return len(found)

    stated(at, bureau)
    one = cost()
    for _ in range(3):
        stated(at, bureau)
    assert cost() == one


def test_an_ending_for_breach_that_nobody_objected_to_is_noted_once():
    at = Quarrel()
    wanted = terminations.Wanted(Ground.BREACH, "超出许可地域")
    row = terminations.open_one(
        licence_id=at.licence.pk, wanted=wanted, evidence=dealing.paper(), by=at.office, now=NOON
    )
    over = NOON + timedelta(days=31)
    assert conduct_facts.note_facts(now=over) == 0
    terminations.follow_terminations(now=over)
    assert [conduct_facts.note_facts(now=over) for _ in range(2)] == [1, 0]
    note = ConductNote.objects.get()
    assert (note.kind, note.termination) == ("broke", row)
    assert note.organisation_id == at.firm.organisation_id  # the one that was given notice
    assert "没有提出异议" in note.fact


def test_an_ending_that_was_objected_to_neither_ends_the_licence_nor_is_noted():
    at = Quarrel()
    wanted = terminations.Wanted(Ground.BREACH, "超出许可地域")
    row = terminations.open_one(
        licence_id=at.licence.pk, wanted=wanted, evidence=dealing.paper(), by=at.office, now=NOON
    )
    terminations.answer_termination(
        termination_id=row.pk, verdict="object", reason="没有超出", by=at.firm, now=NOON
    )
    over = NOON + timedelta(days=31)
    terminations.follow_terminations(now=over)
    conduct_facts.note_facts(now=over)
    assert not ConductNote.objects.filter(termination=row).exists()


@pytest.mark.parametrize("turn", ["_late_sums", "_endings", "_kept_licences"])
def test_who_is_quicker_than_the_look_is_not_noted(monkeypatch, turn):
    """A colleague process noted it, or it was paid, between the list and the lock."""
    at = Quarrel()
    if turn == "_late_sums":
        room.remind_of_dues(now=LATE)
        found, after = [at.due.pk], LATE
        lic.paid(at.licence, at.firm_member, now=LATE)
    elif turn == "_endings":
        wanted = terminations.Wanted(Ground.BREACH, "超出许可地域")
        row = terminations.open_one(
            licence_id=at.licence.pk, wanted=wanted, evidence=dealing.paper(), by=at.office,
            now=NOON,
        )  # fmt: skip
        found, after = [row.pk], NOON + timedelta(days=31)
        terminations.follow_terminations(now=after)
        conduct_facts.note_facts(now=after)
    else:
        lic.paid(at.licence, at.firm_member)
        at.licence.refresh_from_db()
        found, after = [at.licence.pk], NOON.replace(year=at.licence.ends_on.year, month=12, day=30)
        room.end_expired_licences(now=after)
        conduct_facts.note_facts(now=after)
    before = ConductNote.objects.count()
    monkeypatch.setattr(conduct_facts, turn, lambda today: found)
    assert conduct_facts.note_facts(now=after) == 0
    assert ConductNote.objects.count() == before


def pay(at: Quarrel, amount: str, now=LATE) -> None:
    room.record_payment(
        licence_id=at.licence.pk, due_id=at.due.pk, amount=Decimal(amount), paid_at=now,
        reference=f"回单{amount}", by=at.firm, now=now,
    )  # fmt: skip


def test_a_sum_is_noted_thirty_days_after_its_day_and_not_before():
    at = Quarrel()
    due = NOON + (at.due.due_on - TODAY)
    for days, found in ((29, 0), (30, 1)):
        now = due + timedelta(days=days)
        room.remind_of_dues(now=now)
        assert conduct_facts.note_facts(now=now) == found
    assert ConductNote.objects.get().happened_on == at.due.due_on


def test_one_fen_is_late_too_and_as_much_as_is_open_stays_noted():
    at, other = Quarrel(), Quarrel()
    for one in (at, other):
        pay(one, "6999.99")
    room.remind_of_dues(now=LATE)
    assert conduct_facts.note_facts(now=LATE) == 2
    row = ConductNote.objects.get(due=at.due)
    assert "仍有 0.01 元 未付" in row.fact
    assert conduct_facts.note_facts(now=LATE) == 0
    pay(at, "0.01")
    assert conduct_facts.note_facts(now=LATE) == 1
    found = dict(ConductNote.objects.values_list("licence_id", "status"))
    assert found == {at.licence.pk: "struck", other.licence.pk: "told"}


def test_what_counts_already_is_not_struck_by_paying_late():
    at = Quarrel()
    row = noted(at)
    later = LATE + timedelta(days=16)
    conduct.follow_conduct(now=later)
    lic.paid(at.licence, at.firm_member, now=later)
    assert conduct_facts.note_facts(now=later) == 0
    row.refresh_from_db()
    assert row.status == "in_force"


def test_a_licence_with_a_fen_open_at_its_end_was_not_kept():
    at = Quarrel()
    pay(at, "6999.99", now=NOON)
    at.licence.refresh_from_db()
    after = NOON.replace(year=at.licence.ends_on.year, month=12, day=30)
    room.end_expired_licences(now=after)
    conduct_facts.note_facts(now=after)
    assert not ConductNote.objects.filter(kind="performed").exists()


def test_what_the_licensor_broke_is_noted_against_the_licensor():
    at = Quarrel()
    wanted = terminations.Wanted(Ground.BREACH, "未交付技术资料")
    terminations.open_one(
        licence_id=at.licence.pk, wanted=wanted, evidence=dealing.paper(), by=at.firm, now=NOON
    )
    over = NOON + timedelta(days=31)
    terminations.follow_terminations(now=over)
    assert conduct_facts.note_facts(now=over) == 1
    assert ConductNote.objects.get().organisation_id == at.office.organisation_id
