"""Needs stand for a term, end with a result, and are listed by who may list them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import Error, transaction
from django.test import Client

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership, RegionSetting
from matching import selectors, services
from matching.models import Need, NeedDraft
from matching.types import Ending, EndingInput, ListType, Metric
from tests.factories import core
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
TODAY = make.NOON.date()


def test_an_open_need_stands_a_year_or_as_its_region_says_or_to_its_deadline() -> None:
    RegionSetting.objects.create(region="32", key="need.months", value=3)
    here, there = core.enterprise(region="310115"), core.enterprise(region="320500")
    soon = replace(make.COLD, deadline=date(2026, 12, 31))
    assert make.need(here).expires_on == date(2027, 11, 20)
    assert make.need(there).expires_on == date(2027, 2, 20)
    assert make.need(here, soon).expires_on == date(2026, 12, 31)


def test_a_deadline_that_is_past_is_refused_when_new(now: datetime) -> None:
    firm = core.enterprise()
    with pytest.raises(Invalid) as refusal:
        make.need(firm, replace(make.COLD, deadline=date(2026, 11, 19)))
    assert set(refusal.value.fields) == {"deadline"}


def test_reminded_once_expired_by_the_clock_renewed_with_one_click(
    now: datetime, client_as: As
) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    assert services.keep_standing(now=now) == (0, 0)
    near = now + timedelta(days=355)
    assert services.keep_standing(now=near) == (1, 0)
    assert services.keep_standing(now=near) == (0, 0)
    assert Notice.objects.filter(user=firm.user, kind="need.progress").count() == 1
    late = now + timedelta(days=366)
    assert services.keep_standing(now=late) == (0, 1)
    need.refresh_from_db()
    assert (need.status, need.ending) == ("closed", "expired")
    assert not selectors.board(viewer=core.actor(firm), query=selectors.NeedQuery()).exists()
    assert client_as(firm).post(f"/needs/{need.pk}/renew/").status_code == 302
    need.refresh_from_db()
    assert (need.status, need.ending) == ("open", "")
    assert need.expires_on is not None
    assert need.expires_on > TODAY
    assert AuditEntry.objects.filter(event="need.renewed").count() == 1


def test_renewing_drops_a_past_deadline_and_refuses_drafts_and_strangers(now: datetime) -> None:
    firm = core.enterprise()
    by = core.actor(firm)
    need = make.need(firm, replace(make.COLD, deadline=date(2026, 12, 1)))
    later = now + timedelta(days=20)
    services.keep_standing(now=later)
    row = services.renew_need(need_id=need.pk, by=by, now=later)
    assert (row.status, row.deadline) == ("open", None)
    draft = make.need(firm, open_now=False)
    with pytest.raises(Conflict):
        services.renew_need(need_id=draft.pk, by=by, now=now)
    with pytest.raises(NotAllowed):
        services.renew_need(need_id=need.pk, by=core.actor(core.enterprise()), now=now)


def test_a_need_opened_before_terms_were_kept_gets_a_whole_one(now: datetime) -> None:
    need = make.need()
    Need.objects.filter(pk=need.pk).update(expires_on=None)
    assert services.keep_standing(now=now) == (0, 0)
    need.refresh_from_db()
    assert need.expires_on == date(2027, 11, 20)


def test_ending_says_what_solved_it_and_is_counted(now: datetime, drain: Any) -> None:
    firm = core.enterprise(region="310115")
    by = core.actor(firm)
    match = make.match(drain, firm)
    assert match.need_id is not None
    stranger = EndingInput(Ending.PLATFORM, patent_id=match.patent_id + 1000)
    for wrong in (EndingInput(Ending.PLATFORM), stranger, EndingInput(Ending.OUTSIDE, 5)):
        with pytest.raises(Invalid):
            services.finish_need(need_id=match.need_id, said=wrong, by=by, now=now)
    said = EndingInput(Ending.PLATFORM, patent_id=match.patent_id, note="下周签")
    row = services.finish_need(need_id=match.need_id, said=said, by=by, now=now)
    assert (row.status, row.ending_patent_id) == ("solved", match.patent_id)
    assert selectors.need_endings("31") == {"platform": 1}
    assert selectors.need_endings("32") == {}


def test_the_page_ends_a_need(client_as: As) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    client = client_as(firm)
    url = f"/needs/{need.pk}/finish/"
    assert "怎样了" in client.get(url).content.decode()
    assert client.post(url, {"ending": "platform"}).status_code == 422
    assert client.post(url, {"ending": "abandoned", "note": "转产了"}).status_code == 302
    need.refresh_from_db()
    assert (need.status, need.ending, need.ending_note) == ("closed", "abandoned", "转产了")
    assert client_as(core.enterprise()).get(url).status_code == 404


def test_only_a_body_lists_for_an_industry_and_a_bureau_edits_nobody_elses(now: datetime) -> None:
    shared = replace(make.COLD, list_type=ListType.INDUSTRY)
    with pytest.raises(NotAllowed):
        make.need(core.enterprise(), shared)
    bureau = core.bureau("31", name="某区科经委")
    need = make.need(bureau, shared)
    shown = selectors.face(need, viewer=core.actor(core.office()))
    assert (shown.list_label, shown.firm) == ("行业共性需求", "某区科经委")
    query = selectors.NeedQuery(list_type="industry")
    assert list(selectors.board(viewer=core.actor(core.office()), query=query)) == [need]
    theirs = make.need(core.enterprise(region="310115"))
    for overseer in (bureau, core.bureau("")):
        with pytest.raises(NotAllowed):
            services.close_need(need_id=theirs.pk, by=core.actor(overseer), now=now)


def test_the_form_keeps_targets_and_the_helper_keeps_the_form(client_as: As) -> None:
    firm = core.enterprise()
    client = client_as(firm)
    filled = {
        "title": "求低温快充办法", "problem": "加热膜升温太慢，客户等不起半小时。",
        "industry": "38", "visibility": "public", "is_confidential": "on",
        "released": ["title", "trl"],
        "metrics-TOTAL_FORMS": "2", "metrics-INITIAL_FORMS": "0",
        "metrics-0-metric": "升温时间", "metrics-0-now": "30", "metrics-0-wanted": "≤10",
        "metrics-0-unit": "分钟",
    }  # fmt: skip
    helped = client.post("/needs/check/", filled).content.decode()
    assert "已自动保留" in helped
    again = client.get("/needs/new/").content.decode()
    assert "还没有保存的内容" in again
    assert "求低温快充办法" in again
    assert "≤10" in again
    assert "求低温快充办法" not in client_as(core.enterprise()).get("/needs/new/").content.decode()
    client = client_as(firm)
    wrong = filled | {"metrics-0-wanted": "更快"}
    answer = client.post("/needs/new/", wrong)
    assert answer.status_code == 422
    assert "请写一个数" in answer.content.decode()
    assert client.post("/needs/new/", filled).status_code == 302
    need = Need.objects.get()
    assert need.targets_with_numbers == (Metric("升温时间", "≤10", "30", "分钟"),)
    assert (need.is_confidential, need.released) == (True, ["title", "trl"])
    assert not NeedDraft.objects.exists()


def test_drafts_are_forgotten_thrown_away_and_never_anothers(now: datetime, client_as: As) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    assert client_as(core.enterprise()).post("/needs/check/", {"need": need.pk}).status_code in {
        403,
        404,
    }
    services.keep_draft(filled="title=x", need_id=None, by=core.actor(firm), now=now)
    assert services.forget_drafts(now=now + timedelta(days=89)) == 0
    assert services.forget_drafts(now=now + timedelta(days=91)) == 1
    services.keep_draft(filled="title=x", need_id=need.pk, by=core.actor(firm), now=now)
    client = client_as(firm)
    assert client.post("/needs/discard/", {"need": need.pk}).status_code == 302
    assert not NeedDraft.objects.exists()
    assert not services.keep_draft(filled="x" * 300_000, need_id=None, by=core.actor(firm), now=now)


@pytest.mark.parametrize(
    "fields",
    [
        {"list_type": "other"},
        {"released": ["title"]},
        {"is_confidential": True, "released": ["salary"]},
        {"ending": "outside"},
        {"ending": "eaten"},
        {"metrics": {"a": 1}},
    ],
)
def test_broken_details_are_refused(fields: dict[str, Any]) -> None:
    need = make.need()
    with pytest.raises(Error), transaction.atomic():
        Need.objects.filter(pk=need.pk).update(**fields)


def test_broken_endings_and_doubled_drafts_are_refused(now: datetime) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    services.close_need(need_id=need.pk, by=core.actor(firm), now=now)
    listed = make.stock()["weld"]
    for fields in ({"ending": "outside"}, {"ending": "other", "ending_patent_id": listed.pk}):
        with pytest.raises(Error), transaction.atomic():
            Need.objects.filter(pk=need.pk).update(**fields)
    own = {"user": firm.user, "organisation": firm.organisation, "filled": "", "kept_at": now}
    NeedDraft.objects.create(**own)
    with pytest.raises(Error), transaction.atomic():
        NeedDraft.objects.create(**own)
