"""Where one can go from here: the public sections and each role's workbench.

Rooms are named by path only, so that the ground floor imports nobody. A section whose room is not
installed is not shown: no link of ours is ever dead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy

from core.people.types import Actor, Role
from core.permissions import Permission, allowed

register = template.Library()


@dataclass(frozen=True, slots=True)
class Section:
    """A word in a navigation bar."""

    path: str
    label: str | Promise
    icon: str = ""
    here: bool = False
    also: tuple[str, ...] = ()  # paths that belong to it without lying under its own


@dataclass(frozen=True, slots=True)
class Group:
    """A few places under one word; one that has a single place is that place."""

    label: str | Promise
    icon: str
    sections: tuple[Section, ...]

    @property
    def here(self) -> Section | None:
        """The place of it where one is."""
        return next((section for section in self.sections if section.here), None)


PUBLIC = (
    Section("/patents/", gettext_lazy("找专利")),
    Section("/needs/", gettext_lazy("找需求")),
    Section("/open-licences/", gettext_lazy("开放许可专区")),
    Section("/pledges/", gettext_lazy("质押融资")),
    Section("/gatherings/", gettext_lazy("活动路演")),
    Section("/services/", gettext_lazy("办事指南"), also=("/policies/",)),
    Section("/help/", gettext_lazy("帮助")),
)
# Where those who build on the platform look: below, not in the bar.
ALSO_PUBLIC = (Section("/open-platform/", gettext_lazy("开放平台")),)

TODO = Section("/", gettext_lazy("待办"), "inbox")
NOTICES = Section("/notices/", gettext_lazy("消息"), "bell")
LIBRARY = Section("/library/", gettext_lazy("专利库"), "stack")
FAVOURITES = Section("/favourites/", gettext_lazy("收藏"), "star")
MATCHES = Section("/matches/", gettext_lazy("匹配推荐"), "spark")
RECEIVED = Section("/matches/received/", gettext_lazy("企业评价"), "spark")
MY_NEEDS = Section("/needs/mine/", gettext_lazy("我的需求"), "pen", also=("/needs/new/",))
NEED_LISTS = Section(
    "/needs/mine/", gettext_lazy("需求清单"), "pen", also=("/needs/new/", "/needs/imports/")
)
SHORTLISTS = Section("/shortlists/", gettext_lazy("推荐清单"), "list")
SUBSCRIPTIONS = Section("/subscriptions/", gettext_lazy("订阅"), "rss")
DECLARATIONS = Section(
    "/open-licences/mine/", gettext_lazy("开放许可"), "scale", also=("/open-licences/declare/",)
)
LICENCES = Section("/licences/", gettext_lazy("许可"), "contract")
DEALS = Section("/deals/", gettext_lazy("洽谈"), "contract")
POOLS = Section(
    "/pools/mine/", gettext_lazy("专利池"), "stack", also=("/pools/", "/pool-licences/")
)
PRICES = Section("/price-guide/", gettext_lazy("定价参考"), "money")
DUES = Section("/licences/dues/", gettext_lazy("许可费"), "contract")
OUTCOMES = Section("/outcomes/", gettext_lazy("转化反馈"), "flag")
INCOME = Section("/income/", gettext_lazy("收益分配"), "contract")
REGISTRATIONS = Section("/registrations/", gettext_lazy("合同登记"), "flag")
CERTIFICATES = Section("/certificates/", gettext_lazy("交易鉴证"), "shield")
DISPUTES = Section("/disputes/", gettext_lazy("合同纠纷"), "scale")
CONDUCT = Section("/conduct/", gettext_lazy("信用记录"), "shield")
CASES = Section("/case-files/", gettext_lazy("免责案卷"), "shield")
EQUITY = Section("/equity/", gettext_lazy("作价入股考核"), "chart")
PLEDGES = Section("/pledges/records/", gettext_lazy("质押登记"), "bank")
OVERSIGHT = Section("/oversight/", gettext_lazy("监管看板"), "chart")
AUDIT = Section("/audit/", gettext_lazy("审计记录"), "shield")
CONSOLE = Section("/open-platform/console/", gettext_lazy("接口控制台"), "plug")
RUNS = Section("/matching/runs/", gettext_lazy("匹配运行"), "spark")
ENGINES = Section("/matching/engines/", gettext_lazy("引擎版本"), "settings")
GALLERY = Section("/gallery/", gettext_lazy("组件样张"), "box")
ADMIN = Section("/admin/", gettext_lazy("系统管理"), "settings")
SEARCH = Section("/searches/", gettext_lazy("保存的检索"), "search")
EVENTS = Section("/library/events/", gettext_lazy("法律事件"), "scale")
DISCLOSURES = Section("/disclosures/", gettext_lazy("发明披露"), "pen")
SERVICES = Section("/service-requests/", gettext_lazy("服务请求"), "contract")
PUSHES = Section("/pushes/", gettext_lazy("推送效果"), "chart")
JOININGS = Section("/joining/queue/", gettext_lazy("入驻审核"), "building")
CANDIDATES = Section("/library/candidates/", gettext_lazy("开放许可候选"), "scale")
RATINGS = Section("/ratings/", gettext_lazy("服务评价"), "thumb-up")
RATED = Section("/ratings/received/", gettext_lazy("服务评价"), "thumb-up", also=("/ratings/",))
DRIVES = Section("/drives/", gettext_lazy("盘点动员"), "flag")

WORKBENCH: tuple[tuple[Role, tuple[Section, ...]], ...] = (
    (
        Role.OFFICE,
        (
            TODO,
            LIBRARY,
            DISCLOSURES,
            RECEIVED,
            SHORTLISTS,
            PUSHES,
            DECLARATIONS,
            PRICES,
            DEALS,
            POOLS,
            LICENCES,
            DUES,
            REGISTRATIONS,
            CERTIFICATES,
            DISPUTES,
            CONDUCT,
            OUTCOMES,
            INCOME,
            CASES,
            EQUITY,
            PLEDGES,
            DRIVES,
            FAVOURITES,
            SEARCH,
            RATINGS,
        ),
    ),
    (
        Role.ENTERPRISE,
        (
            TODO,
            MATCHES,
            MY_NEEDS,
            SHORTLISTS,
            SUBSCRIPTIONS,
            FAVOURITES,
            SEARCH,
            DEALS,
            POOLS,
            LICENCES,
            DUES,
            REGISTRATIONS,
            CERTIFICATES,
            DISPUTES,
            CONDUCT,
            PLEDGES,
            RATINGS,
            CONSOLE,
        ),
    ),
    (
        Role.BROKER,
        (
            TODO,
            LIBRARY,
            MATCHES,
            MY_NEEDS,
            SHORTLISTS,
            DECLARATIONS,
            DEALS,
            POOLS,
            LICENCES,
            REGISTRATIONS,
            CERTIFICATES,
            DISPUTES,
            CONDUCT,
            OUTCOMES,
            FAVOURITES,
            RATINGS,
        ),
    ),
    (Role.INVENTOR, (TODO, DISCLOSURES, INCOME, FAVOURITES, SEARCH)),
    (
        Role.BUREAU,
        (
            TODO,
            OVERSIGHT,
            JOININGS,
            NEED_LISTS,
            CANDIDATES,
            DRIVES,
            EVENTS,
            OUTCOMES,
            INCOME,
            CASES,
            EQUITY,
            DEALS,
            POOLS,
            LICENCES,
            REGISTRATIONS,
            CERTIFICATES,
            DISPUTES,
            CONDUCT,
            PLEDGES,
            PUSHES,
            RATED,
        ),
    ),
    (Role.BANK, (TODO, PLEDGES, FAVOURITES)),
    (Role.GUARANTOR, (TODO, PLEDGES)),
    (Role.VALUER, (TODO, SERVICES, PLEDGES)),
    (Role.EXCHANGE, (TODO, CERTIFICATES, DISPUTES, CONSOLE)),
    (
        Role.AUDITOR,
        (
            TODO,
            AUDIT,
            OVERSIGHT,
            ENGINES,
            OUTCOMES,
            INCOME,
            CASES,
            EQUITY,
            DEALS,
            LICENCES,
            REGISTRATIONS,
            CERTIFICATES,
            DISPUTES,
            CONDUCT,
            PLEDGES,
            RATED,
        ),
    ),
    (
        Role.SYSADMIN,
        (TODO, OVERSIGHT, JOININGS, RUNS, ENGINES, PUSHES, EVENTS, RATED, AUDIT, GALLERY, ADMIN),
    ),
)


MOST_IN_A_ROW = 8
# A bar with more places than fit in a row shows these instead; what is in none stands alone.
GROUPS: tuple[tuple[str | Promise, str, tuple[Section, ...]], ...] = (
    (
        gettext_lazy("专利"),
        "stack",
        (LIBRARY, DISCLOSURES, CANDIDATES, EVENTS, DRIVES, SERVICES),
    ),
    (
        gettext_lazy("匹配与推送"),
        "spark",
        (MATCHES, RECEIVED, MY_NEEDS, SUBSCRIPTIONS, PUSHES, RUNS, ENGINES),
    ),
    (
        gettext_lazy("交易"),
        "contract",
        (
            DEALS,
            POOLS,
            LICENCES,
            DUES,
            DECLARATIONS,
            PRICES,
            PLEDGES,
            REGISTRATIONS,
            CERTIFICATES,
            DISPUTES,
            CONDUCT,
            OUTCOMES,
            INCOME,
            CASES,
            EQUITY,
        ),
    ),
    (gettext_lazy("关注"), "star", (FAVOURITES, SEARCH, RATINGS, RATED)),
    (gettext_lazy("系统"), "settings", (JOININGS, AUDIT, ADMIN, GALLERY)),
)


@dataclass(frozen=True, slots=True)
class Family:
    """Lists that lie side by side: each shows the way to the others. No roles: for everyone."""

    label: str | Promise
    groups: tuple[tuple[str | Promise, tuple[Section, ...]], ...]
    roles: frozenset[Role] = frozenset()

    @property
    def sections(self) -> tuple[Section, ...]:
        return tuple(section for _, sections in self.groups for section in sections)


FAMILIES: tuple[Family, ...] = (
    Family(
        gettext_lazy("找专利"),
        (
            (
                "",
                (
                    Section("/patents/", gettext_lazy("全部专利")),
                    Section("/collections/", gettext_lazy("专题库")),
                    Section("/bundles/", gettext_lazy("专利组合")),
                    Section("/pools/", gettext_lazy("专利池")),
                    Section("/auctions/", gettext_lazy("拍卖与挂牌公示")),
                ),
            ),
        ),
    ),
    Family(
        gettext_lazy("专利库"),
        (
            (
                gettext_lazy("库存"),
                (
                    Section("/library/", gettext_lazy("库存")),
                    Section("/library/portfolio/", gettext_lazy("组合分析")),
                    Section("/library/imports/", gettext_lazy("导入记录")),
                    Section("/library/claims/", gettext_lazy("权属主张")),
                ),
            ),
            (
                gettext_lazy("维护"),
                (
                    Section("/library/annuities/", gettext_lazy("年费")),
                    Section("/library/events/", gettext_lazy("法律事件")),
                    Section("/consents/", gettext_lazy("共有人同意")),
                    Section("/library/candidates/", gettext_lazy("开放许可候选")),
                ),
            ),
            (
                gettext_lazy("推介"),
                (
                    Section("/library/sheets/", gettext_lazy("推介表")),
                    Section("/library/promotion/", gettext_lazy("推广")),
                    Section("/library/lists/", gettext_lazy("推广清单")),
                    Section("/library/collections/", gettext_lazy("编选专题")),
                    Section("/library/bundles/", gettext_lazy("组合")),
                ),
            ),
            (
                gettext_lazy("公开交易"),
                (
                    Section("/library/auctions/", gettext_lazy("拍卖")),
                    Section("/library/auctions/postings/", gettext_lazy("成果转化公示")),
                ),
            ),
        ),
        frozenset({Role.OFFICE, Role.BROKER}),
    ),
)


@cache
def _installed(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _marks(sections: tuple[Section, ...], here: str) -> tuple[str, ...]:
    """Which of the sections the present path is in: the one that fits it best, mostly."""
    fits = [
        s.path
        for s in sections
        if (s.path == here or (s.path != "/" and here.startswith(s.path))) and _installed(s.path)
    ]
    best = max(fits, key=len, default=None)
    return tuple(s.path for s in sections if s.path == best or (s.also and here.startswith(s.also)))


def _shown(sections: tuple[Section, ...], marks: tuple[str, ...]) -> list[Section]:
    return [replace(s, here=s.path in marks) for s in sections if _installed(s.path)]


def _marked(sections: tuple[Section, ...], here: str) -> list[Section]:
    """The installed sections, the one that best fits the present path marked."""
    return _shown(sections, _marks(sections, here))


@cache
def _bench(roles: frozenset[Role]) -> tuple[Section, ...]:
    """The sections of these roles, each once."""
    seen: dict[str, Section] = {TODO.path: TODO}
    for role, sections in WORKBENCH:
        if role in roles:
            for section in sections:
                seen.setdefault(section.path, section)
    seen[NOTICES.path] = NOTICES
    return tuple(seen.values())


def _place(context: template.Context) -> tuple[str, frozenset[Role] | None]:
    """Where one is and by which roles; None for visitors."""
    request: HttpRequest | None = context.get("request")
    actor: Actor | None = getattr(request, "actor", None)
    known = actor is not None and not actor.is_anonymous
    return request.path if request else "", actor.roles if actor is not None and known else None


@register.simple_tag(takes_context=True)
def workbench_sections(context: template.Context) -> list[Section]:
    """The sections of the actor's roles, each once; nothing for visitors."""
    here, roles = _place(context)
    return [] if roles is None else _marked(_bench(roles), here)


