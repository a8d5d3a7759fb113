"""How long a need stands: reminded before its day, renewed with one click, ended by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from matching import rules
from matching.models import Need
from matching.rules import needs as need_rules
from matching.services.demands import close_need, expiry_of, is_owner, locked_need, open_need
from matching.types import Ending, EndingInput

SYSTEM = Actor.system()
BATCH = 500


@transaction.atomic
def renew_need(*, need_id: int, by: Actor, now: datetime) -> Need:
    """It stands for another term; what had expired is open again. A past deadline is dropped."""
    need = locked_need(need_id, by)
    is_owner(need, by)
    if need.deadline is not None and need.deadline < timezone.localdate(now):
        need.deadline = None
        need.save(update_fields=["deadline"])
    if need.ending == Ending.EXPIRED:
        need = open_need(need_id=need_id, by=by, now=now)
    elif need.status in rules.LIVE_NEED:
        need.expires_on, need.reminded_of = expiry_of(need, now=now), None
        need.changed_at = now
        need.version += 1
        need.save(update_fields=["expires_on", "reminded_of", "changed_at", "version"])
    else:
        raise Conflict(
            _("只有正在征集或到期的需求可以续期；这条需求现在是“%(status)s”。")
            % {"status": need.get_status_display()},
            code="illegal-move",
        )
    changes = {"expires_on": str(need.expires_on)}
    audit.record("need.renewed", subject=need, by=by, at=now, changes=changes)
    return need


def keep_standing(*, now: datetime) -> tuple[int, int]:
    """Once a day or oftener: remind whose need ends soon, end what was not renewed."""
    _date_undated(now=now)
    return _remind(now=now), _expire(now=now)


def _date_undated(*, now: datetime) -> None:
    """Needs opened before terms were kept get a whole one from today."""
    for need in Need.objects.live().filter(expires_on__isnull=True).order_by("pk")[:BATCH]:
        Need.objects.filter(pk=need.pk, expires_on__isnull=True).update(
            expires_on=expiry_of(need, now=now)
        )


def _remind(*, now: datetime) -> int:
    """Tell the owner once per last day; how many needs."""
    today, told = timezone.localdate(now), 0
    soon = Need.objects.live().filter(
        Q(reminded_of__isnull=True) | ~Q(reminded_of=F("expires_on")),
        expires_on__gte=today,
        expires_on__lte=today + timedelta(days=90),
    )
    for need in soon.order_by("pk"):
        days = people.region_setting(
            "need.reminder_days", need.region, default=need_rules.REMINDER_DAYS
        )
        assert need.expires_on is not None
        if need.expires_on > today + timedelta(days=int(days)):
            continue
        _tell(
            need,
            _("需求将于 %(day)s 到期：%(title)s")
            % {"day": need.expires_on.isoformat(), "title": need.title},
            _("还需要的话，请打开需求点“续期”；到期后将从“找需求”撤下，也不再匹配。"),
            key=f"need-ends:{need.pk}:{need.expires_on}",
            now=now,
        )
        told += Need.objects.filter(pk=need.pk).update(reminded_of=need.expires_on)
    return told


def _expire(*, now: datetime) -> int:
    """End what nobody renewed; how many."""
    today = timezone.localdate(now)
    due = Need.objects.live().filter(expires_on__lt=today).order_by("pk")
    ids = list(due.values_list("pk", flat=True)[:BATCH])
    return sum(_expire_one(need_id, now=now) for need_id in ids)


@transaction.atomic
def _expire_one(need_id: int, *, now: datetime) -> bool:
    need = Need.objects.select_for_update(of=("self",)).get(pk=need_id)
    past = need.expires_on is not None and need.expires_on < timezone.localdate(now)
    if need.status not in rules.LIVE_NEED or not past:
        return False  # renewed or ended since we looked
    said = EndingInput(Ending.EXPIRED)
    close_need(need_id=need_id, by=SYSTEM, now=now, said=said)
    _tell(
        need,
        _("需求已到期，停止征集：%(title)s") % {"title": need.title},
        _("内容都还在。还需要的话，打开需求点“续期”即可重新征集。"),
        key=f"need-ended:{need.pk}:{need.expires_on}",
        now=now,
    )
    return True


def _tell(need: Need, title: str, body: str, *, key: str, now: datetime) -> None:
    notices.notify(
        users=people.members(need.organisation_id),
        kind="need.progress",
        key=key,
        title=title,
        body=body,
        url=f"/needs/{need.pk}/",
        now=now,
    )
