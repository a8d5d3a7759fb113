"""The open platform: what it offers, its documentation, and the console of a partner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import submit_once
from core.people.types import Role
from core.permissions import SCOPES
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.strong import fresh
from core.web.types import Request
from interchange import rules, selectors, services
from interchange.authentication import TOKEN_URL
from interchange.web.forms import EVENT_LABELS, EndpointEditForm, EndpointForm, KeyForm

if TYPE_CHECKING:
    from interchange.models import Endpoint

DELIVERIES_A_PAGE = 20
partners_only = for_roles(Role.EXCHANGE, Role.ENTERPRISE)


@require_GET
def about(request: Request) -> HttpResponse:
    """What an engineer needs to know before the first call."""
    context = {
        "token_url": TOKEN_URL,
        "base": request.build_absolute_uri("/").rstrip("/"),
        "events": EVENT_LABELS.items(),
        "scopes": SCOPES.items(),
        "waits": rules.WAITS,
    }
    return render(request, "interchange/about.html", context)


@require_GET
@never_cache
@partners_only
def console(request: Request) -> HttpResponse:
    """Keys and addresses of the partner."""
    return _console(request)


def _console(request: Request, **more: object) -> HttpResponse:
    partner = selectors.partner_of(viewer=request.actor)
    context = {
        "partner": partner,
        "credentials": selectors.keys_with_scopes(partner) if partner else (),
        "endpoints": selectors.endpoints(viewer=request.actor),
        "key_form": KeyForm(),
        "endpoint_form": EndpointForm(initial={"events": ["patent.listed", "licence.effective"]}),
        "base": request.build_absolute_uri("/").rstrip("/"),
        "token_url": TOKEN_URL,
        **more,
    }
    bad = any(getattr(context[name], "errors", None) for name in ("key_form", "endpoint_form"))
    return render(request, "interchange/console.html", context, status=422 if bad else 200)


@require_POST
@never_cache
@partners_only
@fresh("interchange:console", factor=True)
def issue_key(request: Request) -> HttpResponse:
    """A new key, whose secret this one answer shows. At most two live, so a repeat does no harm."""
    form = KeyForm(request.POST)
    now = timezone.now()
    key = None
    if form.is_valid():
        key = attempt(
            form,
            lambda: services.issue_key(
                partner_id=services.join(by=request.actor, now=now),
                label=form.cleaned_data["label"],
                scopes=form.cleaned_data["scopes"],
                by=request.actor,
                now=now,
            ),
        )
    return _console(request, new_key=key) if key else _console(request, key_form=form)


@require_POST
@partners_only
@fresh("interchange:console")
def revoke_key(request: Request, credential_id: int) -> HttpResponse:
    """Stop a key."""
    services.revoke_key(credential_id=credential_id, by=request.actor, now=timezone.now())
    messages.success(request, _("密钥已停用，用它换取的令牌同时失效。"))
    return redirect("interchange:console")


@require_POST
@partners_only
def add_endpoint(request: Request) -> HttpResponse:
    """Register an address."""
    form = EndpointForm(request.POST)
    now = timezone.now()

    def run() -> str:
        pk = services.add_endpoint(
            partner_id=services.join(by=request.actor, now=now),
            url=form.cleaned_data["url"],
            events=form.cleaned_data["events"],
            by=request.actor,
            now=now,
        )
        return reverse("interchange:endpoint", args=[pk])

    answer = attempt(form, lambda: submit_once(request, run)) if form.is_valid() else None
    return answer or _console(request, endpoint_form=form)


def _found(request: Request, endpoint_id: int) -> Endpoint:
    endpoint = selectors.endpoints(viewer=request.actor).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise Missing("没有这个回调地址，或已被移除。")
    return endpoint


@require_http_methods(["GET", "POST"])
@never_cache
@partners_only
def endpoint(request: Request, endpoint_id: int) -> HttpResponse:
    """One address: its secret, its events, and every delivery."""
    found = _found(request, endpoint_id)
    shown = {"events": found.events, "active": found.disabled_at is None}
    form = EndpointEditForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        done = attempt(
            form,
            lambda: (
                services.change_endpoint(
                    endpoint_id=endpoint_id,
                    events=form.cleaned_data["events"],
                    active=form.cleaned_data["active"],
                    by=request.actor,
                    now=timezone.now(),
                )
                or True
            ),
        )
        if done:
            messages.success(request, _("已保存。"))
            return redirect("interchange:endpoint", endpoint_id)
    pages = Paginator(selectors.deliveries(found), DELIVERIES_A_PAGE)
    context = {
        "endpoint": found,
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "labels": EVENT_LABELS | {"test.ping": _("测试")},
    }
    status = 422 if form.errors else 200
    return render(request, "interchange/endpoint.html", context, status=status)


@require_POST
@partners_only
def test_endpoint(request: Request, endpoint_id: int) -> HttpResponse:
    """Send a test.ping."""
    services.send_test(endpoint_id=endpoint_id, by=request.actor, now=timezone.now())
    messages.success(request, _("测试推送已发出，稍后刷新本页查看结果。"))
    return redirect("interchange:endpoint", endpoint_id)


@require_POST
@partners_only
def rotate_secret(request: Request, endpoint_id: int) -> HttpResponse:
    """A new signing secret."""
    services.rotate_secret(endpoint_id=endpoint_id, by=request.actor, now=timezone.now())
    messages.success(request, _("签名密钥已更换。24 小时内推送同时带新旧两个签名。"))
    return redirect("interchange:endpoint", endpoint_id)


@require_POST
@partners_only
def remove_endpoint(request: Request, endpoint_id: int) -> HttpResponse:
    """Stop calling an address for good."""
    services.remove_endpoint(endpoint_id=endpoint_id, by=request.actor, now=timezone.now())
    messages.success(request, _("回调地址已移除。"))
    return redirect("interchange:console")


@require_POST
@partners_only
def replay(request: Request, delivery_id: int) -> HttpResponse:
    """Send a delivery again."""
    endpoint_id = services.replay(delivery_id=delivery_id, by=request.actor, now=timezone.now())
    messages.success(request, _("已重新排队，编号不变，接收方可据此去重。"))
    return redirect("interchange:endpoint", endpoint_id)
