"""Lists of patents for a need: what they must say, who may send, see and rate them; no flood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership, RegionSetting
from core.people.types import Role
from listings.models import Patent
from matching import services as room
from matching.models import (
    Evaluation,
    Judgement,
    Lead,
    Match,
    MatchOptOut,
    Need,
    Shortlist,
    ShortlistItem,
    ShortlistStop,
)
from matching.rules import IllegalMove, after
from matching.rules import shortlists as rules
from matching.rules.shortlists import Pick, ShortlistInput, ShortlistStatus
from matching.selectors import shortlists as asked
from matching.services import shortlist_rating
from matching.services import shortlists as services
from matching.types import Intent, Rejection, Verdict
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as needs
from tests.factories import shortlists as make
from tests.matching.test_revisions import empowered

NOON = make.NOON
LEGAL = {("draft", "send"), ("draft", "withdraw"), ("sent", "withdraw")}
GOOD = Pick(1, "零下二十度八分钟升到五度")
HOSTILE = [
    "", " ", "电池", "🔋" * 20, "<script>alert(1)</script>' OR 1=1 --", "电池 " * 90,
    "指标\t现在\t要求\r\n升温\t30\t10", "Heats the pack from -20 to 5 degrees in 8 minutes",
]  # fmt: skip


@pytest.mark.parametrize(("status", "move"), list(product(ShortlistStatus, rules.MOVES)))
def test_every_move_of_a_list_is_legal_or_refused(status: str, move: str) -> None:
    if (status, move) in LEGAL:
        assert after(rules.MOVES, status, move)
    else:
        with pytest.raises(IllegalMove):
            after(rules.MOVES, status, move)


@pytest.mark.parametrize(
    "picks",
    [
        (),
        (Pick(1),),
        (Pick(1, "很好"),),
        (Pick(1, "🔋" * 50),),
        (GOOD, GOOD),
        (GOOD, Pick(2, "零下二十度 八分钟升到五度")),
        tuple(Pick(pk, f"理由写得各不相同，这是第 {pk} 件") for pk in range(21)),
        (Pick(1, "长" * 501),),
    ],
)
def test_what_says_nothing_cannot_be_sent(picks: tuple[Pick, ...]) -> None:
    assert rules.unfinished(ShortlistInput(picks=picks))["picks"]


def test_a_list_of_twenty_with_reasons_of_their_own_can_be_sent() -> None:
    picks = tuple(Pick(pk, f"理由写得各不相同，这是第 {pk} 件") for pk in range(20))
    assert rules.unfinished(ShortlistInput(picks=picks, note="x" * 2_000)) == {}
    assert rules.unfinished(ShortlistInput(picks=picks, note="x" * 20_000)).keys() == {"note"}


# --- with a database -------------------------------------------------------------------------


@pytest.fixture
def stock(db: None) -> dict[str, Patent]:
    return needs.stock()


def pair(stock: dict[str, Patent]) -> tuple[Membership, Need, Membership, Shortlist]:
    """A firm with a need, and a broker's list of two for it."""
    firm, maker = core.enterprise(), core.broker()
    need = needs.need(firm)
    row = make.sent(need, maker, [stock["battery"], stock["weld"]])
    return firm, need, maker, row


def test_the_firm_sees_it_beside_what_the_engine_says(
    stock: dict[str, Patent], drain: Callable[[], int], client_as: Callable[[Membership], Client]
) -> None:
    firm, need, maker, row = pair(stock)
    drain()
    shown = asked.of_need(need, viewer=core.actor(firm))[0]
    battery, weld = shown.lines
    assert battery.engine
    assert battery.engine.match_id
    assert (battery.engine.score or 0) > 40
    assert weld.engine
    assert weld.engine.match_id is None
    assert weld.engine.answer == "below"
    assert (shown.found_too, shown.gone, shown.hidden) == (1, 0, 0)
    page = client_as(firm).get(f"/needs/{need.pk}/").content.decode()
    assert make.REASONS[0] in page
    assert "引擎也找到 1 件" in page
    theirs = asked.sheet(row.pk, viewer=core.actor(maker))
    assert not theirs.sees_engine
    assert theirs.is_mine
    told = Notice.objects.get(user=firm.user, kind="shortlist.progress")
    assert told.url == f"/shortlists/{row.pk}/"
    event = OutboxEvent.objects.get(name="shortlist.sent")
    assert event.payload["organisation_id"] == firm.organisation_id
    assert AuditEntry.objects.filter(event="shortlist.sent").exists()


