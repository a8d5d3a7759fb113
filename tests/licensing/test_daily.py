"""The daily task: every step is done, whatever becomes of one."""

from __future__ import annotations

from datetime import datetime

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from licensing import tasks


def test_every_step_is_one_of_its_own() -> None:
    assert len(set(tasks.STEPS)) == len(tasks.STEPS)
    at = {step.__name__: place for place, step in enumerate(tasks.STEPS)}
    assert at["tell_of_clearing"] < at["clear_old_talks"]


def test_a_step_that_fails_holds_up_none_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[datetime] = []

    def breaks(*, now: datetime) -> None:
        raise ZeroDivisionError(now)

    def works(*, now: datetime) -> None:
        done.append(now)

    monkeypatch.setattr(tasks, "STEPS", (works, breaks, works, breaks, works))
    with pytest.raises(ExceptionGroup) as told:
        tasks.daily()
    assert [type(problem) for problem in told.value.exceptions] == [ZeroDivisionError] * 2
    assert len(done) == 3
    assert len(set(done)) == 1


def test_it_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[datetime] = []

    def breaks(*, now: datetime) -> None:
        raise SoftTimeLimitExceeded

    def works(*, now: datetime) -> None:
        done.append(now)

    monkeypatch.setattr(tasks, "STEPS", (breaks, works))
    with pytest.raises(SoftTimeLimitExceeded):
        tasks.daily()
    assert not done
