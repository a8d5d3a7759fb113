"""Conduct notes for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from core.errors import Invalid
from licensing.api.views import Room
from licensing.models import ConductNote
from licensing.rules import conduct as rules
from licensing.selectors import conduct as questions
from licensing.services import conduct as services

CONDUCT_STATUSES = [(s.value, rules.CONDUCT_LABELS[s]) for s in rules.ConductStatus]
CONDUCT_KINDS = [(k.value, rules.KIND_LABELS[k]) for k in rules.ConductKind]
BY_CONTRACT = [
    OpenApiParameter("deal_id", int, description="洽谈，与 licence_id 二者填一"),
    OpenApiParameter("licence_id", int, description="许可"),
]


class ConductSerializer(serializers.ModelSerializer[ConductNote]):
    """A note as the party and its bureau read it."""

    status = serializers.ChoiceField(choices=CONDUCT_STATUSES, read_only=True)
    kind = serializers.ChoiceField(choices=CONDUCT_KINDS, read_only=True)

    class Meta:
        model = ConductNote
        fields = (
            "id", "organisation_id", "deal_id", "licence_id", "contract_number", "kind", "status",
            "happened_on", "fact", "source", "stated_at", "answer_by", "answer", "effective_on",
            "expires_on", "appeal", "decision",
        )  # fmt: skip
        read_only_fields = fields


class ConductShownSerializer(serializers.ModelSerializer[ConductNote]):
    """A note as the other side of a live contract reads it: not which contract it came from."""

    status = serializers.ChoiceField(choices=CONDUCT_STATUSES, read_only=True)
    kind = serializers.ChoiceField(choices=CONDUCT_KINDS, read_only=True)

    class Meta:
        model = ConductNote
        fields = ("kind", "status", "happened_on", "answer", "effective_on", "expires_on")
        read_only_fields = fields


class NewConductSerializer(serializers.Serializer[Any]):
    """What a bureau notes, on which grounds."""

    deal_id = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    licence_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None
    )
    organisation_id = serializers.IntegerField(min_value=1)
    kind = serializers.ChoiceField(choices=CONDUCT_KINDS)
    happened_on = serializers.DateField()
    fact = serializers.CharField(max_length=2000)
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]


class ConductAnswerSerializer(serializers.Serializer[Any]):
    """The party's words."""

    answer = serializers.CharField(max_length=2000)


class ConductAppealSerializer(serializers.Serializer[Any]):
    """Why it should be struck."""

    appeal = serializers.CharField(max_length=2000)


class ConductDecisionSerializer(serializers.Serializer[Any]):
    """The bureau's word on an appeal."""

    uphold = serializers.BooleanField()
    decision = serializers.CharField(max_length=2000)


class ConductCorrectionSerializer(serializers.Serializer[Any]):
    """What it should say."""

    happened_on = serializers.DateField()
    fact = serializers.CharField(max_length=2000)
    reason = serializers.CharField(max_length=2000)


class ConductReasonSerializer(serializers.Serializer[Any]):
    """Why it is struck."""

    reason = serializers.CharField(max_length=2000)


SHOWN: dict[Any, Any] = {200: ConductSerializer, **problems(*REFUSED)}


class ConductView(Room):
    """Conduct notes 信用记录."""

    serializer_class = ConductSerializer
    queryset = ConductNote.objects.none()

    def get_queryset(self) -> QuerySet[ConductNote]:
        asked = self.request.query_params.get("status", "")[:20]
        return questions.notes(viewer=self.request.actor, status=asked)

    def _run(self, command: Any, pk: int, form: type[serializers.Serializer[Any]]) -> Response:
        command(note_id=pk, **self.command(form))
        return self.retrieve(self.request, pk)

    @extend_schema(
        summary="信用记录列表",
        description="本单位的；主管部门为辖区内的。",
        parameters=[OpenApiParameter("status", str, description="状态代码")],
        responses={200: ConductSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(summary="一条信用记录", parameters=[ID], responses=SHOWN)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(ConductSerializer(questions.note(pk, viewer=request.actor)).data)

    @extend_schema(
        summary="写入信用记录",
        description="由合同所在地主管部门写明事实和依据；当事人答复期满后生效。",
        request=NewConductSerializer,
        parameters=[KEY],
        responses={201: ConductSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        row = services.state_conduct(**self.command(NewConductSerializer))
        return Response(ConductSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="查看合同对方的信用记录",
        description="只给正在洽谈或履行合同的一方；每次查看都留有记录，对方看得到。",
        parameters=BY_CONTRACT,
        responses={200: ConductShownSerializer(many=True), **problems(401, 403, 404, 422)},
    )
    def of(self, request: Request) -> Response:
        which = {name: _number(request, name) for name in ("deal_id", "licence_id")}
        if sum(pk is not None for pk in which.values()) != 1:
            raise Invalid(fields={"licence_id": ["请填写 deal_id 或 licence_id，二者填一。"]})
        _side, rows = services.look_up(**which, by=request.actor, now=timezone.now())
        return Response(ConductShownSerializer(rows, many=True).data)

    @extend_schema(
        summary="说明", request=ConductAnswerSerializer, parameters=[ID], responses=SHOWN
    )
    def answer(self, request: Request, pk: int) -> Response:
        return self._run(services.answer_conduct, pk, ConductAnswerSerializer)

    @extend_schema(
        summary="申诉", request=ConductAppealSerializer, parameters=[ID], responses=SHOWN
    )
    def appeal(self, request: Request, pk: int) -> Response:
        return self._run(services.appeal_conduct, pk, ConductAppealSerializer)

    @extend_schema(
        summary="处理申诉", request=ConductDecisionSerializer, parameters=[ID], responses=SHOWN
    )
    def decide(self, request: Request, pk: int) -> Response:
        return self._run(services.decide_appeal, pk, ConductDecisionSerializer)

    @extend_schema(
        summary="更正记录", request=ConductCorrectionSerializer, parameters=[ID], responses=SHOWN
    )
    def correct(self, request: Request, pk: int) -> Response:
        return self._run(services.correct_conduct, pk, ConductCorrectionSerializer)

    @extend_schema(
        summary="撤销记录", request=ConductReasonSerializer, parameters=[ID], responses=SHOWN
    )
    def strike(self, request: Request, pk: int) -> Response:
        return self._run(services.strike_conduct, pk, ConductReasonSerializer)


def _number(request: Request, name: str) -> int | None:
    asked = request.query_params.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None


one, ONE = ConductView.as_view, "conduct-notes/<int:pk>/"
urlpatterns = [
    path("conduct-notes/", one({"get": "list", "post": "create"}), name="conduct-list"),
    path("conduct-notes/of/", one({"get": "of"}, pagination_class=None), name="conduct-of"),
    path(ONE, one({"get": "retrieve"}), name="conduct-detail"),
    *(
        path(f"{ONE}{name}/", one({"post": name}), name=f"conduct-{name}")
        for name in ("answer", "appeal", "decide", "correct", "strike")
    ),
]
