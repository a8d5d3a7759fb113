"""What every page is built from: figures and dates as people write them, icons, badges, forms.

Filters answer with "—" for nothing, so that no cell is ever an unexplained blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any
from uuid import uuid4

from django import template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import money
from core.audit import words as audit_words

register = template.Library()

NOTHING = "—"
CENT = Decimal("0.01")
WAN = Decimal(10_000)
NUMBER = re.compile(r"^(?P<year>(?:19|20)\d{2})(?P<kind>\d)(?P<serial>\d{7})(?P<check>[\dX])$")
OLD_NUMBER = re.compile(r"^(?P<year>\d{2})(?P<kind>\d)(?P<serial>\d{5})(?P<check>[\dX])$")


# --- figures ---------------------------------------------------------------------------------


def _decimal(value: object) -> Decimal | None:
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> str:
    """Thousands separated, no trailing zeros after the point."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def number(value: object, places: int | str = 2) -> str:
    """1234567.5 -> 1,234,567.5"""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    step = Decimal(1).scaleb(-int(places))
    return _plain(amount.quantize(step, rounding=ROUND_HALF_UP))


@register.filter
def yuan(value: object) -> str:
    """12000 -> 12,000 元; cents only where there are any."""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    return _("%(amount)s 元") % {"amount": money.exact_sum(amount)}


@register.filter
def wan(value: object) -> str:
    """125000 -> 12.5 万元, rounded to the hundredth of a wan (100 yuan)."""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    return _("%(amount)s 万元") % {
        "amount": _plain((amount / WAN).quantize(CENT, rounding=ROUND_HALF_UP))
    }


@register.filter
def exact_sum(value: object) -> str:
    """12000 -> 12,000, without a currency: for sums whose currency stands beside them."""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    return money.exact_sum(amount)


@register.filter
def percent(value: object, places: int | str = 1) -> str:
    """0.125 -> 12.5%"""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    step = Decimal(1).scaleb(-int(places))
    return f"{_plain((amount * 100).quantize(step, rounding=ROUND_HALF_UP))}%"


@register.filter
def score(value: object) -> str:
    """A score of 0..1 as the whole number 0..100 people compare."""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    return str(int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)))


# --- dates -----------------------------------------------------------------------------------


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


@register.filter
def zhdate(value: object) -> str:
    """2025-03-01, in Shanghai."""
    if not isinstance(value, date):
        return NOTHING
    return _local(value).strftime("%Y-%m-%d")


@register.filter
def zhdatetime(value: object) -> str:
    """2025-03-01 14:05, in Shanghai."""
    if not isinstance(value, datetime):
        return zhdate(value)
    return _local(value).strftime("%Y-%m-%d %H:%M")


@register.filter
def ago(value: object, now: datetime | None = None) -> str:
    """How long ago: 刚刚, 5 分钟前, 3 小时前, 2 天前; older than 30 days, the date."""
    if not isinstance(value, datetime):
        return zhdate(value)
    seconds = int(((now or timezone.now()) - value).total_seconds())
    if seconds < 0 or seconds >= 30 * 86_400:
        return zhdate(value)
    days, hours, minutes = seconds // 86_400, seconds // 3_600, seconds // 60
    if days:
        return ngettext("%(n)s 天前", "%(n)s 天前", days) % {"n": days}
    if hours:
        return ngettext("%(n)s 小时前", "%(n)s 小时前", hours) % {"n": hours}
    if minutes:
        return ngettext("%(n)s 分钟前", "%(n)s 分钟前", minutes) % {"n": minutes}
    return _("刚刚")


