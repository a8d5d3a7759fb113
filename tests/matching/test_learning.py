"""Learning from ratings: when it is refused, shadow, taking over, giving up, going back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.audit.models import AuditEntry
from core.errors import Conflict, NotAllowed
from core.notices.models import Notice
from core.people.types import Actor
from matching import services
from matching.models import (
    Calibration,
    EngineVersion,
    Judgement,
    LearningAttempt,
    Match,
    Run,
)
from matching.rules import learning as rules
from matching.selectors import learning as asked
from matching.services import learning
from matching.types import Verdict
from tests.factories import core
from tests.factories import learning as make
from tests.factories import matching as demand
from tests.factories.matching import NOON

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
LATER = NOON + make.WEEK


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits small enough for a test."""
    monkeypatch.setattr(rules, "LEAST_RATINGS", 60)
    monkeypatch.setattr(rules, "LEAST_FIRMS", 10)
    monkeypatch.setattr(rules, "SHADOW_RECEIVERS", 8)
    monkeypatch.setattr(rules, "LEAST_CALIBRATED", 60)
    monkeypatch.setattr(rules, "LEAST_CALIBRATED_FIRMS", 10)


def test_too_few_ratings_change_nothing_and_say_so() -> None:
    live = services.active_engine(now=NOON)
    row = learning.learn(by=SYSTEM, now=NOON)
    assert (row.outcome, row.ratings, row.firms, row.version) == ("too_few", 0, 0, None)
    assert EngineVersion.objects.get(is_active=True) == live
    assert not rules.enough(499, 50)
    assert not rules.enough(500, 49)
    assert rules.enough(500, 50)


def test_a_stranger_may_not_touch_versions() -> None:
    trial = make.trial()
    by = core.actor(core.office())
    assert trial.version_id is not None
    for command in (learning.put_in_force, learning.reject_trial, learning.put_back):
        with pytest.raises(NotAllowed):
            command(version_id=trial.version_id, by=by, now=NOON)
    with pytest.raises(NotAllowed):
        learning.learn(by=by, now=NOON)
    trial.refresh_from_db()
    assert trial.outcome == "shadow"


@pytest.mark.usefixtures("few")
def test_what_firms_like_becomes_a_version_in_shadow() -> None:
    admin = core.sysadmin()
    live = services.active_engine(now=NOON)
    make.ratings(make.firms(12), make.patents(8))
    row = learning.learn(by=SYSTEM, now=NOON)
    assert row.outcome == "shadow"
    assert row.version is not None
    assert row.version.weights["topic"] > live.weights["topic"] + 5
    assert sum(row.version.weights[name] for name in rules.LEARNED) <= 92
    assert row.report["held_out"]["low"] > 0
    assert EngineVersion.objects.get(is_active=True) == live  # nobody sees anything of it
    assert Notice.objects.filter(user_id=admin.user_id, kind="engine.progress").count() == 1
    assert AuditEntry.objects.filter(event="engine.learned").count() == 1


@pytest.mark.usefixtures("few")
def test_a_shadow_that_does_better_on_new_ratings_takes_over() -> None:
    firms, patents = make.firms(12), make.patents(12)
    make.ratings(firms, patents[:8])
    first = learning.learn(by=SYSTEM, now=NOON)
    assert learning.learn(by=SYSTEM, now=NOON).pk == first.pk  # no new ratings: still on trial
    assert asked.shadow() == first
    make.ratings(firms, patents[8:], at=LATER, seed=1)
    row = learning.learn(by=SYSTEM, now=LATER)
    assert (row.pk, row.outcome) == (first.pk, "in_force")
    assert row.report["shadow"]["receivers"] == 12
    assert EngineVersion.objects.get(is_active=True).pk == row.version_id
    assert Run.objects.filter(scope="full").exists()  # every list is ranked by it


@pytest.mark.usefixtures("few")
def test_a_shadow_that_does_worse_is_given_up() -> None:
    live = services.active_engine(now=NOON)
    trial = make.trial()
    make.ratings(make.firms(12), make.patents(8), liking="lexical", at=LATER)
    row = learning.learn(by=SYSTEM, now=LATER)
    assert (row.pk, row.outcome) == (trial.pk, "rejected")
    assert EngineVersion.objects.get(is_active=True) == live


@pytest.mark.usefixtures("few")
def test_noise_leaves_the_weights() -> None:
    firms, patents = make.firms(10), make.patents(6)
    make.ratings(firms, patents)
    for row in Judgement.objects.all():  # the liking has nothing to do with any signal
        row.values = {"lexical": 0.5}
        row.save(update_fields=["values"])
    assert learning.learn(by=SYSTEM, now=NOON).outcome == "no_gain"


def test_an_operator_decides_once() -> None:
    admin = core.actor(core.sysadmin())
    row = make.trial()
    assert row.version_id is not None
    learning.put_in_force(version_id=row.version_id, by=admin, now=NOON)
    with pytest.raises(Conflict):
        learning.reject_trial(version_id=row.version_id, by=admin, now=NOON)
    assert AuditEntry.objects.filter(event="engine.in_force").count() == 1


def test_going_back_and_what_cannot_be_gone_back_to() -> None:
    admin = core.actor(core.sysadmin())
    first = services.active_engine(now=NOON)
    row = make.trial()
    assert row.version_id is not None
    with pytest.raises(Conflict):  # never in force
        learning.put_back(version_id=row.version_id, by=admin, now=NOON)
    learning.put_in_force(version_id=row.version_id, by=admin, now=NOON)
    with pytest.raises(Conflict):  # in force now
        learning.put_back(version_id=row.version_id, by=admin, now=NOON)
    assert learning.put_back(version_id=first.pk, by=admin, now=NOON).is_active
    assert EngineVersion.objects.filter(is_active=True).count() == 1
    learning.put_back(version_id=row.version_id, by=admin, now=NOON)  # and forth again


