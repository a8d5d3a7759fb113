"""Disputes 合同纠纷 on a contract: what it is about, who answers, who mediates, how it ended."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from licensing.models.documents import Document
from licensing.models.endings import Termination
from licensing.models.licences import PaymentDue
from licensing.models.pool_licences import PoolLicence
from licensing.models.pool_royalties import PoolDue, PoolRoyaltyReport
from licensing.models.registrations import OfContract
from licensing.models.royalties import RoyaltyReport
from licensing.rules import deals, fees, moves
from licensing.rules import disputes as rules
from licensing.rules.deals import Party
from licensing.rules.disputes import DisputeStatus

_S = DisputeStatus
OPEN_DISPUTES = sorted(s.value for s in rules.OPEN)
IS_OPEN = Q(status__in=OPEN_DISPUTES)
CONTRACTS = ("deal", "licence", "pool_licence")
# What a dispute may be about more closely, and of which contract it is.
LINES = {
    "report": "licence",
    "due": "licence",
    "termination": "licence",
    "pool_report": "pool_licence",
    "pool_due": "pool_licence",
}
NO_LINE = Q(**{f"{line}__isnull": True for line in LINES})
PARTIES = [(p.value, deals.PARTY_LABELS[p]) for p in Party]


def _of(contract: str) -> Q:
    """This contract and no other."""
    return Q(**{f"{name}__isnull": name != contract for name in CONTRACTS})


def _about_one_line() -> Q:
    """No line, or one and no other, of the contract that has such lines."""
    found = NO_LINE
    for line, contract in LINES.items():
        named = {f"{name}__isnull": name != line for name in LINES}
        found |= Q(**{f"{contract}__isnull": False}, **named)
    return found


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Who sees which disputes."""

    def visible_to(self, viewer: Actor) -> DisputeQuerySet:
        """The parties and the mediator; bureau of the region and auditors once it was called."""
        if viewer.is_system:
            return self
        seen = Q(holder_id__in=viewer.acts_for) | Q(taker_id__in=viewer.acts_for)
        if viewer.organisation_id is not None:
            seen |= Q(mediator_id=viewer.organisation_id)
        called = Q(mediation_asked_at__isnull=False)
        if viewer.has(Role.AUDITOR):
            seen |= called
        if viewer.has(Role.BUREAU):
            seen |= called & Q(region__startswith=viewer.region)
        return self.filter(seen)


