"""The API of collections and bundles."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin
from core.people.types import Actor
from listings.api.serializers import ROUTES, PatentSerializer
from listings.api.views import whole
from listings.filters import page_number
from listings.rules.shelves import CollectionKind
from listings.selectors.searching import search
from listings.selectors.shelves import bundles as bundle_questions
from listings.selectors.shelves import collections as collection_questions
from listings.selectors.shelves.collections import KINDS
from listings.services.shelves import bundles as bundle_commands
from listings.services.shelves import collections as collection_commands
from listings.types import Route
from listings.web.shelves.collections import query_of

MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 2, "min_value": 0}
REFUSALS = problems(400, 401, 403, 404, 409, 422)


class Page(Cursor):
    """Newest first; both kinds have a key."""

    ordering = "-pk"


class CollectionSerializer(serializers.Serializer[Any]):
    """A thematic database."""

    slug = serializers.CharField()
    title = serializers.CharField()
    intro = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    status = serializers.CharField()
    organisation = serializers.CharField(source="organisation.name")
    published_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField()
    is_sample = serializers.BooleanField()
    feed = serializers.SerializerMethodField(help_text="Atom 订阅源")

    def get_feed(self, row: Any) -> str:
        return f"/collections/{row.slug}/feed/"


class CollectionInputSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=40, help_text="小写字母、数字和连字符")
    kind = serializers.ChoiceField(choices=KINDS)
    intro = serializers.CharField(max_length=3_000, allow_blank=True, default="")
    query = serializers.CharField(
        max_length=1_000, allow_blank=True, default="", help_text="如 q=电池&section=H"
    )
    patents = serializers.CharField(
        max_length=80_000, allow_blank=True, default="", help_text="每行一件：号码 | 点评"
    )


class EntrySerializer(serializers.Serializer[Any]):
    note = serializers.CharField(allow_blank=True)
    patent = PatentSerializer()


class EntriesSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    results = EntrySerializer(many=True)


class CollectionViewSet(IdempotentCreateMixin):
    """Thematic databases, free to read."""

    request: Request
    serializer_class = CollectionSerializer
    pagination_class = Page
    filter_backends = ()
    lookup_field = "slug"
    lookup_value_regex = "[a-z0-9-]{3,40}"
    idempotent_actions = ("create", "publish", "take_down")

    def get_queryset(self) -> Any:
        return collection_questions.collections(viewer=self.request.actor)

    def _answer(self, slug: str, status: int = 200) -> Response:
        row = collection_questions.collection(slug, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/collections/{slug}/"} if status == 201 else {}
        return Response(CollectionSerializer(row).data, status=status, headers=headers)

    @extend_schema(
        operation_id="collections_list",
        summary="专题库列表",
        responses={200: CollectionSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="collections_retrieve",
        summary="一个专题库",
        responses={200: CollectionSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, slug: str) -> Response:
        return self._answer(slug)

    @extend_schema(
        operation_id="collections_patents",
        summary="专题库里的在架专利",
        parameters=[OpenApiParameter("page", int)],
        responses={200: EntriesSerializer, **problems(400, 404)},
    )
    @action(detail=True, methods=["get"])
    def patents(self, request: Request, slug: str) -> Response:
        row = collection_questions.collection(slug, viewer=request.actor)
        wanted = page_number(request.query_params)
        if row.kind == CollectionKind.LIVE:
            found = search.board(
                viewer=Actor.anonymous(),
                query=query_of(row, wanted),
                now=timezone.now(),
                facets=False,
            )
            total, pages = found.total, found.pages
            entries = [(card, "") for card in found.cards]
        else:
            everything = collection_questions.picked(row, viewer=request.actor)
            total, size = len(everything), search.PAGE_SIZE
            pages = max(1, -(-total // size))
            entries = everything[(wanted - 1) * size : wanted * size]
        body = {
            "total": total,
            "page": wanted,
            "pages": pages,
            "results": [{"note": note, "patent": card} for card, note in entries],
        }
        return Response(EntriesSerializer(body).data)

    @extend_schema(
        operation_id="collections_create",
        summary="新建专题库（草稿）",
        parameters=[KEY],
        request=CollectionInputSerializer,
        responses={201: CollectionSerializer, **REFUSALS},
    )
    def create(self, request: Request) -> Response:
        data = CollectionInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        collection_commands.make_collection(
            draft=collection_commands.Draft(**data.validated_data),
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(data.validated_data["slug"], status=201)

    def _move(self, slug: str, command: Any) -> Response:
        row = collection_questions.collection(slug, viewer=self.request.actor)
        command(collection_id=row.pk, by=self.request.actor, now=timezone.now())
        return self._answer(slug)

    @extend_schema(
        operation_id="collections_publish",
        summary="发布专题库",
        parameters=[KEY],
        request=None,
        responses={200: CollectionSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, slug: str) -> Response:
        return self._move(slug, collection_commands.publish_collection)

    @extend_schema(
        operation_id="collections_take_down",
        summary="撤下专题库",
        parameters=[KEY],
        request=None,
        responses={200: CollectionSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"], url_path="take-down")
    def take_down(self, request: Request, slug: str) -> Response:
        return self._move(slug, collection_commands.take_down_collection)


class BundleSerializer(serializers.Serializer[Any]):
    """Several patents offered as one."""

    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    summary = serializers.CharField()
    status = serializers.CharField()
    organisation_id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.name")
    routes = serializers.ListField(child=serializers.CharField())
    price = serializers.DecimalField(allow_null=True, help_text="null 表示面议", **MONEY)
    contact = serializers.CharField()
    listed_at = serializers.DateTimeField(allow_null=True)
    suspended_because = serializers.CharField()
    members = serializers.SerializerMethodField()

    def get_members(self, row: Any) -> list[dict[str, Any]]:
        return [
            {"patent_id": m.patent_id, "title": m.patent.title, "note": m.note}
            for m in row.members.all()
        ]


class BundleInputSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=120)
    patents = serializers.CharField(max_length=20_000, help_text="每行一件：号码 | 作用")
    summary = serializers.CharField(max_length=3_000, allow_blank=True, default="")
    routes = serializers.ListField(child=serializers.ChoiceField(choices=ROUTES), default=list)
    price = serializers.DecimalField(allow_null=True, default=None, **MONEY)
    contact = serializers.CharField(max_length=200, allow_blank=True, default="")

    def as_draft(self) -> bundle_commands.Draft:
        data = dict(self.validated_data)
        data["routes"] = tuple(Route(route) for route in data["routes"])
        return bundle_commands.Draft(**data)


class BundleReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class BundleViewSet(IdempotentCreateMixin):
    """Bundles on offer for anyone, an office's own for the office."""

    request: Request
    serializer_class = BundleSerializer
    pagination_class = Page
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "offer", "suspend", "withdraw")

    def get_queryset(self) -> Any:
        return bundle_questions.bundles(viewer=self.request.actor)

    def _answer(self, pk: int, status: int = 200) -> Response:
        row = bundle_questions.bundle(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/bundles/{pk}/"} if status == 201 else {}
        return Response(BundleSerializer(row).data, status=status, headers=headers)

    @extend_schema(
        operation_id="bundles_list",
        summary="在架的专利组合",
        responses={200: BundleSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="bundles_retrieve",
        summary="一个专利组合",
        responses={200: BundleSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="bundles_create",
        summary="新建专利组合（草稿）",
        parameters=[KEY],
        request=BundleInputSerializer,
        responses={201: BundleSerializer, **REFUSALS},
    )
    def create(self, request: Request) -> Response:
        data = BundleInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = bundle_commands.make_bundle(
            draft=data.as_draft(), by=request.actor, now=timezone.now()
        )
        return self._answer(pk, status=201)

    def _move(self, pk: str, command: Any, **more: Any) -> Response:
        command(bundle_id=whole(pk), by=self.request.actor, now=timezone.now(), **more)
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="bundles_offer",
        summary="上架或恢复专利组合",
        parameters=[KEY],
        request=None,
        responses={200: BundleSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def offer(self, request: Request, pk: str) -> Response:
        return self._move(pk, bundle_commands.list_bundle)

    @extend_schema(
        operation_id="bundles_suspend",
        summary="暂停专利组合",
        parameters=[KEY],
        request=BundleReasonSerializer,
        responses={200: BundleSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        data = BundleReasonSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        return self._move(pk, bundle_commands.suspend_bundle, reason=data.validated_data["reason"])

    @extend_schema(
        operation_id="bundles_withdraw",
        summary="撤回专利组合",
        parameters=[KEY],
        request=None,
        responses={200: BundleSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._move(pk, bundle_commands.withdraw_bundle)


router = SimpleRouter()
router.register("collections", CollectionViewSet, basename="collection")
router.register("bundles", BundleViewSet, basename="bundle")
urlpatterns = router.urls
