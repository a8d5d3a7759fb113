"""Letters to reset a password, written beside the page: its answer takes as long for everyone."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core import context
from celery import shared_task
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import translation


def _request() -> HttpRequest:
    """A request to the public address: links never follow what a visitor's Host header said."""
    public = urlsplit(settings.PUBLIC_URL)
    secure = public.scheme == "https"
    request = HttpRequest()
    request.META = {
        "SERVER_NAME": public.hostname or "localhost",
        "SERVER_PORT": str(public.port or (443 if secure else 80)),
        "HTTP_HOST": public.netloc,
        "wsgi.url_scheme": public.scheme,
    }
    request.user = AnonymousUser()
    return request


@shared_task(
    name="core.reset_letter", autoretry_for=(OSError,), retry_backoff=True, ignore_result=True
)
def reset_letter(*, email: str, language: str) -> None:
    """The letter with the link, or the one that says that no account has this address."""
    users = filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True)
    request = _request()
    with translation.override(language), context.request_context(request):
        request_password_reset(request, email, users, default_token_generator)