class Dispute(OfContract):
    """What two parties of a contract do not agree on, until it is settled or given up.

    Of a licence of a pool the administrator is the holder, and the pool's name stands in place of
    a patent's title: the licence is of many patents.
    """

    patent = models.ForeignKey(  # type: ignore[assignment]  # null for a pool's licence only
        "listings.Patent", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pool_licence = models.ForeignKey(
        PoolLicence, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    number = models.CharField("纠纷编号", max_length=40, unique=True, null=True, blank=True)
    side = models.CharField("提出方", max_length=8, choices=PARTIES)
    topic = models.CharField(
        "争议事项", max_length=12, choices=[(t.value, rules.TOPIC_LABELS[t]) for t in rules.Topic]
    )
    status = models.CharField(
        "状态",
        max_length=12,
        default=_S.OPENED.value,
        choices=[(s.value, rules.DISPUTE_LABELS[s]) for s in _S],
    )
    facts = models.TextField("事实和理由", max_length=4000)
    wish = models.TextField("请求", max_length=2000)
    amount = models.DecimalField("争议金额", max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(
        "币种",
        max_length=3,
        default=fees.Currency.CNY.value,
        choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency],
    )
    report = models.ForeignKey(
        RoyaltyReport, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    due = models.ForeignKey(
        PaymentDue, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    termination = models.ForeignKey(
        Termination, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    pool_report = models.ForeignKey(
        PoolRoyaltyReport, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    pool_due = models.ForeignKey(
        PoolDue, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    # Dunning rests while it runs; a second dispute about the same line does not stop it again.
    holds = models.BooleanField("暂停催款", default=False)
    opened_at = models.DateTimeField()
    opened_by = ActorKeyField()
    due_by = models.DateField("本阶段期限", null=True, blank=True)
    answer = models.TextField("答复", blank=True, default="", max_length=4000)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    mediation_side = models.CharField(
        "申请调解方", max_length=8, choices=PARTIES, blank=True, default=""
    )
    mediation_note = models.TextField("调解申请", blank=True, default="", max_length=2000)
    mediation_asked_at = models.DateTimeField(null=True, blank=True)
    mediation_asked_by = ActorKeyField(null=True, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    consented_by = ActorKeyField(null=True, blank=True)
    mediator = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    mediator_name = models.CharField("调解员", max_length=60, blank=True, default="")
    named_at = models.DateTimeField(null=True, blank=True)
    named_by = ActorKeyField(null=True, blank=True)
    extended = models.BooleanField("已延长", default=False)
    note = models.TextField("办理说明", blank=True, default="", max_length=2000)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)
    closing = models.TextField("结果", blank=True, default="", max_length=2000)
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="dispute"
    )

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = "合同纠纷"
        constraints: ClassVar = [
            CheckConstraint(
                condition=_of("deal") | _of("licence") | _of("pool_licence"), name="dispute_of_one"
            ),
            CheckConstraint(condition=_about_one_line(), name="dispute_about_one_line"),
            CheckConstraint(
                condition=Q(patent__isnull=False) | Q(pool_licence__isnull=False),
                name="dispute_of_a_patent",
            ),
            UniqueConstraint(fields=["report"], condition=IS_OPEN, name="one_open_dispute_report"),
            UniqueConstraint(fields=["due"], condition=IS_OPEN, name="one_open_dispute_due"),
            UniqueConstraint(
                fields=["termination"], condition=IS_OPEN, name="one_open_dispute_termination"
            ),
            UniqueConstraint(
                fields=["pool_report"], condition=IS_OPEN, name="one_open_dispute_pool_report"
            ),
            UniqueConstraint(
                fields=["pool_due"], condition=IS_OPEN, name="one_open_dispute_pool_due"
            ),
            UniqueConstraint(
                fields=["pool_licence", "topic"],
                condition=IS_OPEN & NO_LINE,
                name="one_open_dispute_pool",
            ),
            UniqueConstraint(
                fields=["licence", "topic"],
                condition=IS_OPEN & NO_LINE,
                name="one_open_dispute_licence",
            ),
            UniqueConstraint(
                fields=["deal", "topic"], condition=IS_OPEN, name="one_open_dispute_deal"
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)), name="dispute_status_known"
            ),
            CheckConstraint(
                condition=Q(topic__in=sorted(t.value for t in rules.Topic)),
                name="dispute_topic_known",
            ),
            CheckConstraint(
                condition=Q(side__in=sorted(p.value for p in Party)), name="dispute_side_known"
            ),
            CheckConstraint(condition=~Q(facts="") & ~Q(wish=""), name="dispute_says_what"),
            CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="dispute_sum_positive"
            ),
            CheckConstraint(
                condition=Q(mediator__isnull=True)
                | (~Q(mediator=F("holder")) & ~Q(mediator=F("taker")) & ~Q(mediator_name="")),
                name="dispute_mediator_no_party",
            ),
            both_or_neither("answered_at", "answered_by", name="dispute_answered_pair"),
            both_or_neither("mediation_asked_at", "mediation_asked_by", name="dispute_asked_pair"),
            both_or_neither("consented_at", "consented_by", name="dispute_consented_pair"),
            both_or_neither("named_at", "named_by", name="dispute_named_pair"),
            both_or_neither("closed_at", "closed_by", name="dispute_closed_pair"),
            CheckConstraint(
                condition=~Q(status__in=["accepted", "mediating"])
                | (Q(consented_at__isnull=False) & ~Q(mediation_side="")),
                name="dispute_mediated_by_consent",
            ),
            CheckConstraint(
                condition=~Q(status="mediating") | Q(mediator__isnull=False),
                name="dispute_mediated_by_somebody",
            ),
            CheckConstraint(
                condition=(IS_OPEN & Q(closed_at__isnull=True, due_by__isnull=False))
                | (~IS_OPEN & Q(closed_at__isnull=False, due_by__isnull=True) & ~Q(closing="")),
                name="dispute_open_or_closed",
            ),
            CheckConstraint(
                condition=Q(status="settled", document__isnull=False)
                | (~Q(status="settled") & Q(document__isnull=True)),
                name="dispute_settled_on_paper",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder", "-id"], name="dispute_holder"),
            models.Index(fields=["taker", "-id"], name="dispute_taker"),
            models.Index(fields=["region", "status"], name="dispute_region"),
            models.Index(fields=["due_by"], condition=IS_OPEN, name="dispute_due_by"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="dispute_moves",
                field="status",
                transitions=moves.transitions(rules.DISPUTE_MOVES),
            ),
            pgtrigger.Protect(name="dispute_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.number or f"纠纷 {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it still runs."""
        return self.status in rules.OPEN

    @property
    def open_licence(self) -> bool:
        """Whether it is about a licence taken from an open declaration (PL52)."""
        return self.licence is not None and self.licence.declaration_id is not None

    @property
    def contract_url(self) -> str:
        """Where the parties find the contract."""
        if self.pool_licence_id:
            return f"/pool-licences/{self.pool_licence_id}/"
        return super().contract_url

    @property
    def has_sum(self) -> bool:
        """Whether it is about a sum due or a report."""
        named = (self.due_id, self.report_id, self.pool_due_id, self.pool_report_id)
        return any(pk is not None for pk in named)

    @property
    def can_hold(self) -> bool:
        """Whether something may rest while it runs: a sum, or the notice that ends a deal."""
        return self.has_sum or (self.deal_id is not None and self.topic == rules.Topic.TERMINATION)

    @property
    def line_text(self) -> str:
        """The line it is about, in words."""
        due, report = self.due or self.pool_due, self.report or self.pool_report
        if due is not None:
            return f"{due.get_kind_display()}，应付日 {due.due_on:%Y-%m-%d}"
        if report is not None:
            return f"提成申报 {report}"
        if self.termination is not None:
            return f"终止：{self.termination.get_ground_display()}"
        return ""

    def label(self, voice: str) -> str:
        """Who speaks there, in words: the sides of a pool licence have names of their own."""
        return rules.label(voice, of_pool=self.pool_licence_id is not None)

    @property
    def holder_label(self) -> str:
        """What its one side is called."""
        return self.label(Party.HOLDER)

    @property
    def taker_label(self) -> str:
        """What its other side is called."""
        return self.label(Party.TAKER)

    def organisation_of(self, side: str) -> int:
        """The organisation on that side."""
        return self.holder_id if side == Party.HOLDER else self.taker_id
