"""How licensing's things look in JSON, and what the API takes in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import MomentField
from licensing.models import Contest, Licence, OpenDeclaration, Outcome, Payment, PaymentDue
from licensing.rules import fees, outcomes
from licensing.types import DeclarationTerms, OutcomeReport

PART_KINDS = [(k.value, fees.PART_LABELS[k]) for k in fees.PartKind]


class TierSerializer(serializers.Serializer[fees.Tier]):
    """From this much in a contract year on, what lies above it bears this rate."""

    above = serializers.DecimalField(max_digits=18, decimal_places=2)
    rate = serializers.DecimalField(max_digits=7, decimal_places=4)


class FeePartSerializer(serializers.Serializer[fees.FeePart]):
    """One part of a fee plan."""

    kind = serializers.ChoiceField(choices=PART_KINDS, help_text="组成部分的种类")
    amount = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )
    due_days = serializers.IntegerField(min_value=0, max_value=36500, default=0)
    base = serializers.ChoiceField(
        choices=[(b.value, fees.BASE_LABELS[b]) for b in fees.RoyaltyBase],
        required=False,
        allow_null=True,
        default=None,
    )
    rate = serializers.DecimalField(
        max_digits=7, decimal_places=4, required=False, allow_null=True, default=None
    )
    cap = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )
    floor = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )
    trigger = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    free_months = serializers.IntegerField(
        min_value=1, max_value=600, required=False, allow_null=True, default=None
    )
    share = serializers.DecimalField(
        max_digits=7, decimal_places=4, required=False, allow_null=True, default=None
    )
    tiers = TierSerializer(many=True, required=False, default=list, help_text="分档提成，起点递增")
    total_cap = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )
    period_months = serializers.IntegerField(
        min_value=1, max_value=12, default=12, help_text="申报周期（月）：1、3、6 或 12"
    )


class DeclarationSerializer(serializers.ModelSerializer[OpenDeclaration]):
    """An open licence with its terms."""

    status_label = serializers.CharField(source="get_status_display", read_only=True)
    mode = serializers.CharField(source="plan.mode", read_only=True)
    price = serializers.SerializerMethodField()
    standard = serializers.SerializerMethodField()
    fee_parts = serializers.SerializerMethodField()
    on_offer = serializers.SerializerMethodField()

    class Meta:
        model = OpenDeclaration
        fields = (
            "id", "number", "status", "status_label", "patent_id", "patent_number", "patent_title",
            "patentees", "licensor_id", "region", "mode", "price", "standard", "fee_parts",
            "months", "remarks", "filed_on", "announced_on", "patent_lapsed_on", "on_offer",
            "revision",
        )  # fmt: skip
        read_only_fields = fields

    def get_price(self, row: OpenDeclaration) -> str:
        """The price in one line."""
        return fees.price_text(row.plan.terms())

    def get_standard(self, row: OpenDeclaration) -> list[str]:
        """The payment standard as announced."""
        return fees.standard_lines(row.plan.terms())

    @extend_schema_field(FeePartSerializer(many=True))
    def get_fee_parts(self, row: OpenDeclaration) -> Any:
        """The parts of the plan."""
        return [FeePartSerializer(part).data for part in row.plan.terms()]

    def get_on_offer(self, row: OpenDeclaration) -> bool:
        """Whether it can be taken as far as this room knows."""
        return row.status == "announced" and row.patent_lapsed_on is None


class TermsSerializer(serializers.Serializer[Any]):
    """What a patentee offers."""

    fee_parts = FeePartSerializer(many=True, allow_empty=False)
    months = serializers.IntegerField(
        min_value=1, max_value=240, required=False, allow_null=True, default=None
    )
    remarks = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    cap_reasons = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default=""
    )

    def terms(self) -> DeclarationTerms:
        """The terms as the services take them."""
        known = self.validated_data
        return DeclarationTerms(
            parts=tuple(fee_part(part) for part in known["fee_parts"]),
            months=known["months"],
            remarks=known["remarks"],
            cap_reasons=known["cap_reasons"],
        )


def fee_part(part: dict[str, Any]) -> fees.FeePart:
    """A part as the rules know it."""
    return fees.FeePart(
        **(
            part
            | {
                "kind": fees.PartKind(part["kind"]),
                "base": fees.RoyaltyBase(part["base"]) if part["base"] else None,
                "tiers": tuple(fees.Tier(**tier) for tier in part["tiers"]),
            }
        )
    )


class NewDeclarationSerializer(TermsSerializer):
    """A declaration to be drafted."""

    patent_id = serializers.IntegerField(min_value=1)


class ReviseDeclarationSerializer(TermsSerializer):
    """Other terms for a draft that was read at this revision."""

    revision = serializers.IntegerField(min_value=1)


class AnnounceSerializer(serializers.Serializer[Any]):
    """The two days of a declaration."""

    filed_on = serializers.DateField()
    announced_on = serializers.DateField()
    revision = serializers.IntegerField(min_value=1)


class ReasonSerializer(serializers.Serializer[Any]):
    """A reason in words."""

    reason = serializers.CharField(max_length=2000)


class CheckSerializer(serializers.Serializer[Any]):
    """One condition of a declaration."""

    ok = serializers.BooleanField()
    hard = serializers.BooleanField()
    message = serializers.CharField()
    article = serializers.CharField()


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """Money that was paid."""

    class Meta:
        model = Payment
        fields = ("id", "due_id", "amount", "paid_at", "reference", "recorded_at")
        read_only_fields = fields


class DueSerializer(serializers.ModelSerializer[PaymentDue]):
    """A sum due."""

    class Meta:
        model = PaymentDue
        fields = ("id", "position", "kind", "amount", "due_on", "at_conclusion")
        read_only_fields = fields


class ContestSerializer(serializers.ModelSerializer[Contest]):
    """An objection."""

    class Meta:
        model = Contest
        fields = ("id", "status", "reason", "raised_at", "resolved_at", "resolution")
        read_only_fields = fields


class LicenceSerializer(serializers.ModelSerializer[Licence]):
    """A licence as its parties see it."""

    status_label = serializers.CharField(source="get_status_display", read_only=True)
    dues = DueSerializer(many=True, read_only=True)
    payments = PaymentSerializer(many=True, read_only=True)
    contests = ContestSerializer(many=True, read_only=True)

    class Meta:
        model = Licence
        fields = (
            "id", "number", "kind", "status", "status_label", "declaration_id", "patent_id",
            "patent_number", "patent_title", "licensor_id", "licensee_id", "region", "territory",
            "served_at", "channel", "effective_at", "explanation", "starts_on", "ends_on",
            "filing_number", "filed_on", "closed_at", "closed_reason", "patent_lapsed_on", "dues",
            "payments", "contests",
        )  # fmt: skip
        read_only_fields = fields


class TakeSerializer(serializers.Serializer[Any]):
    """Accepting an open licence. Without `served_at` the platform serves the notice now."""

    declaration_id = serializers.IntegerField(min_value=1)
    accept_terms = serializers.BooleanField(help_text="须为 true：接受公告的许可条件")
    licensee_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None,
        help_text="受托代办时填写委托企业，本企业办理时省略",
    )  # fmt: skip
    served_at = MomentField(required=False, allow_null=True, default=None)

    def validate_accept_terms(self, value: bool) -> bool:
        """Nobody takes a licence without accepting its terms."""
        if not value:
            raise serializers.ValidationError("须接受公告的许可条件。")
        return value


class NewPaymentSerializer(serializers.Serializer[Any]):
    """A payment with its receipt number; a file can be sent as multipart."""

    due_id = serializers.IntegerField(min_value=1)
    amount = serializers.DecimalField(max_digits=18, decimal_places=2, min_value=Decimal("0.01"))
    paid_at = MomentField()
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    proof = serializers.FileField(required=False, allow_null=True, default=None)


class ResolveSerializer(serializers.Serializer[Any]):
    """The decision on an objection."""

    uphold = serializers.BooleanField()
    resolution = serializers.CharField(max_length=2000)


class FilingSerializer(serializers.Serializer[Any]):
    """The filing of a licence."""

    filing_number = serializers.CharField(max_length=40)
    filed_on = serializers.DateField()


class OutcomeSerializer(serializers.ModelSerializer[Outcome]):
    """What became of a patent."""

    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    status_label = serializers.CharField(source="get_status_display", read_only=True)

    class Meta:
        model = Outcome
        fields = (
            "id", "code", "label", "status", "status_label", "patent_id", "patent_number",
            "patent_title", "organisation_id", "region", "happened_on", "licence_id",
            "contract_number", "counterparty", "amount", "note", "reported_at", "decided_at",
            "decision_reason",
        )  # fmt: skip
        read_only_fields = fields


class NewOutcomeSerializer(serializers.Serializer[Any]):
    """An outcome to be reported; the evidence file can be sent as multipart."""

    patent_id = serializers.IntegerField(min_value=1)
    code = serializers.ChoiceField(choices=[(c, k.label) for c, k in outcomes.OUTCOMES.items()])
    happened_on = serializers.DateField()
    contract_number = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default=""
    )
    counterparty = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )
    amount = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    evidence = serializers.FileField(required=False, allow_null=True, default=None)

    def report(self) -> OutcomeReport:
        """The report as the service takes it."""
        known = dict(self.validated_data)
        known.pop("evidence")
        return OutcomeReport(**known)


class DecisionSerializer(serializers.Serializer[Any]):
    """The bureau's word."""

    verified = serializers.BooleanField()
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class AgainSerializer(serializers.Serializer[Any]):
    """What is mended in a report that was sent back; what is left out stays."""

    contract_number = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default=""
    )
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    evidence = serializers.FileField(required=False, allow_null=True, default=None)
