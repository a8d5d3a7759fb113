"""Implicit demand, only with consent: opted into, shown, and gone at once when withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.reference import selectors as reference
from listings import selectors as listings
from matching.models import DemandProfile, ReadingConsent, ReadingTrace, Subscription
from matching.rules import implicit as rules
from matching.services.demands import (
    edit_subscription,
    emit_subscription,
    profile_of,
    subscribe,
)

SYSTEM = Actor.system()
Facts = list[tuple[str, list[str]]]


@transaction.atomic
def consent(
    *, uses: Sequence[str], products: str, agreed: bool, by: Actor, now: datetime
) -> DemandProfile:
    """The firm lets the platform work out what it probably needs, from these sources only."""
    require(by, Permission.SUBSCRIBE)
    problems = rules.wrong_with_uses(uses, products, agreed=agreed)
    if by.organisation_id is None:
        problems["uses"] = [_("请先切换到所在的企业。")]
    if problems:
        raise Invalid(fields=problems)
    assert by.organisation_id is not None
    row, is_new = DemandProfile.objects.update_or_create(
        organisation_id=by.organisation_id,
        defaults={
            "uses": [name for name in rules.USES if name in uses],
            "products": products.strip(),
            "notice": rules.NOTICE_VERSION,
            "consented_at": now,
            "consented_by": by.key,
        },
    )
    event = "demand_profile.agreed" if is_new else "demand_profile.changed"
    changes = {"uses": row.uses, "notice": row.notice}
    audit.record(event, subject=row, by=by, at=now, changes=changes)
    _rebuild(row, now=now)
    return row


@transaction.atomic
def withdraw(*, by: Actor, now: datetime) -> bool:
    """Take the consent back: the profile, its matches and all that was read are gone at once."""
    require(by, Permission.SUBSCRIBE)
    row = _own(by)
    if row is None:
        return False
    audit.record("demand_profile.withdrawn", subject=row, by=by, at=now)
    _drop_subscription(row, now=now)
    row.delete()
    return True


@transaction.atomic
def allow_reading(*, by: Actor, now: datetime) -> ReadingConsent:
    """This person lets the recommendations they open from now on count for the firm."""
    require(by, Permission.SUBSCRIBE)
    row = _own(by)
    if row is None or by.user_id is None:
        raise Conflict(_("请先由本单位同意建立需求画像。"), code="no-profile")
    found, is_new = ReadingConsent.objects.get_or_create(
        profile=row, user_id=by.user_id, defaults={"given_at": now}
    )
    if is_new:
        audit.record("demand_profile.reading_allowed", subject=row, by=by, at=now)
    return found


@transaction.atomic
def stop_reading(*, by: Actor, now: datetime) -> bool:
    """This person's readings are deleted and no more are kept."""
    row = _own(by)
    gone = ReadingConsent.objects.filter(profile=row, user_id=by.user_id or 0).delete()[0]
    if row is None or not gone:
        return False
    audit.record("demand_profile.reading_stopped", subject=row, by=by, at=now)
    _rebuild(row, now=now)
    return True


@transaction.atomic
def forget_reading(*, trace_id: int, by: Actor, now: datetime) -> None:
    """Delete one of this person's own readings."""
    trace = ReadingTrace.objects.select_related("consent__profile").get(
        pk=trace_id, consent__user_id=by.user_id or 0,
        consent__profile__organisation_id=by.organisation_id or 0,
    )  # fmt: skip
    row = trace.consent.profile
    trace.delete()
    _rebuild(row, now=now)


def note_reading(*, patent_id: int, by: Actor, now: datetime) -> bool:
    """Remember that a patent was opened, if and only if this person consented to that."""
    if by.user_id is None or by.organisation_id is None:
        return False
    found = ReadingConsent.objects.filter(
        user_id=by.user_id, profile__organisation_id=by.organisation_id
    ).first()
    if found is None or by.user_id not in people.wants_recommendations([by.user_id]):
        return False
    trace, is_new = ReadingTrace.objects.get_or_create(
        consent=found, patent_id=patent_id, defaults={"last_at": now}
    )
    if not is_new:
        ReadingTrace.objects.filter(pk=trace.pk).update(times=F("times") + 1, last_at=now)
    return True


def refresh_profiles(*, now: datetime) -> int:
    """Every night: forget old readings, and bring each profile up to date; how many there are."""
    ReadingTrace.objects.filter(last_at__lt=now - rules.KEPT_FOR).delete()
    ids = list(DemandProfile.objects.order_by("pk").values_list("pk", flat=True))
    for pk in ids:
        with transaction.atomic():
            row = DemandProfile.objects.select_for_update(of=("self",)).filter(pk=pk).first()
            if row is not None:
                _rebuild(row, now=now)
    return len(ids)


def _own(by: Actor) -> DemandProfile | None:
    rows = DemandProfile.objects.select_for_update(of=("self",))
    return rows.filter(organisation_id=by.organisation_id or 0).first()


def _rebuild(row: DemandProfile, *, now: datetime) -> None:
    firm = people.organisation(row.organisation_id)
    wanted = rules.profile(
        products=row.products if "products" in row.uses else "",
        industries=firm.industry_codes if "industries" in row.uses else (),
        own=_held(row.organisation_id) if "patents" in row.uses else [],
        read=_read(row),
    )
    if wanted is None:
        _drop_subscription(row, now=now)
        return
    kept = row.subscription
    if kept is None:
        row.subscription = subscribe(
            data=wanted, organisation_id=row.organisation_id, by=SYSTEM, now=now
        )
        row.save(update_fields=["subscription"])
    elif _says(kept) != (wanted.text, wanted.industry_codes, wanted.ipc):
        edit_subscription(
            subscription_id=kept.pk, data=wanted, version=kept.version, by=SYSTEM, now=now
        )


def _says(row: Subscription) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    said = profile_of(row)
    return said.text, said.industry_codes, said.ipc


def _drop_subscription(row: DemandProfile, *, now: datetime) -> None:
    kept = row.subscription
    if kept is None:
        return
    row.subscription = None
    row.save(update_fields=["subscription"])
    emit_subscription(kept, by=SYSTEM, now=now)
    kept.delete()


def _held(organisation_id: int) -> Facts:
    viewer = Actor(organisation_id=organisation_id)
    ids = list(listings.stock(viewer=viewer).values_list("pk", flat=True)[: rules.MOST_TITLES])
    return _facts(ids)


def _read(row: DemandProfile) -> Facts:
    traces = ReadingTrace.objects.filter(consent__profile=row)
    order = traces.order_by("-times", "-last_at", "pk").values_list("patent_id", flat=True)
    return _facts(list(dict.fromkeys(order[: 3 * rules.MOST_TITLES]))[: rules.MOST_TITLES])


def _facts(ids: list[int]) -> Facts:
    cards = listings.cards(ids, viewer=SYSTEM)
    return [
        (
            cards[pk].title,
            list(dict.fromkeys(s for s in map(reference.ipc_subclass, cards[pk].ipc) if s)),
        )
        for pk in ids
        if pk in cards
    ]
