"""Teams behind a need's matches: one house at a time, nobody who asked not to be shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core.audit.models import AuditEntry
from core.errors import DomainError, Invalid, NotAllowed
from core.people.models import Membership
from core.people.types import Role
from listings.models import InventorSilence, PatentInventors
from listings.rules import inventing
from listings.selectors.ownership.inventing import silences
from listings.services.ownership import inventing as services
from matching.rules.teams import Fit, Person, teams
from matching.selectors.teams import teams_for
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

NOON = make.NOON


def test_who_shares_patents_is_one_team_and_never_across_houses() -> None:
    found = teams(
        [
            Fit(1, 7, 50, ("王伟", "周可")),
            Fit(2, 7, 60, ("周可", "林知远")),
            Fit(3, 8, 90, ("王伟",)),
            Fit(4, 7, 40, ("独行",)),
            Fit(5, 7, 30, ()),
        ]
    )
    assert [(t.holder_id, t.patent_ids) for t in found] == [(7, (2, 1))]
    assert found[0].people == (Person("周可", 2), Person("林知远", 1), Person("王伟", 1))


FITS = st.lists(
    st.builds(
        Fit,
        st.integers(1, 99),
        st.integers(1, 3),
        st.integers(0, 100),
        st.lists(st.sampled_from("甲乙丙丁戊"), max_size=3, unique=True).map(tuple),
    ),
    max_size=12,
    unique_by=lambda fit: fit.patent_id,
)


@given(FITS)
def test_every_team_is_of_one_house_and_no_patent_stands_twice(fits: list[Fit]) -> None:
    house = {fit.patent_id: fit.holder_id for fit in fits}
    found = teams(fits)
    ids = [pk for team in found for pk in team.patent_ids]
    assert len(ids) == len(set(ids))
    assert all(house[pk] == team.holder_id for team in found for pk in team.patent_ids)
    assert teams(fits[::-1]) == found


@pytest.mark.parametrize(
    "text", ["13800138000", "a@b.cn", "王", "林知远 13800138000", "字" * 61, "🔋🔋", "<b>甲乙</b>"]
)
def test_only_names_are_names(text: str) -> None:
    assert inventing.wrong_with(inventing.names_of(text))


def test_names_come_from_any_separator_each_once() -> None:
    assert inventing.names_of("林知远、周可；Anna Müller\n周可,\t") == (
        "林知远", "周可", "Anna Müller",
    )  # fmt: skip
    assert inventing.wrong_with(inventing.names_of("林知远、阿依努尔·买买提、Anna Müller")) == []
    assert inventing.wrong_with(tuple(f"甲乙{chr(0x4E00 + n)}" for n in range(31)))


def house(drain: Callable[[], int]) -> tuple[Membership, Membership, int, list[int]]:
    """A firm, an office with two fitting patents of one inventor, the need, the patents."""
    keeper, firm = core.office(), core.enterprise()
    one = board.listed_patent(keeper, **make.BATTERY)
    two = board.listed_patent(keeper, **make.BATTERY | {"title": "一种电池低温自加热控制装置"})
    need = make.need(firm)
    drain()
    for patent, names in ((one, "林知远、周可"), (two, "林知远")):
        services.name_inventors(patent_id=patent.pk, names=names, by=core.actor(keeper), now=NOON)
    return keeper, firm, need.pk, [one.pk, two.pk]


@pytest.mark.django_db
def test_the_firm_sees_the_team_until_its_head_asks_not_to_be_shown(
    drain: Callable[[], int], client_as: Callable[[Membership], Client]
) -> None:
    keeper, firm, need, patents = house(drain)
    client = client_as(firm)
    page = client.get(f"/needs/{need}/").content.decode()
    assert "背后的团队" in page
    assert "林知远" in page
    answer = client.get(f"/api/v1/needs/{need}/teams/").json()
    assert answer[0]["people"][0] == {"name": "林知远", "patents": 2}
    assert {piece["patent"] for piece in answer[0]["patents"]} == set(patents)
    services.hide_inventor(name="林知远", by=core.actor(keeper), now=NOON)
    assert teams_for(need, viewer=core.actor(firm)) == []
    assert "林知远" not in client.get(f"/needs/{need}/").content.decode()
    assert AuditEntry.objects.filter(event="inventor.hidden").exists()
    services.show_inventor(name="林知远", by=core.actor(keeper), now=NOON)
    assert teams_for(need, viewer=core.actor(firm))
    assert teams_for(need, viewer=core.actor(core.enterprise())) == []


@pytest.mark.django_db
def test_teams_cost_the_same_for_one_patent_and_for_two(drain: Callable[[], int]) -> None:
    _keeper, firm, need, patents = house(drain)
    viewer = core.actor(firm)

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            teams_for(need, viewer=viewer)
        return len(found)

    both = cost()
    PatentInventors.objects.filter(patent_id=patents[0]).delete()
    assert cost() <= both <= 9


@pytest.mark.django_db
def test_an_inventor_hides_themself_and_nobody_else() -> None:
    me = core.inventor()
    own = me.user.display_name
    me.user.display_name = "林知远"
    me.user.save()
    by = core.actor(me)
    assert own != "林知远"
    services.hide_inventor(name="林知远", by=by, now=NOON)
    services.hide_inventor(name="林知远", by=by, now=NOON)
    assert InventorSilence.objects.count() == 1
    for stranger in (by, core.actor(core.enterprise()), core.actor(core.bureau())):
        with pytest.raises(NotAllowed):
            services.hide_inventor(name="周可周", by=stranger, now=NOON)
    office = core.MembershipFactory(role=Role.OFFICE, organisation=me.organisation)
    with pytest.raises(Invalid):
        services.hide_inventor(name=" ", by=core.actor(office), now=NOON)
    services.hide_inventor(name="周可", by=core.actor(office), now=NOON)
    assert [row.name for row in silences(viewer=by)] == ["林知远"]
    assert silences(viewer=core.actor(office)).count() == 2


@pytest.mark.django_db
def test_names_are_the_offices_to_write_and_broken_rows_are_refused() -> None:
    keeper = core.office()
    patent = board.listed_patent(keeper, **make.BATTERY)
    write = {"patent_id": patent.pk, "now": NOON}
    with pytest.raises(DomainError):
        services.name_inventors(names="林知远", by=core.actor(core.office()), **write)
    with pytest.raises(Invalid):
        services.name_inventors(names="13800138000", by=core.actor(keeper), **write)
    services.name_inventors(names="林知远", by=core.actor(keeper), **write)
    row = PatentInventors.objects.get()
    with pytest.raises(Error), transaction.atomic():
        PatentInventors.objects.filter(pk=row.pk).update(names=[])
    silence = {"organisation": keeper.organisation, "asked_at": NOON, "asked_by": "user:1"}
    for fields in ({"name": ""}, {"name": "甲乙", "lifted_at": NOON}):
        with pytest.raises(Error), transaction.atomic():
            InventorSilence.objects.create(**silence, **fields)
    InventorSilence.objects.create(**silence, name="甲乙")
    with pytest.raises(Error), transaction.atomic():
        InventorSilence.objects.create(**silence, name="甲乙")
    services.name_inventors(names="", by=core.actor(keeper), **write)
    assert not PatentInventors.objects.exists()
