"""Questions about partners, and what they may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from allauth.idp.oidc.models import Client
from django.db.models import Count, Max, Q, QuerySet

from core.outbox import selectors as outbox
from core.people.types import Actor
from core.permissions import SCOPES, Permission, require
from interchange import rules
from interchange.models import Credential, Delivery, Endpoint, Partner
from interchange.types import Change, ChangePage
from listings import selectors as listings

FEED_LIMIT = 500


def partner_of(*, viewer: Actor) -> Partner | None:
    """The partner that the viewer acts for, if its organisation has become one."""
    if viewer.organisation_id is None:
        return None
    rows = Partner.objects.visible_to(viewer).select_related("organisation")
    return rows.filter(organisation_id=viewer.organisation_id).first()


def credential(client_id: str) -> Credential | None:
    """The live key behind an OAuth client."""
    return (
        Credential.objects.select_related("partner__organisation")
        .filter(client_id=client_id, revoked_at__isnull=True, partner__is_active=True)
        .first()
    )


def credentials(partner: Partner) -> QuerySet[Credential]:
    """All keys of a partner, live ones first."""
    return partner.credentials.order_by("-revoked_at", "slot", "-pk")


def scopes_of(client_ids: Iterable[str]) -> dict[str, list[str]]:
    """What each key may do, by its client; nothing for one that was stopped."""
    rows = Client.objects.filter(pk__in=list(client_ids))
    return {row.pk: row.get_scopes() for row in rows}


def keys_with_scopes(partner: Partner) -> list[tuple[Credential, list[str]]]:
    """All keys of a partner with what each may do, in words."""
    rows = list(credentials(partner))
    found = scopes_of(row.client_id for row in rows)
    return [(row, [str(SCOPES.get(s, s)) for s in found.get(row.client_id, [])]) for row in rows]


def endpoints(*, viewer: Actor) -> QuerySet[Endpoint]:
    """The viewer's addresses, with what is owed to each and what was last taken."""
    waiting = Q(deliveries__sent_at__isnull=True, deliveries__given_up_at__isnull=True)
    return (
        Endpoint.objects.filter(
            removed_at__isnull=True, partner__in=Partner.objects.visible_to(viewer)
        )
        .annotate(
            waiting=Count("deliveries", filter=waiting & Q(deliveries__isnull=False)),
            last_sent_at=Max("deliveries__sent_at"),
        )
        .order_by("pk")
    )


def deliveries(endpoint: Endpoint) -> QuerySet[Delivery]:
    """What was and is owed to an address, newest first, with every try."""
    return endpoint.deliveries.prefetch_related("receipts").order_by("-pk")


def deliveries_seen(*, viewer: Actor, endpoint_id: int | None = None) -> QuerySet[Delivery]:
    """What was and is owed to the viewer's addresses, or to one of them, newest first."""
    rows = Delivery.objects.filter(endpoint__partner__in=Partner.objects.visible_to(viewer))
    if endpoint_id is not None:
        rows = rows.filter(endpoint_id=endpoint_id)
    return rows.order_by("-pk")


def keys_seen(*, viewer: Actor) -> QuerySet[Credential]:
    """The keys of the partners that the viewer sees, newest first."""
    return Credential.objects.filter(partner__in=Partner.objects.visible_to(viewer)).order_by("-pk")


def public_data(name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a partner may read of an event: its public keys, and the patent if it is public."""
    keys = rules.HEARD[name]
    data = {key: payload[key] for key in keys if key in payload}
    return data | {"patent": _patents([data]).get(data.get("patent_id", 0))}


def _patents(items: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    ids = {item["patent_id"] for item in items if item.get("patent_id")}
    faces = listings.public_faces(ids)
    return {pk: face | {"url": f"/patents/{pk}/"} for pk, face in faces.items()}


def changes(*, viewer: Actor, since: int, limit: int = 100) -> ChangePage:
    """The public changes after place `since`, in commit order.

    A reader that keeps `next_since` misses nothing and sees nothing twice. `patent` is what is
    public now; null means that the patent is no longer on the board (a tombstone).
    """
    require(viewer, Permission.READ_CHANGES)
    size = max(1, min(limit, FEED_LIMIT))
    rows = outbox.feed(names=rules.PUBLIC_EVENTS.keys(), since=since, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    data = [
        {key: row.payload[key] for key in rules.PUBLIC_EVENTS[row.name] if key in row.payload}
        for row in page
    ]
    patents = _patents(data)
    found = tuple(
        Change(
            sequence=row.sequence,
            id=row.id,
            type=row.name,
            time=row.occurred_at,
            data=item | {"patent": patents.get(item.get("patent_id", 0))},
        )
        for row, item in zip(page, data, strict=True)
    )
    return ChangePage(found, found[-1].sequence if found else since, more)
