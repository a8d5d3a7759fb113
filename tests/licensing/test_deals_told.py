"""Talking about a deal: what each step leaves in the trail, whom it tells, and who cannot ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.errors import Conflict, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from licensing.models import Deal
from licensing.rules import deals as rules
from licensing.services import deals, signing
from listings.models import Posting
from listings.types import HolderInput
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept, told
from tests.licensing.test_bundle_deals import Shelf

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(hours=2)


class Talk:
    """A deal that was taken up, with whom each side's bell reaches."""

    def __init__(self) -> None:
        self.at = given.table()
        self.row = given.talking(self.at)
        self.house = {self.at.office.user_id, self.at.second.user_id}
        self.firm = {self.at.firm.user_id}
        self.holder: dict[str, Any] = {"deal_id": self.row.pk, "by": self.at.holder, "now": NOON}
        self.taker: dict[str, Any] = self.holder | {"by": self.at.taker}

    def told(self, what: str) -> set[int]:
        return told(f"deal:{self.row.pk}:{what}")

    def body(self, what: str) -> str:
        return Notice.objects.filter(key=f"deal:{self.row.pk}:{what}")[0].body


def test_each_step_of_a_talk_is_in_the_trail_and_told_to_the_other_side() -> None:
    talk = Talk()
    terms = given.terms(talk.row.patent_id)
    assert (talk.told("opened"), talk.told("taken-up")) == (talk.house, talk.firm)
    assert talk.body("taken-up") == "可以提出条款了。"
    deals.propose_terms(terms=terms, **talk.taker)
    assert talk.told("terms:1") == talk.house
    deals.answer_terms(version=1, accept=False, reason=" 太低 ", **talk.holder)
    assert (talk.told("refused:1"), talk.body("refused:1")) == (talk.firm, "太低")
    deals.propose_terms(terms=terms, **talk.holder)
    assert talk.told("terms:2") == talk.firm
    deals.answer_terms(version=2, accept=True, reason=" 好 ", **talk.taker)
    assert talk.told("agreed:2") == talk.house
    assert talk.row.versions.get(version=2).answer_reason == "好"
    deals.reopen_deal(reason="期限要改", **talk.holder)
    assert talk.told(f"reopened:{NOON.isoformat()}") == talk.firm
    deals.withdraw_deal(reason="预算取消", **talk.taker)
    assert (talk.told("closed"), talk.body("closed")) == (talk.house, "预算取消")
    steps = [
        "asked", "taken_up", "terms_proposed", "terms_refused", "terms_proposed", "agreed",
        "reopened", "closed",
    ]  # fmt: skip
    assert kept("deal.") == [f"deal.{step}" for step in steps]
    out = OutboxEvent.objects.filter(name__startswith="deal.")
    assert {one.name: one.payload["status"] for one in out} == {
        "deal.opened": "intent", "deal.agreed": "agreed", "deal.closed": "withdrawn",
    }  # fmt: skip
    assert out.count() == 3
    assert all(one.payload["patent_ids"] == [talk.row.patent_id] for one in out)
    assert {(one.payload["holder_id"], one.payload["taker_id"]) for one in out} == {
        (talk.row.holder_id, talk.row.taker_id)
    }


def test_what_is_declined_is_told_to_who_asked_and_words_of_welcome_too() -> None:
    at = given.table()
    row = given.asked(at)
    known: dict[str, Any] = {"deal_id": row.pk, "by": at.holder, "now": NOON}
    deals.answer_inquiry(accept=False, reason=" 已有安排 ", **known)
    assert told(f"deal:{row.pk}:closed") == {at.firm.user_id}
    assert kept("deal.") == ["deal.asked", "deal.closed"]
    again = given.asked(at, row.patent_id)
    deals.answer_inquiry(accept=True, reason=" 下周谈 ", **(known | {"deal_id": again.pk}))
    assert Notice.objects.get(key=f"deal:{again.pk}:taken-up").body == "下周谈"


def test_a_message_has_words_or_a_file_and_reaches_the_other_side() -> None:
    talk = Talk()
    said = deals.send_message(text=" 底价六万 ", **talk.holder)
    assert (said.text, said.side, said.attachment) == ("底价六万", "holder", None)
    assert (talk.told(f"message:{said.pk}"), talk.body(f"message:{said.pk}")) == (
        talk.firm, "底价六万",
    )  # fmt: skip
    sent = deals.send_message(text=" ", file=given.paper("图纸.pdf"), **talk.taker)
    assert (sent.text, sent.attachment.name) == ("", "图纸.pdf")
    assert talk.told(f"message:{sent.pk}") == talk.house
    assert talk.body(f"message:{sent.pk}") == "对方发来一个文件。"
    assert len(deals.send_message(text="长" * 4000, **talk.taker).text) == 4000
    names("text", ask=lambda: deals.send_message(text="长" * 4001, **talk.taker))
    assert kept("deal.message_sent") == ["deal.message_sent"] * 3


