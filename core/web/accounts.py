"""How django-allauth behaves here."""

from __future__ import annotations

from collections.abc import Mapping

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by an organisation's or the platform's administrator, not by oneself:
    each then belongs to an organisation with a validated 统一社会信用代码."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never; the page says whom to ask."""
        return False


def login_name(request: HttpRequest | None, credentials: Mapping[str, str] | None = None) -> str:
    """Who is being tried: what failed logins are counted by, with the address they come from.

    allauth logs in by `email`, Django's admin by `username`.
    """
    known = credentials or {}
    name = known.get("email") or known.get("username") or ""
    if not name and request is not None:
        name = request.POST.get("login") or request.POST.get("username") or ""
    return name.replace("\0", "").strip().lower()[:255]
