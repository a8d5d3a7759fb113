"""Commands on partners' keys and endpoints."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor
from core.permissions import SCOPES, Permission, require
from core.privacy import rules as prose
from core.privacy import services as privacy
from core.privacy.forgetting import Texts
from interchange import rules
from interchange.models import Credential, Delivery, Endpoint, Partner
from interchange.services.pushing import WAITING, nudge
from interchange.types import NewKey


@transaction.atomic
def join(*, by: Actor, now: datetime) -> int:
    """Make the actor's organisation a partner; the partner's id, also when it is one already."""
    require(by, Permission.MANAGE_PARTNER)
    if by.organisation_id is None:
        raise Conflict("请先以交易机构的身份登录，再开通接口。")
    partner, created = Partner.objects.get_or_create(
        organisation_id=by.organisation_id, defaults={"joined_at": now, "joined_by": by.key}
    )
    if created:
        audit.record("partner.joined", subject=partner, by=by, at=now)
    return partner.pk


@transaction.atomic
def issue_key(
    *,
    partner_id: int,
    label: str,
    by: Actor,
    now: datetime,
    scopes: Sequence[str] | None = None,
) -> NewKey:
    """A new OAuth client for the partner; its secret is in the answer and nowhere else.

    With `scopes` it gets these and can never ask for more; without, all that there are.
    """
    partner = _partner(partner_id, by, Permission.MANAGE_PARTNER)
    label = label.strip()
    if not 0 < len(label) <= 60:
        raise Invalid(fields={"label": ["请用 1 至 60 个字说明这把密钥给哪个系统用。"]})
    given = [scope for scope in SCOPES if scopes is None or scope in scopes]
    if not given or (scopes is not None and set(scopes) - set(SCOPES)):
        raise Invalid(fields={"scopes": ["请至少选择一项权限，且只能从列出的权限中选。"]})
    live = set(partner.credentials.filter(revoked_at__isnull=True).values_list("slot", flat=True))
    free = sorted(set(range(1, rules.MAX_LIVE_KEYS + 1)) - live)
    if not free:
        raise Conflict("同时最多两把有效密钥。请先停用一把，再生成新的。", code="two-live-keys")
    secret = get_adapter().generate_client_secret()
    client = Client(
        name=f"{partner.pk}: {label}"[:100],
        type=Client.Type.CONFIDENTIAL,
        grant_types=Client.GrantType.CLIENT_CREDENTIALS,
        response_types="",
        scopes="\n".join(given),
        default_scopes="\n".join(given),
    )
    client.set_secret(secret)
    client.save()
    credential = Credential.objects.create(
        partner=partner,
        slot=free[0],
        client_id=client.pk,
        label=label,
        created_at=now,
        created_by=by.key,
    )
    said = {"label": label, "scopes": given}
    audit.record("partner.key_issued", subject=credential, by=by, at=now, changes=said)
    return NewKey(
        credential_id=credential.pk, client_id=client.pk, client_secret=secret, scopes=tuple(given)
    )


@transaction.atomic
def revoke_key(*, credential_id: int, by: Actor, now: datetime) -> None:
    """Stop a key: its client and every token it was given are gone at once."""
    credential = (
        Credential.objects.select_for_update(of=("self",))
        .filter(pk=credential_id, partner__in=Partner.objects.visible_to(by))
        .select_related("partner")
        .first()
    )
    if credential is None:
        raise Missing("没有这把密钥。")
    require(by, Permission.MANAGE_PARTNER, on=credential.partner)
    if credential.revoked_at:
        return
    Token.objects.filter(client_id=credential.client_id).delete()
    Client.objects.filter(pk=credential.client_id).delete()
    credential.revoked_at, credential.revoked_by = now, by.key
    credential.save(update_fields=["revoked_at", "revoked_by"])
    audit.record("partner.key_revoked", subject=credential, by=by, at=now)


def _check_endpoint(url: str, events: Sequence[str]) -> None:
    problems: dict[str, list[str]] = {}
    if problem := rules.url_problem(url, plain_http=settings.WEBHOOKS_LOOPBACK):
        problems["url"] = [problem]
    unknown = sorted(set(events) - rules.HEARD.keys())
    if unknown:
        problems["events"] = [f"没有这些事件：{'、'.join(unknown)}。"]
    elif not events:
        problems["events"] = ["请至少选择一种事件。"]
    if problems:
        raise Invalid(fields=problems)


@transaction.atomic
def add_endpoint(
    *, partner_id: int, url: str, events: Sequence[str], by: Actor, now: datetime
) -> int:
    """Subscribe an address to events; the endpoint's id."""
    partner = _partner(partner_id, by, Permission.MANAGE_WEBHOOKS)
    _check_endpoint(url, events)
    live = partner.endpoints.filter(removed_at__isnull=True)
    if live.filter(url=url).exists():
        raise Conflict("这个地址已经登记过，请直接修改它订阅的事件。", code="endpoint-exists")
    if live.count() >= rules.MAX_ENDPOINTS:
        raise Conflict(f"最多登记 {rules.MAX_ENDPOINTS} 个地址，请先移除不用的。")
    endpoint = Endpoint.objects.create(
        partner=partner,
        url=url,
        events=sorted(set(events)),
        secret=new_secret(),
        created_at=now,
        created_by=by.key,
    )
    audit.record(
        "endpoint.added", subject=endpoint, by=by, at=now, changes={"url": url, "events": [*events]}
    )
    return endpoint.pk


