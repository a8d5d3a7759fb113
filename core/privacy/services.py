"""Commands: hand out a copy, forget a person."""

from __future__ import annotations

import io
import json
import logging
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.template.loader import render_to_string

from core.audit import services as audit
from core.audit.models import AuditPerson
from core.db import delete_with_files
from core.errors import Conflict, NotAllowed
from core.joining.models import JoinApplication
from core.joining.rules import Status
from core.joining.services import drop
from core.outbox import services as outbox
from core.outbox.registry import listeners
from core.people.models import User
from core.people.types import Actor
from core.permissions import Permission, require
from core.privacy import inventory, selectors
from core.privacy.forgetting import Change, Texts, clear
from core.privacy.models import ErasureRequest, ErasureStatus, PersonalCopy
from core.privacy.rules import NOBODY, Known

DAYS = 7
KNOWN_DAYS = 30
log = logging.getLogger(__name__)


@transaction.atomic
def ask_copy(*, by: Actor, now: datetime) -> int:
    """Owe this person a copy of what is held about them. Its id."""
    user = User.objects.select_for_update().get(pk=by.user_id or 0)
    if user.copies.filter(ready_at__isnull=True).exists():
        raise Conflict("上一份还在准备，完成后会通知您。", code="copy-underway")
    row = PersonalCopy.objects.create(user=user, asked_at=now)
    audit.record("personal.copy_asked", subject=user, by=by, at=now)
    outbox.emit("personal.copy_asked", subject=row, by=by, at=now, payload={"copy_id": row.pk})
    return row.pk


def build_copy(*, copy_id: int, now: datetime) -> PersonalCopy | None:
    """Write the file: everything as JSON, and the same to read. None when it is there already."""
    row = PersonalCopy.objects.filter(pk=copy_id, ready_at__isnull=True).first()
    if row is None:
        return None
    found = selectors.about(row.user)
    content = found | {key: [asdict(s) for s in found[key]] for key in ("rows", "deeds")}
    page = render_to_string("core/personal_data.html", found | {"user": row.user, "now": now})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        data = json.dumps(content, cls=_Encoder, ensure_ascii=False, indent=1)
        archive.writestr("personal-data.json", data)
        archive.writestr("个人信息.html", page)
    row.file.save(f"{uuid.uuid4().hex}.zip", ContentFile(packed.getvalue()), save=False)
    row.ready_at, row.expires_at = now, now + timedelta(days=DAYS)
    row.save()
    return row


class _Encoder(DjangoJSONEncoder):
    """Whatever else a column holds is written as text."""

    def default(self, o: Any) -> Any:
        try:
            return super().default(o)
        except TypeError:
            return str(o)


@transaction.atomic
def forget_copies(*, now: datetime) -> int:
    """Delete copies whose days are over; how many."""
    return delete_with_files(PersonalCopy.objects.filter(expires_at__lt=now))


@transaction.atomic
def ask_erasure(*, reason: str, by: Actor, now: datetime) -> int:
    """Somebody wants to be forgotten; an administrator looks at it first. Its id."""
    user = User.objects.select_for_update().get(pk=by.user_id or 0)
    if user.erasures.filter(status=ErasureStatus.ASKED).exists():
        raise Conflict("已经提交过申请，请等待处理，或先撤回。", code="erasure-asked")
    _nothing_in_the_way(user.pk)
    row = ErasureRequest.objects.create(user=user, reason=reason.strip(), asked_at=now)
    audit.record("personal.erasure_asked", subject=user, by=by, at=now)
    _tell(row, by=by, now=now)
    return row.pk


def _tell(row: ErasureRequest, *, by: Actor, now: datetime) -> None:
    payload = {"erasure_id": row.pk, "status": row.status}
    outbox.emit("personal.erasure", subject=row, by=by, at=now, payload=payload)


def _nothing_in_the_way(user_id: int) -> None:
    if stuck := selectors.in_the_way(user_id):
        names = "、".join(stuck)
        raise Conflict(
            f"请先在“成员”页把{names}的另一位成员设为管理员，再申请。", code="last-administrator"
        )


@transaction.atomic
def withdraw_erasure(*, by: Actor, now: datetime) -> None:
    """The person changed their mind."""
    rows = ErasureRequest.objects.select_for_update(of=("self",))
    row = rows.get(user_id=by.user_id or 0, status=ErasureStatus.ASKED)
    row.status = ErasureStatus.WITHDRAWN
    row.save(update_fields=["status"])
    audit.record("personal.erasure_withdrawn", subject=row.user, by=by, at=now)


def _waiting(erasure_id: int, by: Actor) -> ErasureRequest:
    require(by, Permission.REVIEW_ERASURE)
    rows = ErasureRequest.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.get(pk=erasure_id)
    if row.user_id == by.user_id:
        raise NotAllowed("自己的申请要由另一位管理员处理。")
    if row.status != ErasureStatus.ASKED:
        raise Conflict("这份申请已经处理或撤回。", code="erasure-over")
    return row


@transaction.atomic
def refuse_erasure(*, erasure_id: int, note: str, by: Actor, now: datetime) -> None:
    """Say no, and why."""
    row = _waiting(erasure_id, by)
    row.status, row.note = ErasureStatus.REFUSED, note.strip()
    row.decided_at, row.decided_by = now, by.key
    row.save()
    audit.record("personal.erasure_refused", subject=row.user, by=by, at=now)
    _tell(row, by=by, now=now)


