"""Certificates 鉴证 of contracts by exchanges, and what exchanges report that was done there."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from licensing.models.documents import Document
from licensing.models.registrations import ONE_CONTRACT, OfContract, parties_or_overseers
from licensing.rules import moves
from licensing.rules import registrations as rules
from licensing.rules.registrations import CertificateStatus, ReportSort, SettlementState

_S = CertificateStatus
LIVE = Q(status__in=sorted(s.value for s in rules.LIVE_CERTIFICATES))
SETTLEMENT = Q(sort=ReportSort.SETTLEMENT.value)


def _seen_by(viewer: Actor) -> Q:
    seen = parties_or_overseers(viewer)
    if viewer.has(Role.EXCHANGE) and viewer.organisation_id is not None:
        seen |= Q(exchange_id=viewer.organisation_id)
    return seen


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Who sees which certificates."""

    def visible_to(self, viewer: Actor) -> CertificateQuerySet:
        """Parties, the exchange that was asked, bureau of the region, auditors."""
        return self if viewer.is_system else self.filter(_seen_by(viewer))


class Certificate(OfContract):
    """A party asks an exchange to certify the contract; the exchange issues or declines."""

    exchange = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(
        max_length=12,
        default=_S.REQUESTED.value,
        choices=[(s.value, rules.CERTIFICATE_LABELS[s]) for s in _S],
    )
    number = models.CharField("鉴证编号", max_length=40, unique=True, null=True, blank=True)
    certified_on = models.DateField("鉴证日", null=True, blank=True)
    statement = models.TextField("鉴证意见", blank=True, default="", max_length=2000)
    note = models.CharField("申请说明", max_length=500, blank=True, default="")
    requested_at = models.DateTimeField()
    requested_by = ActorKeyField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    reason = models.TextField("理由", blank=True, default="", max_length=2000)
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="certificate"
    )

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = "交易鉴证"
        constraints: ClassVar = [
            CheckConstraint(condition=ONE_CONTRACT, name="certificate_of_one"),
            UniqueConstraint(fields=["deal"], condition=LIVE, name="one_live_certificate_a_deal"),
            UniqueConstraint(
                fields=["licence"], condition=LIVE, name="one_live_certificate_a_licence"
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)), name="certificate_status_known"
            ),
            CheckConstraint(
                condition=~Q(exchange=F("holder")) & ~Q(exchange=F("taker")),
                name="certificate_by_another",
            ),
            both_or_neither("decided_at", "decided_by", name="certificate_decided_pair"),
            CheckConstraint(
                condition=~Q(status__in=[_S.ISSUED.value, _S.REVOKED.value])
                | (
                    Q(
                        number__isnull=False,
                        certified_on__isnull=False,
                        decided_at__isnull=False,
                        document__isnull=False,
                    )
                    & ~Q(statement="")
                ),
                name="certificate_issued_whole",
            ),
            CheckConstraint(
                condition=~Q(status__in=[_S.DECLINED.value, _S.REVOKED.value]) | ~Q(reason=""),
                name="certificate_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["exchange", "-id"], name="certificate_exchange"),
            models.Index(fields=["holder", "-id"], name="certificate_holder"),
            models.Index(fields=["taker", "-id"], name="certificate_taker"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="certificate_moves",
                field="status",
                transitions=moves.transitions(rules.CERTIFICATE_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"鉴证申请 {self.pk}"


class ExchangeReportQuerySet(models.QuerySet["ExchangeReport"]):
    """Who sees which reports."""

    def visible_to(self, viewer: Actor) -> ExchangeReportQuerySet:
        """Parties, the exchange that reported, bureau of the region, auditors."""
        return self if viewer.is_system else self.filter(_seen_by(viewer))


class ExchangeReport(OfContract):
    """Something an exchange says was done there 对方登记: registered, certified, money moved."""

    exchange = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    sort = models.CharField(
        max_length=12, choices=[(s.value, rules.SORT_LABELS[s]) for s in ReportSort]
    )
    number = models.CharField("编号", max_length=60)
    on = models.DateField("日期")
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2, null=True, blank=True)
    state = models.CharField(
        "资金状态",
        max_length=10,
        blank=True,
        default="",
        choices=[(s.value, rules.STATE_LABELS[s]) for s in SettlementState],
    )
    note = models.CharField("说明", max_length=500, blank=True, default="")
    reported_at = models.DateTimeField()
    reported_by = ActorKeyField()

    objects = ExchangeReportQuerySet.as_manager()

    class Meta:
        verbose_name = "交易机构回传"
        ordering: ClassVar = ["reported_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=ONE_CONTRACT, name="exchange_report_of_one"),
            CheckConstraint(
                condition=Q(sort__in=sorted(s.value for s in ReportSort)),
                name="exchange_report_sort_known",
            ),
            CheckConstraint(
                condition=(~SETTLEMENT & Q(state=""))
                | (
                    SETTLEMENT
                    & Q(state__in=sorted(s.value for s in SettlementState))
                    & Q(amount__isnull=False, amount__gt=0)  # NULL > 0 is no refusal
                ),
                name="exchange_report_state",
            ),
            CheckConstraint(condition=~Q(number=""), name="exchange_report_numbered"),
            UniqueConstraint(
                fields=["contract_number", "sort"],
                condition=~SETTLEMENT,
                name="exchange_report_once",
            ),
            UniqueConstraint(
                fields=["contract_number", "exchange", "number", "state"],
                condition=SETTLEMENT,
                name="exchange_settlement_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["exchange", "-id"], name="exchange_report_exchange")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="exchange_report_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_number} {self.get_sort_display()} {self.number}"