def test_a_first_rating_keeps_what_the_engine_had_said(drain: Callable[[], int]) -> None:
    firm = core.enterprise()
    match = demand.match(drain, firm)
    by = core.actor(firm)
    services.rate_match(match_id=match.pk, verdict=Verdict(interested=True), by=by, now=NOON)
    row = Judgement.objects.get()
    assert (row.demand_key, row.place, row.ticks) == (match.demand.key, 1, match.ticks)
    assert row.values["lexical"] > 0
    assert row.industry == "38"
    drain()
    again = Match.objects.get(need=match.need, patent=match.patent)
    verdict = Verdict(interested=True, prospect=2)
    services.rate_match(match_id=again.pk, verdict=verdict, by=by, now=LATER)
    row.refresh_from_db()
    assert (Judgement.objects.count(), row.ticks) == (1, match.ticks)
    (told,) = asked.rated()
    assert (told.gain, told.useful, told.weight) == (1.0, False, 1.0)


@pytest.mark.parametrize(
    ("prospect", "contacted", "deal", "gain", "useful"),
    [
        (1, False, False, 0.0, False),
        (3, False, False, 2.0, False),
        (4, False, False, 3.0, True),
        (1, True, False, 3.0, True),
        (5, True, False, 4.0, True),
        (1, False, True, 4.0, True),
    ],
)
def test_what_a_rating_is_worth(
    prospect: int, contacted: bool, deal: bool, gain: float, useful: bool
) -> None:
    assert rules.gain(prospect, contacted=contacted, deal=deal) == gain
    assert rules.useful(prospect, contacted=contacted, deal=deal) is useful


@pytest.mark.usefixtures("few")
def test_a_score_says_how_many_of_ten_only_where_data_tell(
    drain: Callable[[], int], client: Any
) -> None:
    firm = core.enterprise()
    match = demand.match(drain, firm)
    viewer = core.actor(firm)
    assert asked.useful_of_ten(match.pk, viewer=viewer) is None
    version = EngineVersion.objects.get(is_active=True)
    make.ratings(make.firms(20), make.patents(8), version=version)
    found = learning.calibrate(version, now=NOON)
    assert [one.industry for one in found] == ["", "38"]
    assert all(one.holds for one in found)
    ten = asked.useful_of_ten(match.pk, viewer=viewer)
    assert ten is not None
    assert 0 <= ten <= 10
    client.force_login(firm.user)
    page = client.get(f"/matches/{match.pk}/").content.decode()
    assert f"每 10 条约有 {ten} 条被评为有用" in page
    Calibration.objects.update(holds=False)
    assert "每 10 条约有" not in client.get(f"/matches/{match.pk}/").content.decode()


def test_scores_are_points_and_never_chances(client: Any, drain: Callable[[], int]) -> None:
    firm = core.enterprise()
    match = demand.match(drain, firm)
    client.force_login(firm.user)
    for url in ("/", "/matches/", f"/matches/{match.pk}/", f"/needs/{match.need_id}/matches/"):
        page = client.get(url).content.decode()
        score = round(match.ticks / 10_000)
        assert f"{score}%" not in page
        assert "概率" not in page
        assert "可能性" not in page


def test_pages_show_versions_and_the_trial(client: Any) -> None:
    admin = core.sysadmin()
    row = make.trial()
    client.force_login(admin.user)
    assert f"v{row.version_id}" in client.get("/matching/engines/").content.decode()
    page = client.get(f"/matching/engines/{row.version_id}/").content.decode()
    assert "影子评估中" in page
    assert "0.740" in page
    answer = client.post(f"/matching/engines/{row.version_id}/force/", follow=True)
    assert "已投入使用" in answer.content.decode()
    answer = client.post("/matching/engines/learn/", follow=True)
    assert "500" in answer.content.decode()
    assert client.get("/matching/engines/999999999/").status_code == 404
    assert client.post(f"/matching/engines/{row.version_id}/blow-up/").status_code == 404


def test_lists_cost_the_same_for_one_version_as_for_ten(
    client: Any, django_assert_max_num_queries: Any
) -> None:
    admin = core.sysadmin()
    client.force_login(admin.user)
    make.trial()
    client.get("/matching/engines/")
    with django_assert_max_num_queries(60) as one:
        client.get("/matching/engines/")
    for _ in range(8):
        make.trial()
    with django_assert_max_num_queries(len(one)):
        client.get("/matching/engines/")


def broken(**changes: Any) -> dict[str, Any]:
    facts = {"outcome": "too_few", "ratings": 1, "firms": 1, "made_at": NOON, "made_by": "system"}
    return facts | changes


@pytest.mark.parametrize(
    "row",
    [broken(outcome="perhaps"), broken(outcome="shadow"), broken(decided_at=NOON)],
)
def test_broken_attempts_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LearningAttempt.objects.create(**row)


def test_broken_judgements_and_curves_are_refused() -> None:
    make.ratings(make.firms(1), make.patents(1))
    for change in ({"place": 0}, {"ticks": 1_000_001}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Judgement.objects.update(**change)
    version = services.active_engine(now=NOON)
    facts: dict[str, Any] = {
        "engine": version, "steps": [], "checks": [], "ratings": 1, "firms": 1, "holds": True,
        "fitted_at": NOON,
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Calibration.objects.create(error=2.0, **facts)
    Calibration.objects.create(error=0.1, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Calibration.objects.create(error=0.1, **facts)
