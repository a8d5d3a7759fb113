"""How django-allauth behaves here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by an organisation's or the platform's administrator, not by oneself:
    each then belongs to an organisation with a validated 统一社会信用代码."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never; the page says whom to ask."""
        return False
