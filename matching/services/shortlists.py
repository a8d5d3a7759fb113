"""Commands on service institutions' lists 推荐清单: draft, send, withdraw, read, and no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from matching.models import Need, Shortlist, ShortlistItem, ShortlistStop
from matching.rules import LIVE_NEED, IllegalMove, after
from matching.rules import shortlists as rules
from matching.rules.shortlists import Pick, ShortlistInput, ShortlistStatus
from matching.selectors import feeding
from matching.selectors import shortlists as asked

KIND = "shortlist.progress"
LOCK = 4_108_115  # of advisory locks: one sending at a time for each firm and each institution
GONE = "没有这份推荐清单，或它不对贵单位开放。"


@transaction.atomic
def draft_shortlist(
    *, need_id: int, data: ShortlistInput, is_sample: bool = False, by: Actor, now: datetime
) -> Shortlist:
    """A new list for an open need that only its maker sees."""
    require(by, Permission.ANSWER_NEED)
    need = Need.objects.visible_to(by).get(pk=need_id)
    sender = _answerable(need, by)
    _checked(data, sending=False)
    _on_offer(data, need, by)
    try:
        with transaction.atomic():
            row = Shortlist.objects.create(
                need=need,
                sender_id=sender,
                firm_id=need.organisation_id,
                under_mandate=need.organisation_id in by.acts_for,
                note=data.note.strip(),
                is_sample=is_sample,
                created_at=now,
                created_by=by.key,
                changed_at=now,
            )
    except IntegrityError:
        raise Conflict(
            _("贵单位对这条需求已经有一份清单：草稿可以接着改，已发送的先撤回再重做。"),
            code="shortlist-exists",
        ) from None
    _put(row, data)
    audit.record("shortlist.drafted", subject=row, by=by, at=now, changes={"need": need_id})
    return row


@transaction.atomic
def edit_shortlist(
    *, shortlist_id: int, data: ShortlistInput, version: int, by: Actor, now: datetime
) -> Shortlist:
    """Change a draft; a colleague's edit in between is refused and nothing is lost."""
    row = _own(shortlist_id, by)
    if row.status != ShortlistStatus.DRAFT:
        raise Conflict(_("清单已经发出，不能再改；可以撤回后重做。"), code="illegal-move")
    if row.version != version:
        raise Conflict(
            _("清单刚被同事改过，您的修改没有保存。请打开新页面核对再改。"),
            code="edited-meanwhile",
        )
    _checked(data, sending=False)
    _on_offer(data, row.need, by)
    row.note, row.changed_at = data.note.strip(), now
    row.version += 1
    row.save(update_fields=["note", "changed_at", "version"])
    _put(row, data)
    audit.record("shortlist.edited", subject=row, by=by, at=now)
    return row


@transaction.atomic
def send_shortlist(*, shortlist_id: int, by: Actor, now: datetime) -> Shortlist:
    """Put it on the need's page, within what one firm and one institution may have in a week."""
    row = _own(shortlist_id, by)
    need = row.need
    _move(row, "send")
    _answerable(need, by)
    if not Need.objects.visible_to(by).filter(pk=need.pk).exists():
        raise Conflict(_("这条需求已经不对贵单位公开，清单没有发出。"), code="need-hidden")
    data = as_input(row)
    _checked(data, sending=True)
    _on_offer(data, need, by)
    row.under_mandate = need.organisation_id in by.acts_for
    _hold(row)
    _wanted(row)
    _ceilings(row, now=now)
    row.sent_at, row.sent_by, row.changed_at = now, by.key, now
    row.save()
    audit.record("shortlist.sent", subject=row, by=by, at=now)
    outbox.emit("shortlist.sent", subject=row, by=by, at=now, payload=_payload(row))
    notices.notify(
        users=people.members(row.firm_id),
        kind=KIND,
        key=f"shortlist:{row.pk}:sent",
        title=_("%(sender)s为您的需求推荐了 %(n)d 件专利")
        % {"sender": people.organisation(row.sender_id).name, "n": len(data.picks)},
        body=need.title,
        url=f"/shortlists/{row.pk}/",
        now=now,
    )
    return row


