"""Pages that belong to no single room: home, notices, identity, help, health."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import OperationalError, connection
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from redis import Redis
from redis.exceptions import RedisError

from core.audit import heads
from core.audit import selectors as audit
from core.audit import services as audit_services
from core.errors import Missing
from core.notices import selectors as notices
from core.notices import services as notice_services
from core.people import selectors as people
from core.people import services as people_services
from core.people.types import Role
from core.web import home as homes
from core.web.doors import for_roles, login_needed
from core.web.manuals import NAMES
from core.web.middleware import MEMBERSHIP_KEY
from core.web.types import Request

HELP_PAGES = {
    "": "core/help/index.html",
    "office": "core/help/office.html",
    "enterprise": "core/help/enterprise.html",
    "bureau": "core/help/bureau.html",
    "bank": "core/help/bank.html",
    "exchange": "core/help/exchange.html",
    "privacy": "core/help/privacy.html",
    "accessibility": "core/help/accessibility.html",
    "recommendations": "core/help/recommendations.html",
}
NOTICES_A_PAGE = 20
ENTRIES_A_PAGE = 50
CHECKED_ENTRIES = 2_000


@require_GET
def home(request: Request) -> HttpResponse:
    """The public front page, or the workbench of who is logged in."""
    context = {"home": homes.compose(request.actor, timezone.now()), "actor": request.actor}
    return render(request, "core/home.html", context)


@require_GET
@login_needed
def notice_list(request: Request) -> HttpResponse:
    """The bell's page."""
    pages = Paginator(notices.inbox(viewer=request.actor), NOTICES_A_PAGE)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "unread": notices.unread_count(viewer=request.actor),
        "kinds": [
            {"code": code, "label": label, "off": code in off}
            for off in [notices.kinds_off(viewer=request.actor)]
            for code, label in notice_services.KINDS.items()
        ],
        "wants_recommendations": request.user.wants_recommendations,
    }
    return render(request, "core/notices.html", context)


@require_POST
@login_needed
def read_notices(request: Request) -> HttpResponse:
    """Mark all notices as read."""
    notice_services.mark_read(by=request.actor, now=timezone.now())
    return redirect("core:notices")


@require_GET
@login_needed
def open_notice(request: Request, notice_id: int) -> HttpResponse:
    """Mark one notice as read and go where it points."""
    notice = notices.inbox(viewer=request.actor).filter(pk=notice_id).first()
    if notice is None:
        raise Missing("这条消息不存在或已被删除。")
    notice_services.mark_read(by=request.actor, now=timezone.now(), notice_id=notice_id)
    return HttpResponseRedirect(notice.url or reverse("core:notices"))


@require_POST
@login_needed
def notice_preferences(request: Request) -> HttpResponse:
    """Choose which kinds of notice come, and whether recommendations do (PIPL art. 24)."""
    on = set(request.POST.getlist("on"))
    notice_services.set_preferences(by=request.actor, off=notice_services.KINDS.keys() - on)
    people_services.set_recommendations(
        wanted=request.POST.get("recommendations") == "on",
        by=request.actor,
        now=timezone.now(),
    )
    messages.success(request, _("消息设置已保存。"))
    return redirect("core:notices")


@require_http_methods(["GET", "HEAD", "POST"])
@login_needed
def acting_as(request: Request) -> HttpResponse:
    """Choose the identity to act under."""
    identities = people.identities(request.user) if request.user.is_authenticated else []
    if request.method == "POST":
        chosen = next((i for i in identities if str(i.id) == request.POST.get("identity")), None)
        if chosen is None:
            raise Missing("您没有这个身份，请从列表中选择。")
        request.session[MEMBERSHIP_KEY] = chosen.id
        messages.success(request, _("已切换为 %(name)s。") % {"name": chosen.organisation_name})
        target = request.POST.get("next", "/")
        safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
        return HttpResponseRedirect(target if safe else "/")
    context = {"identities": identities, "current": request.actor.organisation_id}
    return render(request, "core/acting_as.html", context)


@require_GET
@for_roles(Role.AUDITOR, Role.SYSADMIN)
def audit_trail(request: Request) -> HttpResponse:
    """Everything that was done, newest first. Looking is written down as well."""
    search = request.GET.get("q", "").strip()[:80]
    rows = audit.entries(viewer=request.actor)
    if search:
        rows = audit.searched(rows, search)
    pages = Paginator(rows, ENTRIES_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    audit_services.record(
        "audit.read",
        subject=request.user,
        by=request.actor,
        at=timezone.now(),
        changes={"q": search, "page": page.number},
    )
    context = {
        "page": page,
        "search": search,
        "broken_at": audit.first_break(newest=CHECKED_ENTRIES)
        or heads.lost(Path(settings.AUDIT_HEADS)),
    }
    return render(request, "core/audit.html", context)


@require_GET
def help_page(request: Request, topic: str = "") -> HttpResponse:
    """A page of the guide."""
    if topic not in HELP_PAGES:
        raise Http404
    context = {"topic": topic, "site_contact": settings.SITE_CONTACT, "manuals": NAMES}
    return render(request, HELP_PAGES[topic], context)


@require_GET
def favicon(request: Request) -> HttpResponse:
    """Where browsers look for the mark of a site when no page names it."""
    return HttpResponseRedirect(static("img/favicon.svg"))


@require_GET
@never_cache
def healthz(request: Request) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_GET
@never_cache
def readyz(request: Request) -> JsonResponse:
    """The process and what it needs answer: 200, or 503 naming what does not."""
    checks = {"database": _database_answers(), "valkey": _valkey_answers()}
    ready = checks["database"]  # without Valkey pages still work; live notices do not
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": checks},
        status=200 if ready else 503,
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone()[0] == 1)
    except OperationalError:
        return False


def _valkey_answers() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
