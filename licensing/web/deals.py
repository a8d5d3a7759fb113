"""Pages of deals: the lists, the inquiry, the deal room and its steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.attachments.web import download
from core.errors import Missing
from core.idempotency.web import submitted
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed, tabs_of
from core.web.export import pdf_shown
from core.web.types import Request
from licensing.rules import deals as rules
from licensing.rules.deal_kinds import ASKED_OF_HOLDER, EXCHANGEABLE, KINDS
from licensing.rules.deals import DealKind, DealStatus, Party
from licensing.selectors import bundle_deals as bundle_members
from licensing.selectors import conduct, deal_endings, disputes
from licensing.selectors import deals as selectors
from licensing.selectors import registrations as records
from licensing.services import completing, deals, signing
from licensing.types import Side
from licensing.web import deal_forms as asked
from licensing.web import settlement_sums
from licensing.web.bundle_deals import BundleTermsForm
from licensing.web.doors import may_dispute, page_of, sent, status_of
from licensing.web.typesetting import typeset
from listings import selectors as listings
from listings.selectors.trading import price_postings as postings
from listings.types import hard

if TYPE_CHECKING:
    from licensing.models import Deal, TermsVersion

Command = Callable[[Request, "Deal", Any, datetime], object]
MINE = "mine"


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The deals the actor may see; those that wait for it first among the tabs."""
    chosen, tabs = tabs_of(request, [(MINE, "等我办理"), *rules.DEAL_LABELS.items()])
    mine = chosen == MINE
    rows = selectors.deals(viewer=request.actor, status="" if mine else chosen, mine=mine)
    return render(
        request, "licensing/deals.html", {"page_obj": page_of(request, rows), "tabs": tabs}
    )


