"""Coming to an event: sign up, be let in, leave, and meet one to one."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from matching.models import Gathering, Meeting, MeetingSeat, SignUp
from matching.rules import IllegalMove, after
from matching.rules import gatherings as rules
from matching.services.gatherings import KIND
from matching.types import GatheringStatus, MeetingStatus, SignUpStatus

FULL = "名额已满，报名没有保存。可以减少人数再试，或联系主办方。"


@transaction.atomic
def sign_up(*, gathering_id: int, attendees: str, seats: int, by: Actor, now: datetime) -> SignUp:
    """Come with so many people, at once or once the organiser agrees; again changes the numbers."""
    row = _open(gathering_id, by=by)
    require(by, Permission.ATTEND_GATHERING)
    if by.organisation_id is None or by.user_id is None:
        raise Conflict(_("请先以机构成员的身份登录，再报名。"), code="no-organisation")
    if not rules.may_sign_up(row.status, now=now, until=row.sign_up_until, ends_at=row.ends_at):
        raise Conflict(_("报名已经截止，或活动已结束、取消。"), code="sign-up-closed")
    problems = {}
    if not attendees.strip():
        problems["attendees"] = [_("请填写参加人姓名，多人用顿号隔开。")]
    if not 1 <= seats <= 50:
        problems["seats"] = [_("人数应为 1 至 50。")]
    if problems:
        raise Invalid(fields=problems)
    known = row.sign_ups.filter(organisation_id=by.organisation_id).first()
    if known is not None and known.status == SignUpStatus.REFUSED:
        raise Conflict(_("主办方没有通过贵单位的报名，请直接联系主办方。"), code="refused")
    status = SignUpStatus.ASKED if row.needs_approval else SignUpStatus.CONFIRMED
    if known is not None and known.status == SignUpStatus.CONFIRMED:
        status = SignUpStatus.CONFIRMED  # let in already: other numbers need no second word
    before = known.seats if known and known.status == SignUpStatus.CONFIRMED else 0
    _seat(row, (seats if status is SignUpStatus.CONFIRMED else 0) - before)
    entry, _new = SignUp.objects.update_or_create(
        gathering=row,
        organisation_id=by.organisation_id,
        defaults={
            "user_id": by.user_id,
            "attendees": attendees.strip()[:200],
            "seats": seats,
            "status": status.value,
            "asked_at": now,
            "decided_at": None,
            "decided_by": None,
        },
    )
    audit.record("gathering.signed_up", subject=entry, by=by, at=now, changes={"seats": seats})
    firm = people.organisation(by.organisation_id).name
    _tell(
        row,
        row.organisation_id,
        f"sign-up:{entry.pk}:{int(now.timestamp())}",
        _("%(firm)s 报名参加：%(title)s") % {"firm": firm, "title": row.title},
        now=now,
    )
    return entry


@transaction.atomic
def decide_sign_up(*, sign_up_id: int, move: str, by: Actor, now: datetime) -> SignUp:
    """The organiser lets somebody in or not; whoever signed up leaves. The table says when."""
    entry = SignUp.objects.select_related("gathering").filter(pk=sign_up_id).first()
    if entry is None:
        raise Missing(_("没有这条报名。"))
    row = Gathering.objects.select_for_update(of=("self",)).get(pk=entry.gathering_id)
    entry = SignUp.objects.select_for_update(of=("self",)).get(pk=sign_up_id)
    organiser, own = row.organisation_id in by.acts_for, entry.organisation_id in by.acts_for
    if not (organiser or own):
        raise Missing(_("没有这条报名。"))
    if (move == "leave") != own and not (organiser and move != "leave"):
        raise NotAllowed(_("报名由主办方确认，退出由报名单位办理。"))
    if move != "leave":
        require(by, Permission.RUN_GATHERING, on=row)
    try:
        status = after(rules.SIGN_UP_MOVES, entry.status, move)
    except IllegalMove as problem:
        raise Conflict(
            _("这条报名现在是“%(now)s”，不能这样操作。") % {"now": entry.get_status_display()},
            code="illegal-move",
        ) from problem
    if status is SignUpStatus.CONFIRMED:
        _seat(row, entry.seats)
    elif entry.status == SignUpStatus.CONFIRMED:
        _seat(row, -entry.seats)
    entry.status, entry.decided_at, entry.decided_by = status.value, now, by.key
    entry.save()
    if status in {SignUpStatus.LEFT, SignUpStatus.REFUSED}:
        _free(row, entry.organisation_id, by=by, now=now)
    audit.record(
        "gathering.sign_up_decided", subject=entry, by=by, at=now, changes={"status": status.value}
    )
    if move != "leave":
        _tell(
            row,
            entry.organisation_id,
            f"sign-up:{entry.pk}:{status.value}:{int(now.timestamp())}",
            _("报名%(status)s：%(title)s")
            % {"status": entry.get_status_display(), "title": row.title},
            now=now,
        )
    return entry


@transaction.atomic
def ask_meeting(
    *, gathering_id: int, asked_id: int, slot: int, topic: str = "", by: Actor, now: datetime
) -> Meeting:
    """Ask another who comes for one of the event's slots; they accept or decline."""
    row = _open(gathering_id, by=by)
    require(by, Permission.ATTEND_GATHERING)
    slots = rules.slots(row.starts_at, row.ends_at, row.slot_minutes)
    if not 0 <= slot < len(slots):
        raise Invalid(fields={"slot": [_("请选择活动的一个时段。")]})
    if row.status != GatheringStatus.OPEN or slots[slot][0] <= now:
        raise Conflict(_("这个时段已经过去，或活动已结束、取消。"), code="slot-past")
    coming = set(
        row.sign_ups.filter(status=SignUpStatus.CONFIRMED).values_list("organisation_id", flat=True)
    )
    if by.organisation_id not in coming:
        raise Conflict(_("报名确认之后才能约见。请先报名。"), code="not-coming")
    if asked_id not in coming or asked_id == by.organisation_id:
        raise Invalid(fields={"asked": [_("请选择另一家已确认参加的单位。")]})
    when = DateTimeTZRange(*slots[slot])
    busy = MeetingSeat.objects.filter(
        organisation_id__in=[by.organisation_id, asked_id], slot__overlap=when
    )
    if busy.exists():
        raise Conflict(_("这个时段贵方或对方已有约，请换一个时段。"), code="slot-taken")
    try:
        with transaction.atomic():
            meeting = Meeting.objects.create(
                gathering=row,
                asker_id=by.organisation_id,
                asked_id=asked_id,
                slot=when,
                topic=topic.strip()[:200],
                asked_at=now,
            )
    except IntegrityError as problem:
        raise Conflict(
            _("已经向这家单位提出过约见，请等待答复或先取消。"), code="asked-already"
        ) from problem
    audit.record("gathering.meeting_asked", subject=meeting, by=by, at=now)
    firm = people.organisation(int(by.organisation_id or 0)).name
    _tell(
        row,
        asked_id,
        f"meeting:{meeting.pk}:asked",
        _("%(firm)s 想在活动上与贵单位面谈") % {"firm": firm},
        body=meeting.topic,
        now=now,
    )
    return meeting


