"""Telling people of a turn in a patent's life: who keeps an eye on it, and who holds it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from core.notices import services as notices
from core.people import selectors as people
from core.people.types import KEEPERS
from listings.models import Contradiction, Favourite, Patent
from listings.rules import standing
from listings.types import PatentStatus

# What was lost, what its holder can do, and what it means to others.
LOST: dict[PatentStatus, tuple[str, str, str]] = {
    PatentStatus.LAPSED: (
        "未缴年费，专利权终止",
        "挂牌和开放许可已暂停。仍想保留的，请尽快向国家知识产权局请求恢复权利，"
        "恢复后登记“专利权的恢复”。",
        "挂牌已暂停。权利人还可能请求恢复，需要时请先联系持有单位。",
    ),
    PatentStatus.INVALID: (
        "专利权被宣告全部无效",
        "挂牌和开放许可已暂停，请告知许可、质押的对方，并核对已收款项。",
        "挂牌已暂停。专利权视为自始不存在，不必再取得许可。",
    ),
    PatentStatus.ABANDONED: (
        "专利权已放弃",
        "挂牌和开放许可已暂停，请告知许可、质押的对方。",
        "挂牌已暂停。权利人放弃之后，任何人都可以实施。",
    ),
    PatentStatus.EXPIRED: (
        "专利权期限届满",
        "挂牌和开放许可已结束，请办结尚未付清的款项。",
        "挂牌已暂停。期限届满之后，任何人都可以实施。",
    ),
}


def key_of(event_id: str) -> str:
    """One bell per person for one turn, whichever room rings it first."""
    return f"standing:{event_id}"


def tell_of_loss(*, patent_id: int, event_id: str, now: datetime) -> int:
    """Tell the holder and whoever favourited it that it is no longer in force; how many heard."""
    patent = _read(patent_id)
    if patent is None or (lost := LOST.get(PatentStatus(patent.status))) is None:
        return 0
    why, for_holder, for_others = lost
    return _tell(
        patent,
        event_id,
        title=_("%(why)s：%(title)s") % {"why": why, "title": patent.title},
        for_holder=for_holder,
        for_others=for_others,
        now=now,
    )


def tell_of_return(*, patent_id: int, event_id: str, now: datetime) -> int:
    """Tell the same people that it is in force again; how many heard."""
    patent = _read(patent_id)
    if patent is None or patent.status not in standing.IN_FORCE:
        return 0
    return _tell(
        patent,
        event_id,
        title=_("专利权已恢复：%(title)s") % {"title": patent.title},
        for_holder=_("挂牌没有自动恢复；核对年费和权利负担后，可在专利页面点“恢复挂牌”。"),
        for_others=_("持有单位重新挂牌之后，可以继续洽谈或取得许可。"),
        now=now,
    )


def _read(patent_id: int) -> Patent | None:
    return (
        Patent.objects.kept().only("title", "status", "organisation").filter(pk=patent_id).first()
    )


def _tell(
    patent: Patent, event_id: str, *, title: str, for_holder: str, for_others: str, now: datetime
) -> int:
    holders = people.members(patent.organisation_id, *KEEPERS) if patent.organisation_id else []
    kept = Favourite.objects.filter(patent=patent).values_list("user_id", flat=True)
    heard = _ring(holders, event_id, title, for_holder, f"/library/patents/{patent.pk}/", now=now)
    return heard + _ring(
        set(kept) - set(holders), event_id, title, for_others, "/favourites/", now=now
    )


def _ring(
    users: Iterable[int], event_id: str, title: str, body: str, url: str, *, now: datetime
) -> int:
    return len(
        notices.notify(
            users=users,
            kind="listing.changed",
            key=key_of(event_id),
            title=title,
            body=body,
            url=url,
            now=now,
        )
    )


def tell_of_contradiction(*, contradiction_id: int, now: datetime) -> int:
    """Ask the holder to look, unless it has settled by itself meanwhile; how many heard."""
    row = (
        Contradiction.objects.open()
        .select_related("patent")
        .defer("patent__embedding", "patent__search")
        .filter(pk=contradiction_id)
        .first()
    )
    if row is None or row.patent.organisation_id is None:
        return 0
    told = notices.notify(
        users=people.members(row.patent.organisation_id, *KEEPERS),
        kind="listing.changed",
        key=f"contradiction:{row.pk}:{row.found_at.isoformat()}",
        title=_("公报与记录不一致，请核对：%(title)s") % {"title": row.patent.title},
        body=f"{row.message}{row.mend}"[:500],
        url="/library/events/doubts/",
        now=now,
    )
    return len(told)