@require_http_methods(["GET", "POST"])
@login_needed
def inquire(request: Request, patent_id: int) -> HttpResponse:
    """A firm asks for a patent, from its page or from a match."""
    card = listings.card(patent_id, viewer=request.actor)
    require(request.actor, Permission.OPEN_DEAL)
    match = request.GET.get("match", "")
    form = asked.InquiryForm(sent(request)[0], initial={"kind": _wanted(card.routes)})
    asked.offer_takers(form, request)

    def run() -> str:
        row = deals.inquire(
            patent_id=patent_id,
            kind=form.cleaned_data["kind"],
            wish=form.cleaned_data["wish"],
            taker_id=form.cleaned_data.get("taker"),
            match_id=int(match)
            if match.isascii() and match.isdigit() and len(match) < 18
            else None,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "意向已送达权利人，对方答复后会通知您。")
        return reverse("licensing:deal", args=[row.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    now = timezone.now()
    found = {k: listings.can(card.id, rules.ACTIONS[k], at=now) for k in sorted(EXCHANGEABLE)}
    kinds = [(rules.KIND_LABELS[k], against, hard(against)) for k, against in found.items()]
    live = selectors.live_deal_of(patent_id, viewer=request.actor)
    context = {"form": form, "card": card, "kinds": kinds, "live": live}
    return render(request, "licensing/inquire.html", context, status=status_of(form))


@require_http_methods(["GET", "POST"])
@login_needed
def inquire_under(request: Request) -> HttpResponse:
    """A firm asks a licensee for a sub-licence, by the number of the licensee's licence."""
    require(request.actor, Permission.OPEN_DEAL)
    number = request.GET.get("licence", "")[:40]
    form = asked.SublicenceForm(sent(request)[0], initial={"licence_number": number})
    asked.offer_takers(form, request)

    def run() -> str:
        known = form.cleaned_data
        row = deals.inquire_under(
            licence_number=known["licence_number"],
            wish=known["wish"],
            taker_id=known.get("taker"),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "意向已送达被许可人，对方答复后会通知您。")
        return reverse("licensing:deal", args=[row.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    return render(request, "licensing/inquire_under.html", {"form": form}, status=status_of(form))


def _wanted(routes: tuple[str, ...]) -> str:
    return next((r for r in routes if r in ASKED_OF_HOLDER), DealKind.ORDINARY.value)


@require_GET
@login_needed
def room(request: Request, deal_id: int) -> HttpResponse:
    """One deal: where it stands, what is next and by whom, the terms, the talk."""
    row = selectors.deal(deal_id, viewer=request.actor)
    versions = selectors.versions_for(row, request.actor)
    shown = selectors.agreed_version(row) or (versions[-1] if versions else None)
    side = selectors.side_of(row, request.actor)
    now = timezone.now()
    open_still = row.status in rules.OPEN_DEALS
    signing_now = row.status in rules.BEFORE_SIGNING
    against = (
        selectors.guards(row, shown.as_rule(), at=now, signing=signing_now)
        if shown and open_still
        else []
    )
    context = {
        "row": row,
        "side": side,
        "is_mine": side and row.waits_for in (side, "both"),
        "waits": rules.WAITS_LABELS[rules.Waits(row.waits_for)],
        "history": _history(versions),
        "shown": shown,
        "against": against,
        "checked": shown and open_still,
        "siblings": selectors.beside(row, viewer=request.actor),
        "members": bundle_members.lines(row, at=now) if row.bundle_id else [],
        "talk": selectors.messages_for(row, request.actor),
        "copies": selectors.copies_of(selectors.agreed_version(row)),
        "steps": [s for s in STEPS.values() if side and s.open_to(request, row, side)],
        "primary": row.next_step,
        "message_form": asked.MessageForm() if side and row.status not in deals.OVER else None,
        "timeline": _timeline(row, versions),
        "records": records.of_contract(row.number or "", viewer=request.actor),
        "may_certify": side and row.status in rules.SIGNED_DEALS,
        "disputes": disputes.on_contract(viewer=request.actor, deal_id=row.pk),
        "may_dispute": row.status in rules.CONTRACTS and may_dispute(request, row, side),
        "may_look": bool(side)
        and conduct.is_live(row)
        and allowed(request.actor, Permission.ANSWER_CONDUCT),
        "ending": deal_endings.open_ending(row) if row.effective_on else None,
        "sums": settlement_sums.shown(request, deal_id=row.pk),
        "may_state": row.status in rules.CONTRACTS
        and allowed(request.actor, Permission.STATE_CONDUCT, on=Side(None, row.region)),
    }
    return render(request, "licensing/deal.html", context)


def _history(versions: list[TermsVersion]) -> list[dict[str, Any]]:
    """The versions, newest first, each beside the one before it."""
    found = []
    before: list[tuple[str, str]] | None = None
    for version in versions:
        now = selectors.lines_of(version)
        found.append({"version": version, "lines": rules.compare(now, before)})
        before = now
    return found[::-1]


def _timeline(row: Deal, versions: list[TermsVersion]) -> list[dict[str, Any]]:
    events: list[tuple[datetime | None, str, str]] = [(row.opened_at, "提出意向", row.wish)]
    for version in versions:
        named = f"{version.get_side_display()}提出第 {version.version} 版条款"
        events.append((version.proposed_at, named, ""))
        if version.answered_at:
            said = f"第 {version.version} 版：{version.status_label}"
            events.append((version.answered_at, said, version.answer_reason))
        for copy in version.copies.all():
            events.append((copy.uploaded_at, f"{copy.get_side_display()}上传已签合同", ""))
            if copy.rejected_at:
                events.append((copy.rejected_at, "合同被退回", copy.rejected_reason))
    events += [
        (a.recorded_at, f"登记{a.get_kind_display()}", a.number) for a in row.approvals.all()
    ]
    events += [
        (row.sealed_at, "印章核对无误，合同生效", ""),
        (row.registered_at, "登记（备案）", row.register_number),
        (row.settled_at, "结清", row.settled_note),
        (row.closed_at, row.get_status_display(), row.closed_reason),
    ]
    # What came at one moment stays in the order in which it is done.
    dated = sorted(((at, title, text) for at, title, text in events if at), key=lambda e: e[0])
    return [{"at": at, "title": title, "text": text} for at, title, text in dated]


@dataclass(frozen=True)
class Step:
    """One thing that can be done to a deal on a page of its own."""

    name: str
    title: str
    submit: str
    told: str
    form: type[forms.Form]
    command: Command
    states: frozenset[DealStatus]
    sides: frozenset[str] = frozenset({"holder", "taker"})
    answers: str = ""  # shown only where this is the next step
    lead: str = ""
    danger: bool = False

    @property
    def permission(self) -> Permission:
        both = len(self.sides) > 1
        return Permission.NEGOTIATE_DEAL if both else Permission.CLOSE_DEAL

    def open_to(self, request: Request, row: Deal, side: str) -> bool:
        """Whether it stands before this actor now."""
        if side not in self.sides or row.status not in self.states:
            return False
        if self.answers and (row.next_step != self.answers or row.waits_for not in (side, "both")):
            return False
        return allowed(request.actor, self.permission, on=row.side(side))


def _propose(request: Request, row: Deal, form: asked.DealTermsForm, now: datetime) -> object:
    file = form.cleaned_data["file"]
    return deals.propose_terms(
        deal_id=row.pk,
        terms=form.deal_terms(main=row.patent_id, viewer=request.actor),
        files=[file] if file else [],
        seen_version=form.cleaned_data["seen_version"],
        by=request.actor,
        now=now,
    )


def _answer(request: Request, row: Deal, form: forms.Form, now: datetime) -> object:
    version = selectors.open_proposal(row.versions.all())
    return deals.answer_terms(
        deal_id=row.pk,
        version=version.version if version else 0,
        accept=form.cleaned_data["verdict"] == "accept",
        reason=form.cleaned_data["reason"],
        by=request.actor,
        now=now,
    )


def _seal(request: Request, row: Deal, form: forms.Form, now: datetime) -> object:
    verdict = form.cleaned_data["verdict"]
    if verdict == "ok":
        return signing.confirm_seals(deal_id=row.pk, by=request.actor, now=now)
    return signing.reject_contract(
        deal_id=row.pk, side=verdict, reason=form.cleaned_data["reason"], by=request.actor, now=now
    )


def _reply(request: Request, row: Deal, form: forms.Form, now: datetime) -> object:
    return deals.answer_inquiry(
        deal_id=row.pk,
        accept=form.cleaned_data["verdict"] == "accept",
        reason=form.cleaned_data["reason"],
        by=request.actor,
        now=now,
    )


def _with(service: Callable[..., object]) -> Command:
    """The service with what the form holds, under the same names."""

    def run(request: Request, row: Deal, form: forms.Form, now: datetime) -> object:
        return service(deal_id=row.pk, **form.cleaned_data, by=request.actor, now=now)

    return run


_S = DealStatus
HOLDER = frozenset({Party.HOLDER.value})
STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("answer", "答复意向", "提交答复", "已答复，对方收到了通知。", asked.AnswerForm, _reply,
             frozenset({_S.INTENT}), HOLDER),
        Step("verdict", "答复条款", "提交答复", "已答复，对方收到了通知。", asked.VerdictForm,
             _answer, frozenset({_S.NEGOTIATING}), answers="answer_terms"),
        Step("propose", "提出条款", "提交给对方", "条款已送达对方，等待答复。", asked.DealTermsForm,
             _propose, frozenset({_S.NEGOTIATING}),
             lead="在上一版的基础上修改；对方会看到与上一版的差别。"),
        Step("posting", "公示价格", "开始公示", "公示已经开始。", asked.PostingForm,
             _with(signing.post_price), frozenset({_S.AGREED}), HOLDER, answers="post"),
        Step("approval", "登记批准文件", "登记", "批准文件已登记。", asked.ApprovalForm,
             _with(signing.record_approval), rules.BEFORE_SIGNING, HOLDER, answers="approvals"),
        Step("sign", "上传已签合同", "上传", "合同已上传。", asked.ContractForm,
             _with(signing.upload_contract), rules.BEFORE_SIGNING, answers="sign"),
        Step("seal", "核对印章", "提交核对结果", "核对结果已登记。", asked.SealForm, _seal,
             rules.BEFORE_SIGNING, HOLDER, answers="seal",
             lead="须由上传合同以外的另一位工作人员核对；核对无误后合同生效，专利按约定受到约束。"),
        Step("register", "登记编号", "登记", "登记信息已保存。", asked.RegisterForm,
             _with(completing.register_deal), frozenset({_S.SIGNED}),
             lead="转让自登记之日起生效（专利法第十条），许可应在三个月内备案（实施细则第十五条）。"),
        Step("settle", "登记结清", "登记结清", "已结清。", asked.SettleForm,
             _with(completing.settle_deal), frozenset({_S.REGISTERED}), HOLDER),
        Step("reopen", "重新商定条款", "回到洽谈", "已回到洽谈，对方收到了通知。", asked.ReasonForm,
             _with(deals.reopen_deal), rules.BEFORE_SIGNING,
             lead="谈妥的版本保留为历史；正在进行的公示会撤回。"),
        Step("close", "终止洽谈", "终止洽谈", "洽谈已终止，对方收到了通知。", asked.ReasonForm,
             _with(deals.withdraw_deal), rules.OPEN_DEALS, danger=True),
    )
}  # fmt: skip


def _form(step: Step, request: Request, row: Deal) -> forms.Form:
    if step.form is asked.DealTermsForm:
        versions = list(row.versions.all())
        last = versions[-1] if versions else None
        first = asked.DealTermsForm.initial_from(last, main=row.patent_id, kind=row.kind)
        if row.bundle_id:
            members = bundle_members.standing_ids(row)
            first["shares"] = BundleTermsForm.shares_of(last)
            return BundleTermsForm(*sent(request), initial=first, of_kind=row.kind, members=members)
        return asked.DealTermsForm(*sent(request), initial=first, of_kind=row.kind)
    if step.form is asked.PostingForm:
        return asked.PostingForm(
            *sent(request), initial={"days": postings.posting_days(row.region)}
        )
    return step.form(*sent(request))


@require_http_methods(["GET", "POST"])
@login_needed
def take_step(request: Request, deal_id: int, name: str) -> HttpResponse:
    """One step of a deal, as a form with one command that leads back to the room."""
    row = selectors.deal(deal_id, viewer=request.actor)
    step = STEPS.get(name)
    if step is None:
        raise Missing("没有这个步骤。")
    sides = [row.side(side) for side in sorted(step.sides)]
    require(request.actor, step.permission, on=row if len(sides) > 1 else sides[0])
    form = _form(step, request, row)

    def run() -> str:
        step.command(request, row, form, timezone.now())
        messages.success(request, step.told)
        return reverse("licensing:deal", args=[deal_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    version = selectors.agreed_version(row) or selectors.open_proposal(row.versions.all())
    context = {"row": row, "step": step, "form": form, "copies": selectors.copies_of(version)}
    # A plan of one's own goes on from the last version: not before what the kind must say is said.
    plain = not KINDS[DealKind(row.kind)].particulars and row.kind != DealKind.CROSS
    said = row.kind != DealKind.EQUITY and bool(row.versions.all())
    context["composable"] = step.name == "propose" and (plain or said)
    if version and step.name in ("verdict", "sign", "seal", "posting"):
        context["lines"] = selectors.lines_of(version)
    return render(request, "licensing/deal_step.html", context, status=status_of(form))


@require_http_methods(["POST"])
@login_needed
def message(request: Request, deal_id: int) -> HttpResponse:
    """A message to the other side; refused, it comes back with what was written."""
    row = selectors.deal(deal_id, viewer=request.actor)
    require(request.actor, Permission.NEGOTIATE_DEAL, on=row)
    form = asked.MessageForm(*sent(request))

    def run() -> str:
        deals.send_message(
            deal_id=deal_id,
            text=form.cleaned_data["text"],
            file=form.cleaned_data["file"],
            by=request.actor,
            now=timezone.now(),
        )
        return reverse("licensing:deal", args=[deal_id]) + "#talk"

    if done := submitted(request, form, run):
        return done
    context = {"row": row, "form": form, "step": {"title": "发消息", "submit": "发送"}}
    return render(request, "licensing/deal_step.html", context, status=422)


@require_GET
@login_needed
def file(request: Request, deal_id: int, attachment_id: int) -> HttpResponse:
    """A file of the deal, for those who may read what it belongs to."""
    row = selectors.deal(deal_id, viewer=request.actor)
    return download(selectors.file_of(row, attachment_id, viewer=request.actor))


@require_GET
@login_needed
def term_sheet(request: Request, deal_id: int) -> HttpResponse:
    """The agreed terms, or else the newest version, as a PDF to sign or to file."""
    row = selectors.deal(deal_id, viewer=request.actor)
    versions = selectors.versions_for(row, request.actor)
    shown = selectors.agreed_version(row) or (versions[-1] if versions else None)
    if shown is None:
        raise Missing("还没有条款，提出第一版后才有条款清单。")
    content = [
        ("洽谈编号", row.number or ""),
        ("合同类型", f"{row.contract_type}（{row.get_kind_display()}）"),
        ("权利人", row.holder.name),
        ("需求方", row.taker.name),
        ("条款", f"第 {shown.version} 版，{shown.status_label}"),
        *([("上游许可", row.under.number)] if row.under else []),
        *selectors.lines_of(shown),
        ("依据", KINDS[DealKind(shown.kind)].article),
    ]
    paper = typeset(
        title="条款清单",
        content=content,
        content_hash=sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest(),
        address=request.build_absolute_uri(reverse("licensing:deal", args=[row.pk])),
    )
    return pdf_shown(paper, f"条款清单{row.number}.pdf")


urlpatterns = [
    path("deals/", index, name="deals"),
    path("deals/<int:deal_id>/terms.pdf", term_sheet, name="deal-terms-pdf"),
    path("deals/sublicence/", inquire_under, name="deal-sublicence"),
    path("deals/new/<int:patent_id>/", inquire, name="deal-inquire"),
    path("deals/<int:deal_id>/", room, name="deal"),
    path("deals/<int:deal_id>/messages/", message, name="deal-message"),
    path("deals/<int:deal_id>/files/<int:attachment_id>/", file, name="deal-file"),
    path("deals/<int:deal_id>/<slug:name>/", take_step, name="deal-step"),
]