@transaction.atomic
def change_endpoint(
    *, endpoint_id: int, events: Sequence[str], active: bool, by: Actor, now: datetime
) -> None:
    """Choose other events, switch an endpoint off, or on again after it was disabled."""
    endpoint = _endpoint(endpoint_id, by)
    _check_endpoint(endpoint.url, events)
    endpoint.events = sorted(set(events))
    if active:
        endpoint.disabled_at, endpoint.disabled_because, endpoint.failing_since = None, "", None
        endpoint.misses, endpoint.rests_until = 0, None
    elif endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_because = now, "由接入方停用"
    endpoint.save()
    audit.record(
        "endpoint.changed",
        subject=endpoint,
        by=by,
        at=now,
        changes={"events": endpoint.events, "active": active},
    )


@transaction.atomic
def remove_endpoint(*, endpoint_id: int, by: Actor, now: datetime) -> None:
    """Stop calling an address for good; what was delivered stays on record."""
    endpoint = _endpoint(endpoint_id, by)
    endpoint.removed_at, endpoint.removed_by = now, by.key
    endpoint.save(update_fields=["removed_at", "removed_by"])
    endpoint.deliveries.filter(WAITING).update(given_up_at=now)
    audit.record("endpoint.removed", subject=endpoint, by=by, at=now)


@transaction.atomic
def rotate_secret(*, endpoint_id: int, by: Actor, now: datetime) -> None:
    """A new signing secret; for a day deliveries carry signatures of both."""
    endpoint = _endpoint(endpoint_id, by)
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, now + rules.SECRET_OVERLAP
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    audit.record("endpoint.secret_rotated", subject=endpoint, by=by, at=now)


@transaction.atomic
def send_test(*, endpoint_id: int, by: Actor, now: datetime) -> int:
    """Owe the endpoint a `test.ping`; the delivery's id."""
    endpoint = _endpoint(endpoint_id, by)
    if endpoint.disabled_at:
        raise Conflict("这个地址已停用，请先启用再测试。")
    number = endpoint.deliveries.count() + 1
    event_id = f"test-{endpoint.pk}-{int(now.timestamp() * 1_000_000)}-{number}"
    body = rules.cloud_event(
        event_id=event_id, name="test.ping", at=now, source=settings.PUBLIC_URL, data={}
    )
    delivery = Delivery.objects.create(
        endpoint=endpoint,
        event_id=event_id,
        name="test.ping",
        body=body,
        due_at=now,
        created_at=now,
    )
    _ask_at_once(endpoint)
    audit.record("endpoint.tested", subject=endpoint, by=by, at=now)
    transaction.on_commit(nudge, robust=True)
    return delivery.pk


def _ask_at_once(endpoint: Endpoint) -> None:
    """Somebody looks at it: an address that rests is asked now, once if it still fails."""
    Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)


@transaction.atomic
def replay(*, delivery_id: int, by: Actor, now: datetime) -> int:
    """Send a delivery again, with the same id, whatever became of it; its endpoint's id."""
    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .filter(pk=delivery_id, endpoint__partner__in=Partner.objects.visible_to(by))
        .select_related("endpoint__partner")
        .first()
    )
    if delivery is None:
        raise Missing("没有这条推送记录。")
    require(by, Permission.MANAGE_WEBHOOKS, on=delivery.endpoint)
    if delivery.endpoint.disabled_at or delivery.endpoint.removed_at:
        raise Conflict("这个地址已停用，请先启用再重发。")
    delivery.sent_at = delivery.given_up_at = delivery.leased_until = None
    delivery.attempts, delivery.due_at = 0, now
    delivery.save()
    _ask_at_once(delivery.endpoint)
    audit.record("delivery.replayed", subject=delivery, by=by, at=now)
    transaction.on_commit(nudge, robust=True)
    return delivery.endpoint_id


def new_secret() -> str:
    """A signing secret in Standard Webhooks' form: 24 random bytes behind "whsec_"."""
    return "whsec_" + b64encode(random.SystemRandom().randbytes(24)).decode()


def _partner(partner_id: int, by: Actor, permission: Permission) -> Partner:
    partner = Partner.objects.visible_to(by).select_for_update().filter(pk=partner_id).first()
    if partner is None:
        raise Missing("没有这个接入机构。")
    require(by, permission, on=partner)
    if not partner.is_active:
        raise Conflict("该机构的接口已停用，请联系平台管理员。")
    return partner


def _endpoint(endpoint_id: int, by: Actor) -> Endpoint:
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("partner")
        .filter(pk=endpoint_id, removed_at__isnull=True, partner__in=Partner.objects.visible_to(by))
        .first()
    )
    if endpoint is None:
        raise Missing("没有这个回调地址。")
    require(by, Permission.MANAGE_WEBHOOKS, on=endpoint)
    return endpoint


FORGET = "interchange.forget"
NAMED = [Texts(Credential, ("label",), prose.everywhere, authors=("created_by",))]


def forget(*, erasure_id: int) -> None:
    """Take a person who asked to be forgotten out of the labels of keys (PIPL art. 47)."""
    privacy.forget_in(FORGET, NAMED, erasure_id=erasure_id)
