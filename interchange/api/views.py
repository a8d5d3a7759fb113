"""The change feed and webhook endpoints, for partners' programs."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.access import proof
from core.api.pagination import Cursor
from core.api.permissions import SignedIn
from core.api.schema import ID, KEY, problems
from core.api.types import Request
from core.errors import Invalid, Missing
from core.idempotency.api import idempotently
from interchange import selectors, services
from interchange.api.serializers import (
    AskKeySerializer,
    ChangeEndpointSerializer,
    ChangePageSerializer,
    DeliverySerializer,
    EndpointSerializer,
    KeySerializer,
    NewEndpointSerializer,
    NewKeySerializer,
)
from interchange.models import Credential, Delivery, Endpoint


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Invalid(
            "查询参数有误。", fields={name: ["应为不小于 0 的整数。"]}, code="invalid-parameter"
        )
    return int(text)


class ChangesView(APIView):
    """What changed since a place in the feed."""

    request: Request

    @extend_schema(
        operation_id="changes_list",
        summary="变更流",
        description="从 since 之后按提交顺序返回公开变更。保存 next_since，下次从它继续，"
        "不漏不重。data.patent 为 null 表示该专利已不在架（墓碑）。",
        parameters=[
            OpenApiParameter("since", int, description="上次得到的 next_since，首次为 0"),
            OpenApiParameter("limit", int, description="最多返回多少条，1–500，默认 100"),
        ],
        responses={200: ChangePageSerializer, **problems(401, 403, 422)},
        examples=[
            OpenApiExample(
                "一条上架变更",
                value={
                    "changes": [
                        {
                            "sequence": 12,
                            "id": "0d3a1c5e-7c1e-4f1b-9a53-b1d7e0a3c111",
                            "type": "patent.listed",
                            "time": "2026-11-20T04:00:00Z",
                            "data": {
                                "patent_id": 7,
                                "listing_id": 3,
                                "organisation_id": 2,
                                "patent": {
                                    "number": "2017106018623",
                                    "title": "一种锂电池热管理方法",
                                    "status": "granted",
                                    "listing_status": "listed",
                                    "url": "/patents/7/",
                                },
                            },
                        }
                    ],
                    "next_since": 12,
                    "more": False,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        page = selectors.changes(
            viewer=request.actor,
            since=_whole(request, "since", 0),
            limit=_whole(request, "limit", 100),
        )
        return Response(ChangePageSerializer(page).data)


class EndpointViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Endpoint]):
    """Webhook endpoints of the partner."""

    request: Request
    permission_classes = (SignedIn,)
    serializer_class = EndpointSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = Endpoint.objects.none()
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Endpoint]:
        return selectors.endpoints(viewer=self.request.actor)

    @extend_schema(
        summary="登记回调地址",
        request=EndpointSerializer,
        parameters=[KEY],
        responses={201: NewEndpointSerializer, **problems(400, 401, 403, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        form = EndpointSerializer(data=request.data)
        form.is_valid(raise_exception=True)

        def run() -> Response:
            partner = selectors.partner_of(viewer=request.actor)
            partner_id = partner.pk if partner else services.join(by=request.actor, now=now)
            pk = services.add_endpoint(
                partner_id=partner_id,
                url=form.validated_data["url"],
                events=form.validated_data["events"],
                by=request.actor,
                now=now,
            )
            created = selectors.endpoints(viewer=request.actor).get(pk=pk)
            return Response(NewEndpointSerializer(created).data, status=201)

        now = timezone.now()
        return idempotently(request, run)

    @extend_schema(summary="移除回调地址", responses={204: None, **problems(401, 403, 404)})
    def destroy(self, request: Request, pk: str) -> Response:
        if not pk.isdigit():
            raise Missing("没有这个回调地址。")
        services.remove_endpoint(endpoint_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=204)

    def _shown(self, pk: str, form: type[EndpointSerializer] = EndpointSerializer) -> Response:
        return Response(form(self.get_queryset().get(pk=int(pk))).data)

    @extend_schema(
        summary="改订阅的事件，停用或重新启用",
        request=ChangeEndpointSerializer,
        parameters=[ID],
        responses={200: EndpointSerializer, **problems(400, 401, 403, 404, 422)},
    )
    def update(self, request: Request, pk: str) -> Response:
        form = ChangeEndpointSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.change_endpoint(
            endpoint_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(pk)

    @extend_schema(
        summary="更换签名密钥",
        description="旧密钥再用一天：这一天里每次推送带新旧两个签名。",
        request=None,
        parameters=[ID],
        responses={200: NewEndpointSerializer, **problems(401, 403, 404)},
    )
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        services.rotate_secret(endpoint_id=int(pk), by=request.actor, now=timezone.now())
        return self._shown(pk, NewEndpointSerializer)

    @extend_schema(
        summary="发一条测试推送",
        request=None,
        parameters=[ID],
        responses={202: DeliverySerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        owed = services.send_test(endpoint_id=int(pk), by=request.actor, now=timezone.now())
        row = selectors.deliveries_seen(viewer=request.actor).get(pk=owed)
        return Response(DeliverySerializer(row).data, status=202)


class DeliveryViewSet(mixins.ListModelMixin, GenericViewSet[Delivery]):
    """What was pushed to the partner's endpoints, or still will be."""

    request: Request
    permission_classes = (SignedIn,)
    serializer_class = DeliverySerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = Delivery.objects.none()
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Delivery]:
        endpoint = _whole(self.request, "endpoint", 0)
        return selectors.deliveries_seen(viewer=self.request.actor, endpoint_id=endpoint or None)

    @extend_schema(
        summary="推送记录",
        parameters=[OpenApiParameter("endpoint", int, description="只看这个回调地址")],
        responses={200: DeliverySerializer(many=True), **problems(401, 403, 422)},
    )
    def list(self, request: Request) -> Response:  # type: ignore[override]
        return super().list(request)

    @extend_schema(
        summary="重发一条推送",
        description="编号不变：接收方已处理过的，应当认出来并忽略。",
        request=None,
        parameters=[ID],
        responses={202: DeliverySerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        services.replay(delivery_id=int(pk), by=request.actor, now=timezone.now())
        row = selectors.deliveries_seen(viewer=request.actor).get(pk=int(pk))
        return Response(DeliverySerializer(row).data, status=202)


class KeyViewSet(mixins.ListModelMixin, GenericViewSet[Credential]):
    """The partner's OAuth keys; a program's own token cannot make or stop keys."""

    request: Request
    permission_classes = (SignedIn,)
    serializer_class = KeySerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = Credential.objects.none()
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Credential]:
        return selectors.keys_seen(viewer=self.request.actor)

    @extend_schema(
        summary="接口密钥", responses={200: KeySerializer(many=True), **problems(401, 403)}
    )
    def list(self, request: Request) -> Response:  # type: ignore[override]
        return super().list(request)

    @extend_schema(
        summary="生成密钥",
        description="密钥只在这次回答里出现，平台不留存，因此不能用 Idempotency-Key 重取；"
        "没有收到回答时，请停用多出的一把再生成。",
        request=AskKeySerializer,
        responses={201: NewKeySerializer, **problems(400, 401, 403, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        proof.ask(request, always=False, factor=True)
        form = AskKeySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        now = timezone.now()
        partner = selectors.partner_of(viewer=request.actor)
        partner_id = partner.pk if partner else services.join(by=request.actor, now=now)
        made = services.issue_key(
            partner_id=partner_id,
            label=form.validated_data["label"],
            scopes=form.validated_data.get("scopes"),
            by=request.actor,
            now=now,
        )
        return Response(NewKeySerializer(made).data, status=201)

    @extend_schema(
        summary="停用密钥", parameters=[ID], responses={204: None, **problems(401, 403, 404)}
    )
    def destroy(self, request: Request, pk: str) -> Response:
        proof.ask(request, always=False)
        services.revoke_key(credential_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=204)