@register.simple_tag(takes_context=True)
def frame_part(context: template.Context, name: str) -> SafeString:
    """A part of the frame that is the same for all who share language, roles and place.

    Drawn once for each of these in a process: the bars were a third of what a page costs.
    """
    here, roles = _place(context)
    if name == "workbench":
        if roles is None:
            return SafeString("")
        return _part(name, get_language(), _marks(_bench(roles), here), roles)
    marks = _marks(PUBLIC, here) if name in {"brand", "menu"} else ()
    return _part(name, get_language(), marks, None)


@lru_cache(maxsize=2_000)
def _part(
    name: str, _language: str | None, marks: tuple[str, ...], roles: frozenset[Role] | None
) -> SafeString:
    sections = {"workbench": _bench(roles or frozenset()), "places": (*PUBLIC, *ALSO_PUBLIC)}
    shown = _shown(sections.get(name, PUBLIC), marks)
    drawn = render_to_string(f"_components/site_{name}.html", {"sections": shown})
    return SafeString(drawn.strip())


@register.simple_tag
def grouped(sections: list[Section]) -> list[Group]:
    """A bar in few words: more places than fit in a row stand in groups, where the first stood."""
    if len(sections) <= MOST_IN_A_ROW:
        return [_alone(section) for section in sections]
    by_path = {s.path: n for n, (_, _, members) in enumerate(GROUPS) for s in members}
    bars: dict[str, list[Section]] = {}
    for section in sections:
        bars.setdefault(str(by_path.get(section.path, section.path)), []).append(section)
    return [
        _alone(members[0]) if len(members) == 1 else Group(*GROUPS[int(key)][:2], tuple(members))
        for key, members in bars.items()
    ]


