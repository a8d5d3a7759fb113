"""The door: `manage.py load_sample`."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from tests.sample.counting import counts

pytestmark = pytest.mark.django_db


@override_settings(PRODUCTION=True)
def test_production_is_refused_unless_forced() -> None:
    with pytest.raises(CommandError, match="生产环境"):
        call_command("load_sample")
    assert counts()["core_organisation"] == 0
    call_command("load_sample", force=True, heart=True, now="2026-11-20T12:00:00+08:00")
    assert counts()["core_organisation"] == 40


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(CommandError, match="带时区"):
        call_command("load_sample", now="2026-11-20T12:00:00")
