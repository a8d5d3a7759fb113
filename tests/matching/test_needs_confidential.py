"""A confidential need leaks nowhere: pages, search, filters, API, home, sitemap, other rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.errors import Invalid
from core.people.models import Membership
from core.people.types import Actor
from matching import selectors, services
from matching.models import Match, Need
from matching.rules import needs as rules
from matching.selectors import gatherings
from matching.types import Metric, NeedInput, Verdict, Visibility
from tests.factories import core
from tests.factories import gatherings as events
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
Api = Callable[[Membership | None], APIClient]
FIRM = "北辰秘密储能公司"

SECRET = replace(
    make.COLD,
    title="甲子秘名：储能柜升温",
    problem="乙丑秘题：" + make.COLD.problem,
    situation="丙寅秘境",
    targets="丁卯秘标",
    tried="戊辰秘试",
    limits="己巳秘限",
    metrics=(Metric("庚午秘项", "77123"),),
    budget=Decimal("76543210"),
    deadline=date(2027, 3, 17),
    ipc=("H01M 10/615",),
    region="150100",
    is_confidential=True,
    released=(),
)
MARKS = (
    "甲子秘名", "乙丑秘题", "丙寅秘境", "丁卯秘标", "戊辰秘试", "己巳秘限", "庚午秘项", "77123",
    "7654", "2027-03-17", "10/615", "呼和浩特", FIRM,
)  # fmt: skip


def secret(*released: str, **more: object) -> Need:
    firm = core.enterprise(name=FIRM, industry_codes=["3841"])
    return make.need(firm, replace(SECRET, released=released, **more))


def pages(client: Client, need: Need) -> dict[str, str]:
    asked = (
        "/", "/needs/", f"/needs/{need.pk}/", "/needs/?q=储能", "/needs/?q=乙丑", "/sitemap.xml",
        "/needs/?industry=38", "/needs/?region=15", "/api/v1/needs/", f"/api/v1/needs/{need.pk}/",
        "/api/v1/needs/?q=丁卯", "/api/v1/needs/?region=15",
    )  # fmt: skip
    found = {}
    for url in asked:
        body = client.get(url).content.decode()
        found[url] = body.encode().decode("unicode_escape", "ignore") if "\\u" in body else body
    return found


@pytest.mark.parametrize("who", ["anonymous", "enterprise", "office", "bureau"])
def test_nothing_withheld_reaches_others(client_as: As, who: str) -> None:
    need = secret()
    client = Client() if who == "anonymous" else client_as(getattr(core, who)())
    for url, body in pages(client, need).items():
        assert [mark for mark in MARKS if mark in body] == [], url


def test_withheld_fields_do_not_narrow_count_or_search() -> None:
    need = secret()
    viewer = core.actor(core.enterprise())
    ask = selectors.NeedQuery
    for query in (ask(text="甲子"), ask(text="丁卯"), ask(industry="38"), ask(region="15")):
        assert list(selectors.board(viewer=viewer, query=query)) == []
    facets = selectors.facets(viewer=viewer, query=ask())
    assert (facets["industry"], facets["region"]) == ([], [])
    assert [row.pk for row in selectors.board(viewer=viewer, query=ask())] == [need.pk]
    assert selectors.needs_for(make.BATTERY["title"], viewer=viewer) == []
    owner = Actor(user_id=1, organisation_id=need.organisation_id)
    assert list(selectors.board(viewer=owner, query=ask(text="甲子"))) == [need]


@pytest.mark.parametrize("name", rules.FIELDS)
def test_each_field_is_released_alone(name: str) -> None:
    need = secret(name)
    shown = selectors.face(need, viewer=core.actor(core.office()))
    assert shown.firm == ""
    assert shown.organisation_id is None
    assert set(rules.FIELDS) - shown.withheld == {name}
    for other in rules.FIELDS:
        value = getattr(shown, other)
        if other == name:
            assert value == (
                tuple(need.industry_codes) if name == "industry_codes"
                else tuple(getattr(need, name)) if name in {"ipc", "licence_modes"}
                else getattr(need, name)
            )  # fmt: skip
        elif other != "title":
            assert not value


def test_api_names_what_is_withheld(api_as: Api) -> None:
    need = secret("title", "region")
    body = api_as(core.enterprise()).get(f"/api/v1/needs/{need.pk}/").json()
    assert (body["organisation"], body["title"]) == (None, SECRET.title)
    assert (body["region"], body["budget"], body["metrics"]) == ("150100", None, [])
    assert "budget" in body["withheld"]


def test_its_name_is_told_to_a_holder_once_the_firm_made_contact(
    now: object, drain: Callable[[], int]
) -> None:
    keeper, other = core.office(), core.office()
    make.stock(keeper)
    need = secret("title")
    drain()
    match = Match.objects.get(need=need, patent__title=make.BATTERY["title"])
    assert selectors.face(need, viewer=core.actor(keeper)).firm == ""
    services.rate_match(
        match_id=match.pk,
        verdict=Verdict(interested=True, cooperation="想谈谈"),
        by=Actor(
            user_id=core.UserFactory().pk,
            organisation_id=need.organisation_id,
            roles=core.actor(core.enterprise()).roles,
        ),
        now=make.NOON,
    )
    shown = selectors.face(need, viewer=core.actor(keeper))
    assert (shown.firm, shown.problem) == (FIRM, "")
    assert selectors.face(need, viewer=core.actor(other)).firm == ""


def test_overseers_count_it_and_learn_nothing_else() -> None:
    need = secret(region="310115", visibility=Visibility.PUBLIC)
    assert selectors.need_count("31") == 1
    (row,) = selectors.need_rows("31")
    assert (row.id, row.title, row.organisation_id) == (need.pk, "", None)


def test_faces_cost_the_same_for_one_and_for_ten(
    django_assert_num_queries: Callable[[int], object],
) -> None:
    viewer = core.actor(core.office())
    for _ in range(5):
        secret("title")
        make.need()
    confidential = Need.objects.filter(is_confidential=True)
    for rows in (list(confidential[:1]), list(Need.objects.all())):
        with django_assert_num_queries(2):  # type: ignore[attr-defined]
            selectors.faces(rows, viewer=viewer)


def test_confidential_needs_are_matched_like_others(drain: Callable[[], int]) -> None:
    make.stock()
    need = secret()
    drain()
    assert need.matches.exists()
    assert NeedInput(title="x").is_confidential is False


def test_events_show_no_confidential_need_and_none_that_becomes_one(now: datetime) -> None:
    keeper = core.office()
    with pytest.raises(Invalid):
        events.draft(keeper, needs=(secret("title").pk,))
    firm = core.enterprise(name=FIRM)
    need = make.need(firm)
    event = events.published(keeper, needs=(need.pk,))
    services.edit_need(
        need_id=need.pk,
        data=replace(make.COLD, is_confidential=True),
        version=need.version,
        by=core.actor(firm),
        now=now,
    )
    (item,) = gatherings.items(event, viewer=core.actor(core.office()))
    assert (item.owner, make.COLD.title in item.title) == ("", False)
