"""Open declarations, licences and outcomes for programs: the same commands as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.response import Response

from core.api.pagination import Cursor
from core.api.parsers import JSONParser
from core.api.permissions import SignedIn
from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from licensing import selectors, services
from licensing.api.fees import EstimateQuery, ForecastSerializer
from licensing.api.serializers import (
    AgainSerializer,
    AnnounceSerializer,
    CheckSerializer,
    ContestSerializer,
    DecisionSerializer,
    DeclarationSerializer,
    FilingSerializer,
    LicenceSerializer,
    NewDeclarationSerializer,
    NewOutcomeSerializer,
    NewPaymentSerializer,
    OutcomeSerializer,
    PaymentSerializer,
    ReasonSerializer,
    ResolveSerializer,
    ReviseDeclarationSerializer,
    TakeSerializer,
)
from licensing.models import Licence, OpenDeclaration, Outcome
from licensing.rules.forecast import forecast
from licensing.selectors.co_owners import only_doubted


class Room(Resource):
    """What the three resources have in common."""

    pagination_class = Cursor
    permission_classes = (SignedIn,)
    filter_backends = ()
    lookup_value_regex = r"\d{1,18}"
    parser_classes = (JSONParser, FormParser, MultiPartParser)


class DeclarationViewSet(Room):
    """Open licences 开放许可."""

    serializer_class = DeclarationSerializer
    queryset = OpenDeclaration.objects.none()
    idempotent_actions = ("create",)

    def get_permissions(self) -> Any:
        """Anyone reads what is announced; everything else needs an account or a key."""
        return [AllowAny()] if self.request.method in SAFE_METHODS else super().get_permissions()

    def get_queryset(self) -> QuerySet[OpenDeclaration]:
        query = self.request.query_params
        if query.get("mine") == "true":
            viewer = self.request.actor
            found = selectors.declarations_of(viewer=viewer)
            wanted = query.get("doubted") == "true"
            return only_doubted(found, viewer=viewer) if wanted else found
        return selectors.shelf(
            at=timezone.now(),
            mode=query.get("mode", "")[:20],
            region=_region(query.get("region", "")),
            q=query.get("q", "")[:200],
        )

    def get_object(self) -> OpenDeclaration:
        return selectors.declaration(int(self.kwargs["pk"]), viewer=self.request.actor)

    @extend_schema(
        summary="在架的开放许可",
        parameters=[
            OpenApiParameter("q", str, description="名称、专利号或专利权人中的词"),
            OpenApiParameter("mode", str, description="付费方式，如 fixed、running、free"),
            OpenApiParameter("region", str, description="行政区划前缀，如 31 或 3101"),
            OpenApiParameter("mine", bool, description="true：本单位的全部声明，含草稿"),
            OpenApiParameter("doubted", bool, description="与 mine 同用：只列共有人撤回同意的"),
        ],
        responses={200: DeclarationSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份开放许可声明",
        parameters=[ID],
        responses={200: DeclarationSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        summary="起草开放许可声明",
        request=NewDeclarationSerializer,
        parameters=[KEY],
        responses={201: DeclarationSerializer, **problems(*REFUSED)},
        examples=[
            OpenApiExample(
                "入门费加提成",
                value={
                    "patent_id": 7,
                    "months": 36,
                    "fee_parts": [
                        {"kind": "entry", "amount": "20000.00"},
                        {"kind": "running", "base": "net_sales", "rate": "3"},
                    ],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        form = self.taken_in(NewDeclarationSerializer)
        row = services.draft_declaration(
            patent_id=form.validated_data["patent_id"],
            terms=form.terms(),
            by=request.actor,
            now=timezone.now(),
        )
        return self._shown(row.pk, status.HTTP_201_CREATED)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.declaration(pk, viewer=self.request.actor)
        return Response(DeclarationSerializer(row).data, status=code)

    @extend_schema(
        summary="修改草稿",
        request=ReviseDeclarationSerializer,
        parameters=[ID],
        responses={200: DeclarationSerializer, **problems(*REFUSED)},
    )
    def update(self, request: Request, pk: str) -> Response:
        form = self.taken_in(ReviseDeclarationSerializer)
        services.revise_declaration(
            declaration_id=int(pk),
            terms=form.terms(),
            revision=form.validated_data["revision"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._shown(int(pk))

    @extend_schema(
        summary="放弃草稿",
        parameters=[ID],
        responses={204: None, **problems(401, 403, 404, 409)},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        services.discard_declaration(declaration_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="声明生效：提交并公告",
        request=AnnounceSerializer,
        parameters=[ID],
        responses={200: DeclarationSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def announce(self, request: Request, pk: str) -> Response:
        form = self.taken_in(AnnounceSerializer)
        services.declare(
            declaration_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(int(pk))

    @extend_schema(
        summary="撤回声明",
        request=ReasonSerializer,
        parameters=[ID],
        responses={200: DeclarationSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        form = self.taken_in(ReasonSerializer)
        services.withdraw_declaration(
            declaration_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(int(pk))

    @extend_schema(
        summary="声明条件逐项核对",
        parameters=[ID],
        responses={200: CheckSerializer(many=True), **problems(401, 403, 404)},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def guards(self, request: Request, pk: str) -> Response:
        checks = selectors.guards_of(int(pk), at=timezone.now(), viewer=request.actor)
        return Response(CheckSerializer(checks, many=True).data)

    @extend_schema(
        summary="按自己的数字测算费用",
        description="逐年列出应付金额和算式。不保存，不通知任何人。",
        parameters=[
            ID,
            OpenApiParameter("base", Decimal, description="第一年净销售额或利润（元），默认 0"),
            OpenApiParameter("growth", Decimal, description="此后每年增长（%），默认 0"),
        ],
        responses={200: ForecastSerializer, **problems(404, 422)},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def estimate(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        query = EstimateQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = forecast(
            row.plan.terms(),
            base=query.validated_data["base"],
            growth=query.validated_data["growth"],
            starts_on=timezone.localdate(),
            months=row.months or 60,
        )
        return Response(ForecastSerializer(found).data)


def _region(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) in (2, 4, 6) else ""


class LicenceViewSet(Room):
    """Licences 许可 of the actor's organisation, or of a bureau's region."""

    serializer_class = LicenceSerializer
    queryset = Licence.objects.none()
    idempotent_actions = ("create", "payments", "contest")

    def get_queryset(self) -> QuerySet[Licence]:
        known = self.request.query_params.get("status", "")[:20]
        rows = selectors.licences(viewer=self.request.actor, status=known)
        return rows.prefetch_related("dues", "payments", "contests")

    def get_object(self) -> Licence:
        return selectors.licence(int(self.kwargs["pk"]), viewer=self.request.actor)

    @extend_schema(
        summary="许可列表",
        parameters=[
            OpenApiParameter("status", str, description="noticed effective filed ended void")
        ],
        responses={200: LicenceSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一项许可",
        parameters=[ID],
        responses={200: LicenceSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.licence(pk, viewer=self.request.actor)
        return Response(LicenceSerializer(row).data, status=code)

    @extend_schema(
        summary="取得开放许可",
        description="即向专利权人送达书面通知。没有到期款项的，许可立即生效；否则付清时生效。",
        request=TakeSerializer,
        parameters=[KEY],
        responses={201: LicenceSerializer, **problems(*REFUSED)},
        examples=[
            OpenApiExample(
                "由平台送达", value={"declaration_id": 3, "accept_terms": True}, request_only=True
            )
        ],
    )
    def create(self, request: Request) -> Response:
        known = self.taken_in(TakeSerializer).validated_data
        row = services.take_open_licence(
            declaration_id=known["declaration_id"],
            licensee_id=known["licensee_id"],
            served_at=known["served_at"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="登记付款",
        request=NewPaymentSerializer,
        parameters=[ID, KEY],
        responses={201: PaymentSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def payments(self, request: Request, pk: str) -> Response:
        form = self.taken_in(NewPaymentSerializer)
        row = services.record_payment(
            licence_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return Response(PaymentSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="提出异议",
        request=ReasonSerializer,
        parameters=[ID, KEY],
        responses={201: ContestSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def contest(self, request: Request, pk: str) -> Response:
        form = self.taken_in(ReasonSerializer)
        row = services.contest_licence(
            licence_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return Response(ContestSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="撤回异议",
        request=None,
        parameters=[ID],
        responses={200: ContestSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"], url_path="contest/drop")
    def drop_contest(self, request: Request, pk: str) -> Response:
        row = services.drop_contest(licence_id=int(pk), by=request.actor, now=timezone.now())
        return Response(ContestSerializer(row).data)

    @extend_schema(
        summary="付款前撤回通知",
        request=ReasonSerializer,
        parameters=[ID],
        responses={200: LicenceSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        form = self.taken_in(ReasonSerializer)
        services.cancel_notice(
            licence_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(int(pk))

    @extend_schema(
        summary="处理异议",
        request=ResolveSerializer,
        parameters=[ID],
        responses={200: ContestSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        form = self.taken_in(ResolveSerializer)
        row = services.resolve_contest(
            licence_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return Response(ContestSerializer(row).data)

    @extend_schema(
        summary="登记备案",
        request=FilingSerializer,
        parameters=[ID],
        responses={200: LicenceSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def filing(self, request: Request, pk: str) -> Response:
        form = self.taken_in(FilingSerializer)
        services.file_licence(
            licence_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(int(pk))


class OutcomeViewSet(Room):
    """Outcomes 转化反馈."""

    serializer_class = OutcomeSerializer
    queryset = Outcome.objects.none()

    def get_queryset(self) -> QuerySet[Outcome]:
        query = self.request.query_params
        return selectors.outcomes(
            viewer=self.request.actor,
            status=query.get("status", "")[:20],
            code=query.get("code", "")[:30],
        )

    def get_object(self) -> Outcome:
        return selectors.outcome(int(self.kwargs["pk"]), viewer=self.request.actor)

    @extend_schema(
        summary="转化反馈列表",
        parameters=[
            OpenApiParameter("status", str, description="reported verified rejected"),
            OpenApiParameter("code", str, description="转化方式代码"),
        ],
        responses={200: OutcomeSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一条转化反馈",
        parameters=[ID],
        responses={200: OutcomeSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        summary="反馈转化",
        request=NewOutcomeSerializer,
        parameters=[KEY],
        responses={201: OutcomeSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        form = self.taken_in(NewOutcomeSerializer)
        row = services.report_outcome(
            report=form.report(),
            evidence=form.validated_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        return Response(OutcomeSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="核验转化反馈",
        request=DecisionSerializer,
        parameters=[ID],
        responses={200: OutcomeSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def decision(self, request: Request, pk: str) -> Response:
        known = self.taken_in(DecisionSerializer).validated_data
        command = services.verify_outcome if known["verified"] else services.reject_outcome
        row = command(
            outcome_id=int(pk), reason=known["reason"], by=request.actor, now=timezone.now()
        )
        return Response(OutcomeSerializer(row).data)

    @extend_schema(
        summary="补正后重新反馈",
        request=AgainSerializer,
        parameters=[ID],
        responses={200: OutcomeSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        form = self.taken_in(AgainSerializer)
        row = services.report_again(
            outcome_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return Response(OutcomeSerializer(row).data)
