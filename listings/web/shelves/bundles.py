"""Bundles: several patents offered as one, for everybody to see and for offices to keep."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import submit_once
from core.people.types import Role
from core.permissions import Permission, allowed
from core.templatetags.ui import wan
from core.web.forms import attempt
from core.web.types import Request
from listings import selectors
from listings.filters import word_for
from listings.rules.shelves import BundleStatus
from listings.selectors.shelves import bundles as asked
from listings.services.shelves import bundles as services
from listings.types import Route, hard
from listings.web import presenting
from listings.web.doors import keepers
from listings.web.forms import ROUTES
from listings.web.picking import chosen_cards, chosen_ids, picker
from listings.web.shelves.lines import LineupForm
from listings.web.trading.auction_forms import money

A_PAGE = 20


class BundleForm(LineupForm):
    """What a bundle says and holds."""

    title = forms.CharField(label=lazy("名称"), max_length=120)
    summary = forms.CharField(
        label=lazy("组合说明"),
        required=False,
        max_length=3_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    patents = forms.CharField(
        label=lazy("专利清单"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=lazy(
            "每行一件，号码后面可加竖线写它在组合里的作用；其他单位的专利要由对方同意后才能上架。"
        ),
    )
    routes = forms.MultipleChoiceField(
        label=lazy("合作方式"),
        required=False,
        choices=ROUTES,
        widget=forms.CheckboxSelectMultiple,
    )
    price = money(lazy("整体报价（元）"), required=False, help_text=lazy("面议就留空。"))
    contact = forms.CharField(label=lazy("联系方式"), required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    examples = {
        "title": "动力电池低温运行专利组合",
        "patents": "ZL 2021 1 9900001.9 | 自加热方法，核心专利",
    }

    def as_draft(self) -> services.Draft:
        data = self.cleaned_data
        return services.Draft(
            title=data["title"],
            summary=data["summary"],
            patents=data["patents"],
            routes=tuple(Route(route) for route in data["routes"]),
            price=data["price"],
            contact=data["contact"],
        )


class SuspendForm(forms.Form):
    reason = forms.CharField(label=lazy("暂停原因"), max_length=500)


def line(row: Any) -> dict[str, Any]:
    """A bundle as lists show it."""
    price = _("面议") if row.price is None else wan(row.price) if row.price else _("免费")
    return {
        "row": row,
        "price": price,
        "routes": [word_for("mode", route) for route in row.routes],
        "is_sample": any(member.patent.is_sample for member in row.members.all()),
    }


@require_GET
def bundles(request: Request) -> HttpResponse:
    """Those on offer."""
    page = Paginator(asked.bundles(viewer=request.actor), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [line(row) for row in page],
        "may_keep": request.actor.has(Role.OFFICE, Role.BROKER),
    }
    return render(request, "listings/bundles.html", context)


@require_GET
def bundle(request: Request, pk: int) -> HttpResponse:
    """One of them: what it is for, its patents, the shared terms."""
    row = asked.bundle(pk, viewer=request.actor)
    members = list(row.members.all())
    cards = selectors.cards([m.patent_id for m in members], viewer=request.actor)
    context = {
        **line(row),
        "is_public": row.status == BundleStatus.LISTED,
        "may_ask": row.status == BundleStatus.LISTED
        and allowed(request.actor, Permission.OPEN_DEAL)
        and row.organisation_id not in request.actor.acts_for,
        "is_mine": row.organisation_id in request.actor.acts_for
        and request.actor.has(Role.OFFICE, Role.BROKER),
        "members": [
            {
                "note": m.note,
                "title": m.patent.title,
                "shown": presenting.shown(cards[m.patent_id]) if m.patent_id in cards else None,
            }
            for m in members
        ],
    }
    return render(request, "listings/bundle.html", context)


# The office's side


@require_GET
@keepers
def library_bundles(request: Request) -> HttpResponse:
    """One's own, and those that ask for one's consent."""
    page = Paginator(asked.bundles_of_office(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    lines = [line(row) | {"is_mine": row.organisation_id in request.actor.acts_for} for row in page]
    return render(request, "listings/library_bundles.html", {"page": page, "lines": lines})


@require_http_methods(["GET", "POST"])
@keepers
def new_bundle(request: Request) -> HttpResponse:
    """Choose patents of one's own, then write the shared terms."""
    ids = chosen_ids(request)
    if not ids and request.method == "GET":
        return picker(
            request,
            title=_("组合哪些专利？"),
            lead=_("先选本单位的；其他单位的专利，下一步按号码加进去。"),
            back=reverse("listings:library-bundles"),
        )
    cards = chosen_cards(request, ids)
    initial = {"patents": "\n".join(card.printed for card in cards)}
    form = BundleForm(request.POST or None, initial=initial, viewer=request.actor)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            pk = services.make_bundle(draft=form.as_draft(), by=request.actor, now=timezone.now())
            messages.success(request, _("草稿已保存，检查通过后上架。"))
            return reverse("listings:library-bundle", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/library_bundle_form.html", {"form": form}, status=status)


def _mine(request: Request, pk: int) -> Any:
    row = asked.bundle(pk, viewer=request.actor)
    if not allowed(request.actor, Permission.PUBLISH_LISTING, on=row):
        raise Missing(asked.NOT_FOUND)
    return row


@require_http_methods(["GET", "POST"])
@keepers
def edit_bundle(request: Request, pk: int) -> HttpResponse:
    """Change a draft, or a suspended one."""
    row = _mine(request, pk)
    initial = {
        "title": row.title,
        "summary": row.summary,
        "patents": asked.written(row),
        "routes": row.routes,
        "price": row.price,
        "contact": row.contact,
        "version": row.version,
    }
    form = BundleForm(request.POST or None, initial=initial, viewer=request.actor)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            services.edit_bundle(
                bundle_id=pk,
                draft=form.as_draft(),
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已保存。"))
            return reverse("listings:library-bundle", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    context = {"form": form, "row": row}
    return render(request, "listings/library_bundle_form.html", context, status=status)


@require_GET
@keepers
def library_bundle(request: Request, pk: int) -> HttpResponse:
    """One bundle as its office sees it, or an office that is asked to consent."""
    return _office_page(request, pk)


def _office_page(request: Request, pk: int, *, form: Any = None, status: int = 200) -> HttpResponse:
    row = asked.bundle(pk, viewer=request.actor)
    members = list(row.members.all())
    is_mine = allowed(request.actor, Permission.PUBLISH_LISTING, on=row)
    concerned = is_mine or any(
        allowed(request.actor, Permission.PUBLISH_LISTING, on=m.patent) for m in members
    )
    if not concerned:
        raise Missing(asked.NOT_FOUND)
    stands_still = row.status in (BundleStatus.DRAFT, BundleStatus.SUSPENDED)
    against = services.blockers(row, at=timezone.now()) if stands_still else []
    context = {
        **line(row),
        "is_mine": is_mine,
        "members": [_member(request, row, m) for m in members],
        "stands_still": stands_still,
        "blockers": against,
        "may_list": is_mine and stands_still and not hard(against),
        "may_suspend": is_mine and row.status == BundleStatus.LISTED,
        "may_withdraw": is_mine and row.status != BundleStatus.WITHDRAWN,
        "auction_query": "&".join(
            f"patent={m.patent_id}"
            for m in members
            if m.patent.organisation_id == row.organisation_id
        ),
        "suspend_form": form or SuspendForm(),
    }
    return render(request, "listings/library_bundle.html", context, status=status)


def _member(request: Request, row: Any, member: Any) -> dict[str, Any]:
    patent = member.patent
    foreign = patent.organisation_id != row.organisation_id
    return {
        "patent": patent,
        "note": member.note,
        "holder": patent.organisation.name if patent.organisation else "",
        "is_foreign": foreign,
        "consented_at": member.consented_at,
        "may_consent": foreign
        and member.consented_at is None
        and allowed(request.actor, Permission.PUBLISH_LISTING, on=patent),
    }


@require_POST
@keepers
def move_bundle(request: Request, pk: int, move: str) -> HttpResponse:
    """List it, suspend it, withdraw it."""
    _mine(request, pk)
    back, now = reverse("listings:library-bundle", kwargs={"pk": pk}), timezone.now()
    if move == "suspend":
        form = SuspendForm(request.POST)

        def suspend() -> str:
            services.suspend_bundle(
                bundle_id=pk, reason=form.cleaned_data["reason"], by=request.actor, now=now
            )
            messages.success(request, _("已暂停，公开页面上暂时看不到。"))
            return back

        done = attempt(form, lambda: submit_once(request, suspend)) if form.is_valid() else None
        return done or _office_page(request, pk, form=form, status=422)
    command = {"list": services.list_bundle, "withdraw": services.withdraw_bundle}.get(move)
    if command is None:
        raise Missing("没有这项操作。")

    def run() -> str:
        command(bundle_id=pk, by=request.actor, now=now)
        messages.success(request, _("已上架。") if move == "list" else _("已撤回。"))
        return back

    return submit_once(request, run)


@require_POST
@keepers
def consent(request: Request, pk: int, patent_id: int) -> HttpResponse:
    """Agree that one's patent is offered within the bundle."""

    def run() -> str:
        services.consent_to_bundle(
            bundle_id=pk, patent_id=patent_id, by=request.actor, now=timezone.now()
        )
        messages.success(request, _("已记录同意，牵头单位会收到通知。"))
        return reverse("listings:library-bundle", kwargs={"pk": pk})

    return submit_once(request, run)


urlpatterns = [
    path("bundles/", bundles, name="bundles"),
    path("bundles/<int:pk>/", bundle, name="bundle"),
    path("library/bundles/", library_bundles, name="library-bundles"),
    path("library/bundles/new/", new_bundle, name="bundle-new"),
    path("library/bundles/<int:pk>/", library_bundle, name="library-bundle"),
    path("library/bundles/<int:pk>/edit/", edit_bundle, name="bundle-edit"),
    path("library/bundles/<int:pk>/consent/<int:patent_id>/", consent, name="bundle-consent"),
    path("library/bundles/<int:pk>/<slug:move>/", move_bundle, name="bundle-move"),
]
