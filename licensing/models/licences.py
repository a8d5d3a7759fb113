"""Licences 许可, what is due and paid on them, and objections to them."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.declarations import OpenDeclaration
from licensing.models.plans import FeePlan
from licensing.rules import fees, moves
from licensing.types import Side

_S = moves.LicenceStatus
_C = moves.ContestStatus
IN_FORCE_EVER = [_S.EFFECTIVE.value, _S.FILED.value, _S.ENDED.value]


class LicenceQuerySet(models.QuerySet["Licence"]):
    """Who sees which licences."""

    def visible_to(self, viewer: Actor) -> LicenceQuerySet:
        """The two parties, the bureau of the patent's region, and auditors."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        seen = Q(licensor_id__in=viewer.acts_for) | Q(licensee_id__in=viewer.acts_for)
        if viewer.has(Role.BUREAU):
            seen |= Q(region__startswith=viewer.region)
        return self.filter(seen)

    def live(self) -> LicenceQuerySet:
        """Those that bind the parties, paid or not."""
        return self.filter(status__in=sorted(s.value for s in moves.LIVE_LICENCES))


class Licence(models.Model):
    """A firm's right to work a patent. One taken from an open declaration is ordinary 普通."""

    class Kind(models.TextChoices):
        """What the licensor keeps (SI25)."""

        ORDINARY = "ordinary", "普通许可"
        SOLE = "sole", "排他许可"
        EXCLUSIVE = "exclusive", "独占许可"

    class Channel(models.TextChoices):
        """How the written notice reached the patentee."""

        PLATFORM = "platform", "平台送达"
        OTHER = "other", "另行书面送达"

    declaration = models.ForeignKey(
        OpenDeclaration, on_delete=models.PROTECT, null=True, blank=True, related_name="licences"
    )
    # The licence that this sub-licence 分许可 lives under, and ends with.
    under = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="sublicences"
    )
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    licensor = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    licensee = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    number = models.CharField("许可编号", max_length=40, unique=True, null=True, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ORDINARY)
    status = models.CharField(
        "状态",
        max_length=12,
        default=_S.NOTICED.value,
        choices=[(s.value, moves.LICENCE_LABELS[s]) for s in _S],
    )
    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT, related_name="licences")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    territory = models.CharField(max_length=120, default="CN")
    noticed_at = models.DateTimeField()
    noticed_by = ActorKeyField()
    served_at = models.DateTimeField("通知送达时间")
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.PLATFORM)
    served_proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    effective_at = models.DateTimeField("生效时间", null=True, blank=True)
    explanation = models.TextField("生效时间的计算", blank=True, default="")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    encumbrance = models.OneToOneField(
        "listings.Encumbrance", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    filed_on = models.DateField("备案日", null=True, blank=True)
    filing_number = models.CharField("备案号", max_length=40, blank=True, default="")
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = ActorKeyField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)
    closed_reason = models.TextField(blank=True, default="", max_length=2000)
    patent_lapsed_on = models.DateField(null=True, blank=True)

    objects = LicenceQuerySet.as_manager()

    class Meta:
        verbose_name = "许可"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["declaration", "licensee"],
                condition=Q(status__in=sorted(s.value for s in moves.LIVE_LICENCES)),
                name="one_live_licence_per_taker",
            ),
            CheckConstraint(
                condition=Q(status__in=[s.value for s in _S]), name="licence_status_known"
            ),
            CheckConstraint(
                condition=Q(kind__in=["ordinary", "sole", "exclusive"]), name="licence_kind_known"
            ),
            CheckConstraint(
                condition=Q(declaration__isnull=True) | Q(kind="ordinary"),
                name="licence_open_is_ordinary",
            ),
            CheckConstraint(condition=~Q(licensor=F("licensee")), name="licence_two_parties"),
            CheckConstraint(
                condition=~Q(status__in=IN_FORCE_EVER)
                | (
                    Q(
                        effective_at__isnull=False,
                        starts_on__isnull=False,
                        ends_on__isnull=False,
                    )
                    & (Q(encumbrance__isnull=False) | Q(under__isnull=False))
                ),
                name="licence_effective_whole",
            ),
            CheckConstraint(
                condition=Q(under__isnull=True) | Q(kind="ordinary", encumbrance__isnull=True),
                name="licence_under_is_ordinary",
            ),
            CheckConstraint(
                condition=~Q(status=_S.NOTICED) | Q(effective_at__isnull=True),
                name="licence_noticed_not_effective",
            ),
            CheckConstraint(
                condition=Q(effective_at__isnull=True) | Q(effective_at__gte=F("served_at")),
                name="licence_effective_after_service",
            ),
            CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="licence_term_forward",
            ),
            both_or_neither("filed_at", "filed_by", name="licence_filed_pair"),
            both_or_neither("closed_at", "closed_by", name="licence_closed_pair"),
            CheckConstraint(
                condition=~Q(status=_S.FILED)
                | (Q(filed_on__isnull=False, filed_at__isnull=False) & ~Q(filing_number="")),
                name="licence_filed_whole",
            ),
            CheckConstraint(
                condition=~Q(status=_S.VOID) | (Q(closed_at__isnull=False) & ~Q(closed_reason="")),
                name="licence_void_with_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["licensee", "-id"], name="licence_licensee"),
            models.Index(fields=["licensor", "-id"], name="licence_licensor"),
            models.Index(fields=["patent", "status"], name="licence_patent"),
            models.Index(fields=["effective_at", "id"], name="licence_effective"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="licence_moves",
                field="status",
                transitions=moves.transitions(moves.LICENCE_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"许可 {self.pk}"

    def governed_by(self) -> Governance:
        """Either party's affair; the bureau of the patent's region decides disputes."""
        return Governance(
            organisations=frozenset({self.licensor_id, self.licensee_id}), region=self.region
        )

    def licensee_side(self) -> Side:
        """What only the licensee may do: pay, take the notice back."""
        return Side(self.licensee_id, self.region)

    def licensor_side(self) -> Side:
        """What only the patentee may do: object."""
        return Side(self.licensor_id, self.region)

    @property
    def in_force(self) -> bool:
        """Whether the licensee may work the patent under it."""
        return self.status in moves.IN_FORCE

    @property
    def in_force_ever(self) -> bool:
        """Whether it took effect and was not found void."""
        return self.status in IN_FORCE_EVER


class PaymentDue(models.Model):
    """A sum of the licence's payment schedule 付款计划, or one that came about later."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="dues")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(
        max_length=12,
        choices=[
            *((k.value, fees.PART_LABELS[k]) for k in fees.PartKind),
            ("interest", "逾期利息"),
            ("settlement", "协议款"),
        ],
    )
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    due_on = models.DateField()
    at_conclusion = models.BooleanField()
    # No longer owed, since the licence ended before it fell due.
    released_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = "应付款"
        ordering: ClassVar = ["licence", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["licence", "position"], name="payment_due_position_once"),
            CheckConstraint(condition=Q(amount__gt=0), name="payment_due_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"


class Payment(models.Model):
    """Money that reached the patentee against one sum due, with its proof; never changed."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="payments")
    due = models.ForeignKey(PaymentDue, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    paid_at = models.DateTimeField()
    reference = models.CharField("付款凭证号", max_length=80, blank=True, default="")
    proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    class Meta:
        verbose_name = "付款"
        ordering: ClassVar = ["paid_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            CheckConstraint(
                condition=~Q(reference="") | Q(proof__isnull=False), name="payment_proved"
            ),
            CheckConstraint(
                condition=Q(paid_at__lte=F("recorded_at")), name="payment_not_in_future"
            ),
            UniqueConstraint(
                fields=["licence", "reference"],
                condition=~Q(reference=""),
                name="payment_reference_once",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="payment_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.reference}"


class Contest(models.Model):
    """The patentee's objection 异议 to a notice or payment, and how it was decided."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="contests")
    status = models.CharField(
        max_length=10,
        default=_C.RAISED.value,
        choices=[(s.value, moves.CONTEST_LABELS[s]) for s in _C],
    )
    reason = models.TextField("异议理由", max_length=2000)
    raised_at = models.DateTimeField()
    raised_by = ActorKeyField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = ActorKeyField(null=True, blank=True)
    resolution = models.TextField("处理意见", blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = "异议"
        ordering: ClassVar = ["-raised_at"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["licence"], condition=Q(status=_C.RAISED.value), name="one_raised_contest"
            ),
            CheckConstraint(
                condition=Q(status__in=[s.value for s in _C]), name="contest_status_known"
            ),
            CheckConstraint(condition=~Q(reason=""), name="contest_has_reason"),
            both_or_neither("resolved_at", "resolved_by", name="contest_resolved_pair"),
            CheckConstraint(
                condition=Q(status=_C.RAISED.value, resolved_at__isnull=True)
                | (~Q(status=_C.RAISED.value) & Q(resolved_at__isnull=False)),
                name="contest_resolved_or_raised",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="contest_moves",
                field="status",
                transitions=moves.transitions(moves.CONTEST_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.get_status_display()}"
