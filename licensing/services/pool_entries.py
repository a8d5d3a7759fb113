"""Patents that come into a pool and leave it: applications, decisions, notices, the register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.db import refused_as
from core.errors import Conflict, Invalid, NotAllowed
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, allowed, require
from licensing.models import Pool, PoolEntry, PoolLicence
from licensing.rules import pools as rules
from licensing.rules.pools import EntryStatus
from licensing.services.ground import locked, moved, patent, refuse_if_blocked, seen, tell
from licensing.services.outcomes import report_pool_entry
from licensing.services.pools import pool_url, run_by, still_open
from licensing.types import Side
from listings import selectors as listings
from listings.types import Action, PatentCard, PatentStatus

TABLE, LABELS = rules.ENTRY_MOVES, rules.ENTRY_LABELS
STANDING = (EntryStatus.APPLIED, EntryStatus.ADMITTED)
GONE = "专利权已终止或被宣告无效，不能再订立许可（民法典第八百六十五条）"
HANDED_OVER = (
    "专利的管理单位已变更，由新的单位重新申请；此前的许可继续有效（法释〔2020〕19号第二十四条）"
)


@transaction.atomic
def apply_to_pool(
    *, pool_id: int, patent_ids: Sequence[int], covenant: bool, by: Actor, now: datetime
) -> list[PoolEntry]:
    """Ask that patents of one's own stand in the pool; each with the holder's covenant."""
    pool = locked(Pool.objects.all(), pool_id)
    require(by, Permission.JOIN_POOL)
    still_open(pool)
    if not covenant:
        raise Invalid(fields={"covenant": ["请阅读并同意在先许可承诺，否则不能申请入池。"]})
    if not patent_ids:
        raise Invalid(fields={"patent_ids": ["请至少选择一件专利。"]})
    entries = []
    for patent_id in sorted(set(patent_ids)):
        card = listings.card(patent_id, viewer=by)
        require(by, Permission.JOIN_POOL, on=Side(card.organisation_id, card.region))
        entries.append(_apply(pool, card, by=by, now=now))
    tell(
        [pool.administrator_id],
        kind="pool.progress",
        key=f"pool-applied:{entries[0].pk}",
        title=f"入池申请待审核：{pool.name}",
        body=f"{entries[0].patent_title[:80]}等 {len(entries)} 件专利申请入池。",
        url=pool_url(pool.pk),
        now=now,
    )
    return entries


def _apply(pool: Pool, card: PatentCard, *, by: Actor, now: datetime) -> PoolEntry:
    """One patent's application; what stands against it is told at once, not after a review."""
    if card.organisation_id is None:
        raise Conflict("这件专利没有登记管理单位，请先在专利库中补全。", code="no-keeper")
    _refuse_standing(card.id, card.title)
    if pool.entries.filter(patent_id=card.id, status=EntryStatus.APPLIED).exists():
        raise Conflict(
            f"《{card.title}》的入池申请正在审核，请勿重复申请。", code="already-applied"
        )
    refuse_if_blocked(card.id, Action.LICENSE_ORDINARY, now=now)
    entry = PoolEntry.objects.create(
        pool=pool,
        patent_id=card.id,
        holder_id=card.organisation_id,
        patent_number=card.printed,
        patent_title=card.title,
        covenant=rules.COVENANT,
        applied_at=now,
        applied_by=by.key,
    )
    audit.record("pool_entry.applied", subject=entry, by=by, at=now)
    return entry


def _refuse_standing(patent_id: int, title: str) -> None:
    """Conflict when the patent stands in a pool already."""
    rows = PoolEntry.objects.filter(patent_id=patent_id, status=EntryStatus.ADMITTED)
    standing = rows.select_related("pool").first()
    if standing is not None:
        raise Conflict(
            f"《{title}》已在专利池“{standing.pool.name}”中，同一时间只能在一个池内；"
            "先从那个池退出，再申请。",
            code="in-a-pool",
        )


def _run_entry(entry_id: int, *, by: Actor) -> PoolEntry:
    """The application with its pool locked first, for the administrator."""
    pool = run_by(by, seen(PoolEntry.objects.visible_to(by), entry_id).pool_id)
    entry = locked(PoolEntry.objects.all(), entry_id)
    entry.pool = pool
    return entry


@transaction.atomic
def admit_entry(*, entry_id: int, by: Actor, now: datetime, reason: str = "") -> PoolEntry:
    """The patent stands in the pool, unless something has come to stand against it."""
    entry = _run_entry(entry_id, by=by)
    still_open(entry.pool)
    moved(TABLE, LABELS, entry, "admit")
    _refuse_standing(entry.patent_id, entry.patent_title)
    refuse_if_blocked(entry.patent_id, Action.LICENSE_ORDINARY, now=now)
    if patent(entry.patent_id).organisation_id != entry.holder_id:
        raise Conflict("这件专利的管理单位已经变更，请由新的单位申请。", code="handed-over")
    _decided(entry, reason, by=by, now=now)
    audit.record("pool_entry.admitted", subject=entry, by=by, at=now)
    _emit("pool.admitted", entry, by=by, now=now)
    report_pool_entry(entry, now=now)
    return entry


@transaction.atomic
def refuse_entry(*, entry_id: int, reason: str, by: Actor, now: datetime) -> PoolEntry:
    """The administrator does not take the patent in, and says why."""
    entry = _run_entry(entry_id, by=by)
    if not reason.strip():
        raise Invalid(fields={"reason": ["请写明不予入池的理由，申请单位会看到。"]})
    moved(TABLE, LABELS, entry, "refuse")
    _decided(entry, reason, by=by, now=now)
    audit.record("pool_entry.refused", subject=entry, by=by, at=now)
    return entry


