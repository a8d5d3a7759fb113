"""Screenings, layers set by hand, rules of a region: who may, what follows, who hears."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership
from core.people.types import Actor, Role
from listings.models import LayerMove, LayerOverride, LayerRule, Patent, Screening
from listings.rules.potential import WEIGHTS
from listings.selectors.layers import potential as selectors
from listings.services.layers import layering, scoring
from listings.types import Layer
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
MARKS = {"technology": 5, "product": 5, "market": 5, "resources": 5}
UNTIL = NOON.date() + timedelta(days=60)


@pytest.fixture
def keeper() -> Membership:
    return core.office(region="310115")


def colleague(keeper: Membership) -> Membership:
    return core.MembershipFactory(organisation=keeper.organisation, role=Role.OFFICE)


def screen(patent: Patent, by: Actor, **fields: Any) -> int:
    return layering.screen(patent_id=patent.pk, marks=MARKS, by=by, now=NOON, **fields)


def override(patent: Patent, by: Actor, **fields: Any) -> int:
    given: dict[str, Any] = {"layer": "A", "reason": "市重点项目", "until": UNTIL} | fields
    return layering.override_layer(patent_id=patent.pk, by=by, now=NOON, **given)


def events() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("event", flat=True))


def test_a_screening_counts_at_once_and_every_one_is_kept(keeper: Membership) -> None:
    patent, by = make.listed_patent(keeper), core.actor(keeper)
    before = selectors.potential_of(patent.pk, viewer=by).score
    screen(patent, by, note="样机已在产线试用", family_size=5, cited_by=3)
    found = selectors.potential_of(patent.pk, viewer=by)
    assert before is not None
    assert found.score is not None
    assert found.score > before
    assert found.score == sum(part.points for part in found.parts)
    assert (found.family_size, found.cited_by) == (5, 3)
    assert found.screening is not None
    assert found.screening.screened_name == by.name
    screen(patent, by)
    assert Screening.objects.count() == 2
    assert selectors.potential_of(patent.pk, viewer=by).family_size == 5
    assert events().count("patent.screened") == 2


def test_marks_outside_the_scale_are_named(keeper: Membership) -> None:
    patent, by = make.patent(keeper), core.actor(keeper)
    with pytest.raises(Invalid) as refusal:
        layering.screen(
            patent_id=patent.pk, marks=MARKS | {"market": 6}, family_size=0, by=by, now=NOON
        )
    assert set(refusal.value.fields) == {"market", "family_size"}
    assert not Screening.objects.exists()


def test_a_layer_by_hand_holds_is_marked_and_ends(keeper: Membership) -> None:
    patent, by = make.patent(keeper), core.actor(keeper)
    reader = colleague(keeper)
    override(patent, by)
    patent.refresh_from_db()
    assert (patent.layer, patent.layer_by_hand) == (Layer.A, True)
    assert [n.user_id for n in Notice.objects.all()] == [reader.user_id]
    scoring.rescore([patent.pk])
    scoring.score_due(now=NOON)
    patent.refresh_from_db()
    assert patent.layer == Layer.A, "the score does not undo what a person said"
    assert layering.end_overrides(now=NOON + timedelta(days=60)) == 0
    assert layering.end_overrides(now=NOON + timedelta(days=61)) == 1
    assert layering.end_overrides(now=NOON + timedelta(days=61)) == 0
    patent.refresh_from_db()
    assert (patent.layer, patent.layer_by_hand) == (Layer.C, False)
    moves = [(m.target, m.by_hand) for m in LayerMove.objects.order_by("pk")]
    assert moves == [("A", True), ("C", False)]
    assert Notice.objects.filter(user=by.user_id).count() == 1, "the end is told to all"


def test_revoking_lets_the_score_decide_once(keeper: Membership) -> None:
    patent, by = make.patent(keeper), core.actor(keeper)
    override(patent, by)
    override(patent, by, layer="B", reason="改列培育")
    assert LayerOverride.objects.filter(ended_at__isnull=True).count() == 1
    layering.revoke_override(patent_id=patent.pk, by=by, now=NOON)
    patent.refresh_from_db()
    assert (patent.layer, patent.layer_by_hand) == (Layer.C, False)
    with pytest.raises(Conflict):
        layering.revoke_override(patent_id=patent.pk, by=by, now=NOON)


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"layer": "D"}, "layer"),
        ({"reason": " 好 "}, "reason"),
        ({"until": NOON.date() - timedelta(days=1)}, "until"),
        ({"until": None}, "until"),
        ({"until": date(2099, 1, 1)}, "until"),
    ],
)
def test_an_override_must_say_what_why_and_until_when(
    keeper: Membership, fields: dict[str, Any], at: str
) -> None:
    patent = make.patent(keeper)
    with pytest.raises(Invalid) as refusal:
        override(patent, core.actor(keeper), **fields)
    assert set(refusal.value.fields) == {at}


def test_no_hand_lifts_what_is_not_in_force(keeper: Membership) -> None:
    pending = make.patent(keeper, granted_on=None)
    with pytest.raises(Conflict):
        override(pending, core.actor(keeper))


@pytest.mark.parametrize(
    "command",
    [
        lambda p, by: screen(p, by),
        lambda p, by: override(p, by),
        lambda p, by: layering.revoke_override(patent_id=p.pk, by=by, now=NOON),
    ],
)
def test_strangers_are_refused_and_change_nothing(
    keeper: Membership, command: Callable[[Patent, Actor], Any]
) -> None:
    patent = make.listed_patent(keeper)
    before = events()
    for stranger in (core.office(), core.enterprise(), core.bureau("31"), core.auditor()):
        with pytest.raises((NotAllowed, Missing)):
            command(patent, core.actor(stranger))
    assert events() == before


def test_the_score_is_for_its_keepers_their_bureau_and_auditors(keeper: Membership) -> None:
    patent = make.listed_patent(keeper)
    for reader in (keeper, core.bureau("31"), core.auditor()):
        assert selectors.potential_of(patent.pk, viewer=core.actor(reader)).parts
    for stranger in (core.office(), core.enterprise(), core.bureau("32")):
        with pytest.raises(Missing):
            selectors.potential_of(patent.pk, viewer=core.actor(stranger))


def rule(by: Actor, **fields: Any) -> int:
    given: dict[str, Any] = {
        "region": "31",
        "valid_from": NOON.date(),
        "weights": WEIGHTS,
        "a_from": 70,
        "b_from": 40,
        "neutral": 40,
        "evidence": 50,
        "reason": "沪知局〔2026〕1 号",
    } | fields
    return layering.set_rule(by=by, now=NOON, **given)


def test_a_bureau_sets_the_rule_of_its_region_and_no_other(keeper: Membership) -> None:
    bureau = core.actor(core.bureau("31"))
    patent = make.patent(keeper)
    rule(bureau)
    scoring.apply_rules(now=NOON)
    assert scoring.score_due(now=NOON) == 1
    patent.refresh_from_db()
    assert patent.layer == Layer.B
    in_force = selectors.rule_in_force("310115", on=NOON.date())
    assert (in_force.b_from, in_force.region) == (40, "31")
    with pytest.raises(Conflict):
        rule(bureau)
    for stranger in (core.bureau("32"), core.office(), core.enterprise(), core.auditor()):
        with pytest.raises(NotAllowed):
            rule(core.actor(stranger), valid_from=UNTIL)
    rule(core.actor(core.sysadmin()), region="", valid_from=UNTIL)
    assert LayerRule.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"weights": WEIGHTS | {"life": 20}}, "weights"),
        ({"b_from": 70}, "a_from"),
        ({"valid_from": NOON.date() - timedelta(days=1)}, "valid_from"),
        ({"reason": ""}, "reason"),
        ({"region": "311"}, "region"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(DomainError) as refusal:
        rule(core.actor(core.bureau("31")), **fields)
    assert at in getattr(refusal.value, "fields", {at: ""})
    assert not LayerRule.objects.exists()


def test_the_page_shows_parts_and_takes_marks_and_a_layer(
    keeper: Membership, client_as: Callable[[Membership], Client]
) -> None:
    patent, client = make.listed_patent(keeper), client_as(keeper)
    page = f"/library/patents/{patent.pk}/"
    assert "产业化潜力" in client.get(page).content.decode()
    assert client.post(f"{page}screening/", {"technology": "9"}).status_code == 422
    assert client.post(f"{page}screening/", MARKS).status_code == 302
    today = date.today()
    bad = {"layer": "A", "until": "去年", "reason": "市重点项目"}
    assert client.post(f"{page}layer/", bad).status_code == 422
    good = bad | {"until": (today + timedelta(days=9)).isoformat()}
    assert client.post(f"{page}layer/", good).status_code == 302
    shown = client.get(page).content.decode()
    assert "人工分层" in shown
    assert "市重点项目" in shown
    assert "（人工）" in client.get("/library/").content.decode()
    assert client.post(f"{page}layer/revoke/").status_code == 302
    assert client.post(f"{page}layer/revoke/").status_code == 409