@transaction.atomic
def withdraw_shortlist(
    *, shortlist_id: int, because: str = "", by: Actor, now: datetime
) -> Shortlist:
    """Take it back: a sent one with a word to the firm, a draft without."""
    row = _own(shortlist_id, by)
    was_sent = row.status == ShortlistStatus.SENT
    if len(because) > rules.LONGEST_BECAUSE:
        raise Invalid(fields={"because": [_("原因最多 %(n)d 字。") % {"n": rules.LONGEST_BECAUSE}]})
    if was_sent and not because.strip():
        raise Invalid(fields={"because": [_("请写明撤回的原因，企业会看到。")]})
    _move(row, "withdraw")
    row.because, row.withdrawn_at, row.withdrawn_by = because.strip(), now, by.key
    row.changed_at = now
    row.save()
    audit.record("shortlist.withdrawn", subject=row, by=by, at=now, changes={"why": row.because})
    if was_sent:
        outbox.emit("shortlist.withdrawn", subject=row, by=by, at=now, payload=_payload(row))
        notices.notify(
            users=people.members(row.firm_id),
            kind=KIND,
            key=f"shortlist:{row.pk}:withdrawn",
            title=_("%(sender)s撤回了一份推荐清单")
            % {"sender": people.organisation(row.sender_id).name},
            body=row.because,
            url=f"/shortlists/{row.pk}/",
            now=now,
        )
    return row


@transaction.atomic
def read_shortlist(*, shortlist_id: int, by: Actor, now: datetime) -> Shortlist:
    """The firm itself has opened it; the first time counts, and its maker hears of it."""
    row = found(shortlist_id, by=by)
    is_firm = row.firm_id == by.organisation_id and by.user_id is not None
    if not is_firm or row.status != ShortlistStatus.SENT or row.read_at is not None:
        return row
    row.read_at, row.read_by = now, by.key
    row.save(update_fields=["read_at", "read_by"])
    tell_sender(row, key="read", title=_("企业打开了贵单位的推荐清单"), now=now)
    return row


@transaction.atomic
def stop_sender(*, shortlist_id: int, by: Actor, now: datetime) -> ShortlistStop:
    """No more lists of this institution; those that are there stay."""
    row = found(shortlist_id, by=by)
    if row.firm_id != by.organisation_id:
        raise NotAllowed(_("只有收到清单的企业可以选择不再接收。"))
    require(by, Permission.RATE_MATCH)
    _hold(row)
    standing = ShortlistStop.objects.filter(
        organisation_id=row.firm_id, sender_id=row.sender_id, lifted_at__isnull=True
    )
    if (known := standing.first()) is not None:
        return known
    stop = ShortlistStop.objects.create(
        organisation_id=row.firm_id, sender_id=row.sender_id, made_at=now, made_by=by.key
    )
    audit.record("shortlist.stopped", subject=row, by=by, at=now)
    return stop


@transaction.atomic
def resume_sender(*, shortlist_id: int, by: Actor, now: datetime) -> None:
    """Its lists are welcome again; asking twice changes nothing."""
    row = found(shortlist_id, by=by)
    if row.firm_id != by.organisation_id:
        raise NotAllowed(_("只有收到清单的企业可以恢复接收。"))
    require(by, Permission.RATE_MATCH)
    lifted = ShortlistStop.objects.filter(
        organisation_id=row.firm_id, sender_id=row.sender_id, lifted_at__isnull=True
    ).update(lifted_at=now, lifted_by=by.key)
    if lifted:
        audit.record("shortlist.resumed", subject=row, by=by, at=now)


def tell_sender(row: Shortlist, *, key: str, title: str, now: datetime) -> None:
    """A bell for whoever made and sent it; it names the need by number, for it may be secret."""
    notices.notify(
        users=people.users_of([row.created_by, row.sent_by]),
        kind=KIND,
        key=f"shortlist:{row.pk}:{key}",
        title=title,
        body=_("需求 %(pk)d 号") % {"pk": row.need_id},
        url=f"/shortlists/{row.pk}/",
        now=now,
    )


def found(shortlist_id: int, *, by: Actor) -> Shortlist:
    """The list, locked, if the actor may see it."""
    seen = Shortlist.objects.visible_to(by).filter(pk=shortlist_id).values("pk")
    rows = Shortlist.objects.select_for_update(of=("self",)).select_related("need")
    row = rows.filter(pk__in=seen).first()
    if row is None:
        raise Missing(_(GONE))
    return row


def as_input(row: Shortlist) -> ShortlistInput:
    """What a list says, as it would come in."""
    items = row.items.order_by("place")
    return ShortlistInput(
        picks=tuple(Pick(item.patent_id, item.reason) for item in items), note=row.note
    )


