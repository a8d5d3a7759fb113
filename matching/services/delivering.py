"""Bringing what is owed: digests for bells and mails, each once, none to who has stopped.

A row is the message; a nudge after the commit wakes a worker and a sweep finds what it lost. A
mail is claimed, sent outside any transaction and recorded; a crash between the last two sends it
again under the same Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from celery import current_app
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.notices import services as notices
from matching.exchanges.port import Postman
from matching.models import Digest, PushDelivery
from matching.models.choices import Dropped
from matching.rules import pushes as rules
from matching.selectors import letters
from matching.selectors.receivers import Reader, readers_of
from matching.types import Channel, Pace

log = logging.getLogger(__name__)
PERSON_LOCK = 0x3A7C9
ROUNDS = 100
Receiver = tuple[int, int, str]  # person, organisation, channel


def deliver_soon() -> None:
    """After the commit, have a worker deliver; the sweep mends a lost nudge."""
    if not any(hook[1] is _nudge for hook in connection.run_on_commit):
        transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    current_app.send_task("matching.deliver", ignore_result=True, retry=False)


def deliver(*, postman: Postman, now: datetime) -> int:
    """Make digests of everything due and send the mails among them; how many messages were made.

    At nine in the morning that may be many thousands: portion after portion, each person and each
    mail whole by itself, so that a killed worker leaves nothing half done.
    """
    made = 0
    for _round in range(ROUNDS):
        receivers, before = due_receivers(now=now), made
        made += sum(assemble(receiver, now=now) is not None for receiver in receivers)
        mails = due_mails(now=now)
        for digest_id in mails:
            send_mail(digest_id=digest_id, postman=postman, now=now)
        if not mails and (not receivers or made == before):
            break
    return made


def due_receivers(*, now: datetime, limit: int = 1_000) -> list[Receiver]:
    """To whom something is due, longest first."""
    rows = PushDelivery.objects.filter(
        done_at__isnull=True, dropped_at__isnull=True, digest__isnull=True, due_at__lte=now
    ).order_by("due_at", "pk")
    found = rows.values_list("user_id", "push__lead__organisation_id", "channel")[: limit * 10]
    return list(dict.fromkeys(found))[:limit]


@transaction.atomic
def assemble(receiver: Receiver, *, now: datetime) -> Digest | None:
    """One message of what is due to this person on this channel; None when nothing is left.

    Asked anew under the person's lock: who has stopped, and what is gone, blocked or opted out
    of since the push, gets nothing.
    """
    user_id, organisation_id, channel = receiver
    _hold(user_id)
    rows = list(
        PushDelivery.objects.filter(
            user_id=user_id,
            push__lead__organisation_id=organisation_id,
            channel=channel,
            done_at__isnull=True,
            dropped_at__isnull=True,
            digest__isnull=True,
            due_at__lte=now,
        )
        .select_related("push__lead")
        .order_by("-push__ticks", "push__lead__patent_id", "pk")
    )
    reader = _reader(user_id, organisation_id, Channel(channel), now=now)
    if reader is None:
        _drop(rows, Dropped.STOPPED, now=now)
        return None
    local = timezone.localtime(now)
    if rules.awake(local, reader.wish) > local:
        _put_off(rows, rules.awake(local, reader.wish))
        return None
    standing = letters.standing(rows)
    _drop([row for row in rows if row.pk not in standing], Dropped.GONE, now=now)
    chosen = _choose([row for row in rows if row.pk in standing], reader, local)
    return _message(chosen, reader, channel, now=now) if chosen else None


def _reader(
    user_id: int, organisation_id: int, channel: Channel, *, now: datetime
) -> Reader | None:
    """The person as a reader of this channel at this moment; None who has stopped or left."""
    found = readers_of([organisation_id], now=now).get(organisation_id, [])
    reader = next((r for r in found if r.user_id == user_id), None)
    return reader if reader and reader.pace(channel) is not Pace.OFF else None


def _choose(rows: list[PushDelivery], reader: Reader, local: datetime) -> list[PushDelivery]:
    """What this message holds; the rest waits for the next day's, or is no news any more."""
    again = [row for row in rows if row.push_id in reader.told]  # told on the other channel
    fresh = [(row, row.push.lead.supplier_id) for row in rows if row.push_id not in reader.told]
    now, waiting = rules.chosen(fresh, room=reader.room, per_holder=reader.wish.per_holder, told={})
    old = [row for row in waiting if row.created_at + rules.KEEPS <= local]
    _drop(old, Dropped.EXPIRED, now=local)
    later = rules.due(Pace.DAILY, local, reader.wish)
    assert later is not None
    _put_off([row for row in waiting if row not in old], later)
    chosen = {row.pk for row in [*again, *now]}
    return [row for row in rows if row.pk in chosen]


