"""Needs, subscriptions, matches and ratings for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from core.api import versions
from core.api.pagination import Cursor
from core.api.schema import ID, IF_MATCH, KEY, REFUSED, problems
from core.api.types import Request
from core.errors import NotAllowed
from core.idempotency.resources import Resource
from matching import selectors, services
from matching.api.serializers import (
    EndingSerializer,
    EvaluationSerializer,
    MatchSerializer,
    NeedSerializer,
    NewEvaluationSerializer,
    NewNeedSerializer,
    NewOptOutSerializer,
    NewSubscriptionSerializer,
    OptOutSerializer,
    PostedNeedSerializer,
    SubscriptionSerializer,
)
from matching.models import Evaluation, Match, MatchOptOut, Need, Subscription


class Best(Cursor):
    """Best first."""

    ordering = ("-ticks", "id")  # type: ignore[assignment]  # DRF takes a tuple too


class Room(Resource):
    """What the resources have in common."""

    pagination_class: type[Cursor] = Cursor
    filter_backends = ()
    permission_classes = ()
    lookup_value_regex = r"\d{1,18}"
    open_actions: frozenset[str] = frozenset()
    """What visitors may ask; the description says so. All else says itself whom it is for."""

    def get_permissions(self) -> Any:
        return [AllowAny()] if self.action in self.open_actions else []

    def one(self, row: Model, code: int = 200, *, tag: str = "") -> Response:
        headers = {"ETag": tag} if tag else {}
        return Response(self.get_serializer(row).data, status=code, headers=headers)

    def with_account(self) -> None:
        """Lists of one's own: a visitor is told to sign in."""
        if self.request.actor.is_anonymous:
            error = NotAllowed("请先认证，再访问这项资源。", code="login-required")
            error.status = 401
            raise error


