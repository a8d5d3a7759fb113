"""Founding and running a patent pool: its terms, its weights, its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from licensing.models import Pool, PoolEntry, PoolTerms
from licensing.rules import pools as rules
from licensing.rules.fees import FeePart
from licensing.rules.pool_dues import terms_errors
from licensing.services.fee_plans import write_plan
from licensing.services.ground import locked, tell
from licensing.types import PoolBargain


def pool_url(pool_id: int) -> str:
    """Where anyone finds it."""
    return f"/pools/{pool_id}/"


def run_by(by: Actor, pool_id: int) -> Pool:
    """The pool, locked, for its administrator. Every command of a pool begins with this lock."""
    pool = locked(Pool.objects.all(), pool_id)
    require(by, Permission.RUN_POOL, on=pool)
    return pool


def still_open(pool: Pool) -> None:
    """Conflict once the pool is closed."""
    if pool.status != rules.PoolStatus.OPEN:
        raise Conflict(
            "这个专利池已经关闭，不再接受申请和许可；已经取得的许可继续有效。", code="pool-closed"
        )


@transaction.atomic
def found_pool(*, bargain: PoolBargain, by: Actor, now: datetime, is_sample: bool = False) -> Pool:
    """A new pool under the actor's own institution; it has no patents and no terms yet."""
    require(by, Permission.RUN_POOL)
    if by.organisation_id is None or not by.has(Role.OFFICE, Role.BROKER):
        raise NotAllowed("专利池由高校院所等供给方或运营机构设立，请以机构身份登录。")
    errors = _bargain_errors(bargain)
    own = Pool.objects.filter(administrator_id=by.organisation_id, status=rules.PoolStatus.OPEN)
    if own.filter(name=bargain.name.strip()).exists():
        errors["name"] = ["本机构已有同名的专利池，请换一个名称。"]
    if errors:
        raise Invalid(fields=errors)
    pool = Pool.objects.create(
        administrator_id=by.organisation_id,
        name=bargain.name.strip(),
        field=bargain.field.strip(),
        rules=bargain.rules.strip(),
        split=bargain.split,
        fee_percent=bargain.fee_percent,
        region=people.organisation(by.organisation_id).region,
        is_sample=is_sample,
        founded_at=now,
        founded_by=by.key,
    )
    pool.number = rules.pool_number(pool.pk, legal_day(now))
    pool.save(update_fields=["number"])
    audit.record("pool.founded", subject=pool, by=by, at=now)
    return pool


def _bargain_errors(bargain: PoolBargain) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for name, most in (("name", 80), ("field", 200), ("rules", 4000)):
        said = getattr(bargain, name).strip()
        if not said or len(said) > most:
            errors[name] = [f"请填写，最多 {most} 个字。"]
    if bargain.split not in {s.value for s in rules.Split}:
        errors["split"] = ["请选择分配办法。"]
    percent = bargain.fee_percent
    if not 0 <= percent <= rules.MOST_FEE or percent != round(percent, 2):
        errors["fee_percent"] = [f"管理费请填写 0 到 {rules.MOST_FEE} 的百分比，最多两位小数。"]
    return errors


@transaction.atomic
def publish_terms(
    *,
    pool_id: int,
    parts: Sequence[FeePart],
    months: int,
    by: Actor,
    now: datetime,
    remarks: str = "",
) -> PoolTerms:
    """The next version of the standard terms, for licences taken from now on."""
    pool = run_by(by, pool_id)
    still_open(pool)
    if not 1 <= months <= rules.MOST_MONTHS:
        raise Invalid(fields={"months": [f"许可期限请填写 1 到 {rules.MOST_MONTHS} 个月。"]})
    if errors := terms_errors(parts):
        raise Invalid(fields={"mode": errors})
    before = pool.terms.order_by("-version").values_list("version", flat=True).first() or 0
    terms = PoolTerms.objects.create(
        pool=pool,
        version=before + 1,
        plan=write_plan(parts, by=by, now=now),
        months=months,
        remarks=remarks.strip()[:2000],
        published_at=now,
        published_by=by.key,
    )
    said = {"version": terms.version}
    audit.record("pool.terms_published", subject=pool, by=by, at=now, changes=said)
    tell(
        holders_of(pool),
        kind="pool.progress",
        key=f"pool-terms:{terms.pk}",
        title=f"专利池标准条款已更新：{pool.name}",
        body=f"第 {terms.version} 版，只对以后的许可适用；已经取得的许可仍按原条款。",
        url=pool_url(pool.pk),
        now=now,
    )
    return terms


def holders_of(pool: Pool) -> set[int]:
    """The holders of the patents that stand in it now."""
    rows = pool.entries.filter(status=rules.EntryStatus.ADMITTED)
    return set(rows.values_list("holder_id", flat=True))


@transaction.atomic
def set_weights(*, pool_id: int, weights: Mapping[int, Decimal], by: Actor, now: datetime) -> Pool:
    """The weight of every patent that stands in the pool, by entry; they sum to 1.

    They hold for licences taken from now on: a licence pins the weights it was taken with.
    """
    pool = run_by(by, pool_id)
    still_open(pool)
    if pool.split != rules.Split.WEIGHTS:
        raise Conflict("这个专利池不按权重分配，不需要设定权重。", code="no-weights")
    rows = list(pool.entries.filter(status=rules.EntryStatus.ADMITTED).order_by("pk"))
    if {row.pk for row in rows} != set(weights):
        raise Conflict(
            "池内专利刚有变化，请刷新页面，为现有的每一件专利重新填写权重。", code="set-changed"
        )
    if errors := rules.weight_errors(weights.values()):
        raise Invalid(fields={"weights": errors})
    for row in rows:
        row.weight = weights[row.pk]
    PoolEntry.objects.bulk_update(rows, ["weight"])
    said = {str(pk): str(weight) for pk, weight in sorted(weights.items())}
    audit.record("pool.weights_set", subject=pool, by=by, at=now, changes=said)
    tell(
        holders_of(pool),
        kind="pool.progress",
        key=f"pool-weights:{pool.pk}:{now.isoformat()}",
        title=f"专利池权重已设定：{pool.name}",
        body="只对以后取得的许可适用，请核对本单位专利的权重。",
        url=pool_url(pool.pk),
        now=now,
    )
    return pool