def _message(rows: list[PushDelivery], reader: Reader, channel: str, *, now: datetime) -> Digest:
    digest = Digest.objects.create(
        user_id=reader.user_id,
        organisation_id=reader.organisation_id,
        channel=channel,
        created_at=now,
        due_at=now,
        sent_at=now if channel == Channel.BELL else None,
    )
    PushDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        digest=digest, done_at=now if channel == Channel.BELL else None
    )
    if channel == Channel.BELL:
        _ring(digest, rows, now=now)
    else:
        deliver_soon()
    return digest


def _ring(digest: Digest, rows: list[PushDelivery], *, now: datetime) -> None:
    titles = letters.titles([row.push.lead.patent_id for row in rows])
    named = "；".join(titles[:3])
    notices.notify(
        users=[digest.user_id],
        kind="match.pushed",
        key=f"digest:{digest.pk}",
        title=_("%(n)d 条新匹配等您查看") % {"n": len(rows)},
        body=named if len(titles) <= 3 else _("%(named)s 等") % {"named": named},
        url="/matches/?state=new&sort=new",
        now=now,
    )


def due_mails(*, now: datetime, limit: int = 200) -> list[int]:
    """Mails that nobody holds and whose time has come."""
    rows = Digest.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        channel=Channel.MAIL,
        sent_at__isnull=True,
        dropped_at__isnull=True,
        due_at__lte=now,
    )
    return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])


def send_mail(*, digest_id: int, postman: Postman, now: datetime) -> bool:
    """Claim, look once more who wants it, send outside any transaction, record."""
    row = Digest.objects.filter(pk=digest_id, sent_at__isnull=True, dropped_at__isnull=True)
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    if not row.filter(free).update(leased_until=now + rules.MAIL_LEASE, attempts=F("attempts") + 1):
        return False
    digest = row.get()
    reader = _reader(digest.user_id, digest.organisation_id, Channel.MAIL, now=now)
    if reader is None:
        _call_off(digest, Dropped.STOPPED, now=now)
        return False
    letter = letters.compose(digest)
    if letter is None:
        _call_off(digest, Dropped.GONE, now=now)
        return False
    try:
        postman.carry(letter)
    except OSError as problem:
        _note_failure(digest, problem, now=now)
        return False
    _record(digest, now=now)
    return True


@transaction.atomic
def _record(digest: Digest, *, now: datetime) -> None:
    Digest.objects.filter(pk=digest.pk, sent_at__isnull=True).update(
        sent_at=now, leased_until=None, error=""
    )
    digest.items.filter(done_at__isnull=True, dropped_at__isnull=True).update(done_at=now)


@transaction.atomic
def _call_off(digest: Digest, because: Dropped, *, now: datetime, error: str = "") -> None:
    Digest.objects.filter(pk=digest.pk, sent_at__isnull=True).update(
        dropped_at=now, leased_until=None, error=error[:300]
    )
    _drop(
        list(digest.items.filter(done_at__isnull=True, dropped_at__isnull=True)), because, now=now
    )


def _note_failure(digest: Digest, problem: OSError, *, now: datetime) -> None:
    """Try again later and later; after the last try the letter is called off, with its error."""
    log.warning("Mail %s failed: %s", digest.pk, type(problem).__name__)
    if digest.attempts >= rules.MAIL_TRIES:
        _call_off(digest, Dropped.FAILED, now=now, error=str(problem))
        return
    wait = timedelta(minutes=min(2**digest.attempts, 240))
    Digest.objects.filter(pk=digest.pk).update(
        due_at=now + wait, leased_until=None, error=str(problem)[:300]
    )


def _hold(user_id: int) -> None:
    """One assembler per person at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PERSON_LOCK, user_id])


def _drop(rows: Collection[PushDelivery], because: Dropped, *, now: datetime) -> None:
    if rows:
        PushDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            dropped_at=now, because=because
        )


def _put_off(rows: Collection[PushDelivery], until: datetime) -> None:
    if rows:
        PushDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=until)