def _decided(entry: PoolEntry, reason: str, *, by: Actor, now: datetime) -> None:
    entry.decided_at, entry.decided_by, entry.reason = now, by.key, reason.strip()[:2000]
    elsewhere = Conflict(
        f"《{entry.patent_title}》刚被另一个专利池收入，同一时间只能在一个池内。", code="in-a-pool"
    )
    with refused_as(elsewhere, by="one_pool_per_patent"):
        entry.save(update_fields=["status", "decided_at", "decided_by", "reason"])
    tell(
        [entry.holder_id],
        kind="pool.progress",
        key=f"pool-decided:{entry.pk}",
        title=f"入池申请{entry.get_status_display()}：{entry.patent_title[:60]}",
        body=(entry.reason or entry.pool.name)[:200],
        url=pool_url(entry.pool_id),
        now=now,
    )


@transaction.atomic
def leave_pool(*, entry_id: int, reason: str, by: Actor, now: datetime) -> PoolEntry:
    """Take an application back, or a patent out of the pool, for later licences only.

    The holder gives notice; the administrator may take a patent out as well, with its reason.
    """
    locked(Pool.objects.all(), seen(PoolEntry.objects.visible_to(by), entry_id).pool_id)
    entry = locked(PoolEntry.objects.select_related("pool"), entry_id)
    if not _may_end(entry, by):
        raise NotAllowed("只有申请单位和专利池管理人可以办理退出。")
    if not reason.strip():
        raise Invalid(fields={"reason": ["请写明原因，另一方会看到。"]})
    return end_entry(entry, reason.strip()[:2000], by=by, now=now)


def _may_end(entry: PoolEntry, by: Actor) -> bool:
    """The holder at any time; the administrator once it is admitted."""
    if allowed(by, Permission.JOIN_POOL, on=entry.holder_side()):
        return True
    admitted = entry.status != EntryStatus.APPLIED
    return admitted and allowed(by, Permission.RUN_POOL, on=entry.pool)


def end_entry(entry: PoolEntry, reason: str, *, by: Actor, now: datetime) -> PoolEntry:
    """Withdraw what was only applied for; let leave what stood in the pool. The pool is locked."""
    admitted = entry.status != EntryStatus.APPLIED
    moved(TABLE, LABELS, entry, "leave" if admitted else "withdraw")
    entry.left_at, entry.left_by, entry.left_reason = now, by.key, reason
    entry.save(update_fields=["status", "left_at", "left_by", "left_reason"])
    audit.record("pool_entry.left", subject=entry, by=by, at=now, changes={"reason": reason})
    parties = {entry.pool.administrator_id, entry.holder_id}
    if admitted:
        _emit("pool.left", entry, by=by, now=now)
        running = PoolLicence.objects.filter(
            status=rules.PoolLicenceStatus.RUNNING, patents__entry=entry
        )
        parties |= set(running.values_list("licensee_id", flat=True))
    tell(
        parties,
        kind="pool.progress",
        key=f"pool-left:{entry.pk}",
        title=f"专利{entry.get_status_display()}：{entry.patent_title[:60]}",
        body=f"{reason[:120]}。此前取得的池许可继续包含这件专利。" if admitted else reason[:200],
        url=pool_url(entry.pool_id),
        now=now,
    )
    return entry


@transaction.atomic
def close_pool(*, pool_id: int, reason: str, by: Actor, now: datetime) -> Pool:
    """No more applications and licences. Running licences go on, and so does their income."""
    pool = run_by(by, pool_id)
    if not reason.strip():
        raise Invalid(fields={"reason": ["请写明关闭原因，权利人和被许可人会看到。"]})
    moved(rules.POOL_MOVES, rules.POOL_LABELS, pool, "close")
    pool.closed_at, pool.closed_by = now, by.key
    pool.closed_reason = reason.strip()[:2000]
    pool.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
    for entry in pool.entries.select_related("pool").filter(status__in=STANDING).order_by("pk"):
        end_entry(entry, f"专利池已关闭：{pool.closed_reason}", by=by, now=now)
    audit.record("pool.closed", subject=pool, by=by, at=now)
    return pool


@transaction.atomic
def follow_patent(*, patent_id: int, now: datetime) -> int:
    """The register says that a patent is gone, or another keeps it: it leaves. How many did."""
    card = patent(patent_id)
    gone = card.status != PatentStatus.GRANTED
    rows = PoolEntry.objects.filter(patent_id=patent_id, status__in=STANDING)
    pools = rows.order_by("pool_id").values_list("pool_id", flat=True).distinct()
    left = 0
    for pool in [locked(Pool.objects.all(), pk) for pk in pools]:
        for entry in rows.filter(pool=pool).select_for_update(of=("self",)):
            if gone or entry.holder_id != card.organisation_id:
                entry.pool = pool
                end_entry(entry, GONE if gone else HANDED_OVER, by=Actor.system(), now=now)
                left += 1
    return left


def _emit(name: str, entry: PoolEntry, *, by: Actor, now: datetime) -> None:
    payload = {
        "pool_id": entry.pool_id,
        "patent_ids": [entry.patent_id],
        "administrator_id": entry.pool.administrator_id,
        "region": entry.pool.region,
    }
    outbox.emit(name, subject=entry, by=by, at=now, payload=payload)
