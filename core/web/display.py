"""How the reader wants pages to look: large text, kept in a cookie and switched without scripts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

LARGE_TEXT = "large_text"
YEAR = 365 * 24 * 60 * 60


def wants_large_text(request: HttpRequest) -> bool:
    """Whether this reader has asked for large text."""
    return request.COOKIES.get(LARGE_TEXT) == "1"


@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Switch large text on or off, and go back to where one was."""
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    answer = HttpResponseRedirect(target if safe else "/")
    if request.POST.get("large") == "1":
        answer.set_cookie(
            LARGE_TEXT,
            "1",
            max_age=YEAR,
            samesite="Lax",
            httponly=True,
            secure=request.is_secure(),
        )
    else:
        answer.delete_cookie(LARGE_TEXT, samesite="Lax")
    return answer


urlpatterns = [path("display/", display, name="display")]
