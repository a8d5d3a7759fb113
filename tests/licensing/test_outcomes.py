"""Outcomes: what contracts report by themselves, what was reported by hand before, who decides."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from core.people.types import Role
from core.ratings.models import ServiceRating
from licensing import services
from licensing.models import Outcome
from licensing.rules.fees import FeeMode
from licensing.rules.outcomes import Code
from licensing.services import completing, contests, outcomes
from licensing.types import OutcomeReport
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories import pools
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF, TODAY
from tests.licensing.telling import kept, told, trail
from tests.licensing.test_bundle_deals import PRICE, Shelf

pytestmark = pytest.mark.django_db
SOON, LATER = NOON + timedelta(hours=3), NOON + timedelta(days=3)


@pytest.fixture
def bureau() -> Membership:
    return make.bureau("31")


def said(patent_id: int, **changes: Any) -> OutcomeReport:
    known: dict[str, Any] = {
        "patent_id": patent_id, "code": Code.EXCLUSIVE, "happened_on": TODAY,
        "contract_number": "HT-9",
    }  # fmt: skip
    return OutcomeReport(**(known | changes))


def pdf(name: str = "合同.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


# --- what contracts report -------------------------------------------------------------------


def test_a_price_counts_once_however_many_patents_it_buys(bureau: Membership) -> None:
    at = given.table()
    one, two = lic.listed(at.office), lic.listed(at.office)
    deal = given.signed(at, one, patents=(one, two))
    first, second = (Outcome.objects.get(patent_id=pk) for pk in (one, two))
    assert (first.amount, second.amount) == (80_000, None)
    for row in (first, second):
        assert (row.organisation, row.counterparty) == (deal.holder, deal.taker.name)
        assert (row.contract_number, row.region) == (deal.number, deal.region)
        assert told(f"outcome-reported:{row.pk}:{NOON.isoformat()}") == {bureau.user_id}
    assert trail("outcome.") == ["outcome.reported"] * 2


def test_a_bundle_reports_of_each_patent_its_share_of_the_price() -> None:
    shelf = Shelf(2)
    shelf.signed(shelf.agreed(shares=(PRICE - 1, Decimal(1))))
    amounts = dict(Outcome.objects.values_list("patent_id", "amount"))
    assert [amounts[pk] for pk in shelf.patents] == [PRICE - 1, 1]


def test_each_side_of_a_cross_licence_names_the_other() -> None:
    at = given.table()
    keeper = make.MembershipFactory(role=Role.OFFICE, organisation=at.firm.organisation)
    mine, theirs = lic.listed(at.office), lic.patent(keeper)
    given.signed(at, mine, kind="cross", counter=(theirs,))
    names = (at.office.organisation.name, at.firm.organisation.name)
    found = {row.patent_id: row for row in Outcome.objects.all()}
    assert (found[mine].organisation.name, found[mine].counterparty) == names
    assert (found[theirs].organisation.name, found[theirs].counterparty) == names[::-1]


def test_a_transfer_happened_on_the_day_the_register_says() -> None:
    at = given.table()
    row = given.signed(at, kind="transfer", months=None)
    completing.register_deal(
        deal_id=row.pk, number="B1", registered_on=TODAY, by=at.taker, now=LATER
    )
    outcome = Outcome.objects.get()
    assert (outcome.code, outcome.happened_on, outcome.reported_at) == ("transferred", TODAY, LATER)


def test_an_open_licence_happened_when_it_took_effect() -> None:
    office, firm = make.office(), make.enterprise()
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    due = row.dues.get()
    services.record_payment(
        licence_id=row.pk, due_id=due.pk, amount=due.amount, paid_at=NOON, reference="回单",
        by=actor(firm), now=LATER,
    )  # fmt: skip
    outcome = Outcome.objects.get()
    assert (outcome.happened_on, outcome.contract_number) == (TODAY, row.number)
    assert (outcome.counterparty, outcome.is_automatic) == (firm.organisation.name, True)


def test_a_patent_in_a_pool_is_reported_with_its_pool(bureau: Membership) -> None:
    house, holder = make.broker(), make.office(region="310115")
    pool = pools.pool(house)
    entry = pools.admitted(pool, holder, house)
    row = Outcome.objects.get()
    assert (row.code, row.counterparty) == ("pool", pool.name)
    assert row.contract_number == f"{pool.number}-{entry.pk}"
    assert (row.organisation, row.region) == (holder.organisation, "310115")
    assert told(f"outcome-reported:{row.pk}:{NOON.isoformat()}") == {bureau.user_id}
    assert trail("outcome.") == ["outcome.reported"]


def test_what_a_contract_reported_once_is_not_announced_again(bureau: Membership) -> None:
    at = given.table()
    deal = given.signed(at)
    licence = lic.licence(make.office(region="310115"), make.enterprise())
    assert deal.agreed_terms is not None
    outcomes.report_deal(deal, deal.agreed_terms, evidence=None, now=LATER)
    outcomes.report_open_licence(licence, now=LATER)
    assert trail("outcome.") == ["outcome.reported"] * 2
    assert Notice.objects.filter(user=bureau.user, kind="outcome.progress").count() == 2


# --- what was reported by hand before --------------------------------------------------------


def test_a_report_by_hand_meets_its_deal_under_the_papers_number(bureau: Membership) -> None:
    at = given.table()
    deal = given.uploaded(at)
    report = said(deal.patent_id, counterparty=at.firm.organisation.name)
    row = services.report_outcome(report=report, by=at.holder, now=NOON)
    services.verify_outcome(outcome_id=row.pk, by=actor(bureau), now=NOON)
    given.signing.confirm_seals(deal_id=deal.pk, by=at.checker, now=SOON)
    row = Outcome.objects.get()
    assert (row.status, row.contract_number, row.reported_at) == ("verified", "HT-9", NOON)
    assert row.licence is not None
    assert not row.revisions.exists()
    assert not told(f"outcome-reported:{row.pk}:{SOON.isoformat()}")
    steps = ["reported", "verified", "met_its_deal"]
    assert kept("outcome.") == [f"outcome.{step}" for step in steps]


def test_who_named_the_deals_own_number_on_another_day_spoke_of_the_same() -> None:
    at = given.table()
    deal = given.uploaded(at)
    report = said(
        deal.patent_id, contract_number=deal.number, happened_on=TODAY - timedelta(days=9)
    )
    row = services.report_outcome(report=report, by=at.holder, now=NOON)
    given.signing.confirm_seals(deal_id=deal.pk, by=at.checker, now=SOON)
    found = Outcome.objects.get()
    assert (found.pk, found.licence is None) == (row.pk, False)


def test_of_two_reports_by_hand_the_one_that_stands_meets_the_deal(bureau: Membership) -> None:
    at = given.table()
    deal = given.uploaded(at)
    sent_back, standing = (
        services.report_outcome(
            report=said(deal.patent_id, contract_number=number), by=at.holder, now=NOON
        )
        for number in ("HT-8", "HT-9")
    )
    services.reject_outcome(outcome_id=sent_back.pk, reason="重", by=actor(bureau), now=NOON)
    given.signing.confirm_seals(deal_id=deal.pk, by=at.checker, now=SOON)
    found = {row.pk: (row.status, row.licence_id is None) for row in Outcome.objects.all()}
    assert found == {sent_back.pk: ("rejected", True), standing.pk: ("reported", False)}


def test_what_was_sent_back_and_then_proved_by_its_deal_is_announced_again(
    bureau: Membership,
) -> None:
    at = given.table()
    deal = given.uploaded(at)
    row = services.report_outcome(report=said(deal.patent_id), by=at.holder, now=NOON)
    services.reject_outcome(outcome_id=row.pk, reason="缺页", by=actor(bureau), now=NOON)
    given.signing.confirm_seals(deal_id=deal.pk, by=at.checker, now=SOON)
    assert told(f"outcome-reported:{row.pk}:{SOON.isoformat()}") == {bureau.user_id}
    steps = ["reported", "rejected", "met_its_deal", "reported"]
    assert kept("outcome.") == [f"outcome.{step}" for step in steps]


# --- deciding --------------------------------------------------------------------------------


def test_a_decision_is_told_to_the_holder_and_only_what_counts_asks_for_a_rating(
    bureau: Membership,
) -> None:
    office = make.office(region="310115")
    by, patent_id = actor(bureau), lic.patent(office)
    first, second = (
        services.report_outcome(
            report=said(patent_id, code=Code.ORDINARY, contract_number=number, amount=Decimal(0)),
            by=actor(office), now=NOON,
        )
        for number in ("HT-1", "HT-2")
    )  # fmt: skip
    services.verify_outcome(outcome_id=first.pk, by=by, now=NOON)
    services.reject_outcome(outcome_id=second.pk, reason=f" {'缺' * 300} ", by=by, now=NOON)
    for row in (first, second):
        assert told(f"outcome-decided:{row.pk}:{NOON.isoformat()}") == {office.user_id}
    assert ServiceRating.objects.get().reference == f"outcome:{first.pk}"
    second.refresh_from_db()
    assert (second.decision_reason, second.decided_by) == ("缺" * 300, by.key)
    heard = Notice.objects.get(key=f"outcome-decided:{second.pk}:{NOON.isoformat()}")
    assert (heard.body, heard.url) == ("缺" * 200, f"/outcomes/{second.pk}/")
    assert kept("outcome.")[2:] == ["outcome.verified", "outcome.rejected"]
    out = OutboxEvent.objects.filter(name="outcome.verified")
    assert {one.payload["outcome_id"]: one.payload["status"] for one in out} == {
        first.pk: "verified", second.pk: "rejected",
    }  # fmt: skip


def test_a_holder_neither_verifies_nor_sends_back_its_own_report() -> None:
    office = make.office()
    report = said(lic.patent(office), code=Code.ORDINARY)
    row = services.report_outcome(report=report, by=actor(office), now=NOON)
    colleague = actor(make.MembershipFactory(role=Role.OFFICE, organisation=office.organisation))
    with pytest.raises(NotAllowed):
        services.verify_outcome(outcome_id=row.pk, by=colleague, now=NOON)
    with pytest.raises(NotAllowed):
        services.reject_outcome(outcome_id=row.pk, reason="不", by=colleague, now=NOON)
    row.refresh_from_db()
    assert (row.status, row.decided_at) == ("reported", None)


def test_while_a_licence_is_contested_its_outcome_may_be_sent_back(bureau: Membership) -> None:
    office = make.office(region="310115")
    licence = lic.licence(office, make.enterprise())
    contests.contest_licence(licence_id=licence.pk, reason="未付", by=actor(office), now=NOON)
    row = Outcome.objects.get(licence=licence)
    done = services.reject_outcome(outcome_id=row.pk, reason="先查", by=actor(bureau), now=NOON)
    assert done.status == "rejected"


def test_a_report_is_mended_with_what_was_missing_and_keeps_the_rest(bureau: Membership) -> None:
    office = make.office(region="310115")
    row = services.report_outcome(
        report=said(lic.patent(office), note="首批"), evidence=pdf("旧.pdf"), by=actor(office),
        now=NOON,
    )  # fmt: skip

    def again(**changes: Any) -> tuple[str, str, str]:
        services.reject_outcome(outcome_id=row.pk, reason="补", by=actor(bureau), now=NOON)
        done = services.report_again(outcome_id=row.pk, by=actor(office), now=LATER, **changes)
        assert done.evidence is not None
        return done.evidence.name, done.contract_number, done.note

    assert again() == ("旧.pdf", "HT-9", "首批")
    assert told(f"outcome-reported:{row.pk}:{LATER.isoformat()}") == {bureau.user_id}
    assert again(note=" 补页 ") == ("旧.pdf", "HT-9", "补页")
    assert again(evidence=pdf("新.pdf")) == ("新.pdf", "HT-9", "补页")
    assert again(contract_number=" HT-10 ") == ("新.pdf", "HT-10", "补页")
    assert [old.number for old in row.revisions.order_by("pk")] == [1, 2, 3, 4]


def test_what_a_licence_reported_is_not_reported_again_by_hand(bureau: Membership) -> None:
    office = make.office(region="310115")
    row = Outcome.objects.get(licence=lic.licence(office, make.enterprise()))
    services.reject_outcome(outcome_id=row.pk, reason="查", by=actor(bureau), now=NOON)
    with pytest.raises(Conflict, match="随许可变化"):
        services.report_again(outcome_id=row.pk, note="x", by=actor(office), now=LATER)
    row.refresh_from_db()
    assert (row.status, row.note) == ("rejected", "")


def test_what_takes_a_patent_off_the_board_holds_the_patent_before_its_outcome(
    bureau: Membership,
) -> None:
    """As signing does: the other way round, the two wait for each other."""
    office = make.office(region="310115")
    sold, used = (
        services.report_outcome(
            report=said(lic.listed(office), code=code), by=actor(office), now=NOON
        )
        for code in (Code.TRANSFERRED, Code.ORDINARY)
    )

    def held(row: Outcome) -> str:
        with CaptureQueriesContext(connection) as asked:
            services.verify_outcome(outcome_id=row.pk, by=actor(bureau), now=NOON)
        locks = [q["sql"] for q in asked if re.search("FOR (NO KEY )?UPDATE", q["sql"])]
        return locks[0].split('FROM "')[1].split('"')[0]

    assert (held(sold), held(used)) == ("listings_patent", "licensing_outcome")
