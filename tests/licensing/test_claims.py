"""Milestones as claims: reported, confirmed or disputed, charged once."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.types import Role
from licensing.models import DueReason, MilestoneClaim
from licensing.rules import claims as rules
from licensing.rules import fees, moves, royalties
from licensing.rules.fees import FeeMode, FeePart, PartKind, RoyaltyBase
from licensing.selectors import claims as selectors
from licensing.selectors.royalties import with_paid
from licensing.services import claims as services
from licensing.services import credits
from licensing.services.clocks import end_expired_licences
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import LONG_AGO, NOON, PDF, TODAY
from tests.licensing.refusing import says
from tests.licensing.test_web import text

D = Decimal
MILESTONE = FeePart(PartKind.MILESTONE, amount=D(30_000), trigger="样机通过验收", due_days=30)
SALE = FeePart(PartKind.DEFERRED, amount=D(40_000), trigger="首次销售", due_days=90)
FREE = FeePart(PartKind.FREE_UNTIL, trigger="首次销售")
ROYALTY = FeePart(PartKind.RUNNING, base=RoyaltyBase.NET_SALES, rate=D(3))

# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("move", "status"), list(product(rules.CLAIM_MOVES, rules.ClaimStatus)))
def test_the_moves_of_a_claim(move, status):
    legal = {
        ("confirm", "claimed"): "confirmed", ("confirm", "disputed"): "confirmed",
        ("dispute", "claimed"): "disputed", ("withdraw", "claimed"): "withdrawn",
        ("withdraw", "disputed"): "withdrawn",
    }  # fmt: skip
    if (move, status) in legal:
        assert moves.after(rules.CLAIM_MOVES, status, move) == legal[move, status]
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(rules.CLAIM_MOVES, status, move)


@pytest.mark.parametrize(
    ("part", "due"),
    [
        (MILESTONE, date(2026, 12, 20)),  # confirmed on 20 Nov + 30 days
        (FeePart(PartKind.MILESTONE, amount=D(1), trigger="x"), date(2026, 12, 5)),  # + 15 days
        (SALE, date(2026, 12, 30)),  # sold on 1 Oct + 90 days
        (FeePart(PartKind.DEFERRED, amount=D(1), trigger="x", due_days=9), date(2026, 12, 5)),
        (FREE, None),
    ],
)
def test_when_a_confirmed_event_falls_due(part, due):
    assert rules.due_on(part, reached_on=date(2026, 10, 1), confirmed_on=TODAY) == due


def test_what_begins_by_an_event_has_no_date_of_its_own():
    assert fees.schedule([SALE, MILESTONE], served_on=TODAY) == ()
    assert fees.mode_of([SALE]) is FeeMode.COMPOSED
    assert fees.first_year([SALE], base_amount=D(0)) == 0
    assert fees.plan_errors([FREE, ROYALTY]) == []
    assert fees.plan_errors([FREE, FREE, ROYALTY]) == ["一个方案只能有一项免费使用。"]


@pytest.mark.parametrize(
    ("months", "began", "charged_from"),
    [
        (None, None, date.max),
        (None, date(2024, 5, 1), date(2024, 5, 1)),
        (12, None, date(2024, 11, 20)),
        (12, date(2024, 5, 1), date(2024, 5, 1)),
        (12, date(2025, 5, 1), date(2024, 11, 20)),
    ],
)
def test_free_use_ends_by_the_event_and_at_the_latest_with_the_months(months, began, charged_from):
    part = FeePart(PartKind.FREE_UNTIL, trigger="首次销售", free_months=months)
    assert royalties.free_until([part], date(2023, 11, 20), began) == charged_from


# --- services ------------------------------------------------------------------------------------


@pytest.fixture
def office(db):
    return make.office(region="310115")


@pytest.fixture
def firm(db):
    return make.enterprise(region="310115")


@pytest.fixture
def licence(office, firm):
    row = lic.services.draft_declaration(
        patent_id=lic.patent(office),
        terms=lic.terms(parts=(MILESTONE, SALE, FREE, ROYALTY)),
        by=actor(office),
        now=LONG_AGO,
    )
    days = {"filed_on": LONG_AGO.date(), "announced_on": LONG_AGO.date(), "revision": None}
    lic.services.declare(declaration_id=row.pk, **days, by=actor(office), now=LONG_AGO)
    return lic.services.take_open_licence(declaration_id=row.pk, by=actor(firm), now=LONG_AGO)


def paper():
    return SimpleUploadedFile("验收报告.pdf", PDF, content_type="application/pdf")


def claim(licence, who, kind="milestone", **changes):
    known = {"reached_on": date(2026, 10, 1), "evidence": paper(), "now": NOON}
    return services.claim_milestone(
        licence_id=licence.pk,
        part_id=licence.plan.parts.get(kind=kind).pk,
        by=actor(who),
        **(known | changes),
    )


def test_a_confirmed_milestone_falls_due_once(licence, office, firm):
    row = claim(licence, firm)
    assert (row.side, row.answer_by) == ("licensee", TODAY + timedelta(days=15))
    assert Notice.objects.filter(user=office.user, title__startswith="请确认里程碑").exists()
    services.confirm_milestone(claim_id=row.pk, by=actor(office), now=NOON)
    due = licence.dues.get()
    assert (due.kind, due.amount, due.due_on) == ("milestone", 30_000, date(2026, 12, 20))
    assert "确认后 30 天内付" in due.reason.explanation[0]["basis"]
    with pytest.raises(Conflict):
        services.confirm_milestone(claim_id=row.pk, by=actor(office), now=NOON)
    with pytest.raises(Conflict, match="已经申报过"):
        claim(licence, office)
    assert licence.dues.count() == 1


def test_a_dispute_keeps_the_sum_back_until_it_is_settled(licence, office, firm):
    row = claim(licence, office)
    with pytest.raises(Invalid):
        services.dispute_milestone(claim_id=row.pk, reason=" ", by=actor(firm), now=NOON)
    services.dispute_milestone(claim_id=row.pk, reason="报告没有盖章", by=actor(firm), now=NOON)
    assert not licence.dues.exists()
    services.withdraw_milestone(claim_id=row.pk, by=actor(office), now=NOON)
    again = claim(licence, office)
    services.dispute_milestone(claim_id=again.pk, reason="仍不符", by=actor(firm), now=NOON)
    services.confirm_milestone(claim_id=again.pk, by=actor(firm), now=NOON)
    assert licence.dues.count() == 1
    history = selectors.event_rows(licence)[0].claims
    assert [(c.status, c.dispute) for c in history] == [
        ("confirmed", "仍不符"), ("withdrawn", "报告没有盖章"),
    ]  # fmt: skip


def test_nobody_answers_his_own_claim(licence, office, firm):
    row = claim(licence, firm)
    for command, more in (
        (services.confirm_milestone, {}), (services.dispute_milestone, {"reason": "不"}),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            command(claim_id=row.pk, by=actor(firm), now=NOON, **more)
    with pytest.raises(NotAllowed):
        services.withdraw_milestone(claim_id=row.pk, by=actor(office), now=NOON)


def test_a_stranger_neither_claims_nor_answers(licence, office, firm):
    row, stranger = claim(licence, firm), make.enterprise()
    with pytest.raises(Missing):
        claim(licence, stranger)
    for command in (services.confirm_milestone, services.withdraw_milestone):
        with pytest.raises(Missing):
            command(claim_id=row.pk, by=actor(stranger), now=NOON)
    row.refresh_from_db()
    assert row.status == "claimed"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reached_on": TODAY + timedelta(days=1)}, "reached_on"),
        ({"reached_on": date(2023, 11, 19)}, "reached_on"),
        ({"evidence": None}, "evidence"),
        ({"kind": "running"}, "part"),
    ],
)
def test_bad_input_is_answered_at_its_field(licence, firm, changes, field):
    with pytest.raises(Invalid) as refused:
        claim(licence, firm, **changes)
    assert field in refused.value.fields


def test_silence_confirms_what_the_licensee_said_and_nothing_else(licence, office, firm):
    claim(licence, firm)
    open_still = claim(licence, office, kind="deferred")
    assert services.follow_milestones(now=NOON + timedelta(days=15)) == 0
    assert services.follow_milestones(now=NOON + timedelta(days=16)) == 1
    assert services.follow_milestones(now=NOON + timedelta(days=16)) == 0
    assert [due.kind for due in licence.dues.all()] == ["milestone"]
    open_still.refresh_from_db()
    assert open_still.status == "claimed"
    assert Notice.objects.filter(user=firm.user, title__startswith="里程碑逾期未答复").count() == 1


def test_free_use_ends_with_the_confirmed_event(licence, office, firm):
    def owed(row):
        return lic.services.accept_royalty(report_id=row.pk, by=actor(office), now=NOON).owed

    assert owed(lic.royalty(licence, firm)) == 0
    row = claim(licence, firm, kind="free_until", reached_on=date(2024, 5, 21))
    services.confirm_milestone(claim_id=row.pk, by=actor(office), now=NOON)
    assert not licence.dues.exists()
    again = lic.royalty(licence, firm, amount=D(1_830_000))
    # 2023-11-20 … 2024-11-19 has 366 days, 183 of them from 2024-05-21 on: half of 1,830,000 × 3 %
    assert owed(again) == 27_450


# --- constraints ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"status": "guessed"}, "claim_status_known"),
        ({"side": "bureau"}, "claim_side_known"),
        ({"answer_by": date(2026, 9, 1)}, "claim_answered_after_event"),
        ({"disputed_at": NOON}, "claim_disputed_pair"),
        ({"withdrawn_by": "system"}, "claim_withdrawn_pair"),
        ({"confirmed_by": "system"}, "claim_confirmed_pair"),
        ({"status": "disputed"}, "claim_disputed_with_reason"),
        ({"status": "confirmed"}, "claim_confirmed_dated"),
        ({"confirmed_at": NOON, "confirmed_by": "system"}, "claim_confirmed_dated"),
        ({"status": "withdrawn"}, "claim_withdrawn_dated"),
        ({}, "one_standing_claim_per_part"),
    ],
)
def test_the_database_refuses(licence, firm, changes, name):
    row = claim(licence, firm)
    other = licence.plan.parts.get(kind="deferred").pk
    fresh = MilestoneClaim(
        licence=licence, part_id=other if changes else row.part_id, side="licensee",
        reached_on=row.reached_on, evidence_id=row.evidence_id, answer_by=row.answer_by,
        claimed_at=NOON, claimed_by="system",
    )  # fmt: skip
    for field, value in changes.items():
        setattr(fresh, field, value)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        fresh.save()


def test_a_sum_has_one_reason(licence, office, firm):
    row = claim(licence, firm)
    services.confirm_milestone(claim_id=row.pk, by=actor(office), now=NOON)
    due = licence.dues.get()
    with pytest.raises(IntegrityError, match="due_reason_of_one_thing"), transaction.atomic():
        DueReason.objects.create(due=due, created_at=NOON, created_by="system")


# --- pages and programs --------------------------------------------------------------------------


def test_the_pages_lead_from_claim_to_statement(client, licence, office, firm):
    part = licence.plan.parts.get(kind="milestone")
    client.force_login(firm.user)
    url = reverse("licensing:milestones", args=[licence.pk])
    assert "样机通过验收" in text(client.get(url))
    form = reverse("licensing:milestone-report", args=[licence.pk, part.pk])
    assert "请上传证明材料" in text(client.post(form, {"reached_on": "2026-10-01"}))
    done = client.post(form, {"reached_on": "2026-10-01", "evidence": paper()})
    assert done.url == url
    row = MilestoneClaim.objects.get()
    client.force_login(office.user)
    assert "里程碑待答复" in text(client.get("/"))
    answer = reverse("licensing:milestone-answer", args=[row.pk])
    assert client.post(answer, {"verdict": "dispute"}).status_code == 422
    assert client.post(answer, {"verdict": "confirm"}).url == url
    assert "应付" in text(client.get(url))
    assert "里程碑款" in text(client.get(reverse("licensing:statement", args=[licence.pk])))


def test_programs_claim_and_answer(client, licence, office, firm):
    client.force_login(firm.user)
    url = reverse("licensing-api:milestone-claim-list")
    part = licence.plan.parts.get(kind="milestone").pk
    said = {"licence_id": licence.pk, "part_id": part, "reached_on": "2026-10-01"}
    key = {"Idempotency-Key": "c1"}
    assert client.post(url, said, headers=key).status_code == 422
    made = client.post(url, said | {"evidence": paper()}, headers={"Idempotency-Key": "c2"})
    assert made.status_code == 201
    pk = made.json()["id"]
    assert client.get(url).json()["results"][0]["event"] == "样机通过验收"
    client.force_login(office.user)
    found = client.post(reverse("licensing-api:milestone-claim-confirm", args=[pk])).json()
    assert (found["status"], found["due_id"]) == ("confirmed", licence.dues.get().pk)


def test_the_list_of_claims_costs_the_same(
    client, licence, office, firm, django_assert_num_queries
):

    client.force_login(firm.user)
    url = reverse("licensing-api:milestone-claim-list")
    claim(licence, firm)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    claim(licence, firm, kind="deferred")
    claim(licence, firm, kind="free_until")
    with django_assert_num_queries(len(one)):
        client.get(url)


def test_each_step_of_a_claim_is_in_the_trail_goes_out_and_is_told(licence, office, firm):
    row = claim(licence, office, note=" 第一台 ")
    assert row.note == "第一台"
    disputed = services.dispute_milestone(
        claim_id=row.pk, reason=" 没有盖章 ", by=actor(firm), now=NOON
    )
    assert (disputed.status, disputed.dispute) == ("disputed", "没有盖章")
    assert Notice.objects.filter(user=office.user, title__startswith="里程碑有争议").count() == 1
    services.confirm_milestone(claim_id=row.pk, by=actor(firm), now=NOON)
    steps = ["milestone.claimed", "milestone.disputed", "milestone.confirmed"]
    kept = AuditEntry.objects.filter(event__startswith="milestone.").order_by("pk")
    assert list(kept.values_list("event", flat=True)) == steps
    out = OutboxEvent.objects.filter(name__startswith="milestone.").values_list("name", flat=True)
    assert set(out) <= set(steps)
    assert "milestone.confirmed" in out


def test_long_words_of_a_claim_are_kept_as_far_as_their_column_says(licence, office, firm):
    row = claim(licence, office, note="长" * 2001)
    assert len(row.note) == 2000
    row = services.dispute_milestone(claim_id=row.pk, reason="长" * 2001, by=actor(firm), now=NOON)
    assert len(row.dispute) == 2000


def test_money_paid_ahead_covers_a_confirmed_milestone(licence, office, firm):
    credits.receive(
        licence_id=licence.pk, amount=D(50_000), received_at=NOON, reference="回单",
        by=actor(firm), now=NOON,
    )  # fmt: skip
    services.confirm_milestone(claim_id=claim(licence, firm).pk, by=actor(office), now=NOON)
    assert with_paid(licence.dues.all()).get().open_sum == 0


def test_a_colleague_without_the_right_claims_and_answers_nothing(licence, office, firm):
    row = claim(licence, firm)
    reader = make.MembershipFactory(organisation=office.organisation, role=Role.INVENTOR)
    with pytest.raises(NotAllowed):
        claim(licence, reader, kind="deferred")
    with pytest.raises(NotAllowed):
        services.confirm_milestone(claim_id=row.pk, by=actor(reader), now=NOON)
    row.refresh_from_db()
    assert row.status == "claimed"


def test_an_event_before_the_end_may_be_claimed_after_it_and_one_of_an_unpaid_licence_not(
    licence, office, firm
):
    end_expired_licences(now=NOON + timedelta(days=1))
    assert claim(licence, firm, now=NOON + timedelta(days=1)).status == "claimed"
    waiting = lic.licence(office, firm, mode=FeeMode.FIXED)
    says("not-in-force", lambda: services.claim_milestone(
        licence_id=waiting.pk, part_id=0, reached_on=TODAY, by=actor(firm), now=NOON
    ))  # fmt: skip


def test_a_claim_taken_back_is_told_and_kept(licence, office, firm):
    row = claim(licence, firm)
    done = services.withdraw_milestone(claim_id=row.pk, by=actor(firm), now=NOON)
    assert (done.pk, done.status, done.withdrawn_by) == (row.pk, "withdrawn", actor(firm).key)
    told = Notice.objects.get(key=f"milestone:{row.pk}:withdrawn")
    assert told.user_id == office.user_id
    assert AuditEntry.objects.filter(event="milestone.withdrawn").count() == 1
