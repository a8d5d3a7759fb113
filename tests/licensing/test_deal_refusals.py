"""A deal says no at the wrong time and names the field that is wrong; nothing is changed by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.audit.models import AuditEntry
from core.errors import Invalid, NotAllowed
from core.notices.models import Notice
from core.ratings.models import ServiceRating
from licensing.models import Deal, DealApproval, Licence, SignedCopy
from licensing.rules import deals as rules
from licensing.services import completing, contests, deals, signing
from listings.services.trading import price_postings
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import names, says

pytestmark = pytest.mark.django_db

TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


def test_what_is_said_in_a_talk_has_words_a_time_and_the_latest_version() -> None:
    at = given.table()
    row = given.proposed(at)
    terms = given.terms(row.patent_id)
    known: dict[str, Any] = {"deal_id": row.pk, "by": at.holder, "now": NOON}
    names("text", ask=lambda: deals.send_message(text="  ", **known))
    names("version", ask=lambda: deals.answer_terms(version=9, accept=True, reason="", **known))
    names("reason", ask=lambda: deals.withdraw_deal(reason="长" * 2_001, **known))

    def propose(seen: int | None = 1, files: Any = (), **changes: Any) -> object:
        return deals.propose_terms(
            terms=replace(terms, **changes), seen_version=seen, files=files, **known
        )

    says("edited-meanwhile", lambda: propose(0))
    names("territory", ask=lambda: propose(territory="99"))
    names("patents", ask=lambda: propose(patents=(lic.patent(at.office),)))
    names("files", ask=lambda: propose(files=[given.paper()] * (rules.MOST_FILES + 1)))
    cross = {"kind": rules.DealKind.CROSS, "counter": (row.patent_id,)}
    with pytest.raises(Invalid) as told:
        propose(**cross)
    assert "counter" in told.value.fields
    assert Deal.objects.get().versions.count() == 1
    propose()
    says("own-proposal", lambda: deals.answer_terms(
        deal_id=row.pk, version=1, accept=True, reason="", by=at.taker, now=NOON
    ))  # fmt: skip
    deals.withdraw_deal(reason="不谈了", **known)
    says("closed", lambda: deals.send_message(text="还在吗", **known))
    says("illegal-move", propose)
    row.refresh_from_db()
    says("not-agreed", lambda: signing.agreed(row))


def test_who_asks_for_what() -> None:
    at = given.table()
    listed = lic.listed(at.office)

    def ask(**changes: Any) -> Deal:
        known: dict[str, Any] = {"patent_id": listed, "kind": "exclusive", "wish": "想用"}
        return deals.inquire(**(known | {"by": at.taker, "now": NOON} | changes))

    with pytest.raises(NotAllowed):
        ask(taker_id=make.enterprise().organisation_id)
    names("wish", ask=lambda: ask(wish=" "))
    names("licence_number", ask=lambda: deals.inquire_under(
        licence_number="XK0", wish="想分许可", by=at.taker, now=NOON
    ))  # fmt: skip
    assert not Deal.objects.exists()


def test_papers_before_signing_are_whole_and_handed_in_once() -> None:
    at = given.table()
    row = given.agreed(at)
    known: dict[str, Any] = {"deal_id": row.pk, "by": at.holder, "now": NOON}
    says("no-posting-needed", lambda: signing.post_price(summary="定价", days=None, **known))

    def approve(**changes: Any) -> DealApproval:
        paper: dict[str, Any] = {
            "kind": "funder", "authority": "某部", "number": "批1", "approved_on": TODAY,
            "file": given.paper(),
        }  # fmt: skip
        return signing.record_approval(**(paper | changes), **known)

    names("kind", ask=lambda: approve(kind="friend"))
    names("authority", ask=lambda: approve(authority=" "))
    names("authority", ask=lambda: approve(authority="长" * 121))
    names("number", ask=lambda: approve(number="长" * 81))
    names("approved_on", ask=lambda: approve(approved_on=TOMORROW))
    names("file", ask=lambda: approve(file=None))
    assert approve(authority="长" * 120, number="长" * 80).approved_on == TODAY
    says("already-recorded", approve)
    assert DealApproval.objects.count() == 1

    names("file", ask=lambda: signing.upload_contract(file=None, **known))
    back: dict[str, Any] = {"side": "holder", **known}
    says("no-copy", lambda: signing.reject_contract(reason="缺页", **back))
    signing.upload_contract(file=given.paper(), **known)
    says("uploaded", lambda: signing.upload_contract(file=given.paper(), **known))
    names("reason", ask=lambda: signing.reject_contract(reason=" ", **back))
    assert signing.reject_contract(reason="缺页", **back).holder_signer_id is None
    signing.upload_contract(file=given.paper(), **known)
    says("unsigned", lambda: signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON))
    signing.upload_contract(file=given.paper(), deal_id=row.pk, by=at.taker, now=NOON)
    says("two-persons", lambda: signing.confirm_seals(**known))
    assert signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON).status == "signed"
    assert SignedCopy.objects.count() == 3
    says("illegal-move", approve)
    says("illegal-move", lambda: signing.upload_contract(file=given.paper(), **known))


def test_a_price_is_posted_once_at_a_time_and_again_when_taken_back() -> None:
    """TL18: a public institute posts name and price before it contracts by agreement."""
    at = given.table(public=True)
    row = given.agreed(at)
    known: dict[str, Any] = {"deal_id": row.pk, "by": at.holder, "now": NOON}
    names("summary", ask=lambda: signing.post_price(summary=" ", days=None, **known))
    signing.post_price(summary="定价由双方协商。", days=None, **known)
    says("already-posted", lambda: signing.post_price(summary="再来", days=None, **known))
    item = row.items.get()
    over: dict[str, Any] = {"on": TODAY, "now": NOON}
    assert item.posting_id
    signing.follow_posting(posting_id=item.posting_id + 1, completed=True, **over)
    assert Deal.objects.get().status == "agreed"
    price_postings.withdraw_posting(
        posting_id=item.posting_id, reason="写错", by=at.holder, now=NOON
    )
    signing.follow_posting(posting_id=item.posting_id, completed=False, **over)
    assert row.items.get().posting_id is None
    signing.follow_posting(posting_id=item.posting_id, completed=True, **over)  # heard too late
    assert row.items.get().posted_on is None
    given.posted(row, at)
    assert Deal.objects.get().status == "posted"


def test_the_register_and_the_bank_come_after_the_contract() -> None:
    at = given.table()
    row = given.signed(at)
    known: dict[str, Any] = {"deal_id": row.pk, "by": at.holder, "now": NOON}

    def register(**changes: Any) -> Deal:
        paper: dict[str, Any] = {"number": "X2026310000001", "registered_on": TODAY}
        return completing.register_deal(**(paper | changes), **known)

    names("number", ask=lambda: register(number=" "))
    names("number", ask=lambda: register(number="1" * 41))
    names("registered_on", ask=lambda: register(registered_on=TOMORROW))
    names("registered_on", ask=lambda: register(registered_on=YESTERDAY))
    completing.follow_filing(licence_id=0, now=NOON)  # of no deal
    assert Deal.objects.get().status == "signed"
    assert register(number="1" * 40).status == "registered"
    says("illegal-move", register)
    completing.follow_filing(licence_id=Licence.objects.get().pk, now=NOON)  # twice is once

    def settle(**changes: Any) -> Deal:
        paid: dict[str, Any] = {"amount": Decimal(80_000), "settled_on": TODAY, "note": "回单1"}
        return completing.settle_deal(**(paid | changes), **known)

    names("amount", ask=lambda: settle(amount=Decimal("-0.01")))
    names("amount", ask=lambda: settle(amount=Decimal("0.001")))
    names("settled_on", ask=lambda: settle(settled_on=TOMORROW))
    names("settled_on", ask=lambda: settle(settled_on=YESTERDAY))
    names("note", ask=lambda: settle(note=" "))
    with pytest.raises(NotAllowed):
        completing.settle_deal(
            deal_id=row.pk, amount=Decimal(1), settled_on=TODAY, note="x", by=at.taker, now=NOON
        )
    assert settle(amount=Decimal(0), note="").status == "settled"


def test_an_objection_is_for_open_licences_in_force() -> None:
    at = given.table()
    given.signed(at)
    contract = Licence.objects.get()

    def contest(row: Licence, reason: str = "条件不符") -> object:
        return contests.contest_licence(licence_id=row.pk, reason=reason, by=at.holder, now=NOON)

    says("not-open", lambda: contest(contract))
    taken = lic.licence(at.office, make.enterprise())
    bureau = actor(make.bureau("31"))

    def resolve(words: str) -> object:
        return contests.resolve_contest(
            licence_id=taken.pk, uphold=True, resolution=words, by=bureau, now=NOON
        )

    says("no-contest", lambda: resolve("成立"))
    names("reason", ask=lambda: contest(taken, " "))
    contest(taken)
    says("contested", lambda: contest(taken))
    names("resolution", ask=lambda: resolve(" "))
    resolve("成立")
    says("licence-closed", lambda: contest(taken))


def test_an_objection_is_heard_by_the_other_side_and_the_bureau_and_its_end_by_both() -> None:
    bureau, office, firm = make.bureau("31"), make.office(region="310115"), make.enterprise()
    row = lic.licence(office, firm)
    known: dict[str, Any] = {"licence_id": row.pk, "now": NOON}
    contest = contests.contest_licence(reason="条件不符", by=actor(office), **known)

    def told(what: str) -> set[int]:
        keys = Notice.objects.filter(key=f"licence-{what}:{contest.pk}")
        return set(keys.values_list("user_id", flat=True))

    assert told("contested") == {firm.user_id, bureau.user_id}
    back = contests.drop_contest(by=actor(office), **known)
    assert (back.status, back.resolved_by) == ("dropped", actor(office).key)
    assert told("contest-closed") == {office.user_id, firm.user_id}
    again = contests.contest_licence(reason="未收到款项", by=actor(office), **known)
    done = contests.resolve_contest(
        uphold=True, resolution=" 付款凭证不实 ", by=actor(bureau), **known
    )
    assert (done.pk, done.status, done.resolution) == (again.pk, "upheld", "付款凭证不实")
    row.refresh_from_db()
    assert (row.status, row.closed_by, row.closed_reason) == (
        "void", actor(bureau).key, "付款凭证不实",
    )  # fmt: skip
    events = set(AuditEntry.objects.values_list("event", flat=True))
    assert {"licence.contested", "licence.contest_dropped", "licence.contest_upheld"} <= events
    offers = ServiceRating.objects.filter(reference=f"contest:{done.pk}")
    assert offers.count() == 2
