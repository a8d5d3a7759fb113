"""Conduct notes 信用记录 on parties of contracts, and what they said before they were corrected."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.deal_endings import DealEnding
from licensing.models.endings import Termination
from licensing.models.licences import PaymentDue
from licensing.models.registrations import ONE_CONTRACT, OfContract
from licensing.models.settlement_sums import SettlementSum
from licensing.rules import conduct as rules
from licensing.rules import moves
from licensing.rules.conduct import ConductKind, ConductStatus

_S = ConductStatus
KINDS = [(k.value, rules.KIND_LABELS[k]) for k in ConductKind]
RECORDS = ("due", "termination", "settlement", "ending")
FROM_RECORDS = Q(kind="performed") | ~Q(**{f"{record}__isnull": True for record in RECORDS})
NOT_STRUCK = ~Q(status=_S.STRUCK.value)


class ConductNoteQuerySet(models.QuerySet["ConductNote"]):
    """Who sees which notes."""

    def visible_to(self, viewer: Actor) -> ConductNoteQuerySet:
        """The party itself and the bureau of the contract's region; others only by a contract."""
        if viewer.is_system:
            return self
        seen = Q(organisation_id__in=viewer.acts_for)
        if viewer.has(Role.BUREAU):
            seen |= Q(region__startswith=viewer.region)
        return self.filter(seen)


class ConductNote(OfContract):
    """One fact about one party of one contract."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField("事项", max_length=12, choices=KINDS)
    status = models.CharField(
        "状态",
        max_length=10,
        default=_S.TOLD.value,
        choices=[(s.value, rules.CONDUCT_LABELS[s]) for s in _S],
    )
    happened_on = models.DateField("发生日")
    fact = models.TextField("事实", max_length=2000)
    source = models.CharField("来源", max_length=200)
    due = models.ForeignKey(
        PaymentDue, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    termination = models.ForeignKey(
        Termination, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settlement = models.ForeignKey(
        SettlementSum, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ending = models.ForeignKey(
        DealEnding, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    stated_at = models.DateTimeField()
    stated_by = ActorKeyField()
    answer_by = models.DateField("答复期限")
    answer = models.TextField("当事人答复", blank=True, default="", max_length=2000)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    effective_on = models.DateField("生效日", null=True, blank=True)
    expires_on = models.DateField("有效期至", null=True, blank=True)
    appeal = models.TextField("申诉", blank=True, default="", max_length=2000)
    appealed_at = models.DateTimeField(null=True, blank=True)
    appealed_by = ActorKeyField(null=True, blank=True)
    decision = models.TextField("处理意见", blank=True, default="", max_length=2000)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)

    objects = ConductNoteQuerySet.as_manager()

    class Meta:
        verbose_name = "信用记录"
        constraints: ClassVar = [
            CheckConstraint(condition=ONE_CONTRACT, name="conduct_of_one"),
            CheckConstraint(
                condition=Q(organisation=F("holder")) | Q(organisation=F("taker")),
                name="conduct_of_a_party",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)), name="conduct_status_known"
            ),
            CheckConstraint(
                condition=Q(kind__in=sorted(k.value for k in ConductKind)),
                name="conduct_kind_known",
            ),
            CheckConstraint(condition=~Q(fact="") & ~Q(source=""), name="conduct_sourced"),
            CheckConstraint(
                condition=~Q(stated_by="system") | FROM_RECORDS, name="conduct_from_records"
            ),
            both_or_neither("answered_at", "answered_by", name="conduct_answered_pair"),
            both_or_neither("appealed_at", "appealed_by", name="conduct_appealed_pair"),
            both_or_neither("decided_at", "decided_by", name="conduct_decided_pair"),
            both_or_neither("effective_on", "expires_on", name="conduct_effective_pair"),
            CheckConstraint(
                condition=~Q(status__in=["in_force", "expired"]) | Q(effective_on__isnull=False),
                name="conduct_counts_from_a_day",
            ),
            CheckConstraint(
                condition=Q(effective_on__isnull=True)
                | Q(effective_on__gt=F("answer_by"))
                | Q(appealed_at__isnull=False),
                name="conduct_told_before_it_counts",
            ),
            CheckConstraint(
                condition=~Q(status=_S.APPEALED.value)
                | (Q(appealed_at__isnull=False) & ~Q(appeal="")),
                name="conduct_appealed_with_words",
            ),
            CheckConstraint(
                condition=~Q(status=_S.STRUCK.value)
                | (Q(decided_at__isnull=False) & ~Q(decision="")),
                name="conduct_struck_with_reason",
            ),
            UniqueConstraint(
                fields=["due", "kind"], condition=NOT_STRUCK, name="one_conduct_note_a_due"
            ),
            UniqueConstraint(
                fields=["termination"], condition=NOT_STRUCK, name="one_conduct_note_an_ending"
            ),
            UniqueConstraint(
                fields=["organisation", "licence"],
                condition=Q(kind="performed"),
                name="one_conduct_note_a_licence",
            ),
            UniqueConstraint(
                fields=["settlement"], condition=NOT_STRUCK, name="one_conduct_note_a_settlement"
            ),
            UniqueConstraint(
                fields=["ending"], condition=NOT_STRUCK, name="one_conduct_note_a_deal_ending"
            ),
            UniqueConstraint(
                fields=["organisation", "deal"],
                condition=Q(kind="performed"),
                name="one_conduct_note_a_deal",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="conduct_organisation"),
            models.Index(fields=["region", "status"], name="conduct_region"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="conduct_moves",
                field="status",
                transitions=moves.transitions(rules.CONDUCT_MOVES),
            ),
            pgtrigger.Protect(name="conduct_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.happened_on:%Y-%m-%d}"

    def governed_by(self) -> Governance:
        """The party's own affair, seen from the contract's region."""
        return Governance(frozenset({self.organisation_id}), self.region)


class ConductRevision(models.Model):
    """What a note said before it was corrected; never changed."""

    note = models.ForeignKey(ConductNote, on_delete=models.PROTECT, related_name="revisions")
    kind = models.CharField("事项", max_length=12, choices=KINDS)
    happened_on = models.DateField("发生日")
    fact = models.TextField("事实", max_length=2000)
    reason = models.TextField("更正理由", max_length=4100)
    revised_at = models.DateTimeField()
    revised_by = ActorKeyField()

    class Meta:
        verbose_name = "信用记录的更正"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(reason=""), name="conduct_revision_reasoned"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="conduct_revision_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.note_id} {self.revised_at:%Y-%m-%d}"
