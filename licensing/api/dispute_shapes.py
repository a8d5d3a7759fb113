"""What goes in and out of the disputes' resource."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import MomentField
from licensing.models import Dispute, DisputePaper, DisputeProposal, DisputeSession
from licensing.rules import deals
from licensing.rules import disputes as rules

DISPUTE_STATUSES = [(s.value, rules.DISPUTE_LABELS[s]) for s in rules.DisputeStatus]
DISPUTE_TOPICS = [(t.value, rules.TOPIC_LABELS[t]) for t in rules.Topic]
DISPUTE_VOICES = [(v.value, rules.VOICE_LABELS[v]) for v in rules.Voice]
PROPOSAL_STATUSES = [(s.value, rules.PROPOSAL_LABELS[s]) for s in rules.ProposalStatus]
PAYERS = [("", "不涉及付款"), *((p.value, deals.PARTY_LABELS[p]) for p in deals.Party)]
CONTRACT = (
    "id", "number", "status", "topic", "deal_id", "licence_id", "pool_licence_id",
    "contract_number", "patent_id", "patent_number", "patent_title", "holder_id", "taker_id",
    "side", "due_id", "report_id", "termination_id", "pool_due_id", "pool_report_id", "amount",
    "currency", "holds", "opened_at", "due_by", "mediator_id", "mediator_name", "closed_at",
)  # fmt: skip


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    """A dispute in a list."""

    status = serializers.ChoiceField(choices=DISPUTE_STATUSES, read_only=True)
    topic = serializers.ChoiceField(choices=DISPUTE_TOPICS, read_only=True)
    side = serializers.ChoiceField(choices=DISPUTE_VOICES, read_only=True)
    currency = serializers.CharField(read_only=True)

    class Meta:
        model = Dispute
        fields: tuple[str, ...] = CONTRACT
        read_only_fields: tuple[str, ...] = CONTRACT


class DisputePaperSerializer(serializers.ModelSerializer[DisputePaper]):
    """A paper as handed in."""

    side = serializers.ChoiceField(choices=DISPUTE_VOICES, read_only=True)
    name = serializers.CharField(source="attachment.name", read_only=True)

    class Meta:
        model = DisputePaper
        fields = ("id", "side", "name", "note", "handed_at")
        read_only_fields = fields


class DisputeSessionSerializer(serializers.ModelSerializer[DisputeSession]):
    """A session as called and held."""

    class Meta:
        model = DisputeSession
        fields = ("id", "at", "place", "minutes", "noted_at")
        read_only_fields = fields


class SettlementSerializer(serializers.ModelSerializer[DisputeProposal]):
    """A proposal with each party's word on it."""

    status = serializers.ChoiceField(choices=PROPOSAL_STATUSES, read_only=True)
    side = serializers.ChoiceField(choices=DISPUTE_VOICES, read_only=True)
    payer = serializers.CharField(read_only=True)

    class Meta:
        model = DisputeProposal
        fields = (
            "version", "side", "text", "amount", "payer", "pay_by", "releases", "status",
            "proposed_at", "holder_at", "taker_at", "reason",
        )  # fmt: skip
        read_only_fields = fields


class DisputeDetailSerializer(DisputeSerializer):
    """All of it, as far as the caller may read."""

    content_hash = serializers.CharField(
        source="document.content_hash", read_only=True, default=None
    )
    papers = serializers.SerializerMethodField()
    sessions = serializers.SerializerMethodField()
    proposals = serializers.SerializerMethodField()

    class Meta(DisputeSerializer.Meta):
        fields = (
            *CONTRACT, "facts", "wish", "answer", "mediation_note", "note", "closing",
            "content_hash", "papers", "sessions", "proposals",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(DisputePaperSerializer(many=True))
    def get_papers(self, row: Dispute) -> Any:
        rows = row.papers.select_related("attachment")
        return DisputePaperSerializer(rows, many=True).data if self._inside() else []

    @extend_schema_field(DisputeSessionSerializer(many=True))
    def get_sessions(self, row: Dispute) -> Any:
        rows = row.sessions.all()
        return DisputeSessionSerializer(rows, many=True).data if self._inside() else []

    @extend_schema_field(SettlementSerializer(many=True))
    def get_proposals(self, row: Dispute) -> Any:
        rows = row.proposals.all()
        return SettlementSerializer(rows, many=True).data if self._inside() else []

    def _inside(self) -> bool:
        return bool(self.context.get("inside"))


def _pk() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


def _sum() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )


class NewDisputeSerializer(serializers.Serializer[Any]):
    """What a party brings."""

    deal_id = _pk()
    licence_id = _pk()
    pool_licence_id = _pk()
    topic = serializers.ChoiceField(choices=DISPUTE_TOPICS)
    facts = serializers.CharField(max_length=4000)
    wish = serializers.CharField(max_length=2000)
    amount = _sum()
    due_id = _pk()
    report_id = _pk()
    termination_id = _pk()
    pool_due_id = _pk()
    pool_report_id = _pk()
    evidence = serializers.FileField(required=False, allow_null=True, default=None)
    evidence_note = serializers.CharField(max_length=500, allow_blank=True, default="")


class DisputeAnswerSerializer(serializers.Serializer[Any]):
    """The other side's opinion."""

    answer = serializers.CharField(max_length=4000)


class DisputeReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=1500)


class DisputePaperInSerializer(serializers.Serializer[Any]):
    """A paper more, as multipart."""

    evidence = serializers.FileField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class MediationAskSerializer(serializers.Serializer[Any]):
    """Why mediation is wanted."""

    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


class MediationConsentSerializer(serializers.Serializer[Any]):
    """What the party that agrees adds."""

    statement = serializers.CharField(max_length=4000, allow_blank=True, default="")


class MediatorSerializer(serializers.Serializer[Any]):
    """Who is to mediate."""

    mediator_id = serializers.IntegerField(min_value=1)
    mediator_name = serializers.CharField(max_length=60)


class SessionInSerializer(serializers.Serializer[Any]):
    """When and where the parties meet."""

    at = MomentField()
    place = serializers.CharField(max_length=200)


class SessionMinutesSerializer(serializers.Serializer[Any]):
    """What was said and came of it."""

    minutes = serializers.CharField(max_length=4000)


class MediationExtendSerializer(serializers.Serializer[Any]):
    """Until when, and why."""

    until = serializers.DateField()
    reason = serializers.CharField(max_length=2000)


class NewSettlementSerializer(serializers.Serializer[Any]):
    """A way to settle it; sum, payer and day all or none."""

    text = serializers.CharField(max_length=4000)
    amount = _sum()
    payer = serializers.ChoiceField(choices=PAYERS, default="", allow_blank=True)
    pay_by = serializers.DateField(required=False, allow_null=True, default=None)
    releases = serializers.BooleanField(default=False, help_text="争议款项不再支付")


class SettlementAnswerSerializer(serializers.Serializer[Any]):
    """Yes or no to the version that was read."""

    version = serializers.IntegerField(min_value=1, max_value=32_767)
    accept = serializers.BooleanField()
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")
