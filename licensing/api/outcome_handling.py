"""Outcomes for programs: many at once, correction with history, the bureau's decisions."""

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
from licensing import selectors
from licensing.api.serializers import NewOutcomeSerializer, OutcomeSerializer
from licensing.api.views import Room
from licensing.models import OutcomeImport, OutcomeImportRow, OutcomeRevision
from licensing.rules import outcome_imports as rules
from licensing.rules.outcomes import OUTCOMES
from licensing.selectors import outcome_handling as questions
from licensing.services import outcome_corrections as corrections
from licensing.services import outcome_imports as imports
from licensing.services import outcome_queue
from licensing.types import OutcomeReport

OUTCOME_CODES = [(str(code), kind.label) for code, kind in OUTCOMES.items()]
STATES = [(s.value, rules.STATE_LABELS[s]) for s in rules.ImportState]
VERDICTS = [(v.value, rules.VERDICT_LABELS[v]) for v in rules.RowVerdict]


class OutcomeRevisionSerializer(serializers.ModelSerializer[OutcomeRevision]):
    """An earlier wording of an outcome."""

    class Meta:
        model = OutcomeRevision
        fields = (
            "number", "code", "happened_on", "contract_number", "counterparty", "amount", "note",
            "reported_at", "decided_at", "decision_reason", "reason", "replaced_at",
        )  # fmt: skip
        read_only_fields = fields


class OutcomeCorrectionSerializer(NewOutcomeSerializer):
    """The whole report as it should be, and why it was wrong."""

    patent_id = None  # type: ignore[assignment]
    reason = serializers.CharField(max_length=2000)

    def corrected(self) -> tuple[OutcomeReport, dict[str, Any]]:
        """The report, and the rest that the command takes."""
        known = dict(self.validated_data)
        rest = {"reason": known.pop("reason"), "evidence": known.pop("evidence")}
        return OutcomeReport(patent_id=0, **known), rest


class OutcomeWithdrawalSerializer(serializers.Serializer[Any]):
    """Why a report is taken back."""

    reason = serializers.CharField(max_length=2000)


class OutcomeDecisionsSerializer(serializers.Serializer[Any]):
    """Many reports and one verdict."""

    outcome_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=outcome_queue.MOST_AT_ONCE
    )
    verified = serializers.BooleanField()
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class OutcomeDecidedSerializer(serializers.Serializer[Any]):
    """What became of one of them."""

    outcome_id = serializers.IntegerField()
    done = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True)


class NewOutcomeImportSerializer(serializers.Serializer[Any]):
    """A list as CSV or XLSX, and what proves rows without a contract number."""

    file = serializers.FileField()
    evidence = serializers.FileField(required=False, allow_null=True, default=None)


class OutcomeImportSerializer(serializers.ModelSerializer[OutcomeImport]):
    """An uploaded list with the number of rows per verdict."""

    state = serializers.ChoiceField(choices=STATES, read_only=True)
    counts = serializers.SerializerMethodField()

    class Meta:
        model = OutcomeImport
        fields = ("id", "file_name", "state", "counts", "checked_at", "taken_at")
        read_only_fields = fields

    def get_counts(self, row: OutcomeImport) -> dict[str, int]:
        return questions.import_counts(row)


class ImportRemarkSerializer(serializers.Serializer[Any]):
    """What is wrong in a cell, and what to do."""

    column = serializers.CharField()
    reason = serializers.CharField()
    mend = serializers.CharField(allow_blank=True)


class OutcomeImportRowSerializer(serializers.ModelSerializer[OutcomeImportRow]):
    """A row of the list and its verdict."""

    verdict = serializers.ChoiceField(choices=VERDICTS, read_only=True)
    remarks = ImportRemarkSerializer(many=True, read_only=True)

    class Meta:
        model = OutcomeImportRow
        fields = ("id", "number", "verdict", "patent", "title", "outcome_id", "remarks")
        read_only_fields = fields


