"""The API of who paid for a patent, who works it, and what its inventors were granted."""

from __future__ import annotations

from typing import Any

from django.urls import re_path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.schema import KEY, REFUSED, problems
from core.api.types import Request
from core.days import legal_day
from core.idempotency.resources import Resource
from listings.api.views import whole
from listings.rules.inventors import InventorRightKind
from listings.rules.working import WorkingKind
from listings.selectors import office
from listings.selectors.ownership import rights as selectors
from listings.services.ownership import rights as services
from listings.types import Consent

WORKING_KINDS = [(kind.value, kind.value) for kind in WorkingKind]
RIGHT_KINDS = [(kind.value, kind.value) for kind in InventorRightKind]
INVENTOR_CONSENTS = [(consent.value, consent.value) for consent in Consent]


class FundingSerializer(serializers.Serializer[Any]):
    """Whether public money paid 财政资助."""

    is_funded = serializers.BooleanField()
    funder = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    project_number = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default=""
    )
    project_name = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )
    declared_at = serializers.DateTimeField(read_only=True)


class WorkingSerializer(serializers.Serializer[Any]):
    """That the patent is worked 实施."""

    id = serializers.IntegerField(source="pk", read_only=True)
    kind = serializers.ChoiceField(
        choices=WORKING_KINDS,
        help_text="own 自行、licensed 许可、transferred 转让、product 产品备案",
    )
    since = serializers.DateField()
    note = serializers.CharField(max_length=300, help_text="由谁、在什么产品或工艺上实施")
    withdrawn_at = serializers.DateTimeField(read_only=True, allow_null=True)


class InventorRightSerializer(serializers.Serializer[Any]):
    """What was granted to inventors 赋权."""

    id = serializers.IntegerField(source="pk", read_only=True)
    kind = serializers.ChoiceField(
        choices=RIGHT_KINDS, help_text="ownership 所有权份额；use 长期使用权（不少于十年）"
    )
    inventors = serializers.ListField(
        child=serializers.CharField(max_length=60), min_length=1, max_length=50
    )
    share = serializers.DecimalField(
        max_digits=5, decimal_places=2, required=False, allow_null=True, default=None
    )
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True, default=None)
    consent = serializers.ChoiceField(choices=INVENTOR_CONSENTS, default=Consent.NONE.value)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    ended_on = serializers.DateField(read_only=True, allow_null=True)
    ended_because = serializers.CharField(read_only=True)


class OwnershipSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField(source="patent.pk")
    funding = FundingSerializer(source="declaration", allow_null=True)
    is_worked = serializers.BooleanField(help_text="有实施记录或许可")
    watch = serializers.CharField(
        source="watched.state", help_text="财政资助而长期未实施：none、coming、explained、flagged"
    )
    watched_since = serializers.DateField(source="watched.since", allow_null=True)
    article = serializers.CharField(source="watched.article")
    unworked_reason = serializers.CharField(source="reason.reason", default="")
    workings = WorkingSerializer(many=True)
    rights = InventorRightSerializer(many=True)


class UnworkedSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class EndOfRightSerializer(serializers.Serializer[Any]):
    ended_on = serializers.DateField()
    reason = serializers.CharField(max_length=200)


class OwnershipViewSet(Resource):
    """One patent of the caller's stock, by the patent's id."""

    serializer_class = OwnershipSerializer
    filter_backends = ()
    queryset = office.no_patents()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = (
        "funding", "workings", "unworked", "rights", "withdraw_working", "end_right",
    )  # fmt: skip

    def _answer(self, pk: str | int, status: int = 200) -> Response:
        on = legal_day(timezone.now())
        found = selectors.ownership(whole(str(pk)), viewer=self.request.actor, on=on)
        return Response(OwnershipSerializer(found).data, status=status)

    @extend_schema(
        operation_id="ownership_retrieve",
        summary="资助、实施与赋权",
        responses={200: OwnershipSerializer, **problems(401, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(pk)

    @extend_schema(
        operation_id="ownership_funding",
        summary="声明资助项目",
        description="后一次声明取代前一次。",
        parameters=[KEY],
        request=FundingSerializer,
        responses={200: OwnershipSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def funding(self, request: Request, pk: str) -> Response:
        services.declare_funding(patent_id=whole(pk), **self.command(FundingSerializer))
        return self._answer(pk)

    @extend_schema(
        operation_id="ownership_workings",
        summary="登记实施",
        parameters=[KEY],
        request=WorkingSerializer,
        responses={201: OwnershipSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def workings(self, request: Request, pk: str) -> Response:
        data = self.command(WorkingSerializer)
        kind = WorkingKind(data.pop("kind"))
        services.state_working(patent_id=whole(pk), kind=kind, **data)
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="ownership_unworked",
        summary="说明未实施的理由",
        parameters=[KEY],
        request=UnworkedSerializer,
        responses={200: OwnershipSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def unworked(self, request: Request, pk: str) -> Response:
        services.explain_unworked(patent_id=whole(pk), **self.command(UnworkedSerializer))
        return self._answer(pk)

    @extend_schema(
        operation_id="ownership_rights",
        summary="登记赋权",
        parameters=[KEY],
        request=InventorRightSerializer,
        responses={201: OwnershipSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def rights(self, request: Request, pk: str) -> Response:
        data = self.command(InventorRightSerializer)
        kind, consent = InventorRightKind(data.pop("kind")), Consent(data.pop("consent"))
        services.grant_right(patent_id=whole(pk), kind=kind, consent=consent, **data)
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="workings_withdraw",
        summary="撤回实施记录",
        parameters=[KEY],
        request=None,
        responses={200: OwnershipSerializer, **problems(*REFUSED)},
    )
    def withdraw_working(self, request: Request, pk: str) -> Response:
        patent = services.withdraw_working(
            working_id=whole(pk), by=request.actor, now=timezone.now()
        )
        return self._answer(patent)

    @extend_schema(
        operation_id="inventor_rights_end",
        summary="终止赋权",
        parameters=[KEY],
        request=EndOfRightSerializer,
        responses={200: OwnershipSerializer, **problems(*REFUSED)},
    )
    def end_right(self, request: Request, pk: str) -> Response:
        patent = services.end_right(right_id=whole(pk), **self.command(EndOfRightSerializer))
        return self._answer(patent)


router = SimpleRouter()
router.register("ownership", OwnershipViewSet, basename="ownership")
_one = r"^{0}/(?P<pk>[0-9]{{1,18}})/{1}/$"
urlpatterns = [
    *router.urls,
    re_path(
        _one.format("workings", "withdraw"),
        OwnershipViewSet.as_view({"post": "withdraw_working"}),
        name="working-withdraw",
    ),
    re_path(
        _one.format("inventor-rights", "end"),
        OwnershipViewSet.as_view({"post": "end_right"}),
        name="inventor-right-end",
    ),
]
