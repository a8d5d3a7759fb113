"""The second factor's form with limits of its own."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core import context, ratelimit
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm


class Limited:
    """Six digits are guessed in a million tries: five in five minutes, fifty a day."""

    def clean_code(self) -> str:
        """The code, unless too many were tried."""
        key = f"second-factor-{self.user.pk}"  # type: ignore[attr-defined]
        if not ratelimit.consume(context.request, action="second_factor", key=key):
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        ratelimit.clear(context.request, action="second_factor", key=key)
        return code


class SecondFactorForm(Limited, AuthenticateForm):
    """At sign-in."""


class SecondFactorAgainForm(Limited, ReauthenticateForm):
    """Before something dangerous."""
