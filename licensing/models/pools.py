"""Patent pools 专利池: the pool, its standard terms, and the patents that stand in it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.plans import FeePlan
from licensing.rules import moves, pools
from licensing.types import Side

_E, _P = pools.EntryStatus, pools.PoolStatus
LIVE_ENTRIES = sorted([_E.ADMITTED.value, _E.APPLIED.value])


class Pool(models.Model):
    """Patents of several holders, licensed as one by an administrator 管理人. Public."""

    administrator = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    number = models.CharField("编号", max_length=40, unique=True, null=True, blank=True)
    name = models.CharField("名称", max_length=80)
    field = models.CharField("技术领域", max_length=200)
    rules = models.TextField("入池规则", max_length=4000)
    split = models.CharField(
        "分配办法", max_length=8, choices=[(s.value, pools.SPLIT_LABELS[s]) for s in pools.Split]
    )
    fee_percent = models.DecimalField("管理费（%）", max_digits=5, decimal_places=2)
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    status = models.CharField(
        "状态",
        max_length=8,
        default=_P.OPEN.value,
        choices=[(s.value, pools.POOL_LABELS[s]) for s in _P],
    )
    is_sample = models.BooleanField(default=False)
    founded_at = models.DateTimeField()
    founded_by = ActorKeyField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)
    closed_reason = models.TextField("关闭原因", blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = "专利池"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["administrator", "name"],
                condition=Q(status=_P.OPEN.value),
                name="pool_name_once_per_administrator",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _P)), name="pool_status_known"
            ),
            CheckConstraint(
                condition=Q(split__in=sorted(s.value for s in pools.Split)), name="pool_split_known"
            ),
            CheckConstraint(
                condition=Q(fee_percent__gte=0, fee_percent__lte=pools.MOST_FEE),
                name="pool_fee_percent",
            ),
            both_or_neither("closed_at", "closed_by", name="pool_closed_pair"),
            CheckConstraint(
                condition=Q(status=_P.OPEN.value, closed_at__isnull=True)
                | (Q(status=_P.CLOSED.value, closed_at__isnull=False) & ~Q(closed_reason="")),
                name="pool_closed_with_reason",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="pool_moves", field="status", transitions=moves.transitions(pools.POOL_MOVES)
            ),
            # Holders joined on these terms: another split or fee is another pool.
            pgtrigger.Protect(
                name="pool_bargain_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__split__df=pgtrigger.F("new__split"))
                | pgtrigger.Q(old__fee_percent__df=pgtrigger.F("new__fee_percent")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def governed_by(self) -> Governance:
        """The administrator's affair."""
        return Side(self.administrator_id, self.region).governed_by()


class PoolTerms(models.Model):
    """One version of a pool's standard terms 标准条款; never changed, only followed by another."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="terms")
    version = models.PositiveSmallIntegerField("版本")
    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT, related_name="+")
    months = models.PositiveSmallIntegerField("许可期限（月）")
    remarks = models.TextField("其他条款", blank=True, default="", max_length=2000)
    published_at = models.DateTimeField()
    published_by = ActorKeyField()

    class Meta:
        verbose_name = "标准条款"
        ordering: ClassVar = ["pool", "-version"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["pool", "version"], name="pool_terms_version_once"),
            CheckConstraint(condition=Q(months__gte=1, months__lte=240), name="pool_terms_months"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pool_terms_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} v{self.version}"


class PoolEntryQuerySet(models.QuerySet["PoolEntry"]):
    """Who sees which applications."""

    def visible_to(self, viewer: Actor) -> PoolEntryQuerySet:
        """Whatever is admitted; the rest for its parties, the bureau of the region, auditors."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        seen = Q(status=_E.ADMITTED.value)
        seen |= Q(holder_id__in=viewer.acts_for) | Q(pool__administrator_id__in=viewer.acts_for)
        if viewer.has(Role.BUREAU):
            seen |= Q(pool__region__startswith=viewer.region)
        return self.filter(seen)


class PoolEntry(models.Model):
    """A patent's place in a pool, from the application to the day it leaves."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="entries")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    status = models.CharField(
        "状态",
        max_length=10,
        default=_E.APPLIED.value,
        choices=[(s.value, pools.ENTRY_LABELS[s]) for s in _E],
    )
    weight = models.DecimalField("权重", max_digits=7, decimal_places=6, null=True, blank=True)
    # What the holder promised when it applied, in the words of that day.
    covenant = models.TextField("在先许可承诺", max_length=2000)
    applied_at = models.DateTimeField()
    applied_by = ActorKeyField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    reason = models.TextField("审核意见", blank=True, default="", max_length=2000)
    left_at = models.DateTimeField(null=True, blank=True)
    left_by = ActorKeyField(null=True, blank=True)
    left_reason = models.TextField("退出原因", blank=True, default="", max_length=2000)

    objects = PoolEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "入池专利"
        ordering: ClassVar = ["pool", "id"]
        constraints: ClassVar = [
            # No firm pays for one patent twice: it stands in one pool at a time.
            UniqueConstraint(
                fields=["patent"],
                condition=Q(status=_E.ADMITTED.value),
                name="one_pool_per_patent",
            ),
            UniqueConstraint(
                fields=["pool", "patent"],
                condition=Q(status__in=LIVE_ENTRIES),
                name="one_live_entry_per_patent",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _E)), name="pool_entry_status_known"
            ),
            CheckConstraint(
                condition=Q(weight__isnull=True) | Q(weight__gt=0, weight__lte=1),
                name="pool_entry_weight",
            ),
            CheckConstraint(condition=~Q(covenant=""), name="pool_entry_covenant"),
            both_or_neither("decided_at", "decided_by", name="pool_entry_decided_pair"),
            both_or_neither("left_at", "left_by", name="pool_entry_left_pair"),
            CheckConstraint(
                condition=Q(status__in=[_E.APPLIED.value, _E.WITHDRAWN.value])
                | Q(decided_at__isnull=False),
                name="pool_entry_decided",
            ),
            CheckConstraint(
                condition=~Q(status=_E.REFUSED.value) | ~Q(reason=""),
                name="pool_entry_refused_with_reason",
            ),
            CheckConstraint(
                condition=(
                    Q(status__in=sorted([_E.LEFT.value, _E.WITHDRAWN.value]), left_at__isnull=False)
                    & ~Q(left_reason="")
                )
                | (
                    ~Q(status__in=sorted([_E.LEFT.value, _E.WITHDRAWN.value]))
                    & Q(left_at__isnull=True)
                ),
                name="pool_entry_left_with_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder", "-id"], name="pool_entry_holder"),
            models.Index(fields=["patent", "status"], name="pool_entry_patent"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="pool_entry_moves",
                field="status",
                transitions=moves.transitions(pools.ENTRY_MOVES),
            ),
            pgtrigger.Protect(name="pool_entry_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.patent_number} {self.get_status_display()}"

    def holder_side(self) -> Side:
        """What only the holder may do: withdraw, give notice that it leaves."""
        return Side(self.holder_id, self.pool.region)
