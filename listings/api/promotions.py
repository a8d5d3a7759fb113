"""The API of promotion lists 推广清单."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.pagination import Cursor
from core.api.schema import KEY, REFUSED, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from listings.api.views import whole
from listings.selectors.shelves import promotion_lists as selectors
from listings.services.shelves import promotion_lists as services
from listings.services.shelves.promotion_lists import Draft


class PromotionListInputSerializer(serializers.Serializer[Any]):
    """A list as its office writes it."""

    title = serializers.CharField(max_length=120)
    patents = serializers.CharField(max_length=80_000, help_text="每行一件：号码 | 一句话")
    expires_on = serializers.DateField(help_text="链接有效到哪一天，至多一年")
    audience = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    intro = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="")


class PromotionListEditSerializer(PromotionListInputSerializer):
    version = serializers.IntegerField(min_value=1, help_text="读取时的 version；已被改过则 409")


class PromotionListSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    audience = serializers.CharField()
    intro = serializers.CharField()
    expires_on = serializers.DateField()
    size = serializers.IntegerField(help_text="件数")
    views = serializers.IntegerField(help_text="链接被打开的次数")
    version = serializers.IntegerField()
    link = serializers.SerializerMethodField(help_text="分享链接；收到的人不用登录")
    changed_at = serializers.DateTimeField()

    def get_link(self, row: Any) -> str:
        return f"/lists/{row.token}/"


class PromotionListDetailSerializer(PromotionListSerializer):
    patents = serializers.CharField(help_text="每行一件：号码 | 一句话")


class NewestList(Cursor):
    ordering = "-pk"


class PromotionListViewSet(Resource):
    """One's own."""

    serializer_class = PromotionListSerializer
    pagination_class = NewestList
    filter_backends = ()
    queryset = selectors.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "edit")

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.promotion_lists(viewer=self.request.actor).order_by()

    def _answer(self, pk: str | int, status: int = 200) -> Response:
        row = selectors.promotion_list(whole(str(pk)), viewer=self.request.actor)
        body = PromotionListSerializer(row).data | {"patents": selectors.written(row)}
        headers = {"Location": f"/api/v1/promotion-lists/{pk}/"} if status == 201 else {}
        return Response(body, status=status, headers=headers)

    @extend_schema(
        operation_id="promotion_lists_list",
        summary="推广清单",
        responses={200: PromotionListSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        operation_id="promotion_lists_retrieve",
        summary="一份推广清单",
        responses={200: PromotionListDetailSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(pk)

    @extend_schema(
        operation_id="promotion_lists_create",
        summary="新建推广清单",
        parameters=[KEY],
        request=PromotionListInputSerializer,
        responses={201: PromotionListDetailSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.command(PromotionListInputSerializer)
        by, now = data.pop("by"), data.pop("now")
        pk = services.make_list(draft=Draft(**data), by=by, now=now)
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="promotion_lists_edit",
        summary="修改推广清单",
        description="整份替换；收到链接的人立即看到。",
        parameters=[KEY],
        request=PromotionListEditSerializer,
        responses={200: PromotionListDetailSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str) -> Response:
        data = self.command(PromotionListEditSerializer)
        by, now, version = data.pop("by"), data.pop("now"), data.pop("version")
        services.edit_list(list_id=whole(pk), version=version, draft=Draft(**data), by=by, now=now)
        return self._answer(pk)


router = SimpleRouter()
router.register("promotion-lists", PromotionListViewSet, basename="promotion-list")
urlpatterns = router.urls
