"""Recovery codes are shown once; whoever reads them again finds stars (ASVS 6.5.2)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import DownloadRecoveryCodesView, ViewRecoveryCodesView
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from core import recovery


def _forget(request: HttpRequest) -> None:
    rows = Authenticator.objects.filter(
        user_id=request.user.pk, type=Authenticator.Type.RECOVERY_CODES
    )
    for pk in rows.values_list("pk", flat=True):
        recovery.keep_hashes_only(pk)


@method_decorator(never_cache, name="dispatch")
class Codes(ViewRecoveryCodesView):
    """allauth's page; what it shows is shown for the last time."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        _forget(self.request)
        return context


class CodesFile(DownloadRecoveryCodesView):
    """The same as a file."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        _forget(request)
        return answer


# Before allauth's own, at its addresses and under its names.
urlpatterns = [
    path("accounts/2fa/recovery-codes/", Codes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "accounts/2fa/recovery-codes/download/",
        CodesFile.as_view(),
        name="mfa_download_recovery_codes",
    ),
]
