"""Registration of technology contracts 技术合同认定登记, one record per contract."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.deals import Deal
from licensing.models.licences import Licence
from licensing.rules import moves
from licensing.rules import registrations as rules
from licensing.rules.registrations import RegistrationStatus

_S = RegistrationStatus
ONE_CONTRACT = Q(deal__isnull=False, licence__isnull=True) | Q(
    deal__isnull=True, licence__isnull=False
)


def parties_or_overseers(viewer: Actor) -> Q:
    """The two parties of a contract, the bureau of its region, and auditors."""
    seen = Q(holder_id__in=viewer.acts_for) | Q(taker_id__in=viewer.acts_for)
    if viewer.has(Role.AUDITOR):
        seen |= ~Q(pk=None)
    if viewer.has(Role.BUREAU):
        seen |= Q(region__startswith=viewer.region)
    return seen


class OfContract(models.Model):
    """What belongs to one contract: a signed deal, or a licence taken from an open declaration."""

    deal = models.ForeignKey(
        Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss"
    )
    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss"
    )
    contract_number = models.CharField("合同编号", max_length=40)
    contract_on = models.DateField("合同生效日")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    holder = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("行政区划", max_length=6, blank=True, default="")

    class Meta:
        abstract = True

    def governed_by(self) -> Governance:
        """Either party's affair, seen from its region."""
        return Governance(frozenset({self.holder_id, self.taker_id}), self.region)

    @property
    def contract_url(self) -> str:
        """Where the parties find the contract."""
        return f"/deals/{self.deal_id}/" if self.deal_id else f"/licences/{self.licence_id}/"


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Who sees which registrations."""

    def visible_to(self, viewer: Actor) -> RegistrationQuerySet:
        """Parties, bureau of the region, auditors."""
        return self if viewer.is_system else self.filter(parties_or_overseers(viewer))


class Registration(OfContract):
    """One contract's way to its registration: the seller applies (管理办法第七条)."""

    status = models.CharField(
        max_length=12,
        default=_S.DUE.value,
        choices=[(s.value, rules.REGISTRATION_LABELS[s]) for s in _S],
    )
    kind = models.CharField(
        "合同类型",
        max_length=12,
        choices=[(k.value, rules.KIND_LABELS[k]) for k in rules.ContractKind],
    )
    amount = models.DecimalField("合同金额", max_digits=18, decimal_places=2, null=True, blank=True)
    technical = models.DecimalField(
        "技术交易额", max_digits=18, decimal_places=2, null=True, blank=True
    )
    due_on = models.DateField("应申请日")
    opened_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = ActorKeyField(null=True, blank=True)
    number = models.CharField("登记编号", max_length=60, blank=True, default="")
    registered_on = models.DateField("登记日", null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    reason = models.TextField("理由", blank=True, default="", max_length=2000)
    paper = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = "技术合同登记"
        constraints: ClassVar = [
            CheckConstraint(condition=ONE_CONTRACT, name="registration_of_one"),
            UniqueConstraint(fields=["contract_number"], name="one_registration_per_contract"),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)),
                name="registration_status_known",
            ),
            CheckConstraint(
                condition=Q(kind__in=sorted(k.value for k in rules.ContractKind)),
                name="registration_kind_known",
            ),
            CheckConstraint(
                condition=Q(amount__isnull=True, technical__isnull=True)
                | Q(
                    amount__isnull=False,
                    technical__isnull=False,
                    technical__gte=0,
                    amount__gte=F("technical"),
                ),
                name="registration_sums",
            ),
            both_or_neither("applied_at", "applied_by", name="registration_applied_pair"),
            both_or_neither("decided_at", "decided_by", name="registration_decided_pair"),
            CheckConstraint(
                condition=~Q(status__in=[_S.APPLIED.value, _S.REGISTERED.value])
                | Q(applied_at__isnull=False, amount__isnull=False),
                name="registration_applied_whole",
            ),
            CheckConstraint(
                condition=~Q(status=_S.REGISTERED.value)
                | (Q(decided_at__isnull=False, registered_on__isnull=False) & ~Q(number="")),
                name="registration_registered_whole",
            ),
            CheckConstraint(
                condition=~Q(status__in=[_S.RETURNED.value, _S.WAIVED.value]) | ~Q(reason=""),
                name="registration_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder", "-id"], name="registration_holder"),
            models.Index(fields=["taker", "-id"], name="registration_taker"),
            models.Index(fields=["status", "region"], name="registration_region"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="registration_moves",
                field="status",
                transitions=moves.transitions(rules.REGISTRATION_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_number} 技术合同登记"

    @property
    def tax(self) -> str:
        """What the registration brings."""
        return rules.TAX[rules.ContractKind(self.kind)]
