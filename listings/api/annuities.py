"""The API of annuities: the calendar, and what was paid."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.days import legal_day
from core.errors import Invalid
from core.idempotency.api import IdempotentCreateMixin
from listings import selectors
from listings.api.views import whole
from listings.rules.annuities import AnnuityState
from listings.selectors import office
from listings.selectors.upkeep import annuities, annuity_records
from listings.selectors.upkeep.annuities import Due
from listings.services import upkeep
from listings.types import PatentCard

STATES = [(state.value, state.value) for state in AnnuityState]


class AnnuityLineSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(help_text="怎么算的")  # type: ignore[assignment]
    amount = serializers.DecimalField(max_digits=10, decimal_places=2)
    article = serializers.CharField(help_text="依据")


class AnnuitySerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField()
    number = serializers.CharField(help_text="专利号")
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES, help_text="paid 未到期；grace 滞纳期内")
    maintained = serializers.BooleanField(help_text="false：已决定不再维持")
    year = serializers.IntegerField(allow_null=True, help_text="第几年度")
    due_on = serializers.DateField(allow_null=True)
    grace_until = serializers.DateField(allow_null=True)
    full = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    reduction = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    surcharge = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    total = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    lines = AnnuityLineSerializer(many=True)


class AnnuityPaymentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    patent_id = serializers.IntegerField()
    year = serializers.IntegerField()
    due_on = serializers.DateField()
    covers_to = serializers.DateField(help_text="缴至")
    paid_on = serializers.DateField()
    amount = serializers.DecimalField(max_digits=10, decimal_places=2)
    expected = serializers.DecimalField(max_digits=10, decimal_places=2, help_text="测算")
    basis = AnnuityLineSerializer(many=True)
    receipt = serializers.CharField()
    corrected_at = serializers.DateTimeField(allow_null=True)
    corrected_because = serializers.CharField()


class NewAnnuityPaymentSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField(min_value=1)
    paid_on = serializers.DateField()
    year = serializers.IntegerField(
        required=False, min_value=1, max_value=25, help_text="不填为下一年度"
    )
    amount = serializers.DecimalField(
        max_digits=10, decimal_places=2, required=False, help_text="不填按测算"
    )
    receipt = serializers.CharField(max_length=60, required=False, allow_blank=True)


class CorrectionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)


class Soonest(Cursor):
    ordering = ("annuity_paid_to", "pk")  # type: ignore[assignment]


def shown(due: Due, card: PatentCard) -> dict[str, Any]:
    quote = due.quote
    return {
        "patent_id": card.id,
        "number": card.printed,
        "title": card.title,
        "state": due.state.value,
        "maintained": not due.is_dropped,
        "year": quote.year if quote else None,
        "due_on": due.due_on,
        "grace_until": due.grace_until,
        "full": quote.full if quote else None,
        "reduction": quote.reduction if quote else None,
        "surcharge": quote.surcharge if quote else None,
        "total": quote.total if quote else None,
        "lines": quote.lines if quote else (),
    }


class AnnuityViewSet(GenericViewSet[Any]):
    """The next annuity of each patent in force that falls due by a day, soonest first."""

    request: Request
    serializer_class = AnnuitySerializer
    pagination_class = Soonest
    filter_backends = ()
    queryset = office.no_patents()

    @extend_schema(
        operation_id="annuities_list",
        summary="年费日历",
        description="本单位有效专利中已滞纳或到期的年费，金额逐项写明依据。",
        parameters=[
            OpenApiParameter("until", OpenApiTypes.DATE, description="到这一天为止；默认十二个月")
        ],
        responses={200: AnnuitySerializer(many=True), **problems(400)},
    )
    def list(self, request: Request) -> Response:
        on = legal_day(timezone.now())
        until = _until(request, on)
        rows = annuities.in_window(viewer=request.actor, until=until)
        page = [row.pk for row in self.paginate_queryset(rows) or []]
        found = annuities.dues_by_patent(page, viewer=request.actor, on=on, until=until)
        cards = selectors.cards(page, viewer=request.actor)
        body = [shown(found[pk], cards[pk]) for pk in page if pk in found and pk in cards]
        return self.get_paginated_response(self.get_serializer(body, many=True).data)


def _until(request: Request, on: date) -> date:
    said = request.query_params.get("until", "")
    if not said:
        return annuities.horizon(on)
    try:
        day = parse_date(said)
    except ValueError:
        day = None
    if day is None:
        refusal = Invalid(fields={"until": ["请写成 2027-03-01 这样的日期。"]})
        refusal.status = 400
        raise refusal
    return min(day, annuities.horizon(on))


@extend_schema_view(
    list=extend_schema(operation_id="annuity_payments_list", summary="年费缴纳记录"),
)
class AnnuityPaymentViewSet(IdempotentCreateMixin):
    """What was paid, and taken back."""

    request: Request
    serializer_class = AnnuityPaymentSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = annuity_records.no_payments()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "correct")

    def list(self, request: Request) -> Response:
        rows = annuity_records.payments(viewer=request.actor)
        if patent := request.query_params.get("patent_id", ""):
            rows = rows.filter(patent_id=whole(patent))
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="annuity_payments_retrieve",
        summary="一条缴费记录",
        responses={200: AnnuityPaymentSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        row = annuity_records.payment(whole(pk), viewer=request.actor)
        return Response(AnnuityPaymentSerializer(row).data)

    @extend_schema(
        operation_id="annuity_payments_create",
        summary="登记缴费",
        description="逐年登记：默认为下一年度，登记后“年费缴至”顺延一年。",
        parameters=[KEY],
        request=NewAnnuityPaymentSerializer,
        responses={201: AnnuityPaymentSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        data = NewAnnuityPaymentSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = upkeep.record_payment(by=request.actor, now=timezone.now(), **data.validated_data)
        row = annuity_records.payment(pk, viewer=request.actor)
        headers = {"Location": f"/api/v1/annuity-payments/{pk}/"}
        return Response(AnnuityPaymentSerializer(row).data, status=201, headers=headers)

    @extend_schema(
        operation_id="annuity_payments_correct",
        summary="更正缴费记录",
        description="原记录保留，“年费缴至”恢复到登记之前。",
        parameters=[KEY],
        request=CorrectionSerializer,
        responses={200: AnnuityPaymentSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        data = CorrectionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        upkeep.correct_payment(
            payment_id=whole(pk),
            reason=data.validated_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        row = annuity_records.payment(whole(pk), viewer=request.actor)
        return Response(AnnuityPaymentSerializer(row).data)


router = SimpleRouter()
router.register("annuities", AnnuityViewSet, basename="annuity")
router.register("annuity-payments", AnnuityPaymentViewSet, basename="annuity-payment")
urlpatterns = router.urls
