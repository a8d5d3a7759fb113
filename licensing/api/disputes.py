"""Disputes for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.dispute_shapes import (
    DisputeAnswerSerializer,
    DisputeDetailSerializer,
    DisputePaperInSerializer,
    DisputeReasonSerializer,
    DisputeSerializer,
    MediationAskSerializer,
    MediationConsentSerializer,
    MediationExtendSerializer,
    MediatorSerializer,
    NewDisputeSerializer,
    NewSettlementSerializer,
    SessionInSerializer,
    SessionMinutesSerializer,
    SettlementAnswerSerializer,
)
from licensing.api.views import Room
from licensing.models import Dispute
from licensing.rules.disputes import Topic
from licensing.selectors import disputes as questions
from licensing.services import disputes, mediation, settling
from licensing.services.disputes import Matter
from licensing.services.settling import Offer

SHOWN: dict[Any, Any] = {200: DisputeDetailSerializer, **problems(*REFUSED)}
MATTER = (
    "topic", "facts", "wish", "amount", "due_id", "report_id", "termination_id", "pool_due_id",
    "pool_report_id",
)  # fmt: skip


class DisputeView(Room):
    """Disputes 合同纠纷."""

    serializer_class = DisputeSerializer
    queryset = Dispute.objects.none()
    idempotent_actions = ("create", "papers", "sessions")

    def get_queryset(self) -> QuerySet[Dispute]:
        asked = self.request.query_params.get("status", "")[:20]
        if asked == "mine":
            return questions.waiting_rows(viewer=self.request.actor)
        return questions.disputes(viewer=self.request.actor, status=asked)

    def _run(self, command: Any, pk: int, form: type[serializers.Serializer[Any]]) -> Response:
        command(dispute_id=pk, **self.command(form))
        return self._shown(pk)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = questions.dispute(pk, viewer=self.request.actor)
        known = {"inside": questions.is_inside(row, self.request.actor)}
        return Response(DisputeDetailSerializer(row, context=known).data, status=code)

    @extend_schema(
        summary="合同纠纷列表",
        parameters=[OpenApiParameter("status", str, description="状态代码，或 mine 等我办理")],
        responses={200: DisputeSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一起合同纠纷",
        description="材料、笔录和方案只给双方和调解员。",
        parameters=[ID],
        responses={200: DisputeDetailSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._shown(pk)

    @extend_schema(
        summary="提出合同纠纷",
        description="洽谈、许可或池许可填一；可指明款项、申报或终止。证据用 multipart 提交。",
        request=NewDisputeSerializer,
        parameters=[KEY],
        responses={201: DisputeDetailSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        known = self.command(NewDisputeSerializer)
        said = {name: known.pop(name) for name in MATTER}
        matter = Matter(**{**said, "topic": Topic(said["topic"])})
        row = disputes.open_dispute(matter=matter, **known)
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="答复纠纷", request=DisputeAnswerSerializer, parameters=[ID], responses=SHOWN
    )
    def answer(self, request: Request, pk: int) -> Response:
        return self._run(disputes.answer_dispute, pk, DisputeAnswerSerializer)

    @extend_schema(
        summary="补充材料",
        request=DisputePaperInSerializer,
        parameters=[ID, KEY],
        responses=SHOWN,
    )
    def papers(self, request: Request, pk: int) -> Response:
        return self._run(disputes.add_paper, pk, DisputePaperInSerializer)

    @extend_schema(
        summary="申请调解", request=MediationAskSerializer, parameters=[ID], responses=SHOWN
    )
    def ask(self, request: Request, pk: int) -> Response:
        return self._run(mediation.ask_mediation, pk, MediationAskSerializer)

    @extend_schema(
        summary="同意调解", request=MediationConsentSerializer, parameters=[ID], responses=SHOWN
    )
    def consent(self, request: Request, pk: int) -> Response:
        return self._run(mediation.agree_to_mediation, pk, MediationConsentSerializer)

    @extend_schema(
        summary="不同意调解", request=DisputeReasonSerializer, parameters=[ID], responses=SHOWN
    )
    def refuse(self, request: Request, pk: int) -> Response:
        return self._run(mediation.refuse_mediation, pk, DisputeReasonSerializer)

    @extend_schema(
        summary="指定调解员", request=MediatorSerializer, parameters=[ID], responses=SHOWN
    )
    def name_mediator(self, request: Request, pk: int) -> Response:
        return self._run(mediation.name_mediator, pk, MediatorSerializer)

    @extend_schema(
        summary="不予受理调解", request=DisputeReasonSerializer, parameters=[ID], responses=SHOWN
    )
    def decline(self, request: Request, pk: int) -> Response:
        return self._run(mediation.decline_mediation, pk, DisputeReasonSerializer)

    @extend_schema(
        summary="调解员回避",
        description="调解机构自己回避后不再看到这起纠纷，答复没有内容。",
        request=DisputeReasonSerializer,
        parameters=[ID],
        responses={**SHOWN, 204: None},
    )
    def stand_down(self, request: Request, pk: int) -> Response:
        own = questions.is_mediator(questions.dispute(pk, viewer=request.actor), request.actor)
        if not own:
            return self._run(mediation.stand_down, pk, DisputeReasonSerializer)
        mediation.stand_down(dispute_id=pk, **self.command(DisputeReasonSerializer))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="召集调解会",
        request=SessionInSerializer,
        parameters=[ID, KEY],
        responses=SHOWN,
    )
    def sessions(self, request: Request, pk: int) -> Response:
        return self._run(mediation.call_session, pk, SessionInSerializer)

    @extend_schema(
        summary="登记调解笔录",
        request=SessionMinutesSerializer,
        parameters=[ID],
        responses=SHOWN,
    )
    def minutes(self, request: Request, pk: int) -> Response:
        meeting = mediation.note_session(session_id=pk, **self.command(SessionMinutesSerializer))
        return self._shown(meeting.dispute_id)

    @extend_schema(
        summary="延长调解期限", request=MediationExtendSerializer, parameters=[ID], responses=SHOWN
    )
    def extend(self, request: Request, pk: int) -> Response:
        return self._run(mediation.extend_mediation, pk, MediationExtendSerializer)

    @extend_schema(
        summary="提出解决方案", request=NewSettlementSerializer, parameters=[ID], responses=SHOWN
    )
    def propose(self, request: Request, pk: int) -> Response:
        known = self.command(NewSettlementSerializer)
        by, now = known.pop("by"), known.pop("now")
        settling.propose_settlement(dispute_id=pk, offer=Offer(**known), by=by, now=now)
        return self._shown(pk)

    @extend_schema(
        summary="答复解决方案",
        description="双方接受同一版，协议成立。",
        request=SettlementAnswerSerializer,
        parameters=[ID],
        responses=SHOWN,
    )
    def verdict(self, request: Request, pk: int) -> Response:
        return self._run(settling.answer_settlement, pk, SettlementAnswerSerializer)

    @extend_schema(
        summary="终结纠纷处理", request=DisputeReasonSerializer, parameters=[ID], responses=SHOWN
    )
    def end(self, request: Request, pk: int) -> Response:
        return self._run(disputes.end_dispute, pk, DisputeReasonSerializer)

    @extend_schema(
        summary="撤回纠纷", request=DisputeReasonSerializer, parameters=[ID], responses=SHOWN
    )
    def withdraw(self, request: Request, pk: int) -> Response:
        return self._run(disputes.withdraw_dispute, pk, DisputeReasonSerializer)


one, ONE = DisputeView.as_view, "disputes/<int:pk>/"
ACTIONS = {
    "answer": "answer", "papers": "papers", "mediation": "ask", "consent": "consent",
    "refuse": "refuse", "mediator": "name_mediator",
    "decline": "decline", "stand-down": "stand_down",
    "sessions": "sessions", "extend": "extend", "proposals": "propose", "verdict": "verdict",
    "end": "end", "withdraw": "withdraw",
}  # fmt: skip
urlpatterns = [
    path("disputes/", one({"get": "list", "post": "create"}), name="dispute-list"),
    path(ONE, one({"get": "retrieve"}), name="dispute-detail"),
    *(
        path(f"{ONE}{name}/", one({"post": method}), name=f"dispute-{name}")
        for name, method in ACTIONS.items()
    ),
    path("dispute-sessions/<int:pk>/minutes/", one({"post": "minutes"}), name="dispute-minutes"),
]