@register.filter
def span(value: object) -> str:
    """How long something takes, in its largest whole unit: 5 秒, 30 分钟, 2 小时, 1 天."""
    if not isinstance(value, timedelta):
        return NOTHING
    seconds = int(value.total_seconds())
    if seconds and not seconds % 86_400:
        return ngettext("%(n)s 天", "%(n)s 天", seconds // 86_400) % {"n": seconds // 86_400}
    if seconds and not seconds % 3_600:
        return ngettext("%(n)s 小时", "%(n)s 小时", seconds // 3_600) % {"n": seconds // 3_600}
    if seconds and not seconds % 60:
        return ngettext("%(n)s 分钟", "%(n)s 分钟", seconds // 60) % {"n": seconds // 60}
    return ngettext("%(n)s 秒", "%(n)s 秒", seconds) % {"n": seconds}


@register.filter
def patent_number(value: object, prefix: str = "") -> str:
    """2017106018623 -> 2017 1 0601862.3; with |patent_number:"ZL" -> ZL 2017 1 0601862.3."""
    text = str(value or "").strip().upper()
    if not text:
        return NOTHING
    found = NUMBER.match(text) or OLD_NUMBER.match(text)
    if found is None:
        return str(value)
    printed = "{year} {kind} {serial}.{check}".format(**found.groupdict())
    return f"{prefix} {printed}" if prefix else printed


# --- marks -----------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """A symbol of static/img/icons.svg; silent for readers of screens unless labelled."""
    if not label:
        return _silent(name, size)
    return format_html(
        '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
        _icon_class(size),
        label,
        _symbol(name),
    )


@cache
def _silent(name: str, size: str) -> SafeString:
    """A page has forty of them, always of the same few dozen."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>',
        _icon_class(size),
        _symbol(name),
    )


def _icon_class(size: str) -> str:
    return f"icon icon-{size}" if size else "icon"


def _symbol(name: str) -> str:
    return f"{static('img/icons.svg')}#{name}"


# Status is word + shape, never colour alone: each tone has its own shape.
SHAPES = {
    "ok": "s-ok",
    "info": "s-info",
    "wait": "s-wait",
    "warn": "s-warn",
    "danger": "s-danger",
    "muted": "s-muted",
}

# One vocabulary for the words that several rooms use for the same state of affairs.
STATUSES: dict[str, tuple[Any, str]] = {
    "draft": (gettext_lazy("草稿"), "muted"),
    "submitted": (gettext_lazy("待审核"), "wait"),
    "pending": (gettext_lazy("待处理"), "wait"),
    "more_needed": (gettext_lazy("待补充"), "warn"),
    "processing": (gettext_lazy("处理中"), "wait"),
    "running": (gettext_lazy("运行中"), "wait"),
    "queued": (gettext_lazy("排队中"), "wait"),
    "open": (gettext_lazy("进行中"), "info"),
    "listed": (gettext_lazy("已上架"), "ok"),
    "published": (gettext_lazy("已发布"), "ok"),
    "announced": (gettext_lazy("已公告"), "ok"),
    "effective": (gettext_lazy("已生效"), "ok"),
    "granted": (gettext_lazy("授权有效"), "ok"),
    "active": (gettext_lazy("有效"), "ok"),
    "done": (gettext_lazy("已完成"), "ok"),
    "filed": (gettext_lazy("已备案"), "ok"),
    "verified": (gettext_lazy("已核实"), "ok"),
    "recorded": (gettext_lazy("已登记"), "ok"),
    "paid": (gettext_lazy("已付款"), "info"),
    "noticed": (gettext_lazy("已通知"), "info"),
    "reported": (gettext_lazy("已上报"), "info"),
    "converted": (gettext_lazy("已转化"), "info"),
    "suspended": (gettext_lazy("已暂停"), "warn"),
    "contested": (gettext_lazy("有异议"), "warn"),
    "claimed": (gettext_lazy("待确认"), "wait"),
    "confirmed": (gettext_lazy("已确认"), "ok"),
    "disputed": (gettext_lazy("有争议"), "warn"),
    "questioned": (gettext_lazy("有疑问"), "warn"),
    "opened": (gettext_lazy("待处理"), "wait"),
    "asked": (gettext_lazy("待处理"), "wait"),
    "proposed": (gettext_lazy("待处理"), "wait"),
    "told": (gettext_lazy("待处理"), "wait"),
    "mediating": (gettext_lazy("处理中"), "wait"),
    "negotiating": (gettext_lazy("进行中"), "info"),
    "in_force": (gettext_lazy("有效"), "info"),
    "settled": (gettext_lazy("已完成"), "ok"),
    "objected": (gettext_lazy("有异议"), "warn"),
    "appealed": (gettext_lazy("有异议"), "warn"),
    "overdue": (gettext_lazy("已逾期"), "danger"),
    "unverified": (gettext_lazy("待核实"), "warn"),
    "due": (gettext_lazy("待办"), "wait"),
    "applied": (gettext_lazy("已申请"), "wait"),
    "requested": (gettext_lazy("待办"), "wait"),
    "registered": (gettext_lazy("已登记"), "ok"),
    "issued": (gettext_lazy("已出具"), "ok"),
    "returned": (gettext_lazy("已退回"), "warn"),
    "revoked": (gettext_lazy("已撤销"), "danger"),
    "declined": (gettext_lazy("未同意"), "muted"),
    "withdrawn": (gettext_lazy("已撤回"), "muted"),
    "released": (gettext_lazy("已解除"), "muted"),
    "closed": (gettext_lazy("已关闭"), "muted"),
    "archived": (gettext_lazy("已归档"), "muted"),
    "expired": (gettext_lazy("已届满"), "muted"),
    "ended": (gettext_lazy("已终止"), "muted"),
    "lapsed": (gettext_lazy("已失效"), "danger"),
    "invalid": (gettext_lazy("已无效"), "danger"),
    "abandoned": (gettext_lazy("已放弃"), "muted"),
    "rejected": (gettext_lazy("已退回"), "danger"),
    "failed": (gettext_lazy("失败"), "danger"),
    "refused": (gettext_lazy("未通过"), "danger"),
}


@register.simple_tag
def badge(text: object, tone: str = "muted") -> SafeString:
    """A word and a shape: {% badge "已上架" "ok" %}. Tones: ok info wait warn danger muted."""
    tone = tone if tone in SHAPES else "muted"
    return format_html(
        '<span class="badge badge-{}">{}{}</span>', tone, icon(SHAPES[tone], size="sm"), text
    )


@register.simple_tag
def status(code: object, label: object = "") -> SafeString:
    """The badge of a status code; the room's own label goes before the common word."""
    key = str(code or "")
    word, tone = STATUSES.get(key, (label or NOTHING, "muted"))
    return badge(label or word, tone)


@register.filter
def tone(code: object) -> str:
    """The tone of a status code, for {% badge object.get_status_display object.status|tone %}."""
    return STATUSES.get(str(code or ""), ("", "muted"))[1]


@register.simple_tag
def sample(is_sample: object) -> SafeString | str:
    """The mark of rows that we made up."""
    if not is_sample:
        return ""
    return format_html('<span class="sample-mark" title="{}">{}</span>', _("演示数据"), _("示例"))


@register.filter
def get(mapping: Mapping[Any, Any] | None, key: object) -> Any:
    """mapping[key] for keys only known at run time."""
    return None if mapping is None else mapping.get(key)


@register.filter
def is_list(value: object) -> bool:
    """Whether a value has several lines of its own."""
    return isinstance(value, list)


# --- forms -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldGroup:
    """A titled run of fields of one form."""

    title: str
    lead: str
    fields: list[BoundField]


@register.filter
def field_groups(form: BaseForm) -> Iterator[FieldGroup]:
    """The visible fields by the form's `groups = [(title, lead, [names])]`; the rest come last.

    A form without `groups` is one untitled group.
    """
    groups: Iterable[tuple[str, str, list[str]]] = getattr(form, "groups", ())
    taken: set[str] = set()
    for title, lead, names in groups:
        taken.update(names)
        named = [form[name] for name in names if name in form.fields]
        yield FieldGroup(title, lead, [field for field in named if not field.is_hidden])
    rest = [field for field in form.visible_fields() if field.name not in taken]
    if rest:
        yield FieldGroup("", "", rest)


@register.filter
def example(field: BoundField) -> str:
    """The example shown under a field: the form's `examples = {"field": "…"}`."""
    return str(getattr(field.form, "examples", {}).get(field.name, ""))


@register.filter
def widget_kind(field: BoundField) -> str:
    """How a field is laid out: check, choices, file or text."""
    name = field.widget_type
    if name == "checkbox":
        return "check"
    if name in {"radioselect", "checkboxselectmultiple"}:
        return "choices"
    return "file" if "file" in name else "text"


@register.filter
def event_words(code: str) -> str:
    """An audited event in words, such as 许可 · 生效."""
    return audit_words.event(code)


@register.filter
def change_words(changes: object) -> str:
    """What an audit entry says beyond its event, on one line."""
    return "；".join(audit_words.details(changes))


@register.filter
def subject_words(kind: str) -> str:
    """What kind of thing an audit entry is about, such as 许可."""
    return audit_words.subject(kind)


@register.filter
def optional_word(field: BoundField) -> str:
    """What stands beside a field that may stay empty; `optional_words` of the form knows better."""
    words: dict[str, str] = getattr(field.form, "optional_words", {})
    return str(words.get(field.name) or _("选填"))


@register.simple_tag
def form_token() -> SafeString:
    """A hidden one-time token: the second submit of the same page repeats nothing."""
    return format_html('<input type="hidden" name="form_token" value="{}">', uuid4().hex)


ROLE_NAMES = {
    "anonymous": gettext_lazy("访客"),
    "inventor": gettext_lazy("发明人"),
    "office": gettext_lazy("供给方（技术转移）"),
    "enterprise": gettext_lazy("企业"),
    "broker": gettext_lazy("技术经纪人"),
    "bank": gettext_lazy("银行"),
    "guarantor": gettext_lazy("担保／保险机构"),
    "valuer": gettext_lazy("评估机构"),
    "exchange": gettext_lazy("交易机构"),
    "bureau": gettext_lazy("主管部门"),
    "auditor": gettext_lazy("审计"),
    "sysadmin": gettext_lazy("系统管理员"),
}


@register.filter
def role_name(code: object) -> str:
    """What people call a role."""
    return str(ROLE_NAMES.get(str(code), code))
