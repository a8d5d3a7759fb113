"""What may be asked of pledges."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Prefetch, QuerySet, Sum

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, allowed
from listings import selectors as listings
from listings.types import Action, Blocker, PatentCard, PatentKind
from pledges import rules
from pledges.models import Pledge, PledgeItem
from pledges.types import Counted, PledgeCheck, PledgeRow

ACTION_LABELS = {
    Action.DECLARE_OPEN: "声明开放许可",
    Action.LICENSE_ORDINARY: "订立普通许可",
    Action.LICENSE_SOLE: "订立排他许可",
    Action.LICENSE_EXCLUSIVE: "订立独占许可",
    Action.TRANSFER: "转让专利权",
}


def action_label(action: str) -> str:
    """What a pledgee may agree to, in words."""
    return next((text for code, text in ACTION_LABELS.items() if code == action), action)


def blockers_for(patent_id: int, *, at: datetime, kind: PatentKind) -> list[Blocker]:
    """Everything that bars registering a pledge on the patent, and what must be confirmed."""
    return listings.can(patent_id, Action.PLEDGE, at=at) + rules.conditional_grounds(kind)


def patent_by(number: str, *, viewer: Actor) -> PatentCard | None:
    """The patent of this number in any spelling; a bank finds any that its contract names."""
    sees_any = allowed(viewer, Permission.RECORD_PLEDGE)
    return listings.find(number, viewer=Actor.system() if sees_any else viewer)


def check(number: str, *, viewer: Actor, at: datetime) -> PledgeCheck:
    """Whether the patent of this number, in any spelling, can be pledged today, or Missing."""
    card = patent_by(number, viewer=viewer)
    if card is None:
        raise Missing(
            "没有找到这个号码的专利，或您无权查看。请核对申请号（如 201710601862.3）。",
            code="patent-not-found",
        )
    return PledgeCheck(
        patent_id=card.id,
        number=card.number or "",
        printed=card.printed,
        title=card.title,
        holders=card.holder_names,
        status=card.status,
        expires_on=card.expires_on,
        blockers=tuple(blockers_for(card.id, at=at, kind=PatentKind(card.kind))),
    )


def pledges(*, viewer: Actor, status: str = "", ends_by: date | None = None) -> QuerySet[Pledge]:
    """The pledges this viewer may see, newest first, with their parties and patents."""
    rows = Pledge.objects.visible_to(viewer)
    if ends_by:
        rows = rows.filter(status=rules.PledgeStatus.REGISTERED, ends_on__lte=ends_by)
    if status:
        rows = rows.filter(status=status)
    return (
        rows.select_related("pledgee", "pledgor")
        .prefetch_related(
            Prefetch("items", queryset=PledgeItem.objects.prefetch_related("agreements"))
        )
        .order_by("-registered_on", "-pk")
    )


def pledge(pledge_id: int, *, viewer: Actor) -> Pledge:
    """One pledge with its patents and consents; Missing when the viewer may not see it."""
    found = pledges(viewer=viewer).filter(pk=pledge_id).first()
    if found is None:
        raise Missing("没有找到这笔质押，或您无权查看。")
    return found


def _recorded(region: str, since: date | None, until: date | None) -> QuerySet[Pledge]:
    rows = Pledge.objects.filter(region__startswith=region)
    if since is not None:
        rows = rows.filter(registered_on__gte=since)
    if until is not None:
        rows = rows.filter(registered_on__lte=until)
    return rows


def pledge_regions(
    *, region: str = "", since: date | None = None, until: date | None = None
) -> dict[str, int]:
    """The number of registered pledges by full region code."""
    rows = _recorded(region, since, until).order_by().values("region").annotate(n=Count("pk"))
    return dict(rows.values_list("region", "n"))


def recorded_pledges(
    *,
    region: str = "",
    since: date | None = None,
    until: date | None = None,
    after: int = 0,
    limit: int = 50,
) -> Counted[PledgeRow]:
    """Pledges registered in a region between two days, both inclusive: number, sum, a page.

    The page starts after `after` rows. Number and rows come from one query, so they agree.
    """
    rows = _recorded(region, since, until)
    totals = rows.aggregate(count=Count("pk"), total=Sum("principal"))
    page = rows.annotate(patents=Count("items")).order_by("-registered_on", "-pk")
    return Counted(
        count=totals["count"],
        rows=_rows(page[after : after + limit]),
        total=totals["total"] or Decimal(0),
    )


def _rows(page: QuerySet[Pledge]) -> list[PledgeRow]:
    found = list(page)
    names = people.organisations({p.pledgor_id for p in found} | {p.pledgee_id for p in found})
    return [
        PledgeRow(
            id=p.pk,
            register_number=p.register_number,
            pledgor_id=p.pledgor_id,
            pledgor_name=names[p.pledgor_id].name,
            pledgee_id=p.pledgee_id,
            pledgee_name=names[p.pledgee_id].name,
            debtor_name=p.debtor_name,
            principal=p.principal,
            registered_on=p.registered_on,
            ends_on=p.ends_on,
            status=p.status,
            status_label=p.get_status_display(),
            region=p.region,
            patents=p.patents,  # type: ignore[attr-defined]
        )
        for p in found
    ]
