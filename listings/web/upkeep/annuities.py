"""The annuity calendar: twelve months, the list, its downloads, and recording what was paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core import money
from core.days import legal_day
from core.errors import Missing
from core.idempotency.web import submitted
from core.templatetags.ui import number
from core.web.export import csv_download, xlsx_download
from core.web.types import Request
from listings import filters, selectors
from listings.rules.annuities import SURCHARGE
from listings.selectors.upkeep import annuities, annuity_records
from listings.selectors.upkeep.annuities import Asked, Calendar, Due
from listings.services import upkeep
from listings.types import PatentCard, PatentKind
from listings.web.doors import keepers
from listings.web.upkeep.annuity_forms import PayManyForm, hidden_ids

A_PAGE = 50
GROUPS = {
    "": lazy("全部"),
    "late": lazy("滞纳期内"),
    "soon": lazy("30 天内到期"),
    "coming": lazy("未到期"),
    "overdue": lazy("滞纳期已过"),
    "unknown": lazy("没有缴费记录"),
    "dropped": lazy("不再维持"),
}
STATES = {
    "late": (lazy("滞纳期内"), "warn"),
    "overdue": (lazy("滞纳期已过"), "danger"),
    "unknown": (lazy("没有缴费记录"), "muted"),
    "dropped": (lazy("不再维持"), "muted"),
    "coming": (lazy("未到期"), "ok"),
}
SORTS = {"": lazy("应缴日先后"), "amount": lazy("金额从高到低")}
HEADER = (
    *("专利号", "名称", "类型", "年度", "应缴日", "滞纳期至", "状态", "全额年费", "减缴"),
    *("滞纳金", "应缴合计（元）", "计算依据"),
)


def asked_of(request: Request) -> Asked:
    """What the address asks for; what it cannot mean is left out."""
    given = {name: request.GET.get(name, "")[:200] for name in ("q", *Asked.__dataclass_fields__)}
    month = given["month"]
    return Asked(
        text=given["q"].replace("\x00", "").strip(),
        state=given["state"] if given["state"] in GROUPS else "",
        month=month if len(month) == 7 and month.replace("-", "").isdigit() else "",
        kind=given["kind"] if given["kind"] in {kind.value for kind in PatentKind} else "",
        sort=given["sort"] if given["sort"] in SORTS else "",
    )


@require_GET
@keepers
def calendar(request: Request) -> HttpResponse:
    """What falls due in twelve months, by month, and each annuity with what it costs."""
    asked, on = asked_of(request), legal_day(timezone.now())
    found = annuities.calendar(viewer=request.actor, on=on, asked=asked)
    page = Paginator(found.rows, A_PAGE).get_page(request.GET.get("page"))
    cards = selectors.cards([row.patent_id for row in page], viewer=request.actor)
    context = {
        "found": found,
        "page": page,
        "rows": [line(row, cards[row.patent_id], on) for row in page if row.patent_id in cards],
        "asked": asked,
        "groups": [
            (code, label, found.groups.get(code, 0)) for code, label in GROUPS.items() if code
        ],
        "kinds": [(kind.value, filters.word_for("kind", kind.value)) for kind in PatentKind],
        "sorts": SORTS.items(),
        "months": [_month(month) for month in found.months],
        "late_count": found.groups.get("late", 0),
        "overdue_count": found.groups.get("overdue", 0),
        "unknown_count": found.groups.get("unknown", 0),
        "is_narrowed": any((asked.text, asked.state, asked.month, asked.kind)),
        "has_any": sum(found.groups.values()) > 0,
        "query": request.GET.urlencode(),
    }
    return render(request, "listings/annuities.html", context)


def _month(month: annuities.Month) -> dict[str, Any]:
    if not month.count:
        return {"label": month.code, "value": "—", "note": ""}
    return {
        "label": month.code,
        "value": number(month.total),
        "unit": _("元"),
        "note": _("%(n)s 件") % {"n": month.count},
        "url": f"{reverse('listings:annuities')}?month={month.code}#rows",
    }


def line(row: Due, card: PatentCard, on: date) -> dict[str, Any]:
    """One annuity as the list shows it: state, sum, every part of the sum with its article."""
    label, tone = STATES[row.group]
    quote = row.quote
    return {
        "due": row,
        "card": card,
        "state": label,
        "tone": tone,
        "days": (row.due_on - on).days if row.due_on else None,
        "left": (row.grace_until - on).days if row.grace_until else None,
        "late_step": quote.full * SURCHARGE if quote else None,
        "may_pay": row.group in {"late", "coming"} and not row.follows and quote is not None,
    }


@require_GET
@keepers
def export(request: Request, form: str) -> HttpResponse:
    """The list that is asked for as a workbook or CSV, with what each sum is made of."""
    if form not in {"xlsx", "csv"}:
        raise Missing("只提供 XLSX 和 CSV 两种格式。")
    asked, on = asked_of(request), legal_day(timezone.now())
    found = annuities.calendar(viewer=request.actor, on=on, asked=asked)
    cards = selectors.cards({row.patent_id for row in found.rows}, viewer=request.actor)
    rows = list(_exported(found, cards))
    name = f"annuities-{on:%Y%m%d}"
    if form == "csv":
        return csv_download(name, HEADER, rows)
    widths = (22, 40, 10, 6, 12, 12, 14, 12, 12, 12, 14, 80)
    return xlsx_download(name, "年费", HEADER, rows, widths=widths)


def _exported(found: Calendar, cards: dict[int, PatentCard]) -> Iterable[list[object]]:
    for row in found.rows:
        card = cards.get(row.patent_id)
        if card is None:
            continue
        quote = row.quote
        why = "；".join(f"{part.label}（{part.article}）" for part in quote.lines) if quote else ""
        yield [
            card.printed,
            card.title,
            str(filters.word_for("kind", card.kind)),
            quote.year if quote else None,
            row.due_on,
            row.grace_until,
            str(STATES[row.group][0]),
            *((quote.full, quote.reduction, quote.surcharge) if quote else (None, None, None)),
            quote.total if quote else None,
            why,
        ]


@require_http_methods(["GET", "POST"])
@keepers
def pay_many(request: Request) -> HttpResponse:
    """Many payments at once: what each will be recorded as, then the record."""
    data = request.POST if request.method == "POST" else request.GET
    ids, on = hidden_ids(data), legal_day(timezone.now())
    if not ids:
        messages.warning(request, _("请先在列表中勾选要登记缴费的专利。"))
        return redirect("listings:annuities")
    form = PayManyForm(request.POST or None, initial={"paid_on": on})
    if request.method == "POST":
        done = submitted(request, form, lambda: _record(request, ids, form))
        if done is not None:
            return done
    found = annuity_records.next_dues(ids, viewer=request.actor, on=on, today=True)
    cards = selectors.cards(found, viewer=request.actor)
    rows = [line(row, cards[pk], on) for pk, row in found.items() if pk in cards]
    context = {
        "form": form,
        "rows": rows,
        "ids": [row["card"].id for row in rows],
        "total": sum(row["due"].total for row in rows),
        "missing": len(set(ids)) - len(rows),
    }
    status = 422 if form.errors else 200
    return render(request, "listings/annuity_pay.html", context, status=status)


def _record(request: Request, ids: list[int], form: PayManyForm) -> str:
    found = upkeep.record_payments(
        patent_ids=ids,
        paid_on=form.cleaned_data["paid_on"],
        receipt=form.cleaned_data["receipt"],
        by=request.actor,
        now=timezone.now(),
    )
    if found.done:
        messages.success(
            request,
            _("已登记 %(n)s 件，共 %(total)s。")
            % {"n": len(found.done), "total": money.yuan(found.total)},
        )
    cards = selectors.cards(found.refused, viewer=request.actor)
    for pk, why in list(found.refused.items())[:20]:
        title = cards[pk].title if pk in cards else pk
        messages.warning(request, _("%(title)s 没有登记：%(why)s") % {"title": title, "why": why})
    return reverse("listings:annuities")


urlpatterns = [
    path("library/annuities/", calendar, name="annuities"),
    path("library/annuities/export/<slug:form>/", export, name="annuity-export"),
    path("library/annuities/pay/", pay_many, name="annuity-pay"),
]
