"""Questions about events: which there are, who comes, who meets whom, what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from core.people.types import Actor
from listings import selectors as listings
from matching.models import Gathering, GatheringItem, GatheringResult, Meeting, Need, SignUp
from matching.selectors.faces import faces
from matching.types import SignUpStatus

STATES = ("coming", "past", "mine")


@dataclass(frozen=True, slots=True)
class ItemCard:
    """A thing that an event shows; a patent or need no longer public has no address."""

    id: int
    kind: str
    title: str
    owner: str
    url: str


def gatherings(*, viewer: Actor, state: str, now: datetime, kind: str = "") -> QuerySet[Gathering]:
    """Events to come (soonest first), past ones (latest first), or the viewer's own."""
    rows = Gathering.objects.visible_to(viewer).select_related("organisation")
    rows = rows.annotate(shown=Count("items"))
    if kind:
        rows = rows.filter(kind=kind)
    if state == "mine":
        mine = Q(organisation_id__in=viewer.acts_for)
        mine |= Q(sign_ups__organisation_id__in=viewer.acts_for)
        return rows.filter(pk__in=Gathering.objects.filter(mine).values("pk")).order_by(
            "-starts_at", "-pk"
        )
    rows = rows.filter(published_at__isnull=False)
    if state == "past":
        return rows.filter(Q(ends_at__lt=now) | Q(status="held")).order_by("-starts_at", "-pk")
    return rows.filter(ends_at__gte=now).exclude(status="held").order_by("starts_at", "pk")


def gathering(pk: int, *, viewer: Actor) -> Gathering | None:
    """One event, if the viewer may see it."""
    return Gathering.objects.visible_to(viewer).select_related("organisation").filter(pk=pk).first()


def items(row: Gathering, *, viewer: Actor) -> list[ItemCard]:
    """What it shows, as the viewer may see it."""
    rows: Iterable[GatheringItem] = list(row.items.select_related("owner").order_by("pk"))
    patents = listings.cards([i.patent_id for i in rows if i.patent_id], viewer=viewer)
    shown = Need.objects.visible_to(viewer).filter(pk__in=[i.need_id for i in rows if i.need_id])
    needs = {face.pk: face for face in faces(shown, viewer=viewer)}
    found = []
    for item in rows:
        owner = item.owner.name if item.owner else ""
        if item.patent_id is not None:
            card = patents.get(item.patent_id)
            url = f"/patents/{item.patent_id}/" if card else ""
            found.append(ItemCard(item.pk, "patent", card.title if card else "", owner, url))
        else:
            need = needs.get(item.need_id or 0)
            url = f"/needs/{item.need_id}/" if need else ""
            owner = need.firm if need else ""  # who asks is named as far as it lets itself be
            found.append(ItemCard(item.pk, "need", need.title if need else "", owner, url))
    return found


def patent_items(gathering_id: int) -> dict[int, int]:
    """The item of each patent that an event shows, by patent."""
    rows = GatheringItem.objects.filter(gathering_id=gathering_id, patent_id__isnull=False)
    return {int(patent or 0): pk for patent, pk in rows.values_list("patent_id", "pk")}


def sign_ups(row: Gathering, *, viewer: Actor) -> QuerySet[SignUp]:
    """Who comes: all of them for the organiser, one's own for others."""
    rows = row.sign_ups.select_related("organisation", "user").order_by("status", "pk")
    if viewer.is_system or row.organisation_id in viewer.acts_for:
        return rows
    return rows.filter(organisation_id__in=viewer.acts_for)


def my_sign_up(row: Gathering, *, viewer: Actor) -> SignUp | None:
    """The viewer's own organisation's sign-up."""
    return row.sign_ups.filter(organisation_id=viewer.organisation_id or 0).first()


def partners(row: Gathering, *, viewer: Actor) -> list[tuple[int, str]]:
    """Whom one who comes may ask for a meeting: the others who come."""
    mine = my_sign_up(row, viewer=viewer)
    if mine is None or mine.status != SignUpStatus.CONFIRMED:
        return []
    others = row.sign_ups.filter(status=SignUpStatus.CONFIRMED).exclude(pk=mine.pk)
    return list(
        others.order_by("organisation__name").values_list("organisation_id", "organisation__name")
    )


def meetings(row: Gathering, *, viewer: Actor) -> QuerySet[Meeting]:
    """The viewer's own meetings, in the order of time."""
    mine = Q(asker_id__in=viewer.acts_for) | Q(asked_id__in=viewer.acts_for)
    return row.meetings.filter(mine).select_related("asker", "asked").order_by("slot", "pk")


def results(row: Gathering) -> QuerySet[GatheringResult]:
    """What came of the items, for the organiser."""
    rows = GatheringResult.objects.filter(item__gathering=row)
    return rows.select_related("organisation", "item").order_by("item_id", "pk")


def result_counts(row: Gathering) -> dict[str, int]:
    """How often each outcome was noted, for everyone once the event was held."""
    rows = GatheringResult.objects.filter(item__gathering=row).order_by().values_list("outcome")
    return dict(rows.annotate(n=Count("pk")))
