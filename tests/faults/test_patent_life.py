"""A whole life of a patent, in any order, beside a model that knows nothing of our code.

Every act goes through the service that people use. Either it goes through and the model says that
it may, or it is refused in words and the model says that it may not; after each, what the database
holds is what the model holds. Longer, with what was done how often:

    LIFE_RUNS=60 LIFE_STEPS=50 python3 manage.py test tests/faults -s
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from licensing.rules.fees import FeeMode
from tests.faults.binding import Binding
from tests.faults.machine import Machine
from tests.faults.offering import Offering
from tests.faults.world import world

RUNS, STEPS = int(os.environ.get("LIFE_RUNS", "7")), int(os.environ.get("LIFE_STEPS", "24"))
PICK, DARING = st.integers(0, 23), st.integers(0, 3)


class PatentLife(Offering, Binding):
    """Groups of acts, so that a short run meets all of them."""

    @initialize(stage=st.integers(0, 3))
    def begin(self, stage: int) -> None:
        """Some lives are watched from their middle on."""
        if stage > 0:
            self.draft()
            self.publish()
        if stage > 1:
            self.draft_declaration(FeeMode.FIXED if stage == 2 else FeeMode.FREE)
            self.declare()
            self.take(0)

    @rule(pick=PICK, daring=DARING)
    def offer(self, pick: int, daring: int) -> None:
        self.choose(self.offers(), pick, daring)

    @rule(pick=PICK, daring=DARING)
    def open_licence(self, pick: int, daring: int) -> None:
        self.choose(self.declarations(), pick, daring)

    @rule(pick=PICK, daring=DARING)
    def taking(self, pick: int, daring: int) -> None:
        self.choose(self.takings(pick), pick, daring)

    @rule(pick=PICK, daring=DARING)
    def agreement(self, pick: int, daring: int) -> None:
        self.choose(self.agreements(pick), pick // 4, daring)

    @rule(pick=PICK, daring=DARING)
    def pledge_contract(self, pick: int, daring: int) -> None:
        self.choose(self.pledging(pick), pick, daring)

    @rule(pick=PICK)
    def gazette(self, pick: int) -> None:
        self.choose(self.register(), pick, 1)

    @rule(days=st.sampled_from([1, 20, 100, 400]))
    def wait(self, days: int) -> None:
        self.days(days)

    @rule()
    def annuity(self) -> None:
        self.pay_annuity()

    @rule(end=st.sampled_from(["expire", "annul", "give up"]), sure=st.integers(0, 3))
    @precondition(lambda self: self.numbers > 6 and self.life.status in ("granted", "lapsed"))
    def end(self, end: str, sure: int) -> None:
        if sure == 0 and not (end == "give up" and self.life.lapsed):
            self.end_of_life(end)


@pytest.mark.django_db
def test_a_patents_life_agrees_with_the_model() -> None:
    Machine.shared = world()
    Machine.shared.hear()
    Machine.done.clear()
    run(
        PatentLife,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            derandomize="LIFE_RUNS" not in os.environ,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    if "LIFE_RUNS" in os.environ:
        for (name, may), times in sorted(Machine.done.items()):
            print(f"{name:>26} {'done' if may else 'refused':>8} {times:>6}")
    assert sum(may for _, may in Machine.done) >= 10  # many kinds of acts did go through
