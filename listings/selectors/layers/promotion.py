"""What an office should do today for its patents, layer by layer; requests for services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, When

from core.days import legal_day
from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from listings.models import InventoryItem, Listing, Patent, ServiceRequest
from listings.rules import moves, potential, promotion
from listings.rules.promotion import ServiceKind, ServiceState
from listings.selectors.cards import printed
from listings.selectors.layers.potential import parts_of
from listings.types import InventoryStatus, Layer, ListingStatus

LIFTS_SHOWN = 3
PROVIDERS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """One patent on the list of what to do today."""

    patent_id: int
    title: str
    printed: str
    layer: str
    by_hand: bool
    score: Decimal | None
    listing_status: str
    may_push: bool  # on the board, of the first layer, not pushed within a week
    promoted_on: date | None
    lifts: tuple[str, ...]  # the parts where most is to be gained
    services: tuple[tuple[int, str, str], ...]  # id, kind, state of what is asked and not closed
    is_archived: bool
    archived_because: str
    review_on: date | None
    is_due: bool
    is_sample: bool


def counts(*, viewer: Actor, at: datetime) -> dict[str, int]:
    """How many of the viewer's patents lie in each layer, archived, and due for review."""
    rows = InventoryItem.objects.filter(patent__in=Patent.objects.managed_by(viewer))
    kept = ~Q(status=InventoryStatus.ARCHIVED)
    found = rows.aggregate(
        **{layer.value: Count("pk", filter=kept & Q(patent__layer=layer)) for layer in Layer},
        archived=Count("pk", filter=~kept),
        due=Count("pk", filter=Q(review_on__lte=legal_day(at))),
    )
    return dict(found)


def worklist(
    *, viewer: Actor, layer: str, state: str, at: datetime
) -> QuerySet[InventoryItem, InventoryItem]:
    """The patents of a layer in the order in which they should be worked on.

    A: what is not on the board yet, then the rest, each the best first. C with `archived` or
    `due`: what rests, the next review first.
    """
    live = Listing.objects.filter(patent=OuterRef("patent_id"), status__in=moves.LIVE_LISTING)
    rows = (
        InventoryItem.objects.filter(patent__in=Patent.objects.managed_by(viewer))
        .select_related("patent")
        .defer("patent__embedding", "patent__search", "patent__abstract")
        .annotate(offer=Subquery(live.values("status")[:1]))
    )
    if state in ("archived", "due"):
        rows = rows.filter(status=InventoryStatus.ARCHIVED)
        if state == "due":
            rows = rows.filter(review_on__lte=legal_day(at))
        return rows.order_by(F("review_on").asc(nulls_last=True), "pk")
    rows = rows.exclude(status=InventoryStatus.ARCHIVED).filter(patent__layer=layer)
    best = F("score").desc(nulls_last=True)
    if layer == Layer.A:
        on_board = Case(When(offer=ListingStatus.LISTED, then=1), default=0)
        return rows.order_by(on_board, best, "pk")
    return rows.order_by(best, "pk")


def candidates(rows: Iterable[InventoryItem], *, at: datetime) -> list[Candidate]:
    """A page of the work list, in one further query."""
    page, today = list(rows), legal_day(at)
    asked: dict[int, list[tuple[int, str, str]]] = {}
    requests = ServiceRequest.objects.exclude(state=ServiceState.CLOSED).filter(
        patent_id__in=[item.patent_id for item in page]
    )
    for pk, patent_id, kind, state in requests.values_list("pk", "patent_id", "kind", "state"):
        words = promotion.KIND_WORDS[ServiceKind(kind)]
        asked.setdefault(patent_id, []).append((pk, words, state))
    return [_candidate(item, tuple(asked.get(item.patent_id, ())), today) for item in page]


def _candidate(
    item: InventoryItem, services: tuple[tuple[int, str, str], ...], today: date
) -> Candidate:
    patent, offer = item.patent, item.offer or ""  # type: ignore[attr-defined]
    pushed = not promotion.may_push_again(item.promoted_on, on=today)
    return Candidate(
        patent_id=patent.pk,
        title=patent.title,
        printed=printed(patent),
        layer=patent.layer,
        by_hand=patent.layer_by_hand,
        score=item.score,
        listing_status=offer,
        may_push=offer == ListingStatus.LISTED and patent.layer == Layer.A and not pushed,
        promoted_on=item.promoted_on,
        lifts=lifts(item),
        services=services,
        is_archived=item.status == InventoryStatus.ARCHIVED,
        archived_because=item.archived_because,
        review_on=item.review_on,
        is_due=item.review_on is not None and item.review_on <= today,
        is_sample=patent.is_sample,
    )


def lifts(item: InventoryItem) -> tuple[str, ...]:
    """The labels of the parts where most is to be gained, what is not known first."""
    gains = potential.what_lifts(parts_of(item))
    return tuple(part.label for part in gains[:LIFTS_SHOWN])


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A request for a service as both sides see it."""

    id: int
    patent_id: int
    patent_title: str
    kind: str
    state: str
    provider_id: int
    provider_name: str
    office_id: int | None
    office_name: str
    wish: str
    answer: str
    outcome: str
    asked_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None


def service_requests(*, viewer: Actor, state: str = "") -> QuerySet[ServiceRequest, ServiceRequest]:
    """The requests the viewer asked or was asked, what is open first."""
    rows = ServiceRequest.objects.visible_to(viewer).select_related(
        "patent__organisation", "provider"
    )
    if state in {s.value for s in ServiceState}:
        rows = rows.filter(state=state)
    return rows.defer("patent__embedding", "patent__search").order_by("-asked_at", "-pk")


def no_requests() -> QuerySet[ServiceRequest, ServiceRequest]:
    """No rows: what a view without a viewer shows."""
    return ServiceRequest.objects.none()


def service_card(row: ServiceRequest) -> ServiceCard:
    """A row as a card."""
    office = row.patent.organisation
    return ServiceCard(
        id=row.pk,
        patent_id=row.patent_id,
        patent_title=row.patent.title,
        kind=row.kind,
        state=row.state,
        provider_id=row.provider_id,
        provider_name=row.provider.name,
        office_id=row.patent.organisation_id,
        office_name=office.name if office else "",
        wish=row.wish,
        answer=row.answer,
        outcome=row.outcome,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
    )


def service_request(request_id: int, *, viewer: Actor) -> ServiceCard:
    """One request, or Missing."""
    row = service_requests(viewer=viewer).filter(pk=request_id).first()
    if row is None:
        raise Missing("没有找到这项服务请求，可能不对您当前的身份开放。")
    return service_card(row)


def providers() -> dict[ServiceKind, list[tuple[int, str]]]:
    """Who may be asked for what: organisations on the platform, by kind of service."""
    return {
        kind: [
            (card.id, card.name)
            for card in people.organisations_in("", kinds, limit=PROVIDERS_SHOWN)
        ]
        for kind, kinds in promotion.PROVIDERS.items()
    }
