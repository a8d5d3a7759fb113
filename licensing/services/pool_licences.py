"""Licences of a whole pool, and the income they bring, split among the holders to the fen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import (
    Pool,
    PoolEntry,
    PoolIncome,
    PoolLicence,
    PoolLicencePatent,
    PoolShare,
    PoolTerms,
)
from licensing.rules import effect, fees
from licensing.rules import pools as rules
from licensing.services.ground import bind, locked, moved, patent, refuse, seen, tell
from licensing.services.pool_dues import book_plan
from licensing.services.pool_interest import settle_interest
from licensing.services.pool_papers import put_on_paper
from licensing.services.pools import run_by, still_open
from licensing.services.taking import licensee_of
from listings import selectors as listings
from listings.types import Action, EncumbranceKind, hard


@transaction.atomic
def take_pool_licence(
    *,
    pool_id: int,
    version: int,
    by: Actor,
    now: datetime,
    licensee_id: int | None = None,
    seen: Sequence[int] | None = None,
) -> PoolLicence:
    """A firm accepts the pool's standard terms; its patents as they stand now are licensed.

    `version` and `seen` (the entries) are what the firm read: if either has changed meanwhile
    it is told, and nothing is concluded.
    """
    require(by, Permission.TAKE_LICENCE)
    licensee_id = licensee_of(by, licensee_id)
    pool = locked(Pool.objects.all(), pool_id)
    terms = _current(pool, version)
    entries = _standing(pool, seen)
    _refuse_taking(pool, licensee_id)
    granted = [entry for entry in entries if entry.holder_id != licensee_id]
    _refuse_set(pool, entries, granted, now=now)
    starts_on = legal_day(now)
    licence = PoolLicence(
        pool=pool,
        terms=terms,
        licensee_id=licensee_id,
        explanation=rules.CONCLUDED,
        starts_on=starts_on,
        taken_at=now,
        taken_by=by.key,
    )
    ends = {e.pk: _last_day(e, starts_on, terms.months) for e in granted}
    licence.ends_on = max(ends.values())
    licence.save()
    licence.number = rules.pool_licence_number(licence.pk, starts_on)
    licence.save(update_fields=["number"])
    for entry in sorted(granted, key=lambda e: e.patent_id):
        _grant(licence, entry, ends[entry.pk], by=by, now=now)
    put_on_paper(licence, by=by, now=now)
    book_plan(licence, by=by, now=now)
    _taken(licence, granted, by=by, now=now)
    return licence


def _current(pool: Pool, version: int) -> PoolTerms:
    """The terms that hold now, if they are those the firm read."""
    still_open(pool)
    terms = pool.terms.order_by("-version").first()
    if terms is None:
        raise Conflict("专利池还没有发布标准条款，暂不能取得许可。", code="no-terms")
    if terms.version != version:
        message = "标准条款刚更新到第 %d 版，没有按旧版成立许可。请阅读新条款后再提交。"
        raise Conflict(message % terms.version, code="terms-changed")
    return terms


def _standing(pool: Pool, seen: Sequence[int] | None) -> list[PoolEntry]:
    """What stands in the pool, if it is what the firm saw."""
    entries = list(pool.entries.filter(status=rules.EntryStatus.ADMITTED).order_by("pk"))
    if seen is not None and {entry.pk for entry in entries} != set(seen):
        raise Conflict(
            "池内专利刚有变化，许可没有成立。请刷新页面，核对现在的专利后再提交。",
            code="set-changed",
        )
    return entries


def _refuse_taking(pool: Pool, licensee_id: int) -> None:
    """Conflict when this firm cannot take this licence."""
    if pool.administrator_id == licensee_id:
        raise Conflict("这是本单位管理的专利池，不能自己向自己取得许可。", code="own-pool")
    running = pool.licences.filter(status=rules.PoolLicenceStatus.RUNNING, licensee_id=licensee_id)
    if number := running.values_list("number", flat=True).first():
        message = f"贵单位已经取得这个专利池的许可（{number}），期满后可按新的专利和条款再取得。"
        raise Conflict(message, code="already-taken")


def _refuse_set(
    pool: Pool, entries: Sequence[PoolEntry], granted: Sequence[PoolEntry], *, now: datetime
) -> None:
    """Conflict when there is nothing to license, a weight is missing, or a patent is barred."""
    if not granted:
        raise Conflict("池内没有可以许可给贵单位的专利。", code="empty-pool")
    if rules.weights_unset(pool.split, (entry.weight for entry in entries)):
        raise Conflict(
            "池内专利变动后，管理人还没有重新设定权重，暂不能取得许可。请稍后再试或联系管理人。",
            code="weights-unset",
        )
    against = listings.can_many(
        [entry.patent_id for entry in granted], Action.LICENSE_ORDINARY, at=now
    )
    refuse(
        [
            replace(blocker, message=f"《{entry.patent_title}》{blocker.message}")
            for entry in granted
            for blocker in hard(against.get(entry.patent_id, []))
        ]
    )


def _last_day(entry: PoolEntry, starts_on: date, months: int) -> date:
    """The last day for this patent: the term, never past its life (CC865)."""
    expires_on = patent(entry.patent_id).expires_on
    if expires_on is None or expires_on <= starts_on:
        raise Conflict(f"《{entry.patent_title}》的期限已届满或未登记。", code="expired")
    return effect.term_end(starts_on, months, expires_on=expires_on)


def _grant(
    licence: PoolLicence, entry: PoolEntry, ends_on: date, *, by: Actor, now: datetime
) -> None:
    encumbrance_id = bind(
        patent_id=entry.patent_id,
        kind=EncumbranceKind.ORDINARY,
        starts_on=licence.starts_on,
        ends_on=ends_on,
        reference=f"pool-licence:{licence.pk}:{entry.pk}",
        party_id=licence.licensee_id,
        by=by,
        now=now,
    )
    PoolLicencePatent.objects.create(
        licence=licence,
        entry=entry,
        weight=entry.weight,
        ends_on=ends_on,
        encumbrance_id=encumbrance_id,
    )


def _taken(licence: PoolLicence, granted: Sequence[PoolEntry], *, by: Actor, now: datetime) -> None:
    """Write it down and tell everyone whose affair it is."""
    pool = licence.pool
    payload = {
        "pool_id": pool.pk,
        "pool_licence_id": licence.pk,
        "patent_ids": [entry.patent_id for entry in granted],
        "administrator_id": pool.administrator_id,
        "licensee_id": licence.licensee_id,
        "region": pool.region,
    }
    audit.record("pool_licence.concluded", subject=licence, by=by, at=now)
    outbox.emit("pool.licensed", subject=licence, by=by, at=now, payload=payload)
    _tell(
        {pool.administrator_id, licence.licensee_id, *(entry.holder_id for entry in granted)},
        licence,
        key="taken",
        title=f"池许可已生效：{pool.name}",
        body=f"{licence.number}，包含 {len(granted)} 件专利，至 {licence.ends_on:%Y-%m-%d}。",
        now=now,
    )


@transaction.atomic
def record_income(
    *,
    pool_licence_id: int,
    amount: Decimal,
    received_on: date,
    reference: str,
    by: Actor,
    now: datetime,
    purpose: str = "",
) -> PoolIncome:
    """Note what reached the administrator, and split it: its fee, and each holder's share."""
    run_by(by, seen(PoolLicence.objects.visible_to(by), pool_licence_id).pool_id)
    licence = locked(PoolLicence.objects.all(), pool_licence_id)
    reference = reference.strip()
    _check_income(licence, amount, received_on, reference, now=now)
    split, stakes = stakes_of(licence)
    divided = rules.divide(amount, fee_percent=licence.pool.fee_percent, split=split, stakes=stakes)
    income = PoolIncome.objects.create(
        licence=licence,
        amount=amount,
        fee=divided.fee,
        received_on=received_on,
        purpose=purpose.strip()[:200],
        reference=reference,
        recorded_at=now,
        recorded_by=by.key,
    )
    _share_out(income, divided, split, rules.portions(split, stakes))
    audit.record("pool_income.recorded", subject=income, by=by, at=now)
    settle_interest(licence, by=by, now=now)
    _tell(
        {licence.licensee_id, *divided.shares},
        licence,
        key=f"income:{income.pk}",
        title=f"池许可费到账：{fees.money_text(amount)}",
        body=f"{licence.number}，管理费 {fees.money_text(divided.fee)}，其余已分配到各权利人。",
        now=now,
    )
    return income


