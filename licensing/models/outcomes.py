"""Outcomes 转化反馈: what became of a patent."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.licences import Licence
from licensing.rules import moves, outcomes
from licensing.rules.facts import Fact

_S = moves.OutcomeStatus


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    """Who sees which outcomes."""

    def visible_to(self, viewer: Actor) -> OutcomeQuerySet:
        """The reporting holder, the bureau of the patent's region, and auditors."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        seen = Q(organisation_id__in=viewer.acts_for)
        if viewer.has(Role.BUREAU):
            seen |= Q(region__startswith=viewer.region)
        return self.filter(seen)


class Outcome(models.Model):
    """One dated event of conversion, with what proves it. A patent collects several."""

    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    code = models.CharField("转化方式", max_length=30)
    happened_on = models.DateField("发生日期")
    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, null=True, blank=True, related_name="outcomes"
    )
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    contract_number = models.CharField("合同编号", max_length=80, blank=True, default="")
    counterparty = models.CharField("合作方", max_length=200, blank=True, default="")
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2, null=True, blank=True)
    note = models.TextField("说明", blank=True, default="", max_length=2000)
    status = models.CharField(
        "状态",
        max_length=10,
        default=_S.REPORTED.value,
        choices=[(s.value, moves.OUTCOME_LABELS[s]) for s in _S],
    )
    reported_at = models.DateTimeField()
    reported_by = ActorKeyField()
    reported_user_id = models.BigIntegerField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    decided_user_id = models.BigIntegerField(null=True, blank=True)
    decision_reason = models.TextField("核验意见", blank=True, default="", max_length=2000)
    # rules.facts.Fact.key: two reports with one key are one fact. "" in rows from before.
    fact = models.CharField(max_length=240, blank=True, default="", db_default="")

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        verbose_name = "转化反馈"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(status__in=[s.value for s in _S]), name="outcome_status_known"
            ),
            CheckConstraint(condition=~Q(code=""), name="outcome_has_code"),
            CheckConstraint(
                condition=Q(licence__isnull=False)
                | Q(evidence__isnull=False)
                | ~Q(contract_number=""),
                name="outcome_proved",
            ),
            CheckConstraint(
                condition=~Q(code=outcomes.Code.OPEN_LICENCE.value) | Q(licence__isnull=False),
                name="outcome_open_licence_linked",
            ),
            UniqueConstraint(
                fields=["licence", "code"],
                condition=Q(licence__isnull=False),
                name="outcome_once_per_licence",
            ),
            UniqueConstraint(
                fields=["patent", "code", "contract_number"],
                condition=~Q(contract_number="") & ~Q(status=_S.WITHDRAWN.value),
                name="outcome_once_per_contract",
            ),
            UniqueConstraint(
                fields=["patent", "code", "fact"],
                condition=~Q(fact="") & ~Q(status=_S.WITHDRAWN.value),
                name="outcome_once_per_fact",
            ),
            both_or_neither("decided_at", "decided_by", name="outcome_decided_pair"),
            CheckConstraint(
                condition=Q(status__in=[_S.REPORTED.value, _S.WITHDRAWN.value])
                | Q(decided_at__isnull=False),
                name="outcome_decided_whole",
            ),
            CheckConstraint(
                condition=~Q(status=_S.REJECTED.value) | ~Q(decision_reason=""),
                name="outcome_rejected_with_reason",
            ),
            CheckConstraint(
                condition=~Q(reported_user_id=F("decided_user_id")), name="outcome_two_persons"
            ),
            CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="outcome_amount_positive"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "decided_at", "id"], name="outcome_status"),
            models.Index(fields=["organisation", "-id"], name="outcome_organisation"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="outcome_moves",
                field="status",
                transitions=moves.transitions(moves.OUTCOME_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patent_number} {self.label}"

    @property
    def label(self) -> str:
        """The policy's wording of the code."""
        return outcomes.label(self.code)

    @property
    def is_automatic(self) -> bool:
        """Whether the platform reported it: it follows its licence or deal, nobody rewrites it."""
        return self.licence_id is not None or self.reported_by == Actor.system().key

    def fact_said(self) -> Fact:
        """What of it tells whether another report is news."""
        return Fact(
            self.happened_on, self.contract_number, self.counterparty, automatic=self.is_automatic
        )

    def governed_by(self) -> Governance:
        """The holder reports; the bureau of the patent's region decides."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)
