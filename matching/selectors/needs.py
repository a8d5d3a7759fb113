"""Questions about needs and subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import CharField, Count, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from core.people.types import Actor
from core.reference import selectors as reference
from matching import rules
from matching.models import Lead, Match, Need, NeedDraft, Subscription
from matching.models.choices import ListType
from matching.selectors.faces import readable
from matching.types import Ending

FACET_OPTIONS = 20


@dataclass(frozen=True, slots=True)
class NeedQuery:
    """What a reader of the board asks for; empty fields do not narrow."""

    text: str = ""
    industry: str = ""  # division, two digits
    region: str = ""  # province prefix, two digits
    mode: str = ""
    list_type: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet, with how many needs choosing it would leave."""

    value: str
    label: str
    count: int


def board(*, viewer: Actor, query: NeedQuery) -> QuerySet[Need]:
    """Open needs this viewer may read, newest first; show them by `faces` only."""
    return _narrow(_readable(viewer), query, viewer).order_by("-opened_at", "-pk")


def facets(*, viewer: Actor, query: NeedQuery) -> dict[str, list[Option]]:
    """True counts of each list, industry and province under the other filters."""

    def loose(name: str) -> QuerySet[Need]:
        return _narrow(_readable(viewer), replace(query, **{name: ""}), viewer).order_by()

    lists = loose("list_type").values_list("list_type").annotate(n=Count("pk"))
    industries = (
        loose("industry")
        .filter(readable("industry_codes", viewer))
        .annotate(value=Func(F("industry_divisions"), function="unnest", output_field=CharField()))
        .values_list("value")
        .annotate(n=Count("pk"))
    )
    regions = (
        loose("region")
        .filter(readable("region", viewer))
        .exclude(region="")
        .annotate(value=Left("region", 2))
        .values_list("value")
        .annotate(n=Count("pk"))
    )
    return {
        "list_type": _options(lists, lambda value: str(ListType(value).label)),
        "industry": _options(industries, reference.industry_name),
        "region": _options(regions, reference.region_name),
    }


def _options(rows: Iterable[tuple[str, int]], name: Callable[[str], str]) -> list[Option]:
    found = [Option(value, name(value), n) for value, n in rows]
    return sorted(found, key=lambda o: (-o.count, o.value))[:FACET_OPTIONS]


def _readable(viewer: Actor) -> QuerySet[Need]:
    return Need.objects.visible_to(viewer).live()


def _narrow(rows: QuerySet[Need], query: NeedQuery, viewer: Actor) -> QuerySet[Need]:
    """Only what the viewer may read of a need can narrow: else an answer would tell the rest."""
    for word in query.text.split()[:5]:
        found = Q()
        for name in ("title", "problem", "targets"):
            found |= Q(**{f"{name}__icontains": word}) & readable(name, viewer)
        rows = rows.filter(found)
    if query.industry:
        rows = rows.filter(
            readable("industry_codes", viewer), industry_divisions__contains=[query.industry]
        )
    if query.region:
        rows = rows.filter(readable("region", viewer), region__startswith=query.region)
    if query.mode:
        rows = rows.filter(readable("licence_modes", viewer), licence_modes__contains=[query.mode])
    if query.list_type:
        rows = rows.filter(list_type=query.list_type)
    return rows


def needs(*, viewer: Actor) -> QuerySet[Need]:
    """Every need this viewer may see, newest first."""
    return Need.objects.visible_to(viewer).order_by("-pk")


def need(need_id: int, *, viewer: Actor) -> Need:
    """One need, or DoesNotExist."""
    return Need.objects.visible_to(viewer).get(pk=need_id)


def demand_choices(*, viewer: Actor) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The viewer's needs and subscriptions that have matches: (key, name) each."""
    on_list = Match.objects.filter(off_at__isnull=True)
    needs = (
        Need.objects.owned_by(viewer)
        .filter(Exists(on_list.filter(need_id=OuterRef("pk"))))
        .order_by("-pk")
        .values_list("pk", "title")
    )
    profiles = (
        Subscription.objects.filter(
            Exists(on_list.filter(subscription_id=OuterRef("pk"))),
            organisation_id__in=viewer.acts_for,
        )
        .order_by("-pk")
        .values_list("pk", "name")
    )
    return [(f"n{pk}", name) for pk, name in needs], [(f"s{pk}", name) for pk, name in profiles]


def own_needs(*, viewer: Actor) -> QuerySet[Need]:
    """The needs of the organisations the viewer acts for, with how many patents fit each."""
    return (
        Need.objects.owned_by(viewer)
        .select_related("organisation")
        .annotate(fits=Count("matches", filter=Q(matches__off_at__isnull=True)))
        .order_by("-pk")
    )


def moves_of(need: Need) -> list[str]:
    """What may be done with a need now, as its owner sees it."""
    shown = {"open": "open", "reopen": "open", "solve": "finish", "close": "finish"}
    found = [shown[m] for m in rules.open_to(rules.NEED_MOVES, need.status) if m in shown]
    if need.status == "matched":
        found = [move for move in found if move != "open"]
    if need.ending == Ending.EXPIRED:
        found = ["renew" if move == "open" else move for move in found]
    elif need.status in rules.LIVE_NEED:
        found.append("renew")
    return list(dict.fromkeys(found))


def subscriptions(*, viewer: Actor) -> QuerySet[Subscription]:
    """The subscriptions this viewer may see, with how many patents fit each."""
    return (
        Subscription.objects.visible_to(viewer)
        .annotate(fits=Count("matches", filter=Q(matches__off_at__isnull=True)))
        .order_by("-pk")
    )


def subscription(subscription_id: int, *, viewer: Actor) -> Subscription:
    """One subscription, or DoesNotExist."""
    return Subscription.objects.visible_to(viewer).get(pk=subscription_id)


def met_patents(need_id: int, *, viewer: Actor) -> list[int]:
    """Which of the viewer's own patents were matched with a need, best first."""
    rows = Match.objects.filter(
        need_id=need_id, supplier_id__in=viewer.acts_for, off_at__isnull=True
    )
    return list(rows.order_by("-ticks", "patent_id").values_list("patent_id", flat=True))


def solvers(need: Need) -> list[int]:
    """The patents that may have solved a need: its list, and what its owner went after, best first.

    Those it had most to do with come first.
    """
    met = Lead.objects.filter(organisation_id=need.organisation_id).exclude(
        contacted_at__isnull=True, deal_at__isnull=True
    )
    order = met.order_by(F("deal_at").desc(nulls_last=True), "-contacted_at", "pk")
    gone_after = list(order.values_list("patent_id", flat=True)[:20])
    listed = need.matches.order_by("-ticks", "patent_id").values_list("patent_id", flat=True)[:20]
    return list(dict.fromkeys([*gone_after, *listed]))


def draft(*, viewer: Actor, need_id: int | None = None) -> NeedDraft | None:
    """What this person typed last for this organisation and did not save."""
    if viewer.user_id is None:
        return None
    whose: dict[str, Any] = {"organisation_id": viewer.organisation_id, "need_id": need_id}
    return NeedDraft.objects.filter(user_id=viewer.user_id, **whose).first()