def test_the_sender_sees_opened_and_rated_and_the_ratings_flow_hears(
    stock: dict[str, Patent], drain: Callable[[], int], client_as: Callable[[Membership], Client]
) -> None:
    firm, need, maker, row = pair(stock)
    drain()
    client_as(firm).get(f"/shortlists/{row.pk}/")
    row.refresh_from_db()
    assert row.read_at is not None
    first, second = row.items.order_by("place")
    by = core.actor(firm)
    yes = Verdict(interested=True, intents=(Intent.TALK,))
    no = Verdict(interested=False, reason=Rejection.OFF_TOPIC)
    shortlist_rating.rate_item(item_id=first.pk, verdict=yes, by=by, now=NOON)
    shortlist_rating.rate_item(item_id=second.pk, verdict=no, by=by, now=NOON)
    lead = Lead.objects.get(organisation=firm.organisation, patent=stock["battery"])
    assert lead.contacted_at
    assert lead.viewed_at
    assert lead.evaluation.interested
    assert Judgement.objects.get(evaluation__lead=lead).place == 1
    assert not Judgement.objects.filter(evaluation__lead__patent=stock["weld"]).exists()
    need.refresh_from_db()
    assert need.status == "matched"
    lines = asked.sheet(row.pk, viewer=core.actor(maker)).lines
    assert [(x.interested, x.rejection) for x in lines] == [(True, ""), (False, "off_topic")]
    titles = Notice.objects.filter(user=maker.user, kind="shortlist.progress")
    assert titles.count() == 3  # opened, and two ratings
    assert OutboxEvent.objects.filter(name="match.rated").count() == 2


def test_a_second_thought_is_kept_and_told_once(stock: dict[str, Patent]) -> None:
    firm, _need, maker, row = pair(stock)
    item = row.items.get(place=1)
    for yes in (True, False, False):
        verdict = Verdict(interested=yes)
        shortlist_rating.rate_item(item_id=item.pk, verdict=verdict, by=core.actor(firm), now=NOON)
    item.refresh_from_db()
    assert item.interested is False
    assert Evaluation.objects.count() == 1
    assert Notice.objects.filter(user=maker.user, key__contains="rated").count() == 1


def test_an_earlier_rating_elsewhere_is_not_told_to_the_sender(
    stock: dict[str, Patent], drain: Callable[[], int]
) -> None:
    firm = core.enterprise()
    need = needs.need(firm)
    drain()
    match = Match.objects.get(need=need, patent=stock["battery"])
    said = Verdict(interested=False, reason=Rejection.PRICE)
    room.rate_match(match_id=match.pk, verdict=said, by=core.actor(firm), now=NOON)
    maker = core.broker()
    row = make.sent(need, maker, [stock["battery"]])
    assert asked.sheet(row.pk, viewer=core.actor(maker)).lines[0].interested is None


@pytest.mark.parametrize("who", ["stranger", "maker", "agent", "auditor"])
def test_only_the_firm_itself_rates(stock: dict[str, Patent], who: str) -> None:
    firm, _need, maker, row = pair(stock)
    people: dict[str, Callable[[], Membership]] = {
        "stranger": core.enterprise, "maker": lambda: maker,
        "agent": lambda: empowered(firm), "auditor": core.auditor,
    }  # fmt: skip
    item = row.items.get(place=1)
    with pytest.raises((NotAllowed, Missing)):
        shortlist_rating.rate_item(
            item_id=item.pk, verdict=Verdict(interested=True),
            by=core.actor(people[who]()), now=NOON,
        )  # fmt: skip
    assert not Evaluation.objects.exists()


