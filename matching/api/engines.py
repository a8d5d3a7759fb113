"""The engine's versions for programs: what learning brought, which is in force, going back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.schema import ID, REFUSED, problems
from core.api.types import Request
from core.errors import NotAllowed
from matching.api.views import Room
from matching.models import EngineVersion, LearningAttempt
from matching.selectors import learning as asked
from matching.services import learning


class EngineTrialSerializer(serializers.ModelSerializer[LearningAttempt]):
    """What learning brought: before and after, on held-out and on new ratings."""

    baseline = serializers.IntegerField(source="baseline_id", allow_null=True)
    version = serializers.IntegerField(source="version_id", allow_null=True)

    class Meta:
        model = LearningAttempt
        fields = (
            "id", "outcome", "version", "baseline", "ratings", "firms", "report", "made_at",
            "decided_at",
        )  # fmt: skip
        read_only_fields = fields


class EngineVersionSerializer(serializers.ModelSerializer[EngineVersion]):
    """A scorer: its weights, and whether it is in force."""

    attempt = serializers.SerializerMethodField()

    class Meta:
        model = EngineVersion
        fields = (
            "id", "is_active", "weights", "corpus_size", "corpus_digest", "as_of", "note",
            "created_at", "attempt",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(EngineTrialSerializer(allow_null=True))
    def get_attempt(self, row: EngineVersion) -> dict[str, Any] | None:
        attempt = getattr(row, "attempt", None)
        return dict(EngineTrialSerializer(attempt).data) if attempt is not None else None


class EngineVersionViewSet(Room):
    """引擎版本."""

    serializer_class = EngineVersionSerializer
    queryset = EngineVersion.objects.none()

    def get_queryset(self) -> QuerySet[EngineVersion]:
        return asked.versions(viewer=self.request.actor)

    def for_readers(self) -> None:
        """Operators and auditors only; a visitor is told to sign in."""
        self.with_account()
        if not self.request.actor.has(*asked.READERS):
            raise NotAllowed("引擎版本只对管理员和审计员开放。")

    @extend_schema(
        summary="引擎版本",
        description="权重、词频来源、影子评估结果；最新的在前。",
        responses={200: EngineVersionSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        self.for_readers()
        return self.page()

    @extend_schema(
        summary="一个引擎版本",
        parameters=[ID],
        responses={200: EngineVersionSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        self.for_readers()
        return self.one(self.get_object())

    @extend_schema(
        summary="试用版本投入使用",
        description="影子评估中的版本立即投入使用，全部匹配随后重算。",
        parameters=[ID],
        request=None,
        responses={200: EngineVersionSerializer, **problems(*REFUSED, 404, 409)},
    )
    @action(detail=True, methods=["post"], url_path="put-in-force")
    def put_in_force(self, request: Request, pk: str) -> Response:
        return self.moved(learning.put_in_force)

    @extend_schema(
        summary="放弃试用版本",
        parameters=[ID],
        request=None,
        responses={200: EngineVersionSerializer, **problems(*REFUSED, 404, 409)},
    )
    @action(detail=True, methods=["post"], url_path="give-up")
    def give_up(self, request: Request, pk: str) -> Response:
        return self.moved(learning.reject_trial)

    @extend_schema(
        summary="退回到一个引擎版本",
        description="曾经使用的版本重新投入使用，全部匹配随后重算。",
        parameters=[ID],
        request=None,
        responses={200: EngineVersionSerializer, **problems(*REFUSED, 404, 409)},
    )
    @action(detail=True, methods=["post"], url_path="put-back")
    def put_back(self, request: Request, pk: str) -> Response:
        return self.moved(learning.put_back)

    @extend_schema(
        summary="现在学习一次",
        description="平时每周日凌晨进行。评价不足时只记录原因，不改任何权重。",
        request=None,
        responses={200: EngineTrialSerializer, **problems(*REFUSED)},
    )
    @action(detail=False, methods=["post"])
    def learn(self, request: Request) -> Response:
        self.for_readers()
        row = learning.learn(by=request.actor, now=timezone.now())
        return Response(EngineTrialSerializer(row).data)

    def moved(self, command: Any) -> Response:
        self.for_readers()
        row = self.get_object()
        command(version_id=row.pk, by=self.request.actor, now=timezone.now())
        return self.one(self.get_object())


router = SimpleRouter()
router.register("engine-versions", EngineVersionViewSet, basename="engine-version")
urlpatterns = router.urls
