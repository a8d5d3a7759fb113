"""How pledges look in JSON, and what the API takes in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from pledges import rules, selectors
from pledges.models import Pledge, PledgeeConsent, PledgeItem
from pledges.types import PledgeInput

PLEDGE_ENDINGS = [(e.value, label) for e, label in rules.ENDING_LABELS.items()]


class ConsentSerializer(serializers.ModelSerializer[PledgeeConsent]):
    """What the pledgee agreed to."""

    class Meta:
        model = PledgeeConsent
        fields = ("id", "action", "reference", "given_at")
        read_only_fields = fields


class ItemSerializer(serializers.ModelSerializer[PledgeItem]):
    """A patent under a pledge."""

    agreements = ConsentSerializer(many=True, read_only=True)

    class Meta:
        model = PledgeItem
        fields = ("patent_id", "patent_number", "patent_title", "confirmed", "agreements")
        read_only_fields = fields


class PledgeSerializer(serializers.ModelSerializer[Pledge]):
    """A pledge as its parties see it."""

    status_label = serializers.CharField(source="get_status_display", read_only=True)
    items = ItemSerializer(many=True, read_only=True)
    number_warning = serializers.SerializerMethodField()

    class Meta:
        model = Pledge
        fields = (
            "id", "register_number", "number_warning", "status", "status_label", "pledgee_id",
            "pledgor_id", "debtor_name", "principal", "starts_on", "ends_on", "registered_on",
            "region", "released_on", "ending", "items",
        )  # fmt: skip
        read_only_fields = fields

    def get_number_warning(self, row: Pledge) -> str | None:
        """A word about an unusual register number."""
        return rules.number_warning(row.register_number)


class NewPledgeSerializer(serializers.Serializer[Any]):
    """A registered pledge to be recorded."""

    patent_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), min_length=1, max_length=200
    )
    debtor_name = serializers.CharField(max_length=200)
    principal = serializers.DecimalField(max_digits=18, decimal_places=2, min_value=Decimal("0.01"))
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    register_number = serializers.CharField(max_length=rules.LONGEST_NUMBER)
    registered_on = serializers.DateField()
    confirmed = serializers.ListField(
        child=serializers.ChoiceField(choices=[b.code for b in rules.CONFIRMABLE]),
        required=False,
        default=list,
        help_text="当事人书面确认知悉的情形代码",
    )

    def data_in(self) -> PledgeInput:
        """The pledge as the service takes it."""
        known = dict(self.validated_data)
        known["patent_ids"] = tuple(known["patent_ids"])
        known["confirmed"] = tuple(known["confirmed"])
        return PledgeInput(**known)


class NewConsentSerializer(serializers.Serializer[Any]):
    """What the pledgee agrees to."""

    patent_id = serializers.IntegerField(min_value=1)
    action = serializers.ChoiceField(
        choices=[(a.value, label) for a, label in selectors.ACTION_LABELS.items()]
    )
    reference = serializers.CharField(max_length=120)


class ReleaseSerializer(serializers.Serializer[Any]):
    """The end of a pledge."""

    ending = serializers.ChoiceField(choices=PLEDGE_ENDINGS)
    released_on = serializers.DateField()


class BlockerSerializer(serializers.Serializer[Any]):
    """Something against a pledge."""

    code = serializers.CharField()
    message = serializers.CharField()
    article = serializers.CharField()
    hard = serializers.BooleanField(help_text="false：经当事人确认后可以登记")


class PledgeCheckSerializer(serializers.Serializer[Any]):
    """Whether a patent can be pledged today."""

    patent_id = serializers.IntegerField()
    number = serializers.CharField()
    printed = serializers.CharField()
    title = serializers.CharField()
    holders = serializers.ListField(child=serializers.CharField())
    status = serializers.CharField()
    expires_on = serializers.DateField(allow_null=True)
    can_be_pledged = serializers.BooleanField()
    blockers = BlockerSerializer(many=True)
