"""What people decide about their own pushes: channels, pace, quiet hours, and stopping."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from matching.models import PushDelivery, PushPreference
from matching.models.choices import Dropped
from matching.rules import pushes as rules
from matching.selectors.receivers import read_token
from matching.types import Channel, Pace, PushWish


@transaction.atomic
def set_push_wish(
    *, wish: PushWish, version: int | None = None, by: Actor, now: datetime
) -> PushPreference:
    """Keep how the actor wants to hear of matches; what waits on a closed channel is dropped.

    `version` guards against overwriting what another window saved (0: nothing was saved yet).
    """
    require(by, Permission.SUBSCRIBE)
    if by.user_id is None or by.organisation_id is None:
        raise Conflict(_("请先以企业成员的身份登录，再修改推送设置。"), code="no-person")
    if problems := rules.wrong_with_wish(wish):
        raise Invalid(fields=problems)
    row = _row(by.user_id, by.organisation_id, by=by, now=now)
    if version is not None and row.version - 1 != version:
        raise Conflict(
            _("推送设置刚在另一个窗口改过。请刷新页面，核对后再保存。"), code="changed-meanwhile"
        )
    return _save(row, wish, by=by, now=now)


@transaction.atomic
def stop_mails(*, token: str, now: datetime) -> str:
    """Stop the mails that a signed link names, at once and without a login; the firm's name.

    Doing it twice changes nothing. Mails not sent yet are not sent.
    """
    named = read_token(token)
    if named is None:
        raise Missing(
            _("这个停止链接不完整或已损坏。请从邮件里重新点开，或登录后在推送设置里关闭。")
        )
    user_id, organisation_id = named
    firm = people.organisations([organisation_id]).get(organisation_id)
    if firm is None or user_id not in people.mail_addresses([user_id]):
        raise Missing(_("这个停止链接对应的账户已经不在了，不会再收到邮件。"))
    by = Actor(user_id=user_id, organisation_id=organisation_id)
    row = _row(user_id, organisation_id, by=by, now=now)
    if row.mail != Pace.OFF:
        row.mail, row.changed_at, row.changed_by = Pace.OFF.value, now, by.key
        row.version += 1
        row.save()
        audit.record("push.stopped", subject=row, by=by, at=now)
    _drop_waiting(row, [Channel.MAIL], now=now)
    return firm.name


def _row(user_id: int, organisation_id: int, *, by: Actor, now: datetime) -> PushPreference:
    PushPreference.objects.bulk_create(
        [
            PushPreference(
                user_id=user_id, organisation_id=organisation_id, changed_at=now, changed_by=by.key
            )
        ],
        ignore_conflicts=True,
    )
    return PushPreference.objects.select_for_update(of=("self",)).get(
        user_id=user_id, organisation_id=organisation_id
    )


def _save(row: PushPreference, wish: PushWish, *, by: Actor, now: datetime) -> PushPreference:
    before = row.wish
    if before == wish and row.version > 1:
        return row
    for name in PushWish.__slots__:
        setattr(row, name, getattr(wish, name))
    row.version += 1
    row.changed_at, row.changed_by = now, by.key
    row.save()
    changes = {
        name: str(getattr(wish, name))
        for name in PushWish.__slots__
        if getattr(wish, name) != getattr(before, name)
    }
    audit.record("push.wished", subject=row, by=by, at=now, changes=changes)
    closed = [
        c for c, pace in ((Channel.BELL, wish.bell), (Channel.MAIL, wish.mail)) if pace is Pace.OFF
    ]
    _drop_waiting(row, closed, now=now)
    return row


def _drop_waiting(row: PushPreference, channels: list[Channel], *, now: datetime) -> None:
    """What is owed on these channels and not under way is not brought any more."""
    PushDelivery.objects.filter(
        user_id=row.user_id,
        push__lead__organisation_id=row.organisation_id,
        channel__in=channels,
        done_at__isnull=True,
        dropped_at__isnull=True,
        digest__isnull=True,
    ).update(dropped_at=now, because=Dropped.STOPPED)
