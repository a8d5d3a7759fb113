"""Owing events to partners' addresses, and pushing what is owed.

Every address is a lane of its own: one row of it at a time, the oldest first, beside the others'
lanes. A pusher that dies leaves its row leased and the lane free. An address that fails several
times in a row rests (a circuit breaker): what it is owed waits without using up its tries, and
whoever is well does not wait behind it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

from core.audit import services as audit
from core.db import alone
from core.notices import services as notices
from core.outbox.registry import Event
from core.people import selectors as people
from core.people.types import Actor
from interchange import rules, selectors
from interchange.exchanges.port import Reply, Sender
from interchange.models import Delivery, Endpoint, Receipt

LANE_LOCK = 0x1A7E
WAITING = Q(sent_at__isnull=True, given_up_at__isnull=True)


def owe(event: Event, *, now: datetime) -> int:
    """Owe an event to every endpoint that hears it; how many. Consumer of the outbox.

    A private one is owed to the endpoints of the organisation it is about, and to nobody else.
    """
    endpoints = Endpoint.objects.filter(
        events__contains=[event.name],
        removed_at__isnull=True,
        disabled_at__isnull=True,
        partner__is_active=True,
    )
    if event.name in rules.PRIVATE_EVENTS:
        endpoints = endpoints.filter(partner__organisation_id=event.payload["organisation_id"])
        if not endpoints:
            return 0
    data = selectors.public_data(event.name, event.payload)
    body = rules.cloud_event(
        event_id=event.id,
        name=event.name,
        at=event.occurred_at,
        source=settings.PUBLIC_URL,
        data=data,
    )
    rows = [
        Delivery(
            endpoint=endpoint,
            event_id=event.id,
            name=event.name,
            body=body,
            due_at=now,
            created_at=now,
        )
        for endpoint in endpoints
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(nudge, robust=True)
    return len(rows)


def nudge() -> None:
    """Wake the pusher. A lost nudge costs a few seconds: the sweep finds the rows."""
    current_app.send_task("interchange.push_deliveries", ignore_result=True, retry=False)


def lanes(*, now: datetime) -> list[int]:
    """Addresses that have something due, the longest waiting first."""
    first = (
        _due(now)
        .values("endpoint_id")
        .annotate(first=Min("due_at"))
        .order_by("first", "endpoint_id")
    )
    return list(first.values_list("endpoint_id", flat=True))


def _due(now: datetime) -> QuerySet[Delivery]:
    """What nobody holds, whose time has come and whose address does not rest.

    Whoever was removed or switched off while we called, or while it was owed, is called no more.
    """
    return Delivery.objects.filter(
        WAITING,
        _free(now),
        Q(endpoint__rests_until__isnull=True) | Q(endpoint__rests_until__lte=now),
        due_at__lte=now,
        endpoint__disabled_at__isnull=True,
        endpoint__removed_at__isnull=True,
        endpoint__partner__is_active=True,
    )


def _free(now: datetime) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lt=now)


def push_lane(
    *, endpoint_id: int, sender: Sender, clock: Callable[[], datetime], until: datetime
) -> int:
    """Push what one address is owed, row by row, until nothing is due, it rests, or the time is up.

    How many were taken. While somebody else pushes to it there is nothing to do here, so an address
    hears one thing at a time.
    """
    taken = 0
    with alone(LANE_LOCK, endpoint_id % 2**31) as ours:
        while ours and (now := clock()) < until:
            row = _due(now).filter(endpoint_id=endpoint_id).order_by("due_at", "pk").first()
            if row is None:
                break
            taken += push_delivery(delivery_id=row.pk, sender=sender, now=now)
    return taken


def push_delivery(*, delivery_id: int, sender: Sender, now: datetime) -> bool:
    """Claim, call outside any transaction, record; whether the receiver took it.

    Two pushers of one row: the second finds the lease taken. A crash after the call leaves the
    row to be sent again under the same webhook-id, which the receiver knows it by.
    """
    row = Delivery.objects.filter(WAITING, _free(now), pk=delivery_id)
    if not row.update(leased_until=now + rules.LEASE, attempts=F("attempts") + 1):
        return False
    delivery = Delivery.objects.select_related("endpoint").get(pk=delivery_id)
    body = json.dumps(delivery.body, ensure_ascii=False).encode()
    reply = sender.send(
        url=delivery.endpoint.url, body=body, headers=signed_headers(delivery, body, now=now)
    )
    return _record(delivery, reply, now=now)


def signed_headers(delivery: Delivery, body: bytes, *, now: datetime) -> dict[str, str]:
    """Standard Webhooks headers; two signatures while a secret is being replaced."""
    endpoint, message_id = delivery.endpoint, f"msg_{delivery.event_id}"
    secrets = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and endpoint.old_secret_until > now:
        secrets.append(endpoint.old_secret)
    at = now.astimezone(UTC)  # the library reads the wall time as UTC
    signatures = [Webhook(s).sign(message_id, at, body.decode()) for s in secrets]
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": "PatentOps-Webhooks/1.0",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@transaction.atomic
def _record(delivery: Delivery, reply: Reply, *, now: datetime) -> bool:
    outcome = rules.judge(status=reply.status, attempts=delivery.attempts)
    Receipt.objects.create(
        delivery=delivery, at=now, status=reply.status, outcome=outcome, note=reply.note[:300]
    )
    delivery.leased_until = None
    endpoint = Endpoint.objects.select_for_update().get(pk=delivery.endpoint_id)
    if outcome is rules.Outcome.DELIVERED:
        delivery.sent_at = now
        _is_well(endpoint, now=now)
    else:
        if outcome is rules.Outcome.RETRY and endpoint.removed_at is None:
            delivery.due_at = rules.next_try(
                now=now,
                attempts=delivery.attempts,
                retry_after=reply.retry_after,
                jitter=random.Random(delivery.pk * 100 + delivery.attempts).random(),
            )
        else:
            delivery.given_up_at = now
        _fails(endpoint, reply, now=now)
        if outcome is rules.Outcome.GONE:
            _disable(endpoint, "对方返回 410，地址已失效", now=now)
        elif now - (endpoint.failing_since or now) >= rules.DISABLE_AFTER:
            _disable(endpoint, "连续五天投递失败", now=now)
    endpoint.save(
        update_fields=[
            *("failing_since", "misses", "rests_until", "disabled_at", "disabled_because")
        ]
    )
    delivery.save(update_fields=["leased_until", "sent_at", "due_at", "given_up_at"])
    return outcome is rules.Outcome.DELIVERED


def _is_well(endpoint: Endpoint, *, now: datetime) -> None:
    """It took something. What failed while it was down is due at once, not hours later."""
    if endpoint.misses >= rules.BREAK_AFTER:
        endpoint.deliveries.filter(WAITING, due_at__gt=now).update(due_at=now)
        audit.record("endpoint.recovered", subject=endpoint, by=Actor.system(), at=now)
    endpoint.failing_since, endpoint.misses, endpoint.rests_until = None, 0, None


def _fails(endpoint: Endpoint, reply: Reply, *, now: datetime) -> None:
    """One failure more; from the fifth in a row on the address rests between single tries."""
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.misses = min(endpoint.misses + 1, rules.MOST_MISSES)
    endpoint.rests_until = rules.rests_until(
        now=now, misses=endpoint.misses, status=reply.status, retry_after=reply.retry_after
    )
    if endpoint.misses == rules.BREAK_AFTER:
        audit.record("endpoint.rested", subject=endpoint, by=Actor.system(), at=now)
        _tell(
            endpoint,
            _("推送连续失败，暂停后自动再试：%(url)s"),
            _(
                "对方服务器连续没有收下推送。未送达的都保留，恢复后自动补送；修好后可发送测试立即恢复。"
            ),
            key=f"endpoint-rests:{endpoint.pk}:{endpoint.failing_since.isoformat()}",
            now=now,
        )


def _disable(endpoint: Endpoint, because: str, *, now: datetime) -> None:
    if endpoint.disabled_at:
        return
    endpoint.disabled_at, endpoint.disabled_because = now, because
    said = {"because": because}
    audit.record("endpoint.disabled", subject=endpoint, by=Actor.system(), at=now, changes=said)
    _tell(
        endpoint,
        _("回调地址已停用：%(url)s"),
        _("%(because)s。修好后请到接口控制台重新启用，停用期间的变更可从变更流补读。")
        % {"because": because},
        key=f"endpoint-disabled:{endpoint.pk}:{now.isoformat()}",
        now=now,
    )


def _tell(endpoint: Endpoint, title: str, body: str, *, key: str, now: datetime) -> None:
    notices.notify(
        users=people.members(endpoint.partner.organisation_id),
        kind="endpoint.progress",
        key=key,
        title=title % {"url": endpoint.url},
        body=body,
        url=reverse("interchange:endpoint", args=[endpoint.pk]),
        now=now,
    )
