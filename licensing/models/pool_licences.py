"""Pool licences 池许可, the patents each contains, and the income they brought, split."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.documents import Document
from licensing.models.pools import Pool, PoolEntry, PoolTerms
from licensing.rules import effect, moves, pools

_S = pools.PoolLicenceStatus
# At commit, since the shares are written after the income they belong to.
NO_FEN_LOST = """
    IF NEW.amount <> NEW.fee + (
        SELECT COALESCE(SUM(s.amount), 0) FROM licensing_poolshare s WHERE s.income_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'pool_income_split: fee and shares do not add up to the sum received'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class PoolLicenceQuerySet(models.QuerySet["PoolLicence"]):
    """Who sees which pool licences."""

    def visible_to(self, viewer: Actor) -> PoolLicenceQuerySet:
        """The licensee, the administrator, the holders in it, the region's bureau, auditors."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        own = viewer.acts_for
        held = PoolLicencePatent.objects.filter(entry__holder_id__in=own).values("licence_id")
        seen = Q(licensee_id__in=own) | Q(pool__administrator_id__in=own) | Q(pk__in=held)
        if viewer.has(Role.BUREAU):
            seen |= Q(pool__region__startswith=viewer.region)
        return self.filter(seen)


class PoolLicence(models.Model):
    """A firm's right to work the patents that stood in a pool when it took the licence."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="licences")
    terms = models.ForeignKey(PoolTerms, on_delete=models.PROTECT, related_name="licences")
    licensee = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.CharField("许可编号", max_length=40, unique=True, null=True, blank=True)
    status = models.CharField(
        "状态",
        max_length=8,
        default=_S.RUNNING.value,
        choices=[(s.value, pools.POOL_LICENCE_LABELS[s]) for s in _S],
    )
    explanation = models.TextField("成立与范围", max_length=2000)
    starts_on = models.DateField()
    ends_on = models.DateField()
    taken_at = models.DateTimeField()
    taken_by = ActorKeyField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="pool_licence"
    )
    filing_number = models.CharField("备案号", max_length=40, blank=True, default="", db_default="")
    filed_on = models.DateField("备案日", null=True, blank=True)
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = ActorKeyField(null=True, blank=True)

    objects = PoolLicenceQuerySet.as_manager()

    class Meta:
        verbose_name = "池许可"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["pool", "licensee"],
                condition=Q(status=_S.RUNNING.value),
                name="one_running_pool_licence",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)),
                name="pool_licence_status_known",
            ),
            CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="pool_licence_term_forward"
            ),
            both_or_neither("ended_at", "ended_by", name="pool_licence_ended_pair"),
            CheckConstraint(
                condition=Q(status=_S.RUNNING.value, ended_at__isnull=True)
                | Q(status=_S.ENDED.value, ended_at__isnull=False),
                name="pool_licence_ended_dated",
            ),
            both_or_neither("filed_at", "filed_by", name="pool_licence_filed_pair"),
            CheckConstraint(
                condition=Q(filed_at__isnull=True, filed_on__isnull=True, filing_number="")
                | (Q(filed_at__isnull=False, filed_on__gte=F("starts_on")) & ~Q(filing_number="")),
                name="pool_licence_filed_whole",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["licensee", "-id"], name="pool_licence_licensee"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="pool_licence_moves",
                field="status",
                transitions=moves.transitions(pools.POOL_LICENCE_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"池许可 {self.pk}"

    def governed_by(self) -> Governance:
        """The affair of whoever runs the pool and of the licensee."""
        parties = frozenset({self.pool.administrator_id, self.licensee_id})
        return Governance(parties, self.pool.region)

    @property
    def file_by(self) -> date:
        """The last day for filing it."""
        return effect.filing_deadline(self.starts_on)


class PoolLicencePatent(models.Model):
    """A patent of a licence, pinned with its weight: what leaves the pool later stays in here."""

    licence = models.ForeignKey(PoolLicence, on_delete=models.PROTECT, related_name="patents")
    entry = models.ForeignKey(PoolEntry, on_delete=models.PROTECT, related_name="licensed")
    weight = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)
    ends_on = models.DateField()
    encumbrance = models.OneToOneField(
        "listings.Encumbrance", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "池许可专利"
        ordering: ClassVar = ["licence", "entry"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["licence", "entry"], name="pool_licence_patent_once"),
            CheckConstraint(
                condition=Q(weight__isnull=True) | Q(weight__gt=0, weight__lte=1),
                name="pool_licence_patent_weight",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pool_licence_patent_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.entry_id}"


class PoolIncome(models.Model):
    """Money that reached the administrator on one licence, with its proof; never changed."""

    licence = models.ForeignKey(PoolLicence, on_delete=models.PROTECT, related_name="income")
    amount = models.DecimalField("到账金额", max_digits=18, decimal_places=2)
    fee = models.DecimalField("管理费", max_digits=18, decimal_places=2)
    received_on = models.DateField("到账日")
    purpose = models.CharField("款项", max_length=200, blank=True, default="")
    reference = models.CharField("付款凭证号", max_length=80)
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    class Meta:
        verbose_name = "池许可收入"
        ordering: ClassVar = ["-received_on", "-id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="pool_income_positive"),
            CheckConstraint(
                condition=Q(fee__gte=0, fee__lte=F("amount")), name="pool_income_fee_within"
            ),
            CheckConstraint(condition=~Q(reference=""), name="pool_income_proved"),
            UniqueConstraint(fields=["licence", "reference"], name="pool_income_reference_once"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pool_income_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="pool_income_split",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func=NO_FEN_LOST,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.reference}"


class PoolShare(models.Model):
    """What one holder gets of a sum received."""

    income = models.ForeignKey(PoolIncome, on_delete=models.PROTECT, related_name="shares")
    holder = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField("分配金额", max_digits=18, decimal_places=2)
    basis = models.CharField("计算", max_length=200)

    class Meta:
        verbose_name = "池收入分配"
        ordering: ClassVar = ["-income__received_on", "-income_id", "holder_id"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["income", "holder"], name="pool_share_once"),
            CheckConstraint(condition=Q(amount__gte=0), name="pool_share_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder", "-income"], name="pool_share_holder"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pool_share_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_id} {self.amount}"
