"""What every answer tells the browser: pages, API, files, refusals and failures alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY: Final = "Content-Security-Policy"
# What is no page runs nothing, loads nothing and stands in no frame, however it is opened.
BARE: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera",
            "display-capture", "geolocation", "gyroscope", "hid", "magnetometer", "microphone",
            "midi", "payment", "serial", "usb", "xr-spatial-tracking",
        )
    ),
}  # fmt: skip

# Pages of affairs that nobody but the parties, or the person, may read: not kept on any disk.
PRIVATE: Final = (
    "/account", "/acting-as/", "/admin/", "/audit/", "/case-files/", "/conduct/", "/consents/",
    "/deals/", "/disclosures/", "/disputes/", "/equity/", "/income/", "/joining/",
    "/licences/", "/matches/", "/members/", "/milestones/", "/needs/mine/", "/notices/",
    "/open-platform/console/", "/outcomes/", "/people/", "/pledges/", "/registrations/",
    "/renewals/", "/royalty-reports/", "/service-requests/", "/shortlists/", "/subscriptions/",
    "/terminations/",
)  # fmt: skip


class HeadersMiddleware:
    """The outermost but for the request's name: what another one refuses goes through it too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in FIXED.items():
            response.headers.setdefault(name, value)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if not is_page or POLICY not in response.headers:
            response.headers[POLICY] = BARE
        if is_page:
            response.headers.setdefault("Reporting-Endpoints", f'csp="{settings.CSP_REPORTS}"')
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            response.headers.setdefault(
                "Strict-Transport-Security",
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload",
            )
        _remember_little(request, response, is_page=is_page)
        return response


def _remember_little(request: HttpRequest, response: HttpResponse, *, is_page: bool) -> None:
    """What was told to somebody known is not stored by anybody; on leaving, all is forgotten.

    A page is asked for anew, yet may be gone back to, for `no-store` would empty the form on it;
    but what only parties may read is not stored at all.
    """
    cookie = settings.SESSION_COOKIE_NAME
    left = response.cookies.get(cookie)
    if left is not None and not left.value:
        response.headers.setdefault("Clear-Site-Data", '"cache"')
    if cookie in request.COOKIES or "Authorization" in request.headers:
        if is_page and not request.path.startswith(PRIVATE):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        else:
            response.headers.setdefault("Cache-Control", "private, no-store")
