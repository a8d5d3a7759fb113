"""The API of full runs: start, watch, pause, go on, cut otherwise, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.pagination import Cursor
from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from core.errors import Missing, NotAllowed
from core.idempotency.api import IdempotentCreateMixin
from matching import services
from matching.models import Run
from matching.selectors import running
from matching.services.full import LARGEST_SHARD, LEAST_SHARD
from matching.types import RunState

STATES = [(s.value, s.value) for s in RunState]


class MatchRunSerializer(serializers.Serializer[Any]):
    """One full run. Nothing of it shows before `state` is finished; then all of it."""

    id = serializers.IntegerField(source="pk")
    state = serializers.ChoiceField(choices=STATES)
    demands = serializers.IntegerField(help_text="参加的需求与订阅")
    matches = serializers.IntegerField(help_text="切换后的匹配数；完成前为 0")
    pushes = serializers.IntegerField()
    shards = serializers.SerializerMethodField(help_text="分片总数")
    shards_done = serializers.SerializerMethodField()
    shards_working = serializers.SerializerMethodField()
    demands_done = serializers.SerializerMethodField()
    demands_per_second = serializers.SerializerMethodField()
    seconds_left = serializers.SerializerMethodField(help_text="按最近十分钟的速度估计")
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def _of(self, run: Run) -> running.Progress | None:
        found: dict[int, running.Progress] = self.context["progress"]
        return found.get(run.pk)

    def get_shards(self, run: Run) -> int:
        found = self._of(run)
        return found.shards if found else 0

    def get_shards_done(self, run: Run) -> int:
        found = self._of(run)
        return found.done if found else 0

    def get_shards_working(self, run: Run) -> int:
        found = self._of(run)
        return found.working if found else 0

    def get_demands_done(self, run: Run) -> int:
        found = self._of(run)
        return found.demands_done if found else 0

    def get_demands_per_second(self, run: Run) -> float | None:
        found = self._of(run)
        return round(found.per_second, 3) if found and found.per_second else None

    def get_seconds_left(self, run: Run) -> int | None:
        found = self._of(run)
        return int(found.left.total_seconds()) if found and found.left is not None else None


class RecutSerializer(serializers.Serializer[Any]):
    size = serializers.IntegerField(
        min_value=LEAST_SHARD, max_value=LARGEST_SHARD, help_text="每片的需求数"
    )


class MatchRunViewSet(IdempotentCreateMixin):
    """Full runs, for whoever runs the engine."""

    request: Request
    serializer_class = MatchRunSerializer
    pagination_class = Cursor
    filter_backends = ()
    permission_classes = ()
    queryset = Run.objects.none()
    lookup_value_regex = r"\d{1,18}"
    idempotent_actions = ("create",)

    def get_queryset(self) -> QuerySet[Run]:
        if self.request.actor.is_anonymous:
            error = NotAllowed("请先认证，再访问这项资源。", code="login-required")
            error.status = 401
            raise error
        return running.full_runs(viewer=self.request.actor).order_by()

    def _shown(self, rows: list[Run], *, many: bool = False) -> Any:
        found = running.progress([row.pk for row in rows], now=timezone.now())
        context = {"progress": found, "request": self.request}
        if many:
            return MatchRunSerializer(rows, many=True, context=context).data
        return MatchRunSerializer(rows[0], context=context).data

    @extend_schema(
        operation_id="match_runs_list",
        summary="全量匹配的运行",
        responses={200: MatchRunSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self._shown(list(rows), many=True))

    @extend_schema(
        operation_id="match_runs_create",
        summary="开始全量匹配",
        description="结果先写在一旁，全部分片完成后一次切换；在那之前线上匹配不变。",
        request=None,
        parameters=[KEY],
        responses={201: MatchRunSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        self.get_queryset()
        run = services.start_full_run(by=request.actor, now=timezone.now())
        return Response(self._shown([run]), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="match_runs_retrieve",
        summary="一次运行的进度",
        parameters=[ID],
        responses={200: MatchRunSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._shown([self._run(pk)]))

    @extend_schema(
        operation_id="match_runs_pause",
        summary="暂停",
        description="正在计算的分片做完即止，不再开始新的。",
        request=None,
        parameters=[ID],
        responses={200: MatchRunSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self._steered(pk, services.pause_run)

    @extend_schema(
        operation_id="match_runs_resume",
        summary="继续",
        request=None,
        parameters=[ID],
        responses={200: MatchRunSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._steered(pk, services.resume_run)

    @extend_schema(
        operation_id="match_runs_cancel",
        summary="取消",
        description="算出的结果全部丢弃，线上匹配保持原样。",
        request=None,
        parameters=[ID],
        responses={200: MatchRunSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self._steered(pk, services.cancel_run)

    @extend_schema(
        operation_id="match_runs_recut",
        summary="重新分片",
        description="把还没开始的需求按新的大小重切。",
        request=RecutSerializer,
        parameters=[ID],
        responses={200: MatchRunSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def recut(self, request: Request, pk: str) -> Response:
        run = self._run(pk)
        filled = RecutSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        size = filled.validated_data["size"]
        run = services.recut_run(run_id=run.pk, size=size, by=request.actor, now=timezone.now())
        return Response(self._shown([run]))

    def _steered(self, pk: str, command: Callable[..., Run]) -> Response:
        run = self._run(pk)
        run = command(run_id=run.pk, by=self.request.actor, now=timezone.now())
        return Response(self._shown([run]))

    def _run(self, pk: str) -> Run:
        run = self.get_queryset().filter(pk=int(pk)).first()
        if run is None:
            raise Missing("没有这次运行，它可能已被清理。")
        return run
