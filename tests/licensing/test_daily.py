"""The daily task: every step is done, whatever becomes of one."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from core.audit.models import AuditEntry
from core.notices.models import Notice
from licensing import services, tasks
from licensing.models import Document
from licensing.services import letters
from tests.factories.disputes import Quarrel
from tests.factories.licensing import NOON


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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("days", [5, 12])
def test_two_runs_at_once_write_one_letter(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the sum is due the payment notice, after it the reminder; neither run breaks."""
    quarrel, now = Quarrel(), NOON + timedelta(days=days)
    issue, rivals = letters.issue, iter([1])

    def slowly(*args: Any, **known: Any) -> Document:
        if next(rivals, 0):  # the other run is through before this one writes
            (rival := threading.Thread(target=beside)).start()
            rival.join()
        return issue(*args, **known)

    def beside() -> None:
        services.remind_of_dues(now=now)
        connection.close()

    monkeypatch.setattr(letters, "issue", slowly)
    assert services.remind_of_dues(now=now) == 1
    assert Document.objects.filter(due=quarrel.due).count() == 1
    assert AuditEntry.objects.filter(event="licence.dunned").count() == (days > 10)
    [told] = {n.key for n in Notice.objects.filter(key__startswith="licence-due:")}
    assert Notice.objects.filter(key=told, user=quarrel.firm_member.user).count() == 1
