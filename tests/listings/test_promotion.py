"""Pushing A, services for B, archives with a review day for C: who may, what follows, who hears."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from core.people.types import Actor
from listings import services
from listings.models import InventoryItem, Patent, ServiceRequest
from listings.rules import moves
from listings.rules.moves import IllegalMove
from listings.rules.promotion import SERVICE_MOVES, ServiceState
from listings.selectors.layers import promotion as selectors
from listings.services.layers import layering, promotion
from listings.types import InventoryStatus
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
LATER = NOON.date() + timedelta(days=90)


@pytest.fixture
def keeper() -> Membership:
    return core.office(region="310115")


def first_layer(patent: Patent, keeper: Membership) -> Patent:
    layering.override_layer(
        patent_id=patent.pk,
        layer="A",
        reason="市重点项目",
        until=LATER,
        by=core.actor(keeper),
        now=NOON,
    )
    return patent


def ask(patent: Patent, by: Actor, provider: Membership, **fields: Any) -> int:
    given: dict[str, Any] = {
        "kind": "valuation",
        "provider_id": provider.organisation_id,
        "wish": "用于质押的评估报告",
    } | fields
    return promotion.request_service(patent_id=patent.pk, by=by, now=NOON, **given)


def archive(ids: list[int], by: Actor, **fields: Any) -> int:
    given: dict[str, Any] = {"reason": "路线被替代", "review_on": LATER} | fields
    return promotion.archive_stock(patent_ids=ids, by=by, now=NOON, **given)


STEPS = [(state, move) for state in ServiceState for move in SERVICE_MOVES]
LEGAL = {("open", "answer"), ("open", "close"), ("answered", "close")}


@pytest.mark.parametrize(("state", "move"), STEPS)
def test_the_moves_of_a_request(state: ServiceState, move: str) -> None:
    if (state.value, move) in LEGAL:
        assert moves.after(SERVICE_MOVES, state, move)
    else:
        with pytest.raises(IllegalMove):
            moves.after(SERVICE_MOVES, state, move)


def test_the_first_layer_is_pushed_again_at_most_weekly(keeper: Membership) -> None:
    by = core.actor(keeper)
    patent = make.listed_patent(keeper)
    with pytest.raises(Conflict, match="A 层"):
        promotion.push_again(patent_id=patent.pk, by=by, now=NOON)
    first_layer(patent, keeper)
    promotion.push_again(patent_id=patent.pk, by=by, now=NOON)
    assert OutboxEvent.objects.filter(name="patent.changed").count() == 1
    with pytest.raises(Conflict, match="一周内"):
        promotion.push_again(patent_id=patent.pk, by=by, now=NOON + timedelta(days=6))
    promotion.push_again(patent_id=patent.pk, by=by, now=NOON + timedelta(days=7))
    assert AuditEntry.objects.filter(event="patent.promoted").count() == 2
    bare = first_layer(make.patent(keeper), keeper)
    with pytest.raises(Conflict, match="没有在架"):
        promotion.push_again(patent_id=bare.pk, by=by, now=NOON)


def test_the_list_of_the_first_layer_begins_with_what_is_not_on_the_board(
    keeper: Membership,
) -> None:
    listed = first_layer(make.listed_patent(keeper), keeper)
    bare = first_layer(make.patent(keeper), keeper)
    make.patent(keeper)
    make.patent()
    viewer = core.actor(keeper)
    rows = selectors.worklist(viewer=viewer, layer="A", state="", at=NOON)
    found = selectors.candidates(rows, at=NOON)
    assert [c.patent_id for c in found] == [bare.pk, listed.pk]
    assert [c.may_push for c in found] == [False, True]
    counts = selectors.counts(viewer=viewer, at=NOON)
    assert counts == {"A": 2, "B": 0, "C": 1, "archived": 0, "due": 0}


def test_the_work_list_costs_the_same_for_one_row_as_for_ten(keeper: Membership) -> None:
    viewer = core.actor(keeper)

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            rows = selectors.worklist(viewer=viewer, layer="C", state="", at=NOON)
            selectors.candidates(rows, at=NOON)
        return len(seen)

    make.patent(keeper)
    one = cost()
    for _ in range(4):
        make.patent(keeper)
    assert cost() == one


def test_a_request_is_asked_answered_closed_and_each_side_hears(keeper: Membership) -> None:
    patent, valuer = make.patent(keeper), core.valuer()
    office, provider = core.actor(keeper), core.actor(valuer)
    pk = ask(patent, office, valuer)
    assert Notice.objects.get(user=valuer.user).url == f"/service-requests/{pk}/"
    with pytest.raises(Conflict):
        ask(patent, office, valuer)
    promotion.answer_service(request_id=pk, answer="可以，两周出报告", by=provider, now=NOON)
    assert Notice.objects.filter(user=keeper.user, key=f"service:{pk}:answered").exists()
    with pytest.raises(Conflict):
        promotion.answer_service(request_id=pk, answer="再说一遍", by=provider, now=NOON)
    promotion.close_service(request_id=pk, outcome="估值 120 万元", by=office, now=NOON)
    card = selectors.service_request(pk, viewer=provider)
    assert (card.state, card.outcome, card.answer) == (
        "closed",
        "估值 120 万元",
        "可以，两周出报告",
    )
    assert ask(patent, office, valuer) != pk, "a closed request makes room for another"
    events = AuditEntry.objects.filter(event__startswith="service.").values_list("event", flat=True)
    assert sorted(events) == [
        "service.closed",
        "service.replied",
        "service.requested",
        "service.requested",
    ]


def test_strangers_neither_see_nor_move_a_request(keeper: Membership) -> None:
    patent, valuer = make.patent(keeper), core.valuer()
    pk = ask(patent, core.actor(keeper), valuer)
    for stranger in (core.valuer(), core.office(), core.enterprise(), core.bureau("31")):
        by = core.actor(stranger)
        with pytest.raises(Missing):
            selectors.service_request(pk, viewer=by)
        for command in (
            lambda by=by: promotion.answer_service(request_id=pk, answer="我来做", by=by, now=NOON),
            lambda by=by: promotion.close_service(request_id=pk, outcome="好", by=by, now=NOON),
            lambda by=by: ask(patent, by, valuer, kind="proof"),
        ):
            with pytest.raises((Missing, NotAllowed)):
                command()
    with pytest.raises(NotAllowed):  # who asked does not answer, who answers does not close
        promotion.answer_service(request_id=pk, answer="自问自答", by=core.actor(keeper), now=NOON)
    with pytest.raises(NotAllowed):
        promotion.close_service(request_id=pk, outcome="好", by=core.actor(valuer), now=NOON)
    assert ServiceRequest.objects.get().state == "open"


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"kind": "magic"}, "kind"),
        ({"provider_id": None}, "provider"),
        ({"kind": "broker"}, "provider"),
        ({"wish": "  "}, "wish"),
    ],
)
def test_a_request_must_name_a_fitting_provider_and_a_wish(
    keeper: Membership, fields: dict[str, Any], at: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(make.patent(keeper), core.actor(keeper), core.valuer(), **fields)
    assert set(refusal.value.fields) == {at}


def test_what_is_archived_rests_until_its_day_and_comes_back(keeper: Membership) -> None:
    by = core.actor(keeper)
    mine, strange = make.patent(keeper), make.patent()
    assert archive([mine.pk, strange.pk], by) == 1
    item = InventoryItem.objects.get(patent=mine)
    assert (item.status, item.review_on) == (InventoryStatus.ARCHIVED, LATER)
    assert promotion.remind_of_reviews(now=NOON) == 0
    the_day = NOON + timedelta(days=90)
    for _ in range(2):
        promotion.remind_of_reviews(now=the_day)
    assert Notice.objects.get(user=keeper.user).title == "1 件归档专利今天到复核日"
    again = LATER + timedelta(days=30)
    promotion.put_off_review(patent_id=mine.pk, review_on=again, by=by, now=the_day)
    item.refresh_from_db()
    assert item.review_on == again
    services.admit(patent_id=mine.pk, by=by, now=the_day)
    item.refresh_from_db()
    assert (item.status, item.review_on) == (InventoryStatus.ADMITTED, None)
    with pytest.raises(Conflict):
        promotion.put_off_review(patent_id=mine.pk, review_on=again, by=by, now=the_day)


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"reason": ""}, "reason"),
        ({"review_on": NOON.date()}, "review_on"),
        ({"review_on": date(2040, 1, 1)}, "review_on"),
        ({"review_on": None}, "review_on"),
    ],
)
def test_an_archive_needs_a_reason_and_a_day(
    keeper: Membership, fields: dict[str, Any], at: str
) -> None:
    patent = make.patent(keeper)
    with pytest.raises(Invalid) as refusal:
        archive([patent.pk], core.actor(keeper), **fields)
    assert set(refusal.value.fields) == {at}
    with pytest.raises(Invalid):
        archive([], core.actor(keeper))


@pytest.mark.parametrize("stranger", [core.enterprise, core.auditor, core.valuer])
def test_only_offices_archive_review_and_push(
    keeper: Membership, stranger: Callable[[], Membership]
) -> None:
    patent, by = make.listed_patent(keeper), core.actor(stranger())
    for command in (
        lambda: archive([patent.pk], by),
        lambda: promotion.put_off_review(patent_id=patent.pk, review_on=LATER, by=by, now=NOON),
        lambda: promotion.push_again(patent_id=patent.pk, by=by, now=NOON),
    ):
        with pytest.raises(DomainError) as refusal:
            command()
        assert isinstance(refusal.value, NotAllowed | Missing)


def row(patent: Patent, **fields: Any) -> ServiceRequest:
    given: dict[str, Any] = {
        "kind": "proof",
        "provider": core.valuer().organisation,
        "wish": "样机验证",
        "asked_at": NOON,
        "asked_by": "system",
    } | fields
    return ServiceRequest.objects.create(patent=patent, **given)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"kind": "magic"}, "service_kind_known"),
        ({"state": "lost"}, "service_state_known"),
        ({"wish": ""}, "service_says_what"),
        ({"state": "answered"}, "service_answered_by_somebody"),
        ({"state": "closed"}, "service_closed_by_somebody"),
        ({"answered_at": NOON}, "service_answered_pair"),
        ({"state": "closed", "closed_at": NOON}, "service_closed_pair"),
    ],
)
def test_a_broken_request(fields: dict[str, Any], constraint: str) -> None:
    patent = make.patent()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row(patent, **fields)


def test_the_database_holds_one_open_request_of_a_kind_and_its_moves() -> None:
    patent = make.patent()
    first = row(patent)
    with pytest.raises(IntegrityError, match="service_one_open_of_a_kind"), transaction.atomic():
        row(patent)
    ended = {"closed_at": NOON, "closed_by": "system"}
    ServiceRequest.objects.filter(pk=first.pk).update(state="closed", **ended)
    with pytest.raises(DatabaseError, match="Invalid transition"):
        ServiceRequest.objects.filter(pk=first.pk).update(
            state="open", closed_at=None, closed_by=None
        )


def test_only_what_is_archived_has_a_review_day() -> None:
    patent = make.patent()
    rows = InventoryItem.objects.filter(patent=patent)
    with (
        pytest.raises(IntegrityError, match="inventory_review_of_the_archived"),
        transaction.atomic(),
    ):
        rows.update(review_on=LATER)


def test_the_page_lists_publishes_pushes_and_archives(
    keeper: Membership, client_as: Callable[[Membership], Client]
) -> None:
    bare = first_layer(make.patent(keeper), keeper)
    other = make.patent(keeper)
    client = client_as(keeper)
    shown = client.get("/library/promotion/").content.decode()
    assert bare.title in shown
    assert "挂牌并推送勾选的" in shown
    said = client.post("/library/promotion/publish/", {"patents": [bare.pk]}, follow=True)
    assert "已挂牌 1 件" in said.content.decode()
    said = client.post("/library/promotion/publish/", {"patents": ["x"]}, follow=True)
    assert "请先勾选" in said.content.decode()
    said = client.post(f"/library/promotion/{bare.pk}/push/", follow=True)
    assert "已重新匹配" in said.content.decode()
    said = client.post(f"/library/promotion/{bare.pk}/push/", follow=True)
    assert "一周内" in said.content.decode()
    sent: dict[str, Any] = {"patents": [other.pk], "reason": "过时", "review_on": "2026-13-45"}
    said = client.post("/library/promotion/archive/", sent, follow=True)
    assert "复核日应在" in said.content.decode()
    soon = (date.today() + timedelta(days=90)).isoformat()
    said = client.post("/library/promotion/archive/", sent | {"review_on": soon}, follow=True)
    assert "已归档 1 件" in said.content.decode()
    archived = client.get("/library/promotion/?layer=C&state=archived").content.decode()
    assert f"/library/promotion/{other.pk}/review/" in archived
    assert client.get("/library/promotion/?layer=Z&page=x").status_code == 200
