"""How django-allauth behaves here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from core import factors, recovery, sealed
from core.people import services as people
from core.people.types import Actor

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come with an organisation (/joining/) or an invitation, not by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never; the page says where to go."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth's limits by address and name, and one for all who try anywhere."""
        self._anywhere = ratelimit.consume(
            request, app="allauth.account", action="login_anywhere", key="all"
        )
        if not self._anywhere:
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def _rollback_login_failed_rl_usage(self) -> None:
        """Whoever got in does not count as a failure, here neither."""
        super()._rollback_login_failed_rl_usage()
        if usage := getattr(self, "_anywhere", None):
            usage.rollback()

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Signed in, after the last step: a line in the log, an entry in the audit trail."""
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        ways = [
            str(record.get("type") or record.get("method"))
            for record in get_authentication_records(request, user)
        ]
        by = Actor(user_id=user.pk, name=str(user))
        people.note_sign_in(by=by, now=timezone.now(), ways=ways)
        log.info("User %s signed in by %s from %s.", user.pk, "+".join(ways), address(request))
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where to go after signing in: by way of the second factor for who still owes one."""
        target: str = super().get_login_redirect_url(request)
        user: Any = request.user
        if factors.standing(request, user, now=timezone.now()) == factors.Standing.FINE:
            return target
        wanted = request.POST.get("next") or request.GET.get("next") or target
        return f"{reverse('core:second-factor')}?{urlencode({'next': wanted})}"


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: whoever must have one cannot put it away."""

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not factors.must_have_one(authenticator.user)

    def encrypt(self, text: str) -> str:
        """What authenticators keep is sealed."""
        return sealed.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret, or of a recovery code that was shown what only equals it."""
        return recovery.opened(encrypted_text)


def address(request: HttpRequest) -> str:
    """Where a request comes from, as the guard of logins counts it."""
    return str(AccountAdapter().get_client_ip(request))


def login_name(request: HttpRequest | None, credentials: Mapping[str, str] | None = None) -> str:
    """Who is being tried: what failed logins are counted by, with the address they come from.

    allauth logs in by `email`, Django's admin by `username`.
    """
    known = credentials or {}
    name = known.get("email") or known.get("username") or ""
    if not name and request is not None:
        name = request.POST.get("login") or request.POST.get("username") or ""
    return name.replace("\0", "").strip().lower()[:255]
