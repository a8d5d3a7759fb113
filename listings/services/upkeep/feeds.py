"""The secret address under which a member's calendar program reads the due days."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict
from core.people.models import Membership
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import CalendarFeed
from listings.selectors.upkeep.annuity_records import feed_of, hashed


@transaction.atomic
def open_feed(*, by: Actor, now: datetime) -> str:
    """A new secret for the identity acted under; an earlier one ends. It is shown this once."""
    require(by, Permission.KEEP_ALIVE)
    if by.user_id is None or by.organisation_id is None:
        raise Conflict("日历订阅只对单位成员开放。", code="not-a-member")
    membership = (
        Membership.objects.select_for_update()
        .filter(user_id=by.user_id, organisation_id=by.organisation_id)
        .order_by("pk")
        .first()
    )
    if membership is None:
        raise Conflict("日历订阅只对单位成员开放。", code="not-a-member")
    CalendarFeed.objects.filter(membership=membership, revoked_at=None).update(revoked_at=now)
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        membership=membership, secret_hash=hashed(secret), created_at=now
    )
    audit.record("annuity.feed_made", subject=feed, by=by, at=now)
    return secret


@transaction.atomic
def revoke_feed(*, by: Actor, now: datetime) -> None:
    """The address no longer answers."""
    require(by, Permission.KEEP_ALIVE)
    feed = feed_of(viewer=by)
    if feed is None:
        raise Conflict("还没有开通日历订阅，或者已经停用。", code="no-feed")
    CalendarFeed.objects.filter(pk=feed.pk).update(revoked_at=now)
    audit.record("annuity.feed_revoked", subject=feed, by=by, at=now)


def note_reading(*, secret: str, now: datetime) -> None:
    """When a calendar program last came, so that its owner sees whether it still does."""
    CalendarFeed.objects.filter(secret_hash=hashed(secret)).update(read_at=now)
