"""Case files for programs: built and read whole."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.views import Room
from licensing.models import CaseFile
from licensing.rules.case_files import ENTRY_LABELS, EntryKind
from licensing.selectors import case_files as questions
from licensing.services import case_files as services

CaseEntrySerializer = inline_serializer(
    "CaseEntry",
    {
        "at": serializers.DateTimeField(),
        "kind": serializers.ChoiceField(choices=[(k.value, ENTRY_LABELS[k]) for k in EntryKind]),
        "what": serializers.CharField(),
        "who": serializers.CharField(),
        "grounds": serializers.ListField(child=serializers.CharField()),
        "source": serializers.CharField(help_text="取自哪条记录"),
    },
    many=True,
    read_only=True,
)


class CaseFileLineSerializer(serializers.ModelSerializer[CaseFile]):
    """A case file without its entries."""

    class Meta:
        model = CaseFile
        fields = (
            "id", "number", "organisation_id", "patent_number", "patent_title", "deal_id",
            "entries_hash", "built_at",
        )  # fmt: skip
        read_only_fields = fields


class CaseFileSerializer(serializers.ModelSerializer[CaseFile]):
    """The whole file."""

    entries = CaseEntrySerializer
    document_hash = serializers.CharField(source="document.content_hash", read_only=True)

    class Meta:
        model = CaseFile
        fields = (
            "id", "number", "organisation_id", "patent_number", "patent_title", "deal_id",
            "entries_hash", "built_at", "document_hash", "entries",
        )  # fmt: skip
        read_only_fields = fields


class NewCaseFileSerializer(serializers.Serializer[Any]):
    """A patent's number in any spelling, or the number of a deal."""

    number = serializers.CharField(max_length=60)


class CaseFileView(Room):
    """Case files 尽职免责案卷."""

    serializer_class = CaseFileLineSerializer
    queryset = CaseFile.objects.none()

    def get_queryset(self) -> QuerySet[CaseFile]:
        return questions.case_files(viewer=self.request.actor)

    @extend_schema(
        summary="尽职免责案卷列表",
        responses={200: CaseFileLineSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份尽职免责案卷",
        parameters=[ID],
        responses={200: CaseFileSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        row = questions.case_file(pk, viewer=request.actor)
        return Response(CaseFileSerializer(row).data)

    @extend_schema(
        summary="编制尽职免责案卷",
        request=NewCaseFileSerializer,
        parameters=[KEY],
        responses={201: CaseFileSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        row = services.build_case_file(**self.command(NewCaseFileSerializer))
        return Response(CaseFileSerializer(row).data, status=status.HTTP_201_CREATED)


urlpatterns = [
    path(
        "case-files/",
        CaseFileView.as_view({"get": "list", "post": "create"}),
        name="case-file-list",
    ),
    path(
        "case-files/<int:pk>/", CaseFileView.as_view({"get": "retrieve"}), name="case-file-detail"
    ),
]