@transaction.atomic
def approve_erasure(*, erasure_id: int, note: str = "", by: Actor, now: datetime) -> None:
    """Say yes: a worker carries it out, since a nation's tables take their time."""
    row = _waiting(erasure_id, by)
    _nothing_in_the_way(row.user_id)
    row.status, row.note = ErasureStatus.APPROVED, note.strip()
    row.decided_at, row.decided_by = now, by.key
    row.save()
    audit.record("personal.erasure_approved", subject=row.user, by=by, at=now)
    _tell(row, by=by, now=now)


@transaction.atomic
def erase(*, erasure_id: int, by: Actor, now: datetime) -> str | None:
    """Forget the person: what was only theirs goes, what binds others stays under a number.

    The audit trail keeps its entries and its chain: they hold numbers; the names beside them go.
    The address that was theirs, for a last letter; None when there is nothing to do.
    """
    require(by, Permission.REVIEW_ERASURE)
    rows = ErasureRequest.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(pk=erasure_id, status=ErasureStatus.APPROVED).first()
    if row is None:
        return None
    user, name, address = row.user, f"{NOBODY} {row.user_id}", row.user.email
    row.known, row.awaited, row.done_at = _known(user), listeners("personal.erased"), now
    deleted, kept = _delete_rows(user)
    mine = AuditPerson.objects.filter(inventory.by_key("entry__actor_key", user.pk))
    deleted["审计记录旁的姓名"] = mine.update(name=name)
    for attempts in (AccessAttempt, AccessFailureLog, AccessLog):
        attempts.objects.filter(username=address).delete()
    user.email, user.display_name = f"erased-{user.pk}@erased.invalid", name
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = user.wants_recommendations = False
    user.last_login = None
    user.session_epoch += 1
    user.set_unusable_password()
    user.save()
    row.status, row.reason = ErasureStatus.DONE, ""
    row.result = {"deleted": dict(deleted), "kept": dict(kept)}
    row.save()
    audit.record("personal.erased", subject=user, by=by, at=now)
    payload = {"user_id": user.pk, "erasure_id": row.pk}
    outbox.emit("personal.erased", subject=user, by=by, at=now, payload=payload)
    return str(address)


def _known(user: User) -> dict[str, Any]:
    """Under what the person is known, from rows that are about to go."""
    joinings = user.joinings.all()
    addresses = {user.email, *joinings.values_list("email", flat=True)}
    addresses |= set(EmailAddress.objects.filter(user=user).values_list("email", flat=True))
    acted = AuditPerson.objects.filter(inventory.by_key("entry__actor_key", user.pk))
    names = {user.display_name.strip(), user.get_full_name().strip()}  # and former ones
    names |= set(acted.values_list("name", flat=True).distinct())
    names |= set(joinings.values_list("person", flat=True))
    return {
        "names": sorted(name for name in names if name and "@" not in name),
        "addresses": sorted(a for a in addresses if not a.endswith("@erased.invalid")),
        "numbers": sorted(set(joinings.exclude(phone="").values_list("phone", flat=True))),
        "organisations": sorted(set(user.memberships.values_list("organisation_id", flat=True))),
    }


@transaction.atomic
def forget_in(consumer: str, places: Iterable[Texts], *, erasure_id: int) -> list[Change]:
    """Take the person out of one room's texts; when the last room has, nobody knows them any more.

    The rows that changed; none when this room has looked already.
    """
    row = ErasureRequest.objects.select_for_update().filter(pk=erasure_id).first()
    if row is None or consumer not in row.awaited or row.known is None:
        return []
    changes = clear(places, Known.of(row.user_id, row.known))
    cleared = Counter(row.result.get("cleared", {}))
    cleared.update(change.place.label for change in changes)
    row.result = {**row.result, "cleared": dict(cleared)}
    row.awaited = [name for name in row.awaited if name != consumer]
    row.known = row.known if row.awaited else None
    row.save(update_fields=["result", "awaited", "known"])
    return changes


@transaction.atomic
def forget_known(*, now: datetime) -> int:
    """What rooms have not answered for in a month is forgotten all the same; how many."""
    rows = ErasureRequest.objects.filter(
        known__isnull=False, done_at__lt=now - timedelta(days=KNOWN_DAYS)
    )
    for row in rows:
        log.error("Erasure %s: not looked through by %s.", row.pk, ", ".join(row.awaited))
    return rows.update(known=None, awaited=[])


def _delete_rows(user: User) -> tuple[Counter[str], Counter[str]]:
    """Delete the rows that exist only for the person; count what had to stay."""
    deleted: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    delete_with_files(user.copies.all())
    let_in = JoinApplication.objects.filter(applicant=user, status=Status.APPROVED)
    kept["入驻核验记录（已去除姓名和联系方式）"] = let_in.update(
        person="已注销", phone="", email="erased@erased.invalid", remark=""
    )
    drop(JoinApplication.objects.filter(applicant=user).exclude(status=Status.APPROVED))
    for place in inventory.places():
        if place.model in (JoinApplication, LogEntry) or not place.is_relation:
            continue
        rows = place.rows(user.pk)
        try:
            with transaction.atomic():
                if place.goes_along:
                    deleted[place.label] += delete_with_files(rows)
        except (ProtectedError, RestrictedError):
            pass  # something of others' hangs on them
        kept[place.label] += rows.count()
    return +deleted, +kept
