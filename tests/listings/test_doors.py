"""The doors of the ground floor: tasks by the clock, and admin windows that only look."""

from __future__ import annotations

from datetime import date

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import RequestFactory

from listings import tasks
from listings.models import Patent
from listings.types import PatentStatus
from tests.factories import listings as make

ROOM = [model for model in admin.site._registry if model._meta.app_label == "listings"]


@pytest.mark.django_db
def test_the_sweeps_find_what_the_clock_changed_and_what_lost_its_nudge() -> None:
    old = make.patent(filed_on=date(1999, 1, 1), number="99100001", granted_on=date(2001, 1, 1))
    assert old.status == PatentStatus.EXPIRED
    Patent.objects.filter(pk=old.pk).update(status=PatentStatus.GRANTED)
    tasks.refresh_standing()
    tasks.index_stale()
    old.refresh_from_db()
    assert old.status == PatentStatus.EXPIRED
    assert old.indexed_at is not None


def test_every_sweep_is_on_the_schedule() -> None:
    due = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"listings.refresh_standing", "listings.index_stale"} <= due


@pytest.mark.parametrize("model", ROOM)
def test_the_admin_only_looks(model: type) -> None:
    request = RequestFactory().get("/")
    window = admin.site._registry[model]
    assert not window.has_add_permission(request)
    assert not window.has_change_permission(request)
    assert not window.has_delete_permission(request)


def test_the_room_has_windows() -> None:
    assert Patent in ROOM
