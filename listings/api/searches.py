"""The API of saved searches: the same questions, hits and limits as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin
from listings import filters
from listings.api.serializers import PatentSerializer
from listings.api.views import whole
from listings.rules.alerts import Frequency
from listings.selectors.searching import searches
from listings.services.searching import searches as services
from listings.web.searching.describing import asked, described

FREQUENCIES = [(f.value, f.value) for f in Frequency]
EXAMPLE = {
    "name": "石墨烯散热",
    "query": "q=石墨烯散热&region=31&mode=open",
    "frequency": "daily",
}


class SavedSearchSerializer(serializers.Serializer[Any]):
    """One saved search; `query` is what stands behind the question mark on /patents/."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=4_000, help_text="与“找专利”地址栏相同的参数")
    described = serializers.SerializerMethodField(help_text="条件的文字说明")
    frequency = serializers.ChoiceField(choices=FREQUENCIES, default=Frequency.AT_ONCE.value)
    unseen = serializers.IntegerField(read_only=True, help_text="还没看过的新专利件数")
    saved_at = serializers.DateTimeField(read_only=True)

    def get_described(self, row: Any) -> str:
        return described(searches.query_of(row))

    def to_representation(self, row: Any) -> dict[str, Any]:
        row.query = filters.url_of(searches.query_of(row)).lstrip("?")
        return super().to_representation(row)


class ChangedSearchSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60, required=False)
    query = serializers.CharField(max_length=4_000, required=False)
    frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)


class HitSerializer(serializers.Serializer[Any]):
    """A patent that has come to answer the search since it was saved."""

    found_at = serializers.DateTimeField()
    seen = serializers.BooleanField()
    patent = PatentSerializer()


class SavedSearchViewSet(IdempotentCreateMixin):
    """The person's searches."""

    request: Request
    serializer_class = SavedSearchSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = searches.none()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Any]:
        return searches.own(viewer=self.request.actor).order_by()

    def _answer(self, pk: int, status: int = 200) -> Response:
        row = searches.one(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/saved-searches/{pk}/"} if status == 201 else {}
        return Response(SavedSearchSerializer(row).data, status=status, headers=headers)

    @extend_schema(
        operation_id="saved_searches_list",
        summary="保存的检索",
        responses={200: SavedSearchSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="saved_searches_create",
        summary="保存一个检索",
        description="现在已有的结果不算新专利。每人最多 50 个。",
        parameters=[KEY],
        responses={201: SavedSearchSerializer, **problems(400, 401, 403, 409, 422)},
        examples=[OpenApiExample("每天汇总", value=EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        data = SavedSearchSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given = data.validated_data
        pk = services.save_search(
            name=given["name"],
            query=asked(QueryDict(given["query"].lstrip("?"))),
            frequency=Frequency(given["frequency"]),
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="saved_searches_retrieve",
        summary="一个保存的检索",
        responses={200: SavedSearchSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="saved_searches_update",
        summary="改名、改提醒频率或换条件",
        request=ChangedSearchSerializer,
        responses={200: SavedSearchSerializer, **problems(400, 401, 403, 404, 422)},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        data = ChangedSearchSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given = dict(data.validated_data)
        if "query" in given:
            given["query"] = asked(QueryDict(given["query"].lstrip("?")))
        if "frequency" in given:
            given["frequency"] = Frequency(given["frequency"])
        services.edit_search(search_id=whole(pk), by=request.actor, now=timezone.now(), **given)
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="saved_searches_destroy",
        summary="删除",
        responses={204: None, **problems(401, 403, 404)},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        services.remove_search(search_id=whole(pk), by=request.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(
        operation_id="saved_searches_hits",
        summary="保存以来的新专利",
        responses={200: HitSerializer(many=True), **problems(404)},
    )
    @action(detail=True, methods=["get"])
    def hits(self, request: Request, pk: str) -> Response:
        row = searches.one(whole(pk), viewer=request.actor)
        page = self.paginate_queryset(searches.hits(row).order_by()) or []
        cards = {card.id: card for card in searches.hit_cards(page, viewer=request.actor)}
        body = [
            {
                "found_at": hit.found_at,
                "seen": hit.seen_at is not None,
                "patent": cards[hit.patent_id],
            }
            for hit in page
            if hit.patent_id in cards
        ]
        return self.get_paginated_response(HitSerializer(body, many=True).data)


router = SimpleRouter()
router.register("saved-searches", SavedSearchViewSet, basename="saved-search")
urlpatterns = router.urls
