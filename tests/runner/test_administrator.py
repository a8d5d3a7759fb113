"""The first administrator of an installation without the sample."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from core.audit.models import AuditEntry
from core.people.models import User

GOOD = "Correct-Horse-2026x"


def add(monkeypatch: pytest.MonkeyPatch, password: str, email: str = "First@Example.org ") -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    said = io.StringIO()
    call_command("add_administrator", email, name=" 张三 ", stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_the_first_administrator_can_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "first@example.org" in add(monkeypatch, GOOD)
    user = User.objects.get(email="first@example.org")
    assert (user.is_superuser, user.is_staff, user.display_name) == (True, True, "张三")
    request = RequestFactory().post("/accounts/login/")
    assert authenticate(request, username="first@example.org", password=GOOD) == user
    entry = AuditEntry.objects.get(event="user.registered")
    assert entry.actor_key == "system"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("password", "email"), [("12345678", "a@example.org"), ("", "a@example.org"), (GOOD, "nobody")]
)
def test_what_is_weak_or_no_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, password: str, email: str
) -> None:
    with pytest.raises(CommandError):
        add(monkeypatch, password, email)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_second_account_of_one_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, GOOD)
    with pytest.raises(CommandError, match="已经有账号"):
        add(monkeypatch, GOOD)
    assert User.objects.count() == 1
