"""The API of legal events: files of them, what waits for its patent, what does not fit."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin
from listings import services
from listings.api.serializers import UploadSerializer
from listings.api.views import Page
from listings.rules.standing import EVENTS
from listings.selectors.register import events as selectors
from listings.services import gazette
from listings.uploads import take_in_events

CODES = [(code, label) for code, (label, _rank) in EVENTS.items()]
LARGEST = 10**18


def whole(text: str) -> int:
    """A primary key from an address that admits digits only."""
    return min(int(text), LARGEST)


class EventFileSerializer(serializers.Serializer[Any]):
    """One file of legal events: its state and the number of rows of each verdict."""

    id = serializers.IntegerField(read_only=True)
    filename = serializers.CharField(read_only=True)
    scope = serializers.CharField(
        read_only=True, help_text="stock 本单位的专利，region 本地区的专利"
    )
    state = serializers.CharField(read_only=True, help_text="checking, checked, running, done")
    rows = serializers.IntegerField(source="about.rows", read_only=True)
    progress = serializers.IntegerField(read_only=True)
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        read_only=True,
        help_text="fits 可登记（完成后为已登记），known 已登记过，waiting 等待专利入库，"
        "rejected 不能登记",
    )
    created_at = serializers.DateTimeField(read_only=True)
    finished_at = serializers.DateTimeField(read_only=True, allow_null=True)


class EventRowProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one cell, and how to mend it."""

    column = serializers.CharField()
    field = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField(help_text="哪里不对")
    mend = serializers.CharField(help_text="怎样改")


class EventRowSerializer(serializers.Serializer[Any]):
    """One row of a file."""

    number = serializers.IntegerField(help_text="文件中的行号")
    verdict = serializers.ChoiceField(
        choices=[(v, v) for v in ("pending", "fits", "known", "waiting", "rejected")]
    )
    patent_id = serializers.IntegerField(allow_null=True)
    problems = EventRowProblemSerializer(many=True)


class WaitingEventSerializer(serializers.Serializer[Any]):
    """An event whose patent is not here yet."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    code = serializers.ChoiceField(choices=CODES)
    occurred_on = serializers.DateField()
    reference = serializers.CharField(allow_blank=True)
    detail = serializers.DictField()
    recorded_at = serializers.DateTimeField()


class ContradictionSerializer(serializers.Serializer[Any]):
    """An event that does not fit what is recorded."""

    id = serializers.IntegerField(read_only=True)
    patent_id = serializers.IntegerField(read_only=True)
    event_id = serializers.IntegerField(read_only=True)
    code = serializers.CharField(read_only=True)
    message = serializers.CharField(read_only=True)
    mend = serializers.CharField(read_only=True, help_text="怎样处理")
    found_at = serializers.DateTimeField(read_only=True)
    settled_at = serializers.DateTimeField(read_only=True, allow_null=True)
    reason = serializers.CharField(min_length=5, max_length=300, help_text="核对的结果")


class EventFileViewSet(IdempotentCreateMixin):
    """Files of legal events: taken in, judged, recorded."""

    request: Request
    serializer_class = EventFileSerializer
    pagination_class = Page
    filter_backends = ()
    queryset = selectors.no_files()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "start")

    def page_ordering(self, request: Request) -> tuple[str, ...]:
        return ("number",) if self.action == "rows" else ("-pk",)

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.files(viewer=self.request.actor).order_by()

    def _answer(self, pk: int, status: int = 200) -> Response:
        found = selectors.file(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/event-files/{pk}/"} if status == 201 else {}
        return Response(EventFileSerializer(found).data, status=status, headers=headers)

    @extend_schema(
        operation_id="event_files_list",
        summary="法律事件文件",
        responses={200: EventFileSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="event_files_retrieve",
        summary="一个法律事件文件的状态",
        responses={200: EventFileSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="event_files_create",
        summary="上传法律事件文件并预检",
        description="只预检，不登记；核对后再 POST start。同一事件重复上传不会产生第二条。",
        parameters=[KEY],
        request={"multipart/form-data": UploadSerializer},
        responses={201: EventFileSerializer, **problems(400, 401, 403, 409, 413, 422)},
    )
    def create(self, request: Request) -> Response:
        data = UploadSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        upload = data.validated_data["file"]
        pk = take_in_events(upload, by=request.actor, now=timezone.now())
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="event_files_rows",
        summary="逐行结果",
        parameters=[OpenApiParameter("verdict", str, description="只看一种结果")],
        responses={200: EventRowSerializer(many=True), **problems(404)},
    )
    @action(detail=True, methods=["get"])
    def rows(self, request: Request, pk: str) -> Response:
        found = selectors.file(whole(pk), viewer=request.actor)
        rows = selectors.rows(found, verdict=request.query_params.get("verdict", ""))
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(EventRowSerializer(page, many=True).data)

    @extend_schema(
        operation_id="event_files_start",
        summary="登记文件中的事件",
        parameters=[KEY],
        request=None,
        responses={200: EventFileSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        gazette.start(file_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))


class WaitingEventViewSet(GenericViewSet[Any]):
    """Events that wait for their patent."""

    request: Request
    serializer_class = WaitingEventSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = selectors.no_waiting()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.waiting(viewer=self.request.actor).order_by()

    @extend_schema(
        operation_id="waiting_events_list",
        summary="等待专利入库的法律事件",
        responses={200: WaitingEventSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="waiting_events_drop",
        summary="移除一条等待中的事件",
        responses={204: None, **problems(401, 403, 404, 409)},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        gazette.drop_waiting(waiting_id=whole(pk), by=request.actor, now=timezone.now())
        return Response(status=204)


class ContradictionViewSet(IdempotentCreateMixin):
    """What does not fit the record."""

    request: Request
    serializer_class = ContradictionSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = selectors.no_doubts()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("settle",)

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.doubts(viewer=self.request.actor).open().order_by()

    @extend_schema(
        operation_id="event_contradictions_list",
        summary="与公报不一致、等待核对的事件",
        responses={200: ContradictionSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="event_contradictions_settle",
        summary="记录核对结果：记录无误",
        parameters=[KEY],
        request=ContradictionSerializer,
        responses={200: ContradictionSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        found = selectors.doubt(whole(pk), viewer=request.actor)
        data = ContradictionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        services.settle_contradiction(
            contradiction_id=found.pk,
            reason=data.validated_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        found.refresh_from_db()
        return Response(ContradictionSerializer(found).data)


router = SimpleRouter()
router.register("event-files", EventFileViewSet, basename="event-file")
router.register("waiting-events", WaitingEventViewSet, basename="waiting-event")
router.register("event-contradictions", ContradictionViewSet, basename="event-contradiction")
urlpatterns = router.urls
