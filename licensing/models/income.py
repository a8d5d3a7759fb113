"""Income distribution 收益分配: what came in, who gets what, how it was posted and paid."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.deals import Deal
from licensing.models.documents import Document
from licensing.models.licences import Licence
from licensing.models.pool_licences import PoolLicence
from licensing.rules import income, moves
from licensing.rules.income import IncomeKind, IncomeStatus, ObjectionStatus, PersonRole

_S, _O = IncomeStatus, ObjectionStatus
SHOWN = sorted(s.value for s in income.SHOWN)


class IncomeRule(models.Model):
    """What an institution laid down or agreed on 约定: how much of net income goes to persons."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField("名称", max_length=200)
    agreed_on = models.DateField("通过或签订日期")
    percent = models.DecimalField("比例（%）", max_digits=5, decimal_places=2)
    paper = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    class Meta:
        verbose_name = "收益分配规定"
        ordering: ClassVar = ["-agreed_on", "-id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(percent__gt=0, percent__lte=100), name="income_rule_share"),
            CheckConstraint(condition=~Q(title=""), name="income_rule_named"),
            UniqueConstraint(
                fields=["organisation", "agreed_on", "title"], name="income_rule_once"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="income_rule_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.title


class DistributionQuerySet(models.QuerySet["Distribution"]):
    """Who sees which distributions."""

    def visible_to(self, viewer: Actor) -> DistributionQuerySet:
        """The office its own; its people what is posted; each person their own; overseers."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        shown = Q(status__in=SHOWN)
        seen = Q(pk__in=[])
        if viewer.has(Role.OFFICE):
            seen |= Q(organisation_id__in=viewer.acts_for)
        if viewer.organisation_id is not None:
            seen |= shown & Q(organisation_id=viewer.organisation_id)
        if viewer.user_id is not None:
            seen |= shown & Q(persons__user_id=viewer.user_id)
        if viewer.has(Role.BUREAU):
            seen |= shown & Q(region__startswith=viewer.region)
        return self.filter(pk__in=self.model._default_manager.filter(seen).values("pk"))


class Distribution(models.Model):
    """The net income of a licence, deal or pool share, divided between institution and persons."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    region = models.CharField(max_length=6, blank=True, default="")
    number = models.CharField("编号", max_length=40, unique=True, null=True, blank=True)
    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, null=True, blank=True, related_name="distributions"
    )
    deal = models.ForeignKey(
        Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="distributions"
    )
    # The organisation's share of what a pool licence brought.
    pool_licence = models.ForeignKey(
        PoolLicence, on_delete=models.PROTECT, null=True, blank=True, related_name="distributions"
    )
    # The part of one patent, where the contract is about a bundle.
    patent = models.ForeignKey(
        "listings.Patent", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    kind = models.CharField(
        max_length=10, choices=[(k.value, income.KIND_LABELS[k]) for k in IncomeKind]
    )
    status = models.CharField(
        "状态",
        max_length=10,
        default=_S.DRAFT.value,
        choices=[(s.value, income.INCOME_LABELS[s]) for s in _S],
    )
    gross = models.DecimalField("到账收入", max_digits=18, decimal_places=2)
    deductions = models.JSONField(default=dict)
    deduction_note = models.TextField("扣除说明", blank=True, default="", max_length=1000)
    net = models.DecimalField("净收入", max_digits=18, decimal_places=2)
    percent = models.DecimalField("奖励比例（%）", max_digits=5, decimal_places=2)
    award = models.DecimalField("奖励总额", max_digits=18, decimal_places=2)
    floor = models.DecimalField(max_digits=5, decimal_places=2)
    floor_article = models.CharField(max_length=300)
    rule = models.ForeignKey(IncomeRule, on_delete=models.PROTECT, null=True, related_name="+")
    conflict = models.TextField("利益冲突声明", blank=True, default="", max_length=1000)
    tax_note = models.TextField("税务说明", blank=True, default="", max_length=1000)
    drafted_at = models.DateTimeField()
    drafted_by = ActorKeyField()
    posted_at = models.DateTimeField(null=True, blank=True)
    posted_by = ActorKeyField(null=True, blank=True)
    posted_on = models.DateField(null=True, blank=True)
    posted_until = models.DateField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = ActorKeyField(null=True, blank=True)
    closed_reason = models.CharField(max_length=500, blank=True, default="")
    document = models.OneToOneField(Document, on_delete=models.PROTECT, null=True, related_name="+")

    objects = DistributionQuerySet.as_manager()

    class Meta:
        verbose_name = "收益分配"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(licence__isnull=False, deal__isnull=True, pool_licence__isnull=True)
                | Q(licence__isnull=True, deal__isnull=False, pool_licence__isnull=True)
                | Q(licence__isnull=True, deal__isnull=True, pool_licence__isnull=False),
                name="distribution_of_one_income",
            ),
            CheckConstraint(
                condition=Q(patent__isnull=True) | Q(pool_licence__isnull=True),
                name="distribution_part_of_a_contract",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)),
                name="distribution_status_known",
            ),
            CheckConstraint(
                condition=Q(kind__in=sorted(k.value for k in IncomeKind)),
                name="distribution_kind_known",
            ),
            CheckConstraint(
                condition=Q(gross__gt=0, net__gt=0, net__lte=F("gross")), name="distribution_net"
            ),
            CheckConstraint(
                condition=Q(award__gt=0, award__lte=F("net"), percent__gte=F("floor")),
                name="distribution_not_below_floor",
            ),
            both_or_neither("posted_at", "posted_by", name="distribution_posted_pair"),
            both_or_neither("approved_at", "approved_by", name="distribution_approved_pair"),
            CheckConstraint(
                condition=~Q(status__in=SHOWN)
                | Q(posted_at__isnull=False, posted_on__isnull=False, posted_until__isnull=False),
                name="distribution_posted_whole",
            ),
            CheckConstraint(
                condition=~Q(status__in=["approved", "paid"]) | Q(approved_at__isnull=False),
                name="distribution_approved_whole",
            ),
            CheckConstraint(
                condition=~Q(approved_by=F("drafted_by")), name="distribution_two_persons"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="distribution_organisation")
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="distribution_moves",
                field="status",
                transitions=moves.transitions(income.INCOME_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"收益分配 {self.pk}"

    def governed_by(self) -> Governance:
        """Only the institution's own affair: a bureau reads."""
        return Governance(organisations=frozenset({self.organisation_id}))

    @property
    def deducted(self) -> list[tuple[str, Decimal]]:
        """The deductions that there are, by name, in their order."""
        sums = {key: Decimal(self.deductions.get(key, 0)) for key in income.DEDUCTIONS}
        return [(income.DEDUCTIONS[key], value) for key, value in sums.items() if value]


class DistributionPerson(models.Model):
    """One person's share, and its payment."""

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="persons")
    position = models.PositiveSmallIntegerField()
    name = models.CharField("姓名", max_length=60)
    user_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    role = models.CharField(
        max_length=12, choices=[(r.value, income.ROLE_LABELS[r]) for r in PersonRole]
    )
    share = models.DecimalField("份额（%）", max_digits=7, decimal_places=4)
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    conflict = models.CharField("利益关系", max_length=300, blank=True, default="")
    paid_on = models.DateField("发放日", null=True, blank=True)
    reference = models.CharField("发放凭证号", max_length=80, blank=True, default="")
    proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    paid_at = models.DateTimeField(null=True, blank=True)
    paid_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "收益分配对象"
        ordering: ClassVar = ["distribution", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["distribution", "position"], name="distribution_person_once"),
            CheckConstraint(
                condition=Q(share__gt=0, share__lte=100, amount__gte=0),
                name="distribution_person_share",
            ),
            CheckConstraint(
                condition=Q(role__in=sorted(r.value for r in PersonRole)),
                name="distribution_person_role_known",
            ),
            both_or_neither("paid_at", "paid_by", name="distribution_person_paid_pair"),
            CheckConstraint(
                condition=Q(paid_at__isnull=True)
                | (Q(paid_on__isnull=False) & (~Q(reference="") | Q(proof__isnull=False))),
                name="distribution_person_paid_proved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.amount}"


class DistributionObjection(models.Model):
    """Somebody's objection 异议 during the posting, and how it was answered."""

    distribution = models.ForeignKey(
        Distribution, on_delete=models.PROTECT, related_name="objections"
    )
    status = models.CharField(
        max_length=10,
        default=_O.OPEN.value,
        choices=[(s.value, income.OBJECTION_LABELS[s]) for s in _O],
    )
    reason = models.TextField("异议理由", max_length=2000)
    raised_at = models.DateTimeField()
    raised_by = ActorKeyField()
    answer = models.TextField("处理意见", blank=True, default="", max_length=2000)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "分配异议"
        ordering: ClassVar = ["-raised_at"]
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(reason=""), name="distribution_objection_said"),
            both_or_neither("answered_at", "answered_by", name="distribution_objection_pair"),
            CheckConstraint(
                condition=Q(status=_O.OPEN.value, answered_at__isnull=True)
                | (
                    Q(status__in=[_O.DISMISSED.value, _O.UPHELD.value], answered_at__isnull=False)
                    & ~Q(answer="")
                ),
                name="distribution_objection_answered",
            ),
            CheckConstraint(
                condition=~Q(raised_by=F("answered_by")), name="distribution_objection_two_persons"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="distribution_objection_moves",
                field="status",
                transitions=moves.transitions(income.OBJECTION_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.distribution_id} {self.get_status_display()}"