def test_a_rating_on_what_was_withdrawn_or_taken_off_is_refused(stock: dict[str, Patent]) -> None:
    firm, _need, maker, row = pair(stock)
    first, second = row.items.order_by("place")
    stock["weld"].listings.update(status="suspended")
    rate = {"verdict": Verdict(interested=True), "by": core.actor(firm), "now": NOON}
    with pytest.raises(Conflict) as off:
        shortlist_rating.rate_item(item_id=second.pk, **rate)  # type: ignore[arg-type]
    assert off.value.code == "match-withdrawn"
    assert asked.sheet(row.pk, viewer=core.actor(firm)).gone == 1
    assert asked.sheet(row.pk, viewer=core.actor(maker)).gone == 1
    services.withdraw_shortlist(
        shortlist_id=row.pk, because="放错了", by=core.actor(maker), now=NOON
    )
    with pytest.raises(Conflict) as gone:
        shortlist_rating.rate_item(item_id=first.pk, **rate)  # type: ignore[arg-type]
    assert gone.value.code == "shortlist-withdrawn"
    assert asked.sheet(row.pk, viewer=core.actor(firm)).lines == ()
    assert not Lead.objects.filter(organisation=firm.organisation).exists()


def test_what_the_firm_opted_out_of_is_not_shown_and_the_sender_does_not_learn_it(
    stock: dict[str, Patent],
) -> None:
    firm, _need, maker, row = pair(stock)
    MatchOptOut.objects.create(
        organisation=firm.organisation, patent=stock["weld"], made_at=NOON, made_by="user:1"
    )
    mine = asked.sheet(row.pk, viewer=core.actor(firm))
    assert (len(mine.lines), mine.hidden) == (1, 1)
    theirs = asked.sheet(row.pk, viewer=core.actor(maker))
    assert (len(theirs.lines), theirs.hidden) == (2, 0)


def test_a_firm_that_said_stop_a_moment_ago_gets_no_more(stock: dict[str, Patent]) -> None:
    firm, _need, maker, row = pair(stock)
    other = needs.need(firm, replace(needs.COLD, title="另一条需求：求低温升温办法"))
    draft = make.draft(other, maker, [stock["battery"]])
    services.stop_sender(shortlist_id=row.pk, by=core.actor(firm), now=NOON)
    with pytest.raises(Conflict) as refused:
        services.send_shortlist(shortlist_id=draft.pk, by=core.actor(maker), now=NOON)
    assert refused.value.code == "shortlist-unwanted"
    with pytest.raises(NotAllowed):
        services.resume_sender(shortlist_id=row.pk, by=core.actor(maker), now=NOON)
    services.resume_sender(shortlist_id=row.pk, by=core.actor(firm), now=NOON)
    services.send_shortlist(shortlist_id=draft.pk, by=core.actor(maker), now=NOON)


def test_ceilings_hold_for_a_sender_and_for_a_firm(stock: dict[str, Patent]) -> None:
    RegionSetting.objects.create(region="", key="shortlist.sender_week", value=2)
    RegionSetting.objects.create(region="", key="shortlist.firm_week", value=1)
    firm, maker = core.enterprise(), core.broker()
    make.sent(needs.need(firm), maker, [stock["battery"]])
    another = make.draft(needs.need(firm), core.broker(), [stock["battery"]])
    with pytest.raises(Conflict) as full:
        services.send_shortlist(
            shortlist_id=another.pk, by=core.actor(Membership.objects.get(
                organisation_id=another.sender_id)), now=NOON,
        )  # fmt: skip
    assert full.value.code == "firm-ceiling"
    make.sent(needs.need(), maker, [stock["battery"]])
    third = make.draft(needs.need(), maker, [stock["battery"]])
    send = {"shortlist_id": third.pk, "by": core.actor(maker)}
    with pytest.raises(Conflict) as refused:
        services.send_shortlist(**send, now=NOON)
    assert refused.value.code == "sender-ceiling"
    services.send_shortlist(**send, now=NOON + timedelta(days=8))


