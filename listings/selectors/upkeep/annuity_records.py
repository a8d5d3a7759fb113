"""One patent's annuities, years to come and years paid; and who reads the calendar elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.errors import Missing
from core.people.selectors import actor_for
from core.people.types import Actor
from listings.models import (
    AnnuityPayment,
    CalendarFeed,
    FeeReduction,
    MaintenanceDecision,
    Patent,
)
from listings.models.annuities import AnnuityPaymentQuerySet
from listings.rules import annuities
from listings.rules.annuities import Lapse, Quote
from listings.selectors.register.legal import NOT_FOUND
from listings.selectors.upkeep.annuities import Due, dropped, next_due, reductions_of
from listings.types import PatentKind, PatentStatus


@dataclass(frozen=True, slots=True)
class Keeping:
    """All that is known of one patent's annuities."""

    due: Due | None
    years: tuple[Quote, ...]
    payments: tuple[AnnuityPayment, ...]
    reductions: tuple[FeeReduction, ...]
    decision: MaintenanceDecision | None
    lapse: Lapse | None
    first_year: int | None


def keeping(patent_id: int, *, viewer: Actor, on: date) -> Keeping:
    """Years to come with their sums, payments, reductions, and the decision if there is one."""
    patent = (
        Patent.objects.managed_by(viewer)
        .filter(pk=patent_id)
        .defer("embedding", "search", "abstract")
        .first()
    )
    if patent is None:
        raise Missing(NOT_FOUND)
    cuts = reductions_of([patent_id]).get(patent_id, [])
    due = None
    if patent.status == PatentStatus.GRANTED:
        due = due_of(patent, on=on)
    years: list[Quote] = []
    kind = PatentKind(patent.kind)
    if due and due.quote and patent.filed_on:
        coming = annuities.years_to_come(
            kind, patent.filed_on, first=due.quote.year + 1, expires_on=patent.expires_on
        )
        years = [due.quote] + [
            annuities.quote(kind=kind, year=year, due_on=day, pay_on=day, reductions=cuts)
            for year, day in coming
        ]
    first = None
    if patent.filed_on and patent.granted_on:
        first = annuities.first_year(patent.filed_on, patent.granted_on)
    return Keeping(
        due=due,
        years=tuple(years),
        payments=tuple(AnnuityPayment.objects.filter(patent=patent)),
        reductions=tuple(FeeReduction.objects.filter(patent=patent, ended_at__isnull=True)),
        decision=MaintenanceDecision.objects.filter(patent=patent, revoked_at=None).first(),
        lapse=annuities.lapse(due.due_on) if due and due.due_on else None,
        first_year=first,
    )


def due_of(patent: Patent, *, on: date) -> Due | None:
    """The next annuity of a row at hand, as if paid on that day where it is late."""
    return next_due(
        patent_id=patent.pk,
        kind=PatentKind(patent.kind),
        filed_on=patent.filed_on,
        paid_to=patent.annuity_paid_to,
        expires_on=patent.expires_on,
        granted_on=patent.granted_on,
        on=on,
        cuts=reductions_of([patent.pk]).get(patent.pk, ()),
    )


def next_dues(
    ids: Iterable[int], *, viewer: Actor, on: date, today: bool = False
) -> dict[int, Due]:
    """The next annuity of each of these patents that the viewer manages and that is in force."""
    rows = list(
        Patent.objects.managed_by(viewer)
        .filter(pk__in=set(ids), status=PatentStatus.GRANTED)
        .defer("embedding", "search", "abstract")
    )
    found, given_up = {}, dropped(row.pk for row in rows)
    cuts = reductions_of([row.pk for row in rows])
    for row in rows:
        due = next_due(
            patent_id=row.pk,
            kind=PatentKind(row.kind),
            filed_on=row.filed_on,
            paid_to=row.annuity_paid_to,
            expires_on=row.expires_on,
            granted_on=row.granted_on,
            on=on,
            cuts=cuts.get(row.pk, ()),
            today=today,
        )
        if due is not None and row.pk not in given_up:
            found[row.pk] = due
    return found


def payment(payment_id: int, *, viewer: Actor) -> AnnuityPayment:
    """One recorded payment with its patent, or Missing."""
    row = payments(viewer=viewer).filter(pk=payment_id).first()
    if row is None:
        raise Missing("没有找到这条缴费记录，或者它不在本单位的库中。")
    return row


def payments(*, viewer: Actor) -> AnnuityPaymentQuerySet:
    """What was paid for the viewer's patents, corrected records included, newest first."""
    return AnnuityPayment.objects.visible_to(viewer).select_related("patent").order_by("-pk")


def no_payments() -> AnnuityPaymentQuerySet:
    """An empty set, for descriptions of the API."""
    return AnnuityPayment.objects.none()


def hashed(secret: str) -> str:
    """What is kept of a feed's secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def feed_of(*, viewer: Actor) -> CalendarFeed | None:
    """The live feed of the identity the viewer acts under."""
    if viewer.user_id is None or viewer.organisation_id is None:
        return None
    return CalendarFeed.objects.filter(
        membership__user_id=viewer.user_id,
        membership__organisation_id=viewer.organisation_id,
        revoked_at__isnull=True,
    ).first()


def feed_reader(secret: str, *, on: date) -> Actor:
    """Who reads the calendar under this secret; Missing when it was revoked or never given."""
    feed = (
        CalendarFeed.objects.filter(
            secret_hash=hashed(secret),
            revoked_at__isnull=True,
            membership__user__is_active=True,
        )
        .select_related("membership__user")
        .first()
    )
    if feed is None:
        raise Missing("这个日历地址已停用或不存在，请在“年费”页面重新开通日历订阅。")
    return actor_for(feed.membership.user, membership_id=feed.membership_id, on=on)
