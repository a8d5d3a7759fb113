"""The one place that says by what the board can be filtered: the page and the API both read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import django_filters
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from core.people.models import OrganisationKind
from core.reference import selectors as reference
from listings.models import Listing
from listings.models.choices import Layer, PatentKind, PatentStatus, Route
from listings.selectors.searching.search import (
    LAST_PAGE,
    NEGOTIABLE,
    OPEN_NOW,
    BoardQuery,
    Facet,
)

SORTS: Final = (
    ("relevance", _("相关度")),
    ("newest", _("最新发布")),
    ("price", _("价格从低到高")),
    ("price-desc", _("价格从高到低")),
)
PRICES: Final = (
    (NEGOTIABLE, _("面议")),
    ("free", _("免费")),
    ("to-50k", _("5 万元以下")),
    ("to-200k", _("5 万—20 万元")),
    ("to-1m", _("20 万—100 万元")),
    ("above-1m", _("100 万元以上")),
)
ROUTE_WORDS: Final[dict[str, Any]] = {
    Route.OPEN_LICENCE: _("愿意开放许可"),
    Route.TRY_FIRST: _("先使用后付费"),
}
MODES: Final = [
    (OPEN_NOW, _("开放许可 · 可直接取得")),
    *((code, ROUTE_WORDS.get(code, label)) for code, label in Route.choices),
]
TITLES: Final[dict[str, Any]] = {
    "mode": _("许可方式"),
    "section": _("技术领域（IPC 部）"),
    "ipc": _("IPC 大类"),
    "region": _("地区"),
    "holder": _("供给方类型"),
    "kind": _("专利类型"),
    "status": _("法律状态"),
    "price": _("价格"),
    "trl": _("技术成熟度"),
    "year": _("申请年份"),
    "layer": _("分层"),
}
MOST_CHOICES: Final = 20


class SeveralField(forms.Field):
    """Repeated or comma-separated values that fit a pattern."""

    widget = forms.SelectMultiple

    def __init__(self, *, pattern: str, hint: Any = "", **kwargs: Any) -> None:
        self.pattern = re.compile(pattern)
        self.hint = hint
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> list[str]:
        given = value if isinstance(value, list | tuple) else [value] if value else []
        parts = [part.strip().upper() for item in given for part in str(item).split(",")]
        return list(dict.fromkeys(part for part in parts if part))

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        wrong = [part for part in value if not self.pattern.fullmatch(part)]
        if wrong or len(value) > MOST_CHOICES:
            shown = "、".join(part[:20] for part in wrong[:3])
            raise forms.ValidationError(
                _("“%(value)s”不是可用的筛选值。%(hint)s"),
                params={"value": shown or len(value), "hint": self.hint},
            )


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Several(django_filters.Filter):
    """A filter of several values that no list can hold."""

    field_class = SeveralField


class OneOf(django_filters.MultipleChoiceFilter):
    """A filter of several values out of a list; any of them fits."""


@extend_schema_field({"type": "string", "pattern": r"^\d{2}$"})
class InRegions(OneOf):
    """Provinces by the first two digits of their code."""


def regions() -> list[tuple[str, str]]:
    return [(region.code[:2], region.name) for region in reference.provinces()]


class BoardFilter(django_filters.FilterSet):
    """What the board can be asked. Filters only read the request; `search` applies them."""

    q = django_filters.CharFilter(
        label=_("关键词或专利号"),
        help_text=_("词、单字、持有人或任何写法的专利号，最多 200 个字。"),
    )
    section = OneOf(label=TITLES["section"], choices=[(c, c) for c in "ABCDEFGH"])
    ipc = Several(
        label=_("IPC 分类（任意一级的开头，如 H01、H01M、H01M 10）"),
        pattern=r"[A-H](\d{2}([A-Z]( ?\d{1,4}(/\d{0,6})?)?)?)?",
        hint=_("请填 IPC 分类号的开头，如 H01M。"),
    )
    region = InRegions(label=TITLES["region"], choices=regions)
    holder = OneOf(label=TITLES["holder"], choices=OrganisationKind.choices)
    kind = OneOf(label=TITLES["kind"], choices=PatentKind.choices)
    status = OneOf(label=TITLES["status"], choices=PatentStatus.choices)
    mode = OneOf(label=TITLES["mode"], choices=MODES)
    price = OneOf(label=TITLES["price"], choices=PRICES)
    trl = OneOf(label=TITLES["trl"], choices=[(str(n), str(n)) for n in range(1, 10)])
    year = Several(label=TITLES["year"], pattern=r"(19|20)\d{2}", hint=_("请填四位年份，如 2021。"))
    layer = OneOf(label=_("分层（仅工作人员）"), choices=Layer.choices)
    sort = django_filters.ChoiceFilter(label=_("排序"), choices=SORTS)

    class Meta:
        model = Listing
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: Any) -> Any:
        """The query is applied by `selectors.searching`, where facets can leave one filter out."""
        return queryset

    def query(self) -> BoardQuery:
        """What was asked, without the values that make no sense."""
        self.form.is_valid()
        good = {k: v for k, v in self.form.cleaned_data.items() if k not in self.form.errors}
        chosen = {name: tuple(str(value) for value in good.get(name) or ()) for name in TITLES}
        return BoardQuery(
            text=" ".join(str(good.get("q") or "").replace("\x00", "").split()),
            chosen={name: values for name, values in chosen.items() if values},
            sort=str(good.get("sort") or ""),
            page=page_number(self.data),
        )


def page_number(data: Any) -> int:
    """The page asked for; nonsense is the first, and beyond the last is beyond it."""
    raw = str((data or {}).get("page", "1"))
    return min(int(raw), LAST_PAGE + 1) if raw.isdecimal() and len(raw) < 9 and int(raw) else 1


def url_of(query: BoardQuery, path: str = "") -> str:
    """The address that holds exactly this query."""
    pairs: list[tuple[str, str]] = [("q", query.text)] if query.text else []
    for name in TITLES:
        pairs += [(name, value) for value in query.chosen.get(name, ())]
    if query.sort:
        pairs.append(("sort", query.sort))
    if query.page > 1:
        pairs.append(("page", str(query.page)))
    return f"{path}?{urlencode(pairs)}" if pairs else path or "?"


# What facets show


@dataclass(frozen=True)
class Option:
    """One value of a facet: a link that chooses it, or lets it go."""

    label: str
    count: int
    url: str
    selected: bool


@dataclass(frozen=True)
class ShownFacet:
    """A facet as `_components/facets.html` takes it."""

    title: Any
    options: list[Option]


@dataclass(frozen=True)
class Chip:
    """A chosen value, and the address without it."""

    label: str
    url: str


WORDS: Final[dict[str, dict[str, Any]]] = {
    "holder": dict(OrganisationKind.choices),
    "kind": dict(PatentKind.choices),
    "status": dict(PatentStatus.choices),
    "mode": dict(MODES),
    "price": dict(PRICES),
    "layer": dict(Layer.choices),
}


def word_for(name: str, value: str) -> str:
    """What people call a filter's value."""
    if name in WORDS:
        return gettext(str(WORDS[name].get(value, value)))
    if name == "region":
        return reference.region_name(value.ljust(6, "0")) or value
    if name in {"section", "ipc"}:
        title = reference.ipc_title(value)
        return f"{value} {title}" if title else value
    if name == "trl":
        return str(_("%(n)s 级") % {"n": value})
    return value