class OutcomeHandlingView(Room):
    """Correction, withdrawal, history and decisions of outcomes."""

    serializer_class = OutcomeSerializer
    queryset = OutcomeRevision.objects.none()

    def _shown(self, pk: int) -> Response:
        row = selectors.outcome(pk, viewer=self.request.actor)
        return Response(OutcomeSerializer(row).data)

    @extend_schema(
        summary="更正转化反馈",
        description="原内容留存；已核验的更正后重新核验。",
        request=OutcomeCorrectionSerializer,
        parameters=[ID],
        responses={200: OutcomeSerializer, **problems(*REFUSED)},
    )
    def correct(self, request: Request, pk: int) -> Response:
        report, rest = self.taken_in(OutcomeCorrectionSerializer).corrected()
        corrections.correct_outcome(
            outcome_id=pk, report=report, **rest, by=request.actor, now=timezone.now()
        )
        return self._shown(pk)

    @extend_schema(
        summary="撤回转化反馈",
        request=OutcomeWithdrawalSerializer,
        parameters=[ID],
        responses={200: OutcomeSerializer, **problems(*REFUSED)},
    )
    def withdraw(self, request: Request, pk: int) -> Response:
        corrections.withdraw_outcome(outcome_id=pk, **self.command(OutcomeWithdrawalSerializer))
        return self._shown(pk)

    @extend_schema(
        summary="转化反馈的历史",
        parameters=[ID],
        responses={200: OutcomeRevisionSerializer(many=True), **problems(401, 403, 404)},
    )
    def history(self, request: Request, pk: int) -> Response:
        rows = questions.outcome_revisions(pk, viewer=request.actor)
        return Response(OutcomeRevisionSerializer(rows, many=True).data)

    @extend_schema(
        summary="批量核验转化反馈",
        description="逐条办理；办不了的说明原因，不影响其他条。",
        request=OutcomeDecisionsSerializer,
        responses={200: OutcomeDecidedSerializer(many=True), **problems(*REFUSED)},
    )
    def decide(self, request: Request) -> Response:
        done = outcome_queue.decide_outcomes(**self.command(OutcomeDecisionsSerializer))
        return Response(OutcomeDecidedSerializer(done, many=True).data)


class OutcomeImportView(Room):
    """Lists of outcomes."""

    serializer_class = OutcomeImportSerializer
    queryset = OutcomeImport.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        if "pk" in self.kwargs:
            batch = questions.outcome_import(self.kwargs["pk"], viewer=self.request.actor)
            return questions.import_rows(batch, self.request.query_params.get("verdict", ""))
        return questions.outcome_imports(viewer=self.request.actor)

    @extend_schema(
        summary="批量填报记录",
        responses={200: OutcomeImportSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="上传批量填报清单",
        description="只预检：逐行给出结论，什么都不写入。",
        request=NewOutcomeImportSerializer,
        parameters=[KEY],
        responses={201: OutcomeImportSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        known = self.taken_in(NewOutcomeImportSerializer).validated_data
        batch = imports.check_outcomes(
            content=known["file"].read(rules.MOST_BYTES + 1),
            file_name=known["file"].name or "",
            evidence=known["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        return Response(OutcomeImportSerializer(batch).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="一次批量填报",
        parameters=[ID],
        responses={200: OutcomeImportSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        batch = questions.outcome_import(pk, viewer=request.actor)
        return Response(OutcomeImportSerializer(batch).data)

    @extend_schema(
        summary="批量填报的逐行结论",
        parameters=[ID, OpenApiParameter("verdict", str, description="new same refused taken")],
        responses={200: OutcomeImportRowSerializer(many=True), **problems(401, 403, 404)},
    )
    def rows(self, request: Request, pk: int) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(OutcomeImportRowSerializer(page, many=True).data)

    @extend_schema(
        summary="确认批量填报",
        description="把可反馈的行反馈出去；再次调用不会重复。",
        request=None,
        parameters=[ID],
        responses={200: OutcomeImportSerializer, **problems(401, 403, 404, 409)},
    )
    def take(self, request: Request, pk: int) -> Response:
        batch = imports.take_outcomes(import_id=pk, by=request.actor, now=timezone.now())
        return Response(OutcomeImportSerializer(batch).data)


handling, listing = OutcomeHandlingView.as_view, OutcomeImportView.as_view
urlpatterns = [
    path("outcomes/decisions/", handling({"post": "decide"}), name="outcome-decisions"),
    path("outcomes/<int:pk>/correction/", handling({"post": "correct"}), name="outcome-correction"),
    path(
        "outcomes/<int:pk>/withdrawal/", handling({"post": "withdraw"}), name="outcome-withdrawal"
    ),
    path("outcomes/<int:pk>/history/", handling({"get": "history"}), name="outcome-history"),
    path(
        "outcome-imports/",
        listing({"get": "list", "post": "create"}),
        name="outcome-import-list",
    ),
    path("outcome-imports/<int:pk>/", listing({"get": "retrieve"}), name="outcome-import-detail"),
    path("outcome-imports/<int:pk>/rows/", listing({"get": "rows"}), name="outcome-import-rows"),
    path("outcome-imports/<int:pk>/take/", listing({"post": "take"}), name="outcome-import-take"),
]