def test_a_mandated_agent_is_not_counted_against_the_firm(stock: dict[str, Patent]) -> None:
    RegionSetting.objects.create(region="", key="shortlist.firm_week", value=0)
    firm = core.enterprise()
    need = needs.need(firm)
    row = make.sent(need, empowered(firm), [stock["battery"]])
    assert row.under_mandate


def test_only_who_sees_an_open_need_may_answer_it_and_secrets_stay(
    stock: dict[str, Patent], client_as: Callable[[Membership], Client]
) -> None:
    firm, maker = core.enterprise(), core.broker()
    secret = replace(needs.COLD, is_confidential=True, released=("industry_codes",))
    need = needs.need(firm, secret)
    row = make.sent(need, maker, [stock["battery"]])
    page = client_as(maker).get(f"/shortlists/{row.pk}/").content.decode()
    assert "保密需求" in page
    assert firm.organisation.name not in page
    assert needs.COLD.title not in page
    client_as(firm).get(f"/shortlists/{row.pk}/")
    for notice in Notice.objects.filter(user=maker.user):
        assert needs.COLD.title not in notice.title + notice.body
        assert firm.organisation.name not in notice.title + notice.body
    hidden = needs.need(firm, replace(needs.COLD, visibility="matched"))
    with pytest.raises(ObjectDoesNotExist):
        make.draft(hidden, maker, [stock["battery"]])


def test_a_secret_firm_is_not_found_out_by_its_own_patents(stock: dict[str, Patent]) -> None:
    firm = core.enterprise()
    keeper = core.MembershipFactory(role=Role.OFFICE, organisation=firm.organisation)
    own = board.listed_patent(keeper, **needs.BATTERY)
    open_need = needs.need(firm)
    with pytest.raises(Invalid):
        make.draft(open_need, core.broker(), [own])
    secret = needs.need(firm, replace(needs.COLD, is_confidential=True))
    row = make.sent(secret, core.broker(), [own, stock["battery"]])
    mine = asked.sheet(row.pk, viewer=core.actor(firm))
    assert [x.patent_id for x in mine.lines] == [stock["battery"].pk]


@pytest.mark.parametrize("make_role", [core.enterprise, core.bureau, core.bank, core.auditor])
def test_others_make_no_lists(stock: dict[str, Patent], make_role: Any) -> None:
    with pytest.raises(NotAllowed):
        make.draft(needs.need(), make_role(), [stock["battery"]])
    assert not Shortlist.objects.exists()


def test_a_strangers_list_does_not_exist_and_a_draft_is_its_makers(
    stock: dict[str, Patent],
) -> None:
    firm, maker = core.enterprise(), core.broker()
    row = make.draft(needs.need(firm), maker, [stock["battery"]])
    for other in (firm, core.broker(), core.bureau()):
        assert not asked.shortlists(viewer=core.actor(other)).exists()
        with pytest.raises(Missing):
            services.withdraw_shortlist(shortlist_id=row.pk, by=core.actor(other), now=NOON)
    assert asked.shortlists(viewer=core.actor(core.auditor())).exists()


def test_a_draft_is_edited_against_its_version_and_only_while_it_is_one(
    stock: dict[str, Patent],
) -> None:
    maker = core.broker()
    row = make.draft(needs.need(), maker, [stock["battery"]])
    by = core.actor(maker)
    data = make.terms([stock["weld"], stock["battery"]])
    edit = {"shortlist_id": row.pk, "data": data, "by": by, "now": NOON}
    services.edit_shortlist(**edit, version=1)  # type: ignore[arg-type]
    assert [i.patent_id for i in row.items.order_by("place")] == [
        stock["weld"].pk, stock["battery"].pk,
    ]  # fmt: skip
    with pytest.raises(Conflict):
        services.edit_shortlist(**edit, version=1)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        services.draft_shortlist(need_id=row.need_id, data=data, by=by, now=NOON)
    services.send_shortlist(shortlist_id=row.pk, by=by, now=NOON)
    with pytest.raises(Conflict):
        services.edit_shortlist(**edit, version=3)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        services.withdraw_shortlist(shortlist_id=row.pk, by=by, now=NOON)


