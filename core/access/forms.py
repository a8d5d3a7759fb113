"""Forms of ours in allauth's places: limits of their own, and answers that tell nothing."""

from __future__ import annotations

import logging

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm
from allauth.core import context, ratelimit
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language
from kombu.exceptions import OperationalError

from core.access.tasks import reset_letter

log = logging.getLogger(__name__)


class Limited:
    """Six digits are guessed in a million tries: five in five minutes, fifty a day."""

    def clean_code(self) -> str:
        """The code, unless too many were tried."""
        key = f"second-factor-{self.user.pk}"  # type: ignore[attr-defined]
        if not ratelimit.consume(context.request, action="second_factor", key=key):
            raise get_adapter().validation_error("too_many_login_attempts")
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError:
            log.warning("A second factor failed: user %s.", self.user.pk)  # type: ignore[attr-defined]
            raise
        ratelimit.clear(context.request, action="second_factor", key=key)
        return code


class SecondFactorForm(Limited, AuthenticateForm):
    """At sign-in."""


class SecondFactorAgainForm(Limited, ReauthenticateForm):
    """Before something dangerous."""


class ResetForm(ResetPasswordForm):
    """Hands the address to a worker without looking whether it is known (A19: no gap in time)."""

    def clean_email(self) -> str:
        """The address as written; nobody is looked up."""
        email: str = get_adapter().clean_email(self.cleaned_data["email"].lower())
        return email

    def save(self, request: HttpRequest, **kwargs: object) -> str:
        """Owe the letter; without a queue it is written at once."""
        email: str = self.cleaned_data["email"]
        facts = {"email": email, "language": get_language() or "zh-hans"}
        try:
            reset_letter.apply_async(kwargs=facts, retry=False)
        except OperationalError:
            reset_letter(**facts)
        return email
