"""Posting an agreed price: how long, who reads it, objections, the certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from unittest import mock
from urllib.parse import unquote

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership, RegionSetting
from core.people.types import Actor
from listings.models import Objection, Posting
from listings.rules import moves
from listings.rules import postings as rules
from listings.rules.postings import Agreed, Scope
from listings.rules.postings import PostingStatus as S
from listings.selectors.trading import price_postings as selectors
from listings.services.trading import objections
from listings.services.trading import price_postings as services
from listings.types import EncumbranceKind, Route
from tests.factories import core
from tests.factories import listings as stock
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
REASON = "该成果的定价明显偏低，请说明依据。"
OVER = NOON + timedelta(days=16)


def agreed(**fields: Any) -> Agreed:
    given: dict[str, Any] = {
        "route": Route.TRANSFER,
        "counterparty": "示例·某某科技有限公司",
        "price": Decimal(300_000),
        "summary": "一种方法，协商定价。",
        "days": 15,
    } | fields
    return Agreed(**given)


def draft(keeper: Membership, **fields: Any) -> Posting:
    pk = services.draft_posting(
        patent_id=stock.listed_patent(keeper).pk,
        agreed=agreed(**fields),
        by=core.actor(keeper),
        now=NOON,
    )
    return Posting.objects.get(pk=pk)


def posted(keeper: Membership, **fields: Any) -> Posting:
    row = draft(keeper, **fields)
    services.post(posting_id=row.pk, by=core.actor(keeper), now=NOON)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(("status", "move"), list(product(S, rules.POSTING_MOVES)))
def test_every_move_of_every_status(status: S, move: str) -> None:
    legal = {
        ("draft", "post"): S.POSTED,
        ("posted", "complete"): S.COMPLETED,
        ("draft", "withdraw"): S.WITHDRAWN,
        ("posted", "withdraw"): S.WITHDRAWN,
    }
    if target := legal.get((status.value, move)):
        assert moves.after(rules.POSTING_MOVES, status, move) is target
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(rules.POSTING_MOVES, status, move)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, None),
        ({"route": Route.CO_DEVELOPMENT}, "route"),
        ({"counterparty": " "}, "counterparty"),
        ({"summary": ""}, "summary"),
        ({"price": Decimal("NaN")}, "price"),
        ({"price": Decimal("0.005")}, "price"),
        ({"days": 14}, "days"),
        ({"days": 91}, "days"),
    ],
)
def test_what_was_agreed_is_judged_field_by_field(
    fields: dict[str, Any], wrong: str | None
) -> None:
    assert set(rules.problems(agreed(**fields), least_days=15)) == ({wrong} if wrong else set())


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"route": "try_first"}, "posting_route_known"),
        ({"scope": "nobody"}, "posting_scope_known"),
        ({"price": -1}, "posting_figures_make_sense"),
        ({"days": 0}, "posting_figures_make_sense"),
        ({"posted_at": NOON}, "posting_posted_pair|posting_posted_begins"),
        ({"starts_on": NOON.date()}, "posting_posted_begins|posting_has_both_days"),
        ({"ended_at": NOON}, "posting_ended_pair"),
        ({"status": "posted"}, "posting_public_was_posted"),
        ({"status": "withdrawn"}, "posting_withdrawn_says_why"),
        ({"status": "completed"}, "Invalid transition"),
        ({"status": "lost"}, "posting_status_known|Invalid transition"),
        (
            {"posted_at": NOON, "posted_by": "s", "starts_on": NOON, "ends_on": NOON},
            "posting_runs_forward",
        ),
    ],
)
def test_a_broken_posting(fields: dict[str, Any], constraint: str) -> None:
    row = draft(core.office())
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        Posting.objects.filter(pk=row.pk).update(**fields)


def test_what_was_posted_stands_and_is_posted_once() -> None:
    keeper = core.office()
    row = posted(keeper)
    rows = Posting.objects.filter(pk=row.pk)
    with pytest.raises(DatabaseError, match="posting_content_stands"), transaction.atomic():
        rows.update(price=1)
    with pytest.raises(DatabaseError, match="posting_completed_is_certified"), transaction.atomic():
        rows.update(status="completed")
    pk = services.draft_posting(
        patent_id=row.patent_id, agreed=agreed(), by=core.actor(keeper), now=NOON
    )
    with pytest.raises(Conflict, match="已有一项正在进行的公示"):
        services.post(posting_id=pk, by=core.actor(keeper), now=NOON)
    rival = Posting.objects.filter(pk=pk)
    with pytest.raises(DatabaseError, match="posting_one_at_a_time"), transaction.atomic():
        rival.update(status="posted", posted_at=NOON, posted_by="s", starts_on=NOON, ends_on=OVER)


def test_the_region_says_how_many_days() -> None:
    keeper = core.office()
    RegionSetting.objects.create(region="31", key="posting.days", value=20)
    with pytest.raises(Invalid) as refusal:
        draft(keeper)
    assert "不得少于 20 日" in refusal.value.fields["days"][0]
    assert posted(keeper, days=20).ends_on == (NOON + timedelta(days=20)).date()


def test_what_may_not_be_transferred_is_not_posted() -> None:
    keeper = core.office()
    row = draft(keeper)
    stock.bound(row.patent, EncumbranceKind.PRESERVATION)
    with pytest.raises(Conflict, match="还不能公示"):
        services.post(posting_id=row.pk, by=core.actor(keeper), now=NOON)


def test_strangers_post_nothing_and_take_nothing_back() -> None:
    row = posted(core.office())
    for stranger in (core.enterprise(), core.bureau(), core.auditor(), core.office()):
        by = core.actor(stranger)
        with pytest.raises(NotAllowed):
            services.withdraw_posting(posting_id=row.pk, reason="我想", by=by, now=NOON)
        with pytest.raises(NotAllowed):
            services.draft_posting(patent_id=row.patent_id, agreed=agreed(), by=by, now=NOON)
    row.refresh_from_db()
    assert row.status == S.POSTED


@pytest.mark.parametrize(
    ("scope", "sees"),
    [(Scope.PUBLIC, {"house", "bureau", "auditor", "firm", "anyone"}),
     (Scope.MEMBERS, {"house", "bureau", "auditor"})],
)  # fmt: skip
def test_who_reads_it(scope: Scope, sees: set[str]) -> None:
    keeper = core.office()
    colleague = core.MembershipFactory(organisation=keeper.organisation, role="inventor")
    row = posted(keeper, scope=scope)
    actors = {
        "house": core.actor(colleague),
        "bureau": core.actor(core.bureau("31")),
        "elsewhere": core.actor(core.bureau("32")),
        "auditor": core.actor(core.auditor()),
        "firm": core.actor(core.enterprise()),
        "anyone": Actor.anonymous(),
    }
    found = {who for who, by in actors.items() if Posting.objects.visible_to(by).exists()}
    assert found - {"elsewhere"} == sees
    told = Notice.objects.filter(user=colleague.user, key=f"posting:{row.pk}:posted")
    assert told.exists() == (scope is Scope.MEMBERS)


def test_it_completes_when_its_days_have_passed_and_not_a_day_before() -> None:
    keeper = core.office()
    row = posted(keeper)
    assert services.complete_due(now=NOON + timedelta(days=15)) == 0
    assert services.complete_due(now=OVER) == 1
    row.refresh_from_db()
    assert row.status == S.COMPLETED
    assert row.digest == rules.digest(selectors.said(row))
    names = OutboxEvent.objects.filter(name__startswith="posting.").values_list("name", flat=True)
    assert sorted(names) == ["posting.completed", "posting.posted"]
    assert Notice.objects.filter(user=keeper.user, title__startswith="公示期满").exists()


@pytest.mark.parametrize("upheld", [True, False])
def test_an_objection_holds_it_and_decides_it(upheld: bool) -> None:
    keeper, rival = core.office(), core.enterprise()
    row = posted(keeper)
    pk = objections.object_to_posting(
        posting_id=row.pk, text=REASON, contact="", by=core.actor(rival), now=NOON
    )
    assert services.complete_due(now=OVER) == 0
    with pytest.raises(NotAllowed):
        objections.answer_objection(
            objection_id=pk, upheld=upheld, answer="核查过了。", by=core.actor(rival), now=OVER
        )
    objections.answer_objection(
        objection_id=pk, upheld=upheld, answer="核查过了。", by=core.actor(keeper), now=OVER
    )
    assert services.complete_due(now=OVER) == (0 if upheld else 1)
    row.refresh_from_db()
    assert row.status == (S.WITHDRAWN if upheld else S.COMPLETED)
    with pytest.raises(Conflict, match="应在公示期内提出"):
        objections.object_to_posting(
            posting_id=row.pk, text=REASON, contact="", by=core.actor(rival), now=OVER
        )


def url(name: str, *args: Any) -> str:
    return reverse(f"listings:{name}", args=args)


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def clock() -> Any:
    with mock.patch("django.utils.timezone.now", return_value=NOON) as now:
        yield now


def test_an_office_posts_answers_and_prints_the_certificate(
    client_as: As, client: Client, clock: Any
) -> None:
    keeper, rival = core.office(), core.enterprise()
    patent = stock.listed_patent(keeper)
    browser = client_as(keeper)
    form = {
        "route": "transfer", "counterparty": "示例·某某公司", "price": "300000",
        "summary": "协商定价。", "days": "3", "scope": "public",
    }  # fmt: skip
    assert patent.title in text(browser.get(url("posting-new")))
    address = f"{url('posting-new')}?patent={patent.pk}"
    short = browser.post(address, form)
    assert short.status_code == 422
    assert "不得少于 15 日" in text(short)
    assert browser.post(address, form | {"days": "15"}).status_code == 302
    row = Posting.objects.get()
    assert "可以公示" in text(browser.get(url("library-posting", row.pk)))
    assert client.get(url("posting", row.pk)).status_code == 404
    browser.post(url("posting-post", row.pk), {"form_token": "t"})
    assert patent.title in text(client.get(url("postings")))
    assert client.get(url("posting-certificate", row.pk)).status_code == 404
    assert client.get(url("posting-certificate-pdf", row.pk)).status_code == 404
    said = {"text": REASON}
    assert client_as(rival).post(url("posting-object", row.pk), said).status_code == 302
    assert client_as(rival).post(url("posting-object", row.pk), {"text": "短"}).status_code == 422
    assert "明显偏低" not in text(client.get(url("posting", row.pk)))
    answer = url("posting-answer", row.pk, Objection.objects.get().pk)
    assert browser.post(answer, {"upheld": "0", "answer": ""}).status_code == 422
    assert browser.post(answer, {"upheld": "0", "answer": "参考评估价。"}).status_code == 302
    clock.return_value = OVER
    assert "公示期满" in text(client.get(url("posting", row.pk)))
    paper = text(client.get(url("posting-certificate", row.pk)))
    row.refresh_from_db()
    assert selectors.certificate_number(row) in paper
    assert "内容与出具时一致" in paper
    assert "期间收到异议 1 条，均已答复" in paper
    on_paper = client.get(url("posting-certificate-pdf", row.pk))
    assert on_paper["Content-Type"] == "application/pdf"
    assert selectors.certificate_number(row) in unquote(on_paper["Content-Disposition"])
    assert on_paper.content.startswith(b"%PDF-")
    late = client_as(keeper).post(url("posting-withdraw", row.pk), {"reason": "晚了"})
    assert late.status_code == 422
    assert patent.title in text(client.get(url("postings"), {"state": "ended"}))


def test_another_offices_draft_is_missing() -> None:
    row = draft(core.office())
    with pytest.raises(Missing):
        selectors.posting(row.pk, viewer=core.actor(core.office()))