def test_a_closed_need_takes_no_list(stock: dict[str, Patent]) -> None:
    firm, maker = core.enterprise(), core.broker()
    need = needs.need(firm)
    row = make.draft(need, maker, [stock["battery"]])
    room.close_need(need_id=need.pk, by=core.actor(firm), now=NOON)
    with pytest.raises(DomainError):
        services.send_shortlist(shortlist_id=row.pk, by=core.actor(maker), now=NOON)
    row.refresh_from_db()
    assert row.status == "draft"


@pytest.mark.parametrize("text", [*HOSTILE, "长" * 20_000])
def test_any_text_in_the_form_is_answered_and_nothing_is_lost(
    stock: dict[str, Patent], client_as: Callable[[Membership], Client], text: str
) -> None:
    need, maker = needs.need(), core.broker()
    body = {
        "note": text, "p-TOTAL_FORMS": "2", "p-INITIAL_FORMS": "0",
        "p-0-patent": f"/patents/{stock['battery'].pk}/", "p-0-reason": text, "p-0-place": "1",
        "p-1-patent": text, "p-1-reason": "", "p-1-place": "",
    }  # fmt: skip
    answer = client_as(maker).post(f"/needs/{need.pk}/shortlist/", body)
    assert answer.status_code == (422 if text.strip() else 302)
    if text.strip():
        assert "有内容需要修改" in answer.content.decode()
        assert "<script>alert" not in answer.content.decode()


def test_the_form_makes_a_list_in_the_order_that_was_numbered(
    stock: dict[str, Patent], client_as: Callable[[Membership], Client]
) -> None:
    need, maker = needs.need(), core.broker()
    body = {
        "note": "先看第一件", "p-TOTAL_FORMS": "3", "p-INITIAL_FORMS": "0",
        "p-0-patent": f"/patents/{stock['weld'].pk}/", "p-0-reason": "焊接柜体用得上这一件",
        "p-0-place": "2",
        "p-1-patent": f"/patents/{stock['battery'].pk}/", "p-1-reason": "八分钟升到五度，够快",
        "p-1-place": "1", "p-2-patent": "", "p-2-reason": "", "p-2-place": "3",
    }  # fmt: skip
    client = client_as(maker)
    answer = client.post(f"/needs/{need.pk}/shortlist/", body)
    row = Shortlist.objects.get()
    assert answer.headers["Location"] == f"/shortlists/{row.pk}/"
    assert [i.patent_id for i in row.items.order_by("place")] == [
        stock["battery"].pk, stock["weld"].pk,
    ]  # fmt: skip
    assert "焊接柜体用得上这一件" in client.get(f"/needs/{need.pk}/shortlist/").content.decode()
    sent = client.post(f"/shortlists/{row.pk}/send/")
    assert sent.status_code == 302
    again = client.post(f"/shortlists/{row.pk}/send/")
    assert again.status_code == 422
    assert "不能这样操作" in again.content.decode()


def test_the_firm_rates_by_one_tap_or_in_full(
    stock: dict[str, Patent], client_as: Callable[[Membership], Client]
) -> None:
    firm, _need, maker, row = pair(stock)
    item = row.items.get(place=1)
    client = client_as(firm)
    address = f"/shortlists/{row.pk}/items/{item.pk}/"
    assert client.post(address, {"reason": "price"}).status_code == 302
    item.refresh_from_db()
    assert (item.interested, item.rejection) == (False, "price")
    assert client.post(address, {"reason": "nonsense"}).status_code == 404
    assert client.get(address).status_code == 200
    full = {"prospect": "5", "interested": "1", "reason": "", "cooperation": "请联系"}
    assert client.post(address, full).status_code == 302
    services.withdraw_shortlist(
        shortlist_id=row.pk, because="放错了", by=core.actor(maker), now=NOON
    )
    late = client.post(address, full | {"improvement": "留住这句话"})
    assert late.status_code == 422
    assert "撤回" in late.content.decode()
    assert "留住这句话" in late.content.decode()


