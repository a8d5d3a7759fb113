"""Questions about renewals and terminations: what is under way, and what may be asked today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.errors import Conflict, Missing
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Document, Licence, PaymentDue, Renewal, Termination
from licensing.rules import renewals, terminations
from licensing.rules.claims import Side
from licensing.rules.moves import DeclarationStatus
from licensing.selectors.disputed import with_dispute
from licensing.selectors.royalties import with_paid
from listings import selectors as listings

NOT_FOUND = "没有找到这条记录，或您无权查看。"
OPEN = sorted(s.value for s in terminations.OPEN)


def renewal_window(region: str) -> int:
    """How many days before its last day a licence's renewal may be asked."""
    days: int = people.region_setting("licence.renewal_days", region, default=renewals.WINDOW_DAYS)
    return days


def open_termination(licence: Licence) -> Termination | None:
    """The one under way."""
    return licence.terminations.filter(status__in=OPEN).first()


def renewal_facts(licence: Licence) -> renewals.Facts:
    """What decides whether it can be renewed."""
    declaration = licence.declaration
    return renewals.Facts(
        in_force=licence.in_force,
        ends_on=licence.ends_on,
        is_open=declaration is not None,
        announced=declaration is not None and declaration.status == DeclarationStatus.ANNOUNCED,
        lapsed=licence.patent_lapsed_on is not None,
        ending=open_termination(licence) is not None,
        asked=licence.renewals.filter(status=renewals.RenewalStatus.ASKED).exists(),
    )


def why_not_renewable(licence: Licence, *, today: date) -> str:
    """Why its renewal cannot be asked today; empty when it can."""
    days = renewal_window(licence.region)
    return renewals.against(renewal_facts(licence), today=today, window_days=days, asking=True)


def last_day_for(licence: Licence, months: int) -> date:
    """The last day of a further term: within the patent's life, and within the licence above."""
    assert licence.ends_on is not None  # renewal_facts asked
    expires_on = listings.card(licence.patent_id, viewer=Actor.system()).expires_on
    if expires_on is None:
        raise Conflict("专利权期限没有登记，不能计算续展后的期限。", code="expired")
    until = renewals.new_end(licence.ends_on, months, expires_on=expires_on)
    if licence.under is not None and licence.under.ends_on is not None:
        until = min(until, licence.under.ends_on)
    if until <= licence.ends_on:
        raise Conflict(
            "原期限已到专利权或上游许可的最后一天，不能再续展（民法典第八百六十五条）。",
            code="term-beyond-life",
        )
    return until


def late_sums(licence: Licence, *, today: date, dunned: bool = False) -> Sequence[Any]:
    """The sums that should have been paid before today; if asked, only those that were dunned and
    that no dispute keeps still.
    """
    rows = with_paid(PaymentDue.objects.filter(licence=licence, due_on__lt=today))
    if dunned:
        letters = Document.objects.filter(due=OuterRef("pk"), kind=Document.Kind.DUNNING)
        rows = with_dispute(rows.filter(Exists(letters))).filter(held=False)
    return list(rows.filter(open_sum__gt=0).order_by("due_on", "pk"))


def renewals_of(*, viewer: Actor, licence_id: int | None = None) -> QuerySet[Any]:
    """The renewals this viewer may see, newest first."""
    rows = Renewal.objects.visible_to(viewer).select_related("licence")
    return (rows.filter(licence_id=licence_id) if licence_id else rows).order_by("-pk")


def terminations_of(*, viewer: Actor, licence_id: int | None = None) -> QuerySet[Any]:
    """The terminations this viewer may see, newest first."""
    rows = Termination.objects.visible_to(viewer).select_related("licence", "evidence")
    rows = rows.prefetch_related("disputes")
    return (rows.filter(licence_id=licence_id) if licence_id else rows).order_by("-pk")


def renewal(renewal_id: int, *, viewer: Actor) -> Renewal:
    """One renewal; Missing when the viewer may not see it."""
    found: Renewal | None = renewals_of(viewer=viewer).filter(pk=renewal_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def termination(termination_id: int, *, viewer: Actor) -> Termination:
    """One termination; Missing when the viewer may not see it."""
    found: Termination | None = terminations_of(viewer=viewer).filter(pk=termination_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def endings_waiting(*, viewer: Actor) -> tuple[int, datetime | None, int | None]:
    """How many renewals and terminations wait for this actor's answer, since when, and where."""
    own = viewer.acts_for
    asked = Renewal.objects.filter(
        licence__licensor_id__in=own, status=renewals.RenewalStatus.ASKED
    )
    told = Termination.objects.filter(
        Q(side=Side.LICENSOR, licence__licensee_id__in=own)
        | Q(side=Side.LICENSEE, licence__licensor_id__in=own),
        status__in=sorted(["proposed", "noticed"]),
        answered_at__isnull=True,
    )
    found = [(at, pk) for at, pk in asked.values_list("asked_at", "licence_id")[:200]]
    found += [(at, pk) for at, pk in told.values_list("opened_at", "licence_id")[:200]]
    if not found:
        return 0, None, None
    since, licence_id = min(found)
    return len(found), since, licence_id
