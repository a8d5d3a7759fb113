"""Commands on events 活动: draft, publish, cancel, finish, remind, and what came of each item."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from listings import selectors as listings
from matching.models import Gathering, GatheringItem, GatheringResult, Need, SignUp
from matching.rules import IllegalMove, after
from matching.rules import gatherings as rules
from matching.selectors import feeding
from matching.services.pushing import leads_of
from matching.types import GatheringInput, GatheringOutcome, GatheringStatus, SignUpStatus

KIND = "gathering.progress"


@transaction.atomic
def draft_gathering(
    *, data: GatheringInput, is_sample: bool = False, by: Actor, now: datetime
) -> Gathering:
    """A new event that only its organiser sees."""
    require(by, Permission.RUN_GATHERING)
    if by.organisation_id is None:
        raise Conflict(_("请先以机构成员的身份登录，再举办活动。"), code="no-organisation")
    items = _items(data, by=by)
    row = Gathering.objects.create(
        organisation_id=by.organisation_id,
        region=people.organisation(by.organisation_id).region,
        created_at=now,
        created_by=by.key,
        is_sample=is_sample,
        **_fields(data),
    )
    _put(row, items)
    audit.record("gathering.drafted", subject=row, by=by, at=now, changes={"title": row.title})
    return row


@transaction.atomic
def edit_gathering(
    *, gathering_id: int, data: GatheringInput, version: int, by: Actor, now: datetime
) -> Gathering:
    """Change an event that is not over; who signed up hears of another time or place."""
    row = locked(gathering_id, by=by)
    if row.status not in {GatheringStatus.DRAFT, GatheringStatus.OPEN}:
        raise Conflict(_("活动已经结束或取消，不能再修改。"), code="gathering-over")
    if row.status == GatheringStatus.OPEN and row.starts_at <= now:
        raise Conflict(
            _("活动已经开始，不能再修改；请登记成果，或登记为已举办。"), code="gathering-begun"
        )
    if row.version != version:
        raise Conflict(
            _("活动刚被同事改过，您的修改没有保存。请刷新后核对再改。"), code="edited-meanwhile"
        )
    items = _items(data, by=by)
    if data.capacity is not None and data.capacity < row.taken:
        raise Invalid(
            fields={"capacity": [_("已有 %(n)d 人报名，名额不能更少。") % {"n": row.taken}]}
        )
    moved = (row.starts_at, row.ends_at, row.place, row.link) != (
        data.starts_at, data.ends_at, data.place.strip(), data.link.strip(),
    )  # fmt: skip
    for name, value in _fields(data).items():
        setattr(row, name, value)
    row.version += 1
    row.save()
    _put(row, items)
    audit.record("gathering.edited", subject=row, by=by, at=now)
    if moved and row.status == GatheringStatus.OPEN:
        _tell_all(row, f"moved:{row.version}", _("活动时间或地点有变：%(title)s"), now=now)
    return row


@transaction.atomic
def publish_gathering(*, gathering_id: int, by: Actor, now: datetime) -> Gathering:
    """Put it on the public page and open sign-up; holders of what it shows are told."""
    row = locked(gathering_id, by=by)
    if row.ends_at <= now:
        raise Conflict(_("活动时间已经过去，请先改时间再发布。"), code="gathering-past")
    _move(row, "publish")
    row.published_at, row.published_by = now, by.key
    row.save()
    audit.record("gathering.published", subject=row, by=by, at=now)
    outbox.emit("gathering.published", subject=row, by=by, at=now, payload=_payload(row))
    owners = set(row.items.exclude(owner_id=row.organisation_id).values_list("owner_id", flat=True))
    notices.notify(
        users=_members(owners - {None}),
        kind=KIND,
        key=f"gathering:{row.pk}:shown",
        title=_("贵单位的专利或需求将在活动上展示：%(title)s") % {"title": row.title},
        body=_("可以报名到场，或请主办方调整。"),
        url=f"/gatherings/{row.pk}/",
        now=now,
    )
    return row


@transaction.atomic
def cancel_gathering(*, gathering_id: int, because: str, by: Actor, now: datetime) -> Gathering:
    """Call it off, say why, and tell everyone who signed up."""
    row = locked(gathering_id, by=by)
    if not because.strip():
        raise Invalid(fields={"because": [_("请写明取消的原因，报名的单位会看到。")]})
    _move(row, "cancel")
    row.because, row.ended_at, row.ended_by = because.strip()[:300], now, by.key
    row.save()
    audit.record("gathering.cancelled", subject=row, by=by, at=now, changes={"why": row.because})
    if row.published_at is not None:
        outbox.emit("gathering.cancelled", subject=row, by=by, at=now, payload=_payload(row))
        _tell_all(row, "cancelled", _("活动已取消：%(title)s"), body=row.because, now=now)
    return row


@transaction.atomic
def finish_gathering(*, gathering_id: int, by: Actor, now: datetime) -> Gathering:
    """It took place: sign-up is over, results can be noted from now on."""
    row = locked(gathering_id, by=by)
    if now < row.starts_at:
        raise Conflict(_("活动还没有开始，不能登记为已举办。"), code="not-begun")
    _move(row, "finish")
    row.ended_at, row.ended_by = now, by.key
    row.save()
    audit.record("gathering.held", subject=row, by=by, at=now)
    for guest in _guests(row):
        offer_rating(
            service="gathering",
            reference=f"gathering:{row.pk}",
            title=row.title,
            url=f"/gatherings/{row.pk}/",
            organisation_id=guest,
            provider_id=row.organisation_id,
            now=now,
        )
    return row


def _guests(row: Gathering) -> list[int]:
    """The organisations that were expected."""
    coming = row.sign_ups.filter(status=SignUpStatus.CONFIRMED)
    return sorted(set(coming.values_list("organisation_id", flat=True)))


@transaction.atomic
def note_result(
    *,
    item_id: int,
    organisation_id: int,
    outcome: GatheringOutcome,
    note: str = "",
    by: Actor,
    now: datetime,
) -> GatheringResult:
    """What came of an item with a firm that was there; interest in a patent makes a lead."""
    item = GatheringItem.objects.select_related("gathering").filter(pk=item_id).first()
    if item is None:
        raise Missing(_("没有这个活动项目。"))
    gathering = locked(item.gathering_id, by=by)
    if gathering.status not in {GatheringStatus.OPEN, GatheringStatus.HELD} or (
        now < gathering.starts_at
    ):
        raise Conflict(_("活动开始之后才能登记成果。"), code="not-begun")
    there = gathering.sign_ups.filter(
        organisation_id=organisation_id, status=SignUpStatus.CONFIRMED
    )
    if not there.exists():
        raise Invalid(fields={"organisation": [_("请选择报名已确认的单位。")]})
    row, _new = GatheringResult.objects.update_or_create(
        item=item,
        organisation_id=organisation_id,
        defaults={
            "outcome": outcome.value,
            "note": note.strip()[:300],
            "noted_at": now,
            "noted_by": by.key,
        },
    )
    audit.record(
        "gathering.result_noted", subject=row, by=by, at=now, changes={"outcome": outcome.value}
    )
    if outcome is not GatheringOutcome.NOTHING and item.patent_id is not None:
        _lead(organisation_id, item.patent_id, by=by, now=now)
    return row


def _lead(organisation_id: int, patent_id: int, *, by: Actor, now: datetime) -> None:
    """The firm and the patent were brought together, and met."""
    for lead in leads_of(organisation_id, feeding.facts({patent_id}), now=now).values():
        if lead.contacted_at is None and lead.supplier_id != organisation_id:
            lead.contacted_at, lead.contacted_by = now, by.key
            lead.save(update_fields=["contacted_at", "contacted_by"])


def remind(*, now: datetime) -> int:
    """A day ahead, once: everyone who comes, and the organiser."""
    soon = Gathering.objects.filter(
        status=GatheringStatus.OPEN, starts_at__gt=now, starts_at__lte=now + rules.REMIND_AHEAD
    )
    told = 0
    for row in soon:
        told += _tell_all(row, "soon", _("明天有活动：%(title)s"), organiser=True, now=now)
    return told


@transaction.atomic
def require_organiser(*, gathering_id: int, by: Actor) -> None:
    """Refuse whoever does not organise this event."""
    locked(gathering_id, by=by)


def locked(gathering_id: int, *, by: Actor) -> Gathering:
    """The organiser's event, locked; a stranger's draft does not exist."""
    row = (
        Gathering.objects.select_for_update(of=("self",))
        .filter(pk__in=Gathering.objects.visible_to(by).filter(pk=gathering_id).values("pk"))
        .first()
    )
    if row is None:
        raise Missing(_("没有这场活动，或它还没有发布。"))
    require(by, Permission.RUN_GATHERING, on=row)
    return row


def _move(row: Gathering, move: str) -> None:
    try:
        row.status = after(rules.MOVES, row.status, move)
    except IllegalMove as problem:
        raise Conflict(
            _("活动现在是“%(now)s”，不能这样操作。") % {"now": row.get_status_display()},
            code="illegal-move",
        ) from problem
    row.version += 1


def _fields(data: GatheringInput) -> dict[str, object]:
    return {
        "kind": data.kind.value,
        "title": data.title.strip()[:120],
        "summary": data.summary.strip(),
        "starts_at": data.starts_at,
        "ends_at": data.ends_at,
        "place": data.place.strip()[:200],
        "link": data.link.strip(),
        "capacity": data.capacity,
        "needs_approval": data.needs_approval,
        "sign_up_until": data.sign_up_until,
        "slot_minutes": data.slot_minutes,
    }


def _items(data: GatheringInput, *, by: Actor) -> list[GatheringItem]:
    """What is shown, each checked: listed patents, and needs that anyone may read."""
    problems = rules.wrong_with(data)
    if data.link.strip() and not data.link.strip().startswith(("https://", "http://")):
        problems["link"] = [_("线上链接须以 https:// 或 http:// 开头。")]
    patents = listings.cards(data.patents, viewer=Actor.anonymous())
    public = Need.objects.on_board().filter(pk__in=data.needs, is_confidential=False)
    needs = {need.pk: need for need in public}
    lost = [f"/patents/{pk}/" for pk in data.patents if pk not in patents]
    lost += [f"/needs/{pk}/" for pk in data.needs if pk not in needs]
    if lost:
        problems["items"] = [
            _("这些不在架或没有公开，不能展示：%(lost)s") % {"lost": "、".join(lost[:10])}
        ]
    if problems:
        raise Invalid(fields=problems)
    return [
        *(
            GatheringItem(patent_id=pk, owner_id=patents[pk].organisation_id)
            for pk in dict.fromkeys(data.patents)
        ),
        *(
            GatheringItem(need_id=pk, owner_id=needs[pk].organisation_id)
            for pk in dict.fromkeys(data.needs)
        ),
    ]


def _put(row: Gathering, items: list[GatheringItem]) -> None:
    """Make these the items; those with a result stay."""
    wanted = {(item.patent_id, item.need_id) for item in items}
    kept = set()
    for old in row.items.prefetch_related("results"):
        if (old.patent_id, old.need_id) in wanted or old.results.all():
            kept.add((old.patent_id, old.need_id))
        else:
            old.delete()
    for item in items:
        if (item.patent_id, item.need_id) not in kept:
            item.gathering = row
            item.save()


def _payload(row: Gathering) -> dict[str, object]:
    return {"gathering_id": row.pk, "organisation_id": row.organisation_id, "region": row.region}


def _members(organisations: Iterable[int | None]) -> set[int]:
    found = people.members_of({pk for pk in organisations if pk is not None})
    return {user for users in found.values() for user in users}


def _tell_all(
    row: Gathering,
    key: str,
    title: str,
    *,
    body: str = "",
    organiser: bool = False,
    now: datetime,
) -> int:
    """Everyone who has signed up and not left, once for each key."""
    coming = SignUp.objects.filter(
        gathering=row, status__in=[SignUpStatus.ASKED.value, SignUpStatus.CONFIRMED.value]
    ).values_list("organisation_id", flat=True)
    told = notices.notify(
        users=_members({*coming, *({row.organisation_id} if organiser else set())}),
        kind=KIND,
        key=f"gathering:{row.pk}:{key}",
        title=title % {"title": row.title},
        body=body or row.place or row.link,
        url=f"/gatherings/{row.pk}/",
        now=now,
    )
    return len(told)