def test_the_api_walks_a_list_from_draft_to_rating(
    stock: dict[str, Patent], api_as: Callable[[Membership | None], APIClient]
) -> None:
    firm, maker = core.enterprise(), core.broker()
    need = needs.need(firm)
    api, theirs = api_as(maker), api_as(firm)
    body = {"need": need.pk, "items": [{"patent": stock["battery"].pk, "reason": "很好"}]}
    made = api.post("/api/v1/shortlists/", body, format="json", headers={"Idempotency-Key": "a"})
    assert made.status_code == 201
    address = f"/api/v1/shortlists/{made.json()['id']}/"
    assert api.post(address + "send/").status_code == 422
    body["items"] = [{"patent": stock["battery"].pk, "reason": make.REASONS[0]}]
    tag = api.get(address).headers["ETag"]
    put = api.put(address, body, format="json", headers={"If-Match": tag})
    assert put.status_code == 200
    assert api.post(address + "send/").json()["status"] == "sent"
    assert theirs.post(address + "read/").json()["read_at"]
    item = theirs.get(address).json()["items"][0]
    assert item["engine"] is None  # nothing has been matched yet
    rated = theirs.post(
        f"/api/v1/shortlist-items/{item['id']}/rate/", {"interested": True}, format="json"
    )
    assert rated.status_code == 200
    assert rated.json()["interested"] is True
    seen = api.get("/api/v1/shortlists/?side=sent").json()["results"][0]
    assert seen["items"][0]["interested"] is True
    assert seen["items"][0]["engine"] is None


def test_ten_lists_cost_as_many_queries_as_one(
    stock: dict[str, Patent],
) -> None:
    firm, maker = core.enterprise(), core.broker()
    need = needs.need(firm)
    make.sent(need, maker, [stock["battery"]])
    viewer = core.actor(firm)

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            asked.of_need(need, viewer=viewer)
        return len(found)

    asked.of_need(need, viewer=viewer)
    before = cost()
    for _more in range(2):
        make.sent(need, core.broker(), [stock["battery"], stock["weld"], stock["water"]])
    assert cost() == before


def broken(row: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    with pytest.raises(Error), transaction.atomic():
        row.save()
    row.refresh_from_db()


def test_the_database_refuses_broken_lists(stock: dict[str, Patent]) -> None:
    firm, need, maker, row = pair(stock)
    for fields in (
        {"sent_by": None},
        {"sent_at": None, "sent_by": None},
        {"read_at": NOON},
        {"withdrawn_at": NOON, "withdrawn_by": "user:1"},
        {"withdrawn_at": NOON},
        {"status": "withdrawn"},
        {"status": "draft"},
        {"status": "lost"},
        {"firm_id": row.sender_id},
    ):
        broken(row, **fields)
    one, two = row.items.order_by("place")
    for fields in (
        {"place": 21},
        {"place": 2},
        {"patent_id": two.patent_id},
        {"rated_at": NOON},
        {"rated_at": NOON, "rated_by": "user:1"},
        {"interested": True},
        {"rejection": "price"},
    ):
        broken(one, **fields)
    with pytest.raises(Error), transaction.atomic():
        Shortlist.objects.create(
            need=need, sender=maker.organisation, firm=firm.organisation,
            created_at=NOON, created_by="user:1", changed_at=NOON,
        )  # fmt: skip
    draft = make.draft(needs.need(), maker, [stock["battery"]])
    broken(draft, sent_at=NOON, sent_by="user:1")
    broken(draft, read_at=NOON, read_by="user:1")
    stop = {"organisation": firm.organisation, "sender": maker.organisation, "made_at": NOON,
            "made_by": "user:1"}  # fmt: skip
    first = ShortlistStop.objects.create(**stop)
    with pytest.raises(Error), transaction.atomic():
        ShortlistStop.objects.create(**stop)
    broken(first, lifted_at=NOON)
    assert ShortlistItem.objects.filter(shortlist=row).count() == 2
