"""The API of drives: run one, follow it, and answer as an invited institution."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
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
from listings.api.views import whole
from listings.rules import drives as rules
from listings.rules.drives import DriveState, Stock, TaskState
from listings.selectors import drives as ask
from listings.services import drive_tasks
from listings.services import drives as services
from listings.services.drives import DriveInput

STATES = [(s.value, s.value) for s in TaskState]
DRIVE_STATES = [(s.value, s.value) for s in DriveState]
REFUSALS = problems(400, 401, 403, 404, 409, 422)


class StockSerializer(serializers.Serializer[Any]):
    """Out of the library, never typed."""

    valid = serializers.IntegerField(help_text="有效授权专利")
    decided = serializers.IntegerField(help_text="其中有盘点结论的（入库或归档）")
    unverified = serializers.IntegerField(help_text="号码待核实，不计入有效")


class DriveLineSerializer(serializers.Serializer[Any]):
    """One institution of a drive."""

    task_id = serializers.IntegerField()
    organisation_id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    declared = serializers.IntegerField(allow_null=True)
    stock = StockSerializer()
    coverage = serializers.DecimalField(max_digits=5, decimal_places=4, allow_null=True)
    left = serializers.IntegerField()
    note = serializers.CharField()


class DriveSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    goal = serializers.CharField()
    todo = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    state = serializers.ChoiceField(choices=DRIVE_STATES)
    organiser_id = serializers.IntegerField()
    region = serializers.CharField()
    version = serializers.IntegerField()


class DriveDetailSerializer(DriveSerializer):
    lines = DriveLineSerializer(many=True)


class NewDriveSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=100)
    goal = serializers.CharField(max_length=500)
    todo = serializers.CharField(max_length=5_000)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    organisations = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=rules.MOST_INVITED
    )


class ChangedDriveSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(help_text="读取时的版本；已被别人修改过则返回 409")
    title = serializers.CharField(max_length=100, required=False)
    goal = serializers.CharField(max_length=500, required=False)
    todo = serializers.CharField(max_length=5_000, required=False)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)


class InviteSerializer(serializers.Serializer[Any]):
    organisations = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=rules.MOST_INVITED
    )


class DriveReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class TaskSerializer(serializers.Serializer[Any]):
    """What one's institution was asked to do."""

    id = serializers.IntegerField()
    drive = DriveSerializer()
    organisation_id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=STATES)
    declared = serializers.IntegerField(allow_null=True)
    stock = StockSerializer()
    coverage = serializers.DecimalField(max_digits=5, decimal_places=4, allow_null=True)
    left = serializers.IntegerField()


class DeclaredSerializer(serializers.Serializer[Any]):
    declared = serializers.IntegerField(min_value=0, max_value=rules.MOST_DECLARED)


class ConfirmSerializer(serializers.Serializer[Any]):
    shortfall = serializers.CharField(max_length=300, allow_blank=True, default="")


EXAMPLE = {
    "title": "2026 年第四季度存量专利盘点",
    "goal": "有效专利全部有结论",
    "todo": "导入清单，逐件入库或归档，确认完成。",
    "starts_on": "2026-11-20",
    "ends_on": "2026-12-20",
    "organisations": [2, 5],
}