def _alone(section: Section) -> Group:
    return Group(section.label, section.icon, (section,))


@register.simple_tag(takes_context=True)
def neighbours(context: template.Context) -> dict[str, object] | None:
    """The lists beside this one, in groups where there are many; None where there are none."""
    request: HttpRequest | None = context.get("request")
    actor: Actor | None = getattr(request, "actor", None)
    if request is None or actor is None:
        return None
    for family in FAMILIES:
        paths = {section.path for section in family.sections}
        if request.path in paths and (not family.roles or actor.has(*family.roles)):
            shown = {s.path: s for s in _marked(family.sections, request.path)}
            groups = [
                Group(label, "", tuple(shown[s.path] for s in sections if s.path in shown))
                for label, sections in family.groups
            ]
            bars = [group for group in groups if group.sections]
            if len(bars) == 1:
                bars = [_alone(section) for section in bars[0].sections]
            return {"label": family.label, "groups": bars} if len(shown) > 1 else None
    return None


@register.simple_tag(takes_context=True)
def open_to(context: template.Context, permission: str) -> bool:
    """Whether the reader may do this, or might once logged in: a link that is worth showing."""
    request: HttpRequest | None = context.get("request")
    actor: Actor | None = getattr(request, "actor", None)
    if not permission or actor is None or actor.is_anonymous:
        return True
    return allowed(actor, Permission(permission))


@register.simple_tag
def installed(path: str) -> str:
    """The path if some room answers there, else ""."""
    return path if _installed(path) else ""