@transaction.atomic
def answer_meeting(*, meeting_id: int, move: str, by: Actor, now: datetime) -> Meeting:
    """Accept, decline, or call off; the database lets nobody sit in two meetings at once."""
    meeting = (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("gathering")
        .filter(pk=meeting_id)
        .first()
    )
    sides = {meeting.asker_id, meeting.asked_id} if meeting else set()
    if meeting is None or not sides & by.acts_for:
        raise Missing(_("没有这条约见。"))
    require(by, Permission.ATTEND_GATHERING)
    if move in {"accept", "decline"} and meeting.asked_id not in by.acts_for:
        raise NotAllowed(_("由被约的一方答复；您可以取消自己提出的约见。"))
    try:
        status = after(rules.MEETING_MOVES, meeting.status, move)
    except IllegalMove as problem:
        raise Conflict(
            _("这条约见现在是“%(now)s”，不能这样操作。") % {"now": meeting.get_status_display()},
            code="illegal-move",
        ) from problem
    if status is MeetingStatus.ACCEPTED:
        _book(meeting)
    else:
        meeting.seats.all().delete()
    meeting.status, meeting.answered_at, meeting.answered_by = status.value, now, by.key
    meeting.save()
    audit.record(
        "gathering.meeting_answered", subject=meeting, by=by, at=now,
        changes={"status": status.value},
    )  # fmt: skip
    others = sides - by.acts_for
    for organisation_id in others:
        _tell(
            meeting.gathering,
            organisation_id,
            f"meeting:{meeting.pk}:{status.value}",
            _("约见%(status)s：%(title)s")
            % {"status": meeting.get_status_display(), "title": meeting.gathering.title},
            now=now,
        )
    return meeting


def _book(meeting: Meeting) -> None:
    if meeting.gathering.status != GatheringStatus.OPEN:
        raise Conflict(_("活动已结束或取消，不能再约。"), code="gathering-over")
    try:
        with transaction.atomic():
            MeetingSeat.objects.bulk_create(
                [
                    MeetingSeat(meeting=meeting, organisation_id=pk, slot=meeting.slot)
                    for pk in sorted({meeting.asker_id, meeting.asked_id})
                ]
            )
    except IntegrityError as problem:
        raise Conflict(
            _("这个时段其中一方刚约了别人，没有约成。请谢绝，或请对方换一个时段。"),
            code="slot-taken",
        ) from problem


def _seat(row: Gathering, seats: int) -> None:
    """Take or give back seats under the event's lock; the table refuses too many as well."""
    if row.capacity is not None and row.taken + seats > row.capacity:
        raise Conflict(_(FULL), code="full")
    if seats:
        row.taken += seats
        row.save(update_fields=["taken"])


def _free(row: Gathering, organisation_id: int, *, by: Actor, now: datetime) -> None:
    """Whoever no longer comes meets nobody."""
    for side in ("asker_id", "asked_id"):
        for meeting in row.meetings.filter(
            **{side: organisation_id}, status__in=["asked", "accepted"]
        ):
            meeting.seats.all().delete()
            meeting.status = MeetingStatus.CALLED_OFF.value
            meeting.answered_at, meeting.answered_by = now, by.key
            meeting.save()


def _open(gathering_id: int, *, by: Actor) -> Gathering:
    """An event the actor may see, locked: sign-ups come one after another."""
    row = (
        Gathering.objects.select_for_update(of=("self",))
        .filter(pk__in=Gathering.objects.visible_to(by).filter(pk=gathering_id).values("pk"))
        .first()
    )
    if row is None:
        raise Missing(_("没有这场活动，或它还没有发布。"))
    return row


def _tell(
    row: Gathering, organisation_id: int, key: str, title: str, *, body: str = "", now: datetime
) -> None:
    notices.notify(
        users=people.members(organisation_id),
        kind=KIND,
        key=f"gathering:{row.pk}:{key}",
        title=title,
        body=body,
        url=f"/gatherings/{row.pk}/",
        now=now,
    )
