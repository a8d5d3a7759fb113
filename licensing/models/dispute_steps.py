"""What is done in a dispute: papers handed in, sessions held, settlements proposed."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from licensing.models.disputes import PARTIES, Dispute
from licensing.rules import disputes as rules
from licensing.rules import moves
from licensing.rules.deals import Party
from licensing.rules.disputes import ProposalStatus, Voice

_P = ProposalStatus
VOICES = [(v.value, rules.VOICE_LABELS[v]) for v in Voice]
KNOWN_VOICES = sorted(v.value for v in Voice)


class DisputePaper(models.Model):
    """A piece of evidence; never changed."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="papers")
    side = models.CharField("提交方", max_length=8, choices=VOICES)
    attachment = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")
    note = models.CharField("证明什么", max_length=500, blank=True, default="")
    handed_at = models.DateTimeField()
    handed_by = ActorKeyField()

    class Meta:
        verbose_name = "纠纷材料"
        ordering: ClassVar = ["handed_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(side__in=KNOWN_VOICES), name="dispute_paper_side_known"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="dispute_paper_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.note}"

    @property
    def side_label(self) -> str:
        """Who handed it in."""
        return self.dispute.label(self.side)


class DisputeSession(models.Model):
    """A meeting of the parties with the mediator 调解会: called, then held with its minutes."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="sessions")
    at = models.DateTimeField("时间")
    place = models.CharField("地点或会议链接", max_length=200)
    called_at = models.DateTimeField()
    called_by = ActorKeyField()
    minutes = models.TextField("调解笔录", blank=True, default="", max_length=4000)
    noted_at = models.DateTimeField(null=True, blank=True)
    noted_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "调解会"
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(place=""), name="dispute_session_somewhere"),
            both_or_neither("noted_at", "noted_by", name="dispute_session_noted_pair"),
            CheckConstraint(
                condition=Q(minutes="", noted_at__isnull=True)
                | (~Q(minutes="") & Q(noted_at__isnull=False)),
                name="dispute_session_minutes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.place}"


class DisputeProposal(models.Model):
    """A way to settle it; both parties accept the same words, or it comes to nothing."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="proposals")
    version = models.PositiveSmallIntegerField("第几版")
    side = models.CharField("提出方", max_length=8, choices=VOICES)
    text = models.TextField("解决方案", max_length=4000)
    amount = models.DecimalField("支付金额", max_digits=18, decimal_places=2, null=True, blank=True)
    payer = models.CharField("付款方", max_length=8, choices=PARTIES, blank=True, default="")
    pay_by = models.DateField("支付期限", null=True, blank=True)
    releases = models.BooleanField("争议款项不再支付", default=False)
    status = models.CharField(
        "状态",
        max_length=10,
        default=_P.PROPOSED.value,
        choices=[(s.value, rules.PROPOSAL_LABELS[s]) for s in _P],
    )
    proposed_at = models.DateTimeField()
    proposed_by = ActorKeyField()
    holder_at = models.DateTimeField("权利人接受", null=True, blank=True)
    holder_by = ActorKeyField(null=True, blank=True)
    taker_at = models.DateTimeField("需求方接受", null=True, blank=True)
    taker_by = ActorKeyField(null=True, blank=True)
    refused_side = models.CharField(max_length=8, choices=PARTIES, blank=True, default="")
    reason = models.TextField("未接受的理由", blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = "解决方案"
        ordering: ClassVar = ["dispute", "-version"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["dispute", "version"], name="dispute_proposal_version_once"),
            UniqueConstraint(
                fields=["dispute"],
                condition=Q(status=_P.PROPOSED.value),
                name="one_waiting_dispute_proposal",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _P)),
                name="dispute_proposal_status_known",
            ),
            CheckConstraint(condition=Q(side__in=KNOWN_VOICES), name="dispute_proposal_side_known"),
            CheckConstraint(condition=~Q(text=""), name="dispute_proposal_says_what"),
            CheckConstraint(
                condition=Q(amount__isnull=True, payer="", pay_by__isnull=True)
                | Q(
                    amount__isnull=False,
                    amount__gt=0,
                    payer__in=sorted(p.value for p in Party),
                    pay_by__isnull=False,
                ),
                name="dispute_proposal_sum_whole",
            ),
            both_or_neither("holder_at", "holder_by", name="dispute_proposal_holder_pair"),
            both_or_neither("taker_at", "taker_by", name="dispute_proposal_taker_pair"),
            CheckConstraint(
                condition=~Q(status=_P.ACCEPTED.value)
                | Q(holder_at__isnull=False, taker_at__isnull=False),
                name="dispute_proposal_accepted_by_both",
            ),
            CheckConstraint(
                condition=Q(status=_P.REFUSED.value) & ~Q(refused_side="") & ~Q(reason="")
                | ~Q(status=_P.REFUSED.value) & Q(refused_side="", reason=""),
                name="dispute_proposal_refused_by_one",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="dispute_proposal_moves",
                field="status",
                transitions=moves.transitions(rules.PROPOSAL_MOVES),
            ),
            pgtrigger.Protect(name="dispute_proposal_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} 第 {self.version} 版"

    @property
    def side_label(self) -> str:
        """Who made it."""
        return self.dispute.label(self.side)

    @property
    def refused_label(self) -> str:
        """Who did not accept it."""
        return self.dispute.label(self.refused_side)

    def accepted_by(self, side: str) -> bool:
        """Whether that party has accepted it."""
        return (self.holder_at if side == Party.HOLDER else self.taker_at) is not None
