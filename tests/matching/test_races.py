"""Rivals: two runs, two raters, two pushers at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from core.errors import DomainError
from core.notices.models import Notice
from core.people.types import Actor
from matching import rules, services
from matching.models import Evaluation, Lead, Match, MatchOptOut, Push, PushDelivery, Run
from matching.selectors import arena
from matching.services.pushing import Candidate, push
from matching.types import Demand, DemandKind, RunState, Verdict
from tests.factories import core
from tests.factories import matching as make

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system()


@pytest.fixture(autouse=True)
def _clean_arena(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rules, "PUSH_FLOOR", 20.0)
    arena.forget()
    yield
    arena.forget()


def together(*commands: Callable[[], object]) -> list[str]:
    """Run all at once on connections of their own; "done" or the refusal's code, in order."""
    start = Barrier(len(commands))

    def run(command: Callable[[], object]) -> str:
        try:
            start.wait(10)
            command()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))


def test_one_waiting_run_started_twice_runs_once() -> None:
    make.stock()
    need = make.need()
    run_id = services.note(items=[("need", need.pk)], by=SYSTEM, now=make.NOON)
    start = [lambda: services.run_incremental(run_id=run_id, now=make.NOON)] * 3
    assert together(*start) == ["done"] * 3
    run = Run.objects.get(pk=run_id)
    assert (run.state, run.pulse) == (RunState.FINISHED, 1)
    assert Push.objects.count() == 1


def test_runs_at_once_leave_the_same_lists_as_one_after_the_other() -> None:
    patents = make.stock()
    needs = [make.need(), make.need(data=make.FLUORIDE), make.need()]
    together(
        *[
            lambda pk=need.pk: services.run_for_demand(
                kind=DemandKind.NEED, demand_id=pk, by=SYSTEM, now=make.NOON
            )
            for need in needs
        ],
        *[
            lambda pk=patent.pk: services.run_for_patent(patent_id=pk, by=SYSTEM, now=make.NOON)
            for patent in patents.values()
        ],
    )
    at_once = sorted(Match.objects.values_list("need_id", "patent_id", "ticks"))
    pulses = list(Run.objects.order_by("pulse").values_list("pulse", flat=True))
    assert pulses == list(range(1, len(pulses) + 1))
    services.run_everything(by=SYSTEM, now=make.NOON)
    assert sorted(Match.objects.values_list("need_id", "patent_id", "ticks")) == at_once
    assert at_once


def test_two_colleagues_rating_at_once_leave_one_evaluation() -> None:
    firm = core.enterprise()
    colleague = core.MembershipFactory(organisation=firm.organisation)
    patents, need = make.stock(), make.need(firm)
    services.run_for_demand(kind=DemandKind.NEED, demand_id=need.pk, by=SYSTEM, now=make.NOON)
    match = Match.objects.get(need=need, patent=patents["battery"])
    PushDelivery.objects.all().delete()
    Push.objects.all().delete()
    Lead.objects.all().delete()
    said = [(core.actor(firm), Verdict(True)), (core.actor(colleague), Verdict(False))]
    answers = together(
        *[
            lambda by=by, verdict=verdict: services.rate_match(
                match_id=match.pk, verdict=verdict, by=by, now=make.NOON
            )
            for by, verdict in said
        ]
    )
    assert answers == ["done", "done"]
    assert Evaluation.objects.count() == 1
    assert Lead.objects.count() == 1


def test_two_colleagues_opting_out_at_once_leave_one_row() -> None:
    firm = core.enterprise()
    patents, need = make.stock(), make.need(firm)
    services.run_for_demand(kind=DemandKind.NEED, demand_id=need.pk, by=SYSTEM, now=make.NOON)
    match = Match.objects.get(need=need, patent=patents["battery"])
    by = core.actor(firm)
    out = [lambda: services.opt_out(match_id=match.pk, by=by, now=make.NOON)] * 3
    assert together(*out) == ["done"] * 3
    assert MatchOptOut.objects.count() == 1


def test_pushers_at_once_push_once() -> None:
    firm = core.enterprise()
    patents, need = make.stock(), make.need(firm)
    best = [
        Candidate(
            firm.organisation_id, patents["battery"].pk, 900_000, Demand(DemandKind.NEED, need.pk)
        )
    ]
    assert together(*[lambda: push(best, now=make.NOON)] * 4) == ["done"] * 4
    assert Push.objects.count() == 1
    assert Notice.objects.filter(user=firm.user, kind="match.pushed").count() == 1