def _share_out(
    income: PoolIncome,
    divided: rules.Divided,
    split: rules.Split,
    portions: Mapping[int, Fraction],
) -> None:
    """Each holder's share, and how it was reckoned."""
    net = fees.exact_text(income.amount - divided.fee)
    PoolShare.objects.bulk_create(
        PoolShare(
            income=income,
            holder_id=holder,
            amount=share,
            basis=f"{net} 元 × {portions[holder]}（{rules.SPLIT_LABELS[split]}，尾差按最大余额）",
        )
        for holder, share in divided.shares.items()
    )


def stakes_of(licence: PoolLicence) -> tuple[rules.Split, list[rules.Stake]]:
    """Whose patents the licence pinned, and by which rule they share."""
    rows = licence.patents.order_by("entry_id").values_list("entry__holder_id", "weight")
    return rules.Split(licence.pool.split), [rules.Stake(holder, weight) for holder, weight in rows]


def _check_income(
    licence: PoolLicence, amount: Decimal, received_on: date, reference: str, *, now: datetime
) -> None:
    errors: dict[str, list[str]] = {}
    if not 0 < amount <= fees.LARGEST or amount != fees.yuan(amount):
        errors["amount"] = ["请填写大于 0、最多两位小数的金额（元）。"]
    if received_on > legal_day(now):
        errors["received_on"] = ["到账日不能晚于今天。"]
    elif received_on < licence.starts_on:
        errors["received_on"] = [f"到账日不能早于许可生效日 {licence.starts_on:%Y-%m-%d}。"]
    if not reference or len(reference) > 80:
        errors["reference"] = ["请填写付款凭证号（银行回单号），最多 80 个字符。"]
    if errors:
        raise Invalid(fields=errors)
    if licence.income.filter(reference=reference).exists():
        raise Conflict("这个付款凭证号已经登记过，请勿重复登记。", code="receipt-used")