def toggled(query: BoardQuery, name: str, value: str) -> BoardQuery:
    values = query.chosen.get(name, ())
    kept = tuple(v for v in values if v != value) if value in values else (*values, value)
    chosen = {**query.chosen, name: kept}
    return BoardQuery(query.text, {k: v for k, v in chosen.items() if v}, query.sort)


def shown(facets: Iterable[Facet], query: BoardQuery, path: str) -> list[ShownFacet]:
    """Facets as links. A chosen value stays on show with a zero when nothing fits it any more."""
    found = []
    for facet in facets:
        counts = dict(facet.counts)
        chosen = query.chosen.get(facet.name, ())
        values = [*counts, *(value for value in chosen if value not in counts)]
        options = [
            Option(
                label=str(word_for(facet.name, value)),
                count=counts.get(value, 0),
                url=url_of(toggled(query, facet.name, value), path),
                selected=value in chosen,
            )
            for value in values[:60]
        ]
        found.append(ShownFacet(TITLES[facet.name], options))
    return found


def chips(query: BoardQuery, path: str) -> list[Chip]:
    """Every chosen value with the address that drops it."""
    return [
        Chip(f"{TITLES[name]}：{word_for(name, value)}", url_of(toggled(query, name, value), path))
        for name, values in query.chosen.items()
        for value in values
    ]


def from_url(data: QueryDict) -> BoardFilter:
    """The filter of a page's address."""
    return BoardFilter(data)
