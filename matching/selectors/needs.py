"""Questions about needs and subscriptions."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import CharField, Count, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from core.people.types import Actor
from core.reference import selectors as reference
from matching import rules
from matching.models import Match, Need, Subscription

FACET_OPTIONS = 20


@dataclass(frozen=True, slots=True)
class NeedQuery:
    """What a reader of the board asks for; empty fields do not narrow."""

    text: str = ""
    industry: str = ""  # division, two digits
    region: str = ""  # province prefix, two digits
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet, with how many needs choosing it would leave."""

    value: str
    label: str
    count: int


def board(*, viewer: Actor, query: NeedQuery) -> QuerySet[Need]:
    """Open needs this viewer may read, newest first."""
    return _narrow(_readable(viewer), query).order_by("-opened_at", "-pk")


def facets(*, viewer: Actor, query: NeedQuery) -> dict[str, list[Option]]:
    """True counts of each industry and province under the other filters."""
    loose_industry = NeedQuery(query.text, "", query.region, query.mode)
    loose_region = NeedQuery(query.text, query.industry, "", query.mode)
    industries = (
        _narrow(_readable(viewer), loose_industry)
        .order_by()
        .annotate(value=Func(F("industry_divisions"), function="unnest", output_field=CharField()))
        .values_list("value")
        .annotate(n=Count("pk"))
    )
    regions = (
        _narrow(_readable(viewer), loose_region)
        .exclude(region="")
        .order_by()
        .annotate(value=Left("region", 2))
        .values_list("value")
        .annotate(n=Count("pk"))
    )
    return {
        "industry": _options(industries, reference.industry_name),
        "region": _options(regions, reference.region_name),
    }


def _options(rows: object, name: object) -> list[Option]:
    found = [Option(value, name(value), n) for value, n in rows]  # type: ignore[attr-defined,operator]
    return sorted(found, key=lambda o: (-o.count, o.value))[:FACET_OPTIONS]


def _readable(viewer: Actor) -> QuerySet[Need]:
    return Need.objects.visible_to(viewer).live()


def _narrow(rows: QuerySet[Need], query: NeedQuery) -> QuerySet[Need]:
    if query.text:
        for word in query.text.split()[:5]:
            rows = rows.filter(
                Q(title__icontains=word) | Q(problem__icontains=word) | Q(targets__icontains=word)
            )
    if query.industry:
        rows = rows.filter(industry_divisions__contains=[query.industry])
    if query.region:
        rows = rows.filter(region__startswith=query.region)
    if query.mode:
        rows = rows.filter(licence_modes__contains=[query.mode])
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
        .annotate(fits=Count("matches", filter=Q(matches__off_at__isnull=True)))
        .order_by("-pk")
    )


def moves_of(need: Need) -> list[str]:
    """What may be done with a need now, as its owner sees it."""
    shown = {"open": "open", "reopen": "open", "solve": "solve", "close": "close"}
    found = [shown[m] for m in rules.open_to(rules.NEED_MOVES, need.status) if m in shown]
    if need.status == "matched":
        found = [move for move in found if move != "open"]
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