@transaction.atomic
def end_run_out(*, now: datetime) -> int:
    """End the pool licences whose term is over; how many."""
    over = PoolLicence.objects.select_for_update(of=("self",)).filter(
        status=rules.PoolLicenceStatus.RUNNING, ends_on__lt=legal_day(now)
    )
    rows = list(over.select_related("pool").order_by("pk"))
    for licence in rows:
        moved(rules.POOL_LICENCE_MOVES, rules.POOL_LICENCE_LABELS, licence, "end")
        licence.ended_at, licence.ended_by = now, Actor.system().key
        licence.save(update_fields=["status", "ended_at", "ended_by"])
        audit.record("pool_licence.ended", subject=licence, by=Actor.system(), at=now)
        _tell(
            {licence.pool.administrator_id, licence.licensee_id},
            licence,
            key="ended",
            title=f"池许可已到期：{licence.pool.name}",
            body="需要继续使用的，可按现在的专利和条款重新取得。",
            now=now,
        )
    return len(rows)


def _tell(
    parties: set[int], licence: PoolLicence, *, key: str, title: str, body: str, now: datetime
) -> None:
    tell(
        parties,
        kind="pool.progress",
        key=f"pool-licence:{licence.pk}:{key}",
        title=title,
        body=body,
        url=f"/pool-licences/{licence.pk}/",
        now=now,
    )