def _own(shortlist_id: int, by: Actor) -> Shortlist:
    row = found(shortlist_id, by=by)
    require(by, Permission.ANSWER_NEED, on=row)
    if row.sender_id != by.organisation_id:
        raise NotAllowed(_("只有制作清单的机构可以办理。"))
    return row


def _answerable(need: Need, by: Actor) -> int:
    """The institution that may answer this need now."""
    if by.organisation_id is None:
        raise Conflict(_("请先以机构成员的身份登录，再推荐专利。"), code="no-organisation")
    if need.organisation_id == by.organisation_id:
        raise Conflict(_("这是贵单位自己的需求，不必给自己推荐。"), code="own-need")
    if need.status not in LIVE_NEED:
        raise Conflict(_("这条需求没有在征集，不能再推荐；清单草稿会保留。"), code="need-not-open")
    return by.organisation_id


def _checked(data: ShortlistInput, *, sending: bool) -> None:
    problems = rules.unfinished(data) if sending else rules.wrong_with(data)
    if problems:
        raise Invalid(fields=problems)


def _on_offer(data: ShortlistInput, need: Need, by: Actor) -> None:
    """Only what is on the board: the firm must be able to look at it.

    Whose patent is the firm's own is not said of a confidential need: it would name the firm.
    """
    may_say = not need.is_confidential or need.organisation_id in by.acts_for
    facts = {f.patent_id: f for f in feeding.facts({pick.patent_id for pick in data.picks})}
    off, own = [], []
    for place, pick in enumerate(data.picks, start=1):
        fact = facts.get(pick.patent_id)
        if fact is None or not fact.matchable:
            off.append(place)
        elif may_say and need.organisation_id in {fact.organisation_id, *fact.holder_organisations}:
            own.append(place)
    problems = []
    if off:
        problems.append(
            _("第 %(n)s 件现在不在架或被占用，企业看不到，请换掉或先挂牌。")
            % {"n": "、".join(map(str, off))}
        )
    if own:
        problems.append(
            _("第 %(n)s 件是这家企业自己的或它共有的专利，请换掉。")
            % {"n": "、".join(map(str, own))}
        )
    if problems:
        raise Invalid(fields={"picks": problems})


def _put(row: Shortlist, data: ShortlistInput) -> None:
    row.items.all().delete()
    ShortlistItem.objects.bulk_create(
        ShortlistItem(
            shortlist=row, patent_id=pick.patent_id, place=place, reason=pick.reason.strip()
        )
        for place, pick in enumerate(data.picks, start=1)
    )


def _move(row: Shortlist, move: str) -> None:
    try:
        row.status = after(rules.MOVES, row.status, move)
    except IllegalMove as problem:
        raise Conflict(
            _("清单现在是“%(now)s”，不能这样操作，请刷新页面查看。")
            % {"now": row.get_status_display()},
            code="illegal-move",
        ) from problem
    row.version += 1


def _hold(row: Shortlist) -> None:
    """Counting and a firm's refusal are read under these locks, in order, so nobody slips by."""
    with connection.cursor() as cursor:
        for key in sorted({row.firm_id, row.sender_id}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, key])


def _wanted(row: Shortlist) -> None:
    stopped = ShortlistStop.objects.filter(
        organisation_id=row.firm_id, sender_id=row.sender_id, lifted_at__isnull=True
    )
    if stopped.exists():
        raise Conflict(
            _("这家企业选择了不再接收贵单位的清单，没有发出。"), code="shortlist-unwanted"
        )


def _ceilings(row: Shortlist, *, now: datetime) -> None:
    """Withdrawn ones count too: else one could flood by sending and taking back."""
    recent = Shortlist.objects.filter(sent_at__gt=now - rules.WEEK)
    most = asked.sender_week(row.sender_id)
    if recent.filter(sender_id=row.sender_id).count() >= most:
        raise Conflict(
            _("贵单位七天内已经发出 %(n)d 份清单，到了上限；草稿已保留，过几天再发。")
            % {"n": most},
            code="sender-ceiling",
        )
    if row.under_mandate:
        return  # it asked for them
    others = recent.filter(firm_id=row.firm_id, under_mandate=False)
    if others.count() >= asked.firm_week(row.firm_id):
        raise Conflict(
            _("这家企业七天内收到的清单已到上限；草稿已保留，过几天再发。"), code="firm-ceiling"
        )


def _payload(row: Shortlist) -> dict[str, Any]:
    return {
        "shortlist_id": row.pk,
        "need_id": row.need_id,
        "organisation_id": row.firm_id,
        "sender_id": row.sender_id,
    }
