"""Milestones as claims, for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.views import Room
from licensing.models import MilestoneClaim
from licensing.rules import claims as rules
from licensing.selectors import claims
from licensing.services import claims as services

CLAIM_STATUSES = [(s.value, rules.CLAIM_LABELS[s]) for s in rules.ClaimStatus]
CLAIM_SIDES = [(s.value, rules.SIDE_LABELS[s]) for s in rules.Side]


class MilestoneClaimSerializer(serializers.ModelSerializer[MilestoneClaim]):
    """That an event of the fee plan came, as one party says, and the other's answer."""

    event = serializers.CharField(source="part.trigger", read_only=True)
    kind = serializers.CharField(source="part.kind", read_only=True)
    status = serializers.ChoiceField(choices=CLAIM_STATUSES, read_only=True)
    side = serializers.ChoiceField(choices=CLAIM_SIDES, read_only=True)
    due_id = serializers.SerializerMethodField()

    class Meta:
        model = MilestoneClaim
        fields = (
            "id", "licence_id", "part_id", "event", "kind", "side", "status", "reached_on", "note",
            "answer_by", "claimed_at", "disputed_at", "dispute", "confirmed_at", "withdrawn_at",
            "due_id",
        )  # fmt: skip
        read_only_fields = fields

    def get_due_id(self, row: MilestoneClaim) -> int | None:
        """The sum that fell due by it."""
        reason = getattr(row, "reason", None)
        return reason.due_id if reason else None


class NewMilestoneClaimSerializer(serializers.Serializer[Any]):
    """That an event came; the evidence is sent as multipart."""

    licence_id = serializers.IntegerField(min_value=1)
    part_id = serializers.IntegerField(min_value=1, help_text="付费方案中等待这一事件的组成部分")
    reached_on = serializers.DateField()
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")
    evidence = serializers.FileField(required=False, allow_null=True, default=None)


class MilestoneDisputeSerializer(serializers.Serializer[Any]):
    """Why the other side does not agree."""

    reason = serializers.CharField(max_length=2000)


class MilestoneClaimViewSet(Room):
    """Milestones 里程碑 as claims."""

    serializer_class = MilestoneClaimSerializer
    queryset = MilestoneClaim.objects.none()

    def get_queryset(self) -> QuerySet[MilestoneClaim]:
        asked = self.request.query_params.get("licence_id", "")
        known = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        rows = claims.milestone_claims(viewer=self.request.actor, licence_id=known)
        return rows.select_related("licence", "part", "reason")

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = claims.milestone_claim(pk, viewer=self.request.actor)
        return Response(MilestoneClaimSerializer(row).data, status=code)

    @extend_schema(
        summary="里程碑申报列表",
        parameters=[OpenApiParameter("licence_id", int, description="只看这项许可")],
        responses={200: MilestoneClaimSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一项里程碑申报",
        parameters=[ID],
        responses={200: MilestoneClaimSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="申报达到里程碑",
        request=NewMilestoneClaimSerializer,
        parameters=[KEY],
        responses={201: MilestoneClaimSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        row = services.claim_milestone(**self.command(NewMilestoneClaimSerializer))
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="确认里程碑",
        description="款项随即列入应付款，只列一次。",
        request=None,
        parameters=[ID],
        responses={200: MilestoneClaimSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        services.confirm_milestone(claim_id=int(pk), **self.command(serializers.Serializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="对里程碑提出争议",
        request=MilestoneDisputeSerializer,
        parameters=[ID],
        responses={200: MilestoneClaimSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def dispute(self, request: Request, pk: str) -> Response:
        services.dispute_milestone(claim_id=int(pk), **self.command(MilestoneDisputeSerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="撤回里程碑申报",
        request=None,
        parameters=[ID],
        responses={200: MilestoneClaimSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        services.withdraw_milestone(claim_id=int(pk), **self.command(serializers.Serializer))
        return self._shown(int(pk))
