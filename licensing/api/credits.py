"""Credit for programs: receipts and repayments, the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.fields import MomentField
from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing import selectors
from licensing.api.fees import FeeLineSerializer
from licensing.api.royalties import CURRENCIES
from licensing.api.views import Room
from licensing.models import Credit, CreditUse
from licensing.rules import credits as rules
from licensing.rules import fees
from licensing.selectors.credits import credits_of
from licensing.services import credits

CREDIT_KINDS = [(k.value, rules.CREDIT_LABELS[k]) for k in rules.CreditKind]


class CreditUseSerializer(serializers.ModelSerializer[CreditUse]):
    """What became of a piece of credit: it paid a sum due, or went back."""

    due_id = serializers.SerializerMethodField()

    class Meta:
        model = CreditUse
        fields = ("id", "amount", "due_id", "refunded_on", "reference", "used_at")
        read_only_fields = fields

    def get_due_id(self, row: CreditUse) -> int | None:
        """The sum it paid; none where it went back."""
        return row.payment.due_id if row.payment else None


class CreditSerializer(serializers.ModelSerializer[Credit]):
    """Money to the licensee's credit."""

    kind = serializers.ChoiceField(choices=CREDIT_KINDS, read_only=True)
    paid_currency = serializers.ChoiceField(choices=CURRENCIES, read_only=True)
    explanation = FeeLineSerializer(many=True, read_only=True)
    uses = CreditUseSerializer(many=True, read_only=True)

    class Meta:
        model = Credit
        fields = (
            "id", "licence_id", "kind", "amount", "received_at", "paid_amount", "paid_currency",
            "exchange_rate", "rate_source", "rate_on", "explanation", "reference", "report_id",
            "note", "uses",
        )  # fmt: skip
        read_only_fields = fields


class NewReceiptSerializer(serializers.Serializer[Any]):
    """Money that was paid; a proof can be sent as multipart."""

    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    currency = serializers.ChoiceField(choices=CURRENCIES, default=fees.Currency.CNY.value)
    exchange_rate = serializers.DecimalField(
        max_digits=14, decimal_places=6, required=False, allow_null=True, default=None
    )
    rate_source = serializers.CharField(max_length=120, allow_blank=True, default="")
    rate_on = serializers.DateField(required=False, allow_null=True, default=None)
    received_at = MomentField()
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    proof = serializers.FileField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class NewRefundSerializer(serializers.Serializer[Any]):
    """Credit that was paid back."""

    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    refunded_on = serializers.DateField()
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    proof = serializers.FileField(required=False, allow_null=True, default=None)


class CreditView(Room):
    """Credit 预存款 of a licence."""

    serializer_class = CreditSerializer
    idempotent_actions = ("receive", "refund")

    def _all(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.licence(pk, viewer=self.request.actor)
        return Response(CreditSerializer(credits_of(row), many=True).data, status=code)

    @extend_schema(
        summary="许可账上的预存款",
        parameters=[ID],
        responses={200: CreditSerializer(many=True), **problems(401, 403, 404)},
    )
    def listed(self, request: Request, pk: int) -> Response:
        return self._all(pk)

    @extend_schema(
        summary="登记多付、预付或外币付款",
        description="先抵到期款项，余下的记为预存款。返回这项许可的全部预存款。",
        request=NewReceiptSerializer,
        parameters=[ID, KEY],
        responses={201: CreditSerializer(many=True), **problems(*REFUSED)},
    )
    def receive(self, request: Request, pk: int) -> Response:
        credits.receive(licence_id=pk, **self.command(NewReceiptSerializer))
        return self._all(pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="登记退回预存款",
        request=NewRefundSerializer,
        parameters=[ID, KEY],
        responses={201: CreditSerializer(many=True), **problems(*REFUSED)},
    )
    def refund(self, request: Request, pk: int) -> Response:
        credits.refund_credit(licence_id=pk, **self.command(NewRefundSerializer))
        return self._all(pk, status.HTTP_201_CREATED)


urlpatterns = [
    path(
        "licences/<int:pk>/credits/", CreditView.as_view({"get": "listed"}), name="licence-credits"
    ),
    path(
        "licences/<int:pk>/receipts/",
        CreditView.as_view({"post": "receive"}),
        name="licence-receipts",
    ),
    path(
        "licences/<int:pk>/refunds/", CreditView.as_view({"post": "refund"}), name="licence-refunds"
    ),
]
