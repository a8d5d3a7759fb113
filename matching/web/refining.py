"""Refining needs under a mandate: whom a firm empowers, what is proposed, and its decision."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Missing
from core.idempotency.web import submitted
from core.people import selectors as people
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles, login_needed
from core.web.forms import day_input
from core.web.types import Request
from matching import selectors
from matching.rules import revisions as rules
from matching.selectors import revisions as asked
from matching.services import as_input
from matching.services import revisions as services
from matching.web.forms import long_text
from matching.web.need_forms import FIELD_LABELS, NeedForm

TONES = {"proposed": "wait", "agreed": "ok", "refused": "danger"}
LABELS = FIELD_LABELS | {"metrics": lazy("带数字的指标")}


class MandateForm(forms.Form):
    """Whom to empower, and for how long."""

    examples: ClassVar = {"agent": lazy("某某技术转移服务有限公司")}
    field_of: ClassVar = {"agent_id": "agent"}
    agent = forms.CharField(
        label=lazy("服务机构的全称或统一社会信用代码"),
        max_length=200,
        help_text=lazy("对方须已在平台注册，并有技术经纪人。"),
    )
    starts_on = forms.DateField(label=lazy("从哪天起"), widget=day_input())
    ends_on = forms.DateField(
        label=lazy("到哪天止"), required=False, widget=day_input(),
        help_text=lazy("不填就是直到您撤销；随时可以撤销。"),
    )  # fmt: skip

    def clean_agent(self) -> int:
        text = self.cleaned_data["agent"].strip()
        card = people.organisation_by_uscc(text) or people.organisation_named(text)
        if card is None:
            raise forms.ValidationError(_("平台上没有找到这家机构，请核对全称或代码。"))
        return card.id


@require_http_methods(["GET", "POST"])
@for_roles(Role.ENTERPRISE, Role.BROKER, Role.BUREAU)
def mandates(request: Request) -> HttpResponse:
    """Whom one's own organisation has empowered to refine its needs."""
    form = MandateForm(
        request.POST if request.method == "POST" else None,
        initial={"starts_on": timezone.localdate()},
    )
    if request.method == "POST":

        def run() -> str:
            data = form.cleaned_data
            services.give_mandate(
                agent_id=data["agent"],
                starts_on=data["starts_on"],
                ends_on=data["ends_on"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已委托，对方会收到通知。"))
            return reverse("matching:mandates")

        if answer := submitted(request, form, run):
            return answer
    own = request.actor.organisation_id or 0
    context = {
        "form": form,
        "given": people.mandates_given(own),
        "held": people.mandates_held(own) if request.actor.has(Role.BROKER) else [],
    }
    status = 422 if form.is_bound else 200
    return render(request, "matching/mandates.html", context, status=status)


@require_POST
@for_roles(Role.ENTERPRISE, Role.BROKER, Role.BUREAU)
def revoke(request: Request, pk: int) -> HttpResponse:
    """End a mandate at once."""
    try:
        services.revoke_mandate(mandate_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("委托已撤销，立即生效；没有决定的建议已撤回。"))
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        messages.error(request, refusal.message)
    return redirect("matching:mandates")


@require_http_methods(["GET", "POST"])
@login_needed
def refine(request: Request, pk: int) -> HttpResponse:
    """An agent's proposal, on the same form as the need itself."""
    need = selectors.need(pk, viewer=request.actor)
    if not allowed(request.actor, Permission.POST_NEED, on=need):
        raise Missing(_("没有找到这条需求，或它不归贵单位管理。"))
    if need.organisation_id == request.actor.organisation_id:
        return redirect("matching:need-edit", pk=pk)
    posted = request.POST if request.method == "POST" else None
    form = NeedForm(posted, kept=as_input(need), version=need.version)
    for name in ("visibility", "is_confidential", "released"):  # its owner's own choice
        del form.fields[name]
    form.fields["note"] = forms.CharField(
        label=_("改了什么，为什么"), max_length=rules.LONGEST_NOTE,
        widget=long_text(3, rules.LONGEST_NOTE), help_text=_("企业据此决定是否采纳。"),
    )  # fmt: skip
    if request.method == "POST":

        def run() -> str:
            row = services.propose_revision(
                need_id=pk,
                data=form.value(),
                note=form.cleaned_data["note"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("建议已提交，企业同意后生效。"))
            return reverse("matching:revision", kwargs={"pk": row.pk})

        if answer := submitted(request, form, run):
            return answer
    names = [*form.first, *form.goal, *form.terms, "note"]
    context = {"need": need, "form": form, "fields": [form[n] for n in names]}
    status = 422 if form.is_bound else 200
    return render(request, "matching/need_refine.html", context, status=status)


class AnswerForm(forms.Form):
    """Why not."""

    reason = forms.CharField(
        label=lazy("不同意的理由"),
        required=False,
        max_length=rules.LONGEST_NOTE,
        widget=long_text(3, rules.LONGEST_NOTE),
        help_text=lazy("同意时不用填。"),
    )


@require_http_methods(["GET", "POST"])
@login_needed
def revision(request: Request, pk: int) -> HttpResponse:
    """Both texts side by side; its owner decides, its author may take it back."""
    row = asked.revision(pk, viewer=request.actor)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        wish = request.POST.get("verdict", "")

        def run() -> str:
            now = timezone.now()
            if wish == "withdraw":
                services.withdraw_revision(revision_id=pk, by=request.actor, now=now)
            else:
                services.answer_revision(
                    revision_id=pk,
                    agrees=wish == "agree",
                    reason=form.cleaned_data["reason"],
                    by=request.actor,
                    now=now,
                )
            messages.success(request, _("已记录，对方会收到通知。"))
            return reverse("matching:need", kwargs={"pk": row.need_id})

        if answer := submitted(request, form, run):
            return answer
    mine = row.need.organisation_id == request.actor.organisation_id
    is_open = row.state == "proposed" and not request.actor.has(Role.AUDITOR)
    context = {
        "row": row,
        "form": form,
        "tone": TONES.get(row.state, "muted"),
        "changes": [(LABELS[c.field], c) for c in asked.changes(row)],
        "may_decide": is_open and mine,
        "may_withdraw": is_open and row.agent_id == request.actor.organisation_id,
    }
    status = 422 if form.is_bound else 200
    return render(request, "matching/revision.html", context, status=status)


@require_GET
@login_needed
def versions(request: Request, pk: int) -> HttpResponse:
    """Every text a need has had, and who decided."""
    need = selectors.need(pk, viewer=request.actor)
    if need.organisation_id not in request.actor.acts_for and not request.actor.has(Role.AUDITOR):
        raise Missing(_("没有找到这条需求的版本记录，或它不归贵单位管理。"))
    rows = list(asked.revisions(pk, viewer=request.actor)[:100])
    names = people.names_of([row.proposed_by for row in rows])
    context: dict[str, Any] = {
        "need": need,
        "rows": [
            {
                "row": r,
                "who": names.get(r.proposed_by or "", ""),
                "tone": TONES.get(r.state, "muted"),
            }
            for r in rows
        ],
    }
    return render(request, "matching/need_versions.html", context)


urlpatterns = [
    path("needs/mandates/", mandates, name="mandates"),
    path("needs/mandates/<int:pk>/revoke/", revoke, name="mandate-revoke"),
    path("needs/revisions/<int:pk>/", revision, name="revision"),
    path("needs/<int:pk>/refine/", refine, name="need-refine"),
    path("needs/<int:pk>/versions/", versions, name="need-versions"),
]