def test_terms_come_with_as_many_files_as_are_allowed() -> None:
    talk = Talk()
    files = [given.paper(f"附件{n}.pdf") for n in range(rules.MOST_FILES)]
    terms = given.terms(talk.row.patent_id, remarks=" 见附件 ", field_of_use="储" * 300)
    version = deals.propose_terms(terms=terms, files=files, **talk.taker)
    assert version.files.count() == rules.MOST_FILES
    assert (version.remarks, len(version.field_of_use)) == ("见附件", 200)
    assert [one.position for one in version.patents.all()] == [1]


@pytest.mark.parametrize("how", ["reopen", "withdraw", "auction"])
def test_a_posting_that_still_runs_stops_with_the_talk(how: str) -> None:
    at = given.table(public=True)
    row = given.agreed(at)
    known: dict[str, Any] = {"deal_id": row.pk, "by": at.holder, "now": NOON}
    signing.post_price(summary="协商定价", days=None, **known)
    item = row.items.get()
    if how == "reopen":
        row = deals.reopen_deal(reason="改价", **known)
    elif how == "withdraw":
        row = deals.withdraw_deal(reason="不谈了", **known)
    else:
        row = Deal.objects.get()
        deals.end_for_auction(row, now=NOON)
        assert (row.closed_by, "拍卖成交" in row.closed_reason) == ("system", True)
        assert told(f"deal:{row.pk}:closed") == {at.firm.user_id}
    assert row.status == ("negotiating" if how == "reopen" else "withdrawn")
    posting = Posting.objects.get(pk=item.posting_id)
    assert (posting.status, posting.ended_at) == ("withdrawn", NOON)


def test_a_posting_that_is_over_stays_as_it_was_when_the_talk_ends() -> None:
    at = given.table(public=True)
    row = given.agreed(at)
    after = given.posted(row, at)
    item = row.items.get()
    deals.withdraw_deal(deal_id=row.pk, reason="不谈了", by=at.holder, now=after)
    assert Posting.objects.get(pk=item.posting_id).status == "completed"


# --- who cannot ask --------------------------------------------------------------------------


def test_a_broker_asks_for_a_firm_and_never_for_itself() -> None:
    at, broker = given.table(), make.broker()
    for firm in (None, at.firm.organisation_id):
        with pytest.raises(NotAllowed) as refused:
            deals.inquire(
                patent_id=lic.listed(at.office), kind="exclusive", wish="想用", taker_id=firm,
                by=actor(broker), now=NOON,
            )  # fmt: skip
        assert refused.value.code == "no-taker"
    assert not Deal.objects.exists()


def test_a_co_owner_that_sees_what_is_not_on_the_board_cannot_ask_for_it_there() -> None:
    at = given.table()
    mine, theirs = at.office.organisation, at.firm.organisation
    owners = (
        HolderInput(mine.name, organisation_id=mine.pk),
        HolderInput(theirs.name, organisation_id=theirs.pk),
    )
    says("not-listed", lambda: given.asked(at, lic.patent(at.office, holders=owners)))


def test_a_bureau_reads_an_agreed_deal_and_has_no_word_in_it() -> None:
    at = given.table()
    row = given.agreed(at)
    known: dict[str, Any] = {"deal_id": row.pk, "by": actor(make.bureau("31")), "now": NOON}
    for step in (
        lambda: deals.send_message(text="请降价", **known),
        lambda: deals.reopen_deal(reason="改", **known),
        lambda: deals.withdraw_deal(reason="停", **known),
    ):
        with pytest.raises(NotAllowed, match="切换身份"):
            step()
    row.refresh_from_db()
    assert (row.status, row.messages.count()) == ("agreed", 0)


def test_who_asks_twice_is_told_of_what_a_talk_runs_already() -> None:
    at = given.table()
    row = given.asked(at)
    with pytest.raises(Conflict, match="贵单位对这件专利已有一笔进行中的洽谈"):
        given.asked(at, row.patent_id)


def test_an_inquiry_says_where_it_came_from() -> None:
    at = given.table()
    row = given.asked(at)
    assert (row.origin, row.match_id, row.bundle_title) == ("patent", None, "")
    found = deals.inquire(
        patent_id=lic.listed(at.office), kind="sole", wish=" 想用 ", match_id=7, by=at.taker,
        now=NOON,
    )  # fmt: skip
    assert (found.origin, found.match_id, found.wish) == ("match", 7, "想用")
    bundle = Shelf(2).asked()
    assert (bundle.origin, bundle.patent_title) == ("bundle", "专利组合“低温电池”（2 件）")