class DriveViewSet(IdempotentCreateMixin):
    """Drives that one runs or oversees."""

    request: Request
    serializer_class = DriveSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = ask.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "invite", "remind", "close")

    def get_queryset(self) -> QuerySet[Any]:
        return ask.run_by(viewer=self.request.actor).order_by()

    def _answer(self, pk: int, status: int = 200) -> Response:
        row = ask.drive(pk, viewer=self.request.actor)
        body = {
            **DriveSerializer(row).data,
            "lines": DriveLineSerializer(ask.lines(row), many=True).data,
        }
        headers = {"Location": f"/api/v1/drives/{pk}/"} if status == 201 else {}
        return Response(body, status=status, headers=headers)

    @extend_schema(
        operation_id="drives_list",
        summary="盘点动员",
        responses={200: DriveSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="drives_retrieve",
        summary="一次动员及各单位进度",
        responses={200: DriveDetailSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="drives_create",
        summary="发起盘点动员",
        parameters=[KEY],
        request=NewDriveSerializer,
        responses={201: DriveDetailSerializer, **REFUSALS},
        examples=[OpenApiExample("一次动员", value=EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        data = NewDriveSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given = dict(data.validated_data)
        organisations = given.pop("organisations")
        pk = services.open_drive(
            data=DriveInput(**given),
            organisations=organisations,
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="drives_update",
        summary="修改动员（名称、目标、期限等）",
        request=ChangedDriveSerializer,
        responses={200: DriveDetailSerializer, **REFUSALS},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        data = ChangedDriveSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        row = ask.drive(whole(pk), viewer=request.actor)
        names = ("title", "goal", "todo", "starts_on", "ends_on")
        given = {name: data.validated_data.get(name, getattr(row, name)) for name in names}
        services.edit_drive(
            drive_id=row.pk,
            data=DriveInput(**given),
            version=data.validated_data["version"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(row.pk)

    @extend_schema(
        operation_id="drives_invite",
        summary="追加邀请",
        parameters=[KEY],
        request=InviteSerializer,
        responses={200: DriveDetailSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def invite(self, request: Request, pk: str) -> Response:
        data = InviteSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        services.invite(
            drive_id=whole(pk), by=request.actor, now=timezone.now(), **data.validated_data
        )
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="drives_remind",
        summary="提醒所有未完成的单位（每天一次）",
        parameters=[KEY],
        request=None,
        responses={200: DriveDetailSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def remind(self, request: Request, pk: str) -> Response:
        services.remind(drive_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="drives_close",
        summary="结束动员并存档结果",
        parameters=[KEY],
        request=None,
        responses={200: DriveDetailSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        services.close_drive(drive_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))


class DriveTaskViewSet(IdempotentCreateMixin):
    """What one's institutions were asked to do."""

    request: Request
    serializer_class = TaskSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = ask.no_tasks()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("confirm", "excuse")

    def get_queryset(self) -> QuerySet[Any]:
        return ask.tasks(viewer=self.request.actor).order_by()

    def _shown(self, rows: Any) -> Any:
        stocks = ask.stock_of({row.organisation_id for row in rows})
        for row in rows:
            row.stock = stocks.get(row.organisation_id, Stock())
            row.coverage = rules.coverage(row.stock, row.declared)
            row.left = rules.left(row.stock, row.declared)
        return TaskSerializer(rows, many=True).data

    def _answer(self, pk: int) -> Response:
        return Response(self._shown([ask.task(pk, viewer=self.request.actor)])[0])

    @extend_schema(
        operation_id="drive_tasks_list",
        summary="本单位的盘点任务",
        responses={200: TaskSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self._shown(page))

    @extend_schema(
        operation_id="drive_tasks_retrieve",
        summary="一项盘点任务",
        responses={200: TaskSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="drive_tasks_declare",
        summary="申报有效专利总数",
        request=DeclaredSerializer,
        responses={200: TaskSerializer, **REFUSALS},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        data = DeclaredSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        drive_tasks.declare(
            task_id=whole(pk), by=request.actor, now=timezone.now(), **data.validated_data
        )
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="drive_tasks_confirm",
        summary="盘点完成",
        description="件数由平台从库中统计；还有未定结论的，返回 409 并说明差多少。",
        parameters=[KEY],
        request=ConfirmSerializer,
        responses={200: TaskSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        data = ConfirmSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        drive_tasks.confirm(
            task_id=whole(pk), by=request.actor, now=timezone.now(), **data.validated_data
        )
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="drive_tasks_excuse",
        summary="不参加",
        parameters=[KEY],
        request=DriveReasonSerializer,
        responses={200: TaskSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def excuse(self, request: Request, pk: str) -> Response:
        data = DriveReasonSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        ask.task(whole(pk), viewer=request.actor)
        drive_tasks.excuse(
            task_id=whole(pk), by=request.actor, now=timezone.now(), **data.validated_data
        )
        return self._answer(whole(pk))


router = SimpleRouter()
router.register("drives", DriveViewSet, basename="drive")
router.register("drive-tasks", DriveTaskViewSet, basename="drive-task")
urlpatterns = router.urls