class NeedViewSet(Room):
    """Needs 需求: public ones for anyone, one's own in every state."""

    serializer_class = NeedSerializer
    queryset = Need.objects.none()

    open_actions = frozenset({"list", "retrieve"})

    def get_queryset(self) -> QuerySet[Need]:
        query = self.request.query_params
        if query.get("mine") == "true":
            return selectors.own_needs(viewer=self.request.actor)
        asked = selectors.NeedQuery(
            text=query.get("q", "")[:60],
            industry=query.get("industry", "")[:2],
            region=query.get("region", "")[:6],
            mode=query.get("mode", "")[:20],
            list_type=query.get("list_type", "")[:10],
        )
        return selectors.board(viewer=self.request.actor, query=asked)

    def page(self) -> Response:
        rows = self.paginate_queryset(self.get_queryset()) or []
        shown = selectors.faces(rows, viewer=self.request.actor)
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)

    def tagged(self, row: Need, code: int = 200) -> Response:
        shown = selectors.face(row, viewer=self.request.actor)
        headers = {"ETag": versions.etag("need", row.pk, row.version)}
        return Response(self.get_serializer(shown).data, status=code, headers=headers)

    @extend_schema(
        summary="正在征集的需求",
        parameters=[
            OpenApiParameter("q", str, description="名称、问题或指标中的词"),
            OpenApiParameter("industry", str, description="GB/T 4754 大类，两位数字"),
            OpenApiParameter("region", str, description="行政区划前缀"),
            OpenApiParameter("mode", str, description="可接受的方式，如 open_licence"),
            OpenApiParameter(
                "list_type", str, enum=["firm", "industry", "scenario"], description="清单类型"
            ),
            OpenApiParameter("mine", bool, description="true：本单位的全部需求，含草稿"),
        ],
        responses={200: NeedSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一条需求", parameters=[ID], responses={200: NeedSerializer, **problems(404)}
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self.tagged(selectors.need(int(pk), viewer=request.actor))

    @extend_schema(
        summary="发布需求",
        request=PostedNeedSerializer,
        parameters=[KEY],
        responses={201: NeedSerializer, **problems(*REFUSED)},
        examples=[
            OpenApiExample(
                "低温快充",
                request_only=True,
                value={
                    "title": "储能柜冬天充不进电，求快速升温办法",
                    "problem": "加热膜升温慢，电芯温差大，客户等不起半小时。",
                    "targets": "零下 20℃ 升到 5℃ 不超过 10 分钟",
                    "industry_codes": ["3841"],
                    "ipc": ["H01M"],
                    "budget": "350000.00",
                    "open_now": True,
                },
            )
        ],
    )
    def create(self, request: Request) -> Response:
        body = self.taken_in(PostedNeedSerializer)
        open_now = body.validated_data["open_now"]
        client = body.validated_data.get("organisation")
        row = services.post_need(
            data=body.value(),
            organisation_id=client,
            by=request.actor,
            now=timezone.now(),
            open_now=open_now,
        )
        return self.tagged(row, status.HTTP_201_CREATED)

    @extend_schema(
        summary="修改需求",
        request=NewNeedSerializer,
        parameters=[ID, IF_MATCH],
        responses={200: NeedSerializer, **problems(*REFUSED, 412, 428)},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        row = selectors.need(int(pk), viewer=request.actor)
        versions.check(request, versions.etag("need", row.pk, row.version))
        body = self.taken_in(NewNeedSerializer, partial=True)
        return self.tagged(
            versions.guarded(
                lambda: services.edit_need(
                    need_id=row.pk,
                    data=body.value(services.as_input(row)),
                    version=row.version,
                    by=request.actor,
                    now=timezone.now(),
                )
            )
        )

    @extend_schema(
        summary="开放征集", request=None, parameters=[ID],
        responses={200: NeedSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path="open")
    def open_need(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        return self.tagged(services.open_need(need_id=int(pk), by=request.actor, now=now))

    @extend_schema(
        summary="关闭需求", request=EndingSerializer, parameters=[ID],
        responses={200: NeedSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        said = self.taken_in(EndingSerializer).value()
        row = services.close_need(need_id=int(pk), by=request.actor, now=now, said=said)
        return self.tagged(row)

    @extend_schema(
        summary="续期", request=None, parameters=[ID],
        responses={200: NeedSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def renew(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        return self.tagged(services.renew_need(need_id=int(pk), by=request.actor, now=now))

    @extend_schema(
        summary="标记为已解决", request=EndingSerializer, parameters=[ID],
        responses={200: NeedSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def solve(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        said = self.taken_in(EndingSerializer).value()
        row = services.solve_need(need_id=int(pk), by=request.actor, now=now, said=said)
        return self.tagged(row)


class SubscriptionViewSet(Room):
    """Subscriptions 订阅 of one's own organisation."""

    serializer_class = SubscriptionSerializer
    queryset = Subscription.objects.none()

    def get_queryset(self) -> QuerySet[Subscription]:
        return selectors.subscriptions(viewer=self.request.actor)

    def tagged(self, row: Subscription, code: int = 200) -> Response:
        return self.one(row, code, tag=versions.etag("subscription", row.pk, row.version))

    @extend_schema(
        summary="本单位的订阅",
        responses={200: SubscriptionSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        self.with_account()
        return self.page()

    @extend_schema(
        summary="一条订阅",
        parameters=[ID],
        responses={200: SubscriptionSerializer, **problems(401, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        self.with_account()
        return self.tagged(selectors.subscription(int(pk), viewer=request.actor))

    @extend_schema(
        summary="建立订阅",
        request=NewSubscriptionSerializer,
        parameters=[KEY],
        responses={201: SubscriptionSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.taken_in(NewSubscriptionSerializer).value()
        row = services.subscribe(data=data, by=request.actor, now=timezone.now())
        return self.tagged(row, status.HTTP_201_CREATED)

    @extend_schema(
        summary="修改订阅",
        request=NewSubscriptionSerializer,
        parameters=[ID, IF_MATCH],
        responses={200: SubscriptionSerializer, **problems(*REFUSED, 412, 428)},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        self.with_account()
        row = selectors.subscription(int(pk), viewer=request.actor)
        versions.check(request, versions.etag("subscription", row.pk, row.version))
        body = self.taken_in(NewSubscriptionSerializer, partial=True)
        return self.tagged(
            versions.guarded(
                lambda: services.edit_subscription(
                    subscription_id=row.pk,
                    data=body.value(services.profile_of(row)),
                    version=row.version,
                    by=request.actor,
                    now=timezone.now(),
                )
            )
        )

    @extend_schema(
        summary="暂停推送", request=None, parameters=[ID],
        responses={200: SubscriptionSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        self.with_account()
        return self.tagged(
            services.pause_subscription(
                subscription_id=int(pk), by=request.actor, now=timezone.now()
            )
        )

    @extend_schema(
        summary="恢复推送", request=None, parameters=[ID],
        responses={200: SubscriptionSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        self.with_account()
        return self.tagged(
            services.resume_subscription(
                subscription_id=int(pk), by=request.actor, now=timezone.now()
            )
        )


class MatchViewSet(Room):
    """Matches 匹配 of one's own demands, with every reason."""

    serializer_class = MatchSerializer
    queryset = Match.objects.none()
    pagination_class = Best

    def get_queryset(self) -> QuerySet[Match]:
        return selectors.matches_of(
            viewer=self.request.actor,
            need=self.request.query_params.get("need", ""),
            subscription=self.request.query_params.get("subscription", ""),
        )

    @extend_schema(
        summary="本单位的匹配",
        parameters=[
            OpenApiParameter("need", int, description="只看这条需求的"),
            OpenApiParameter("subscription", int, description="只看这条订阅的"),
        ],
        responses={200: MatchSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        """What is blocked at this moment is left out even before its event is heard."""
        self.with_account()
        rows = selectors.still_on_offer(self.paginate_queryset(self.get_queryset()) or [])
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        summary="一条匹配及其理由",
        parameters=[ID],
        responses={200: MatchSerializer, **problems(401, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        self.with_account()
        row = selectors.matches(viewer=request.actor).get(pk=pk)
        if not selectors.still_on_offer([row]):
            raise Match.DoesNotExist
        return self.one(row)


class EvaluationViewSet(Room):
    """Ratings 评价 of matches."""

    serializer_class = EvaluationSerializer
    queryset = Evaluation.objects.none()

    def get_queryset(self) -> QuerySet[Evaluation]:
        return selectors.evaluations(viewer=self.request.actor)

    @extend_schema(
        summary="本单位的评价",
        responses={200: EvaluationSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        self.with_account()
        return self.page()

    @extend_schema(
        summary="评价一条匹配",
        description="同一机构对同一专利只保留最后一次评价；重复提交相同内容不产生新的效果。",
        request=NewEvaluationSerializer,
        parameters=[KEY],
        responses={201: EvaluationSerializer, **problems(*REFUSED)},
        examples=[
            OpenApiExample(
                "不适合",
                request_only=True,
                value={"match": 12, "interested": False, "prospect": 2, "reason": "too_early"},
            )
        ],
    )
    def create(self, request: Request) -> Response:
        self.with_account()
        body = self.taken_in(NewEvaluationSerializer)
        row = services.rate_match(
            match_id=body.validated_data["match"],
            verdict=body.value(),
            by=request.actor,
            now=timezone.now(),
        )
        return self.one(row, status.HTTP_201_CREATED)


class OptOutViewSet(Room):
    """不再推荐: patents and holders that an organisation does not want to see again."""

    serializer_class = OptOutSerializer
    queryset = MatchOptOut.objects.none()

    def get_queryset(self) -> QuerySet[MatchOptOut]:
        return selectors.opt_outs(viewer=self.request.actor)

    @extend_schema(
        summary="不再推荐的内容",
        responses={200: OptOutSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        self.with_account()
        return self.page()

    @extend_schema(
        summary="不再推荐",
        request=NewOptOutSerializer,
        parameters=[KEY],
        responses={201: OptOutSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        self.with_account()
        data = self.taken_in(NewOptOutSerializer).validated_data
        row = services.opt_out(
            match_id=data["match"], holder=data["holder"], by=request.actor, now=timezone.now()
        )
        return self.one(row, status.HTTP_201_CREATED)

    @extend_schema(
        summary="恢复推荐", parameters=[ID], responses={204: None, **problems(401, 403, 404)}
    )
    def destroy(self, request: Request, pk: str) -> Response:
        self.with_account()
        services.lift_opt_out(opt_out_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
