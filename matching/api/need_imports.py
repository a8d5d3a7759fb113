"""Lists of needs for programs: upload for a verdict, take in, take back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from matching.api.views import Room
from matching.models import NeedImport
from matching.models.choices import ListType
from matching.rules import need_imports as rules
from matching.selectors import need_imports as selectors
from matching.services import need_imports as services
from matching.types import ListType as ListTypeCode


class NeedImportRowSerializer(serializers.Serializer[Any]):
    """One row and what became of it."""

    number = serializers.IntegerField()
    verdict = serializers.CharField()
    title = serializers.CharField()
    need = serializers.IntegerField(source="need_id", allow_null=True)
    remarks = serializers.ListField(child=serializers.DictField(), help_text="column, reason, mend")


class NeedImportSerializer(serializers.ModelSerializer[NeedImport]):
    """An uploaded list with the verdict of every row."""

    counts = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()

    class Meta:
        model = NeedImport
        fields = (
            "id", "file_name", "list_type", "state", "checked_at", "taken_at", "undone_at",
            "counts", "rows",
        )  # fmt: skip
        read_only_fields = fields

    def get_counts(self, row: NeedImport) -> dict[str, int]:
        return selectors.import_counts(row)

    def get_rows(self, row: NeedImport) -> list[dict[str, Any]]:
        found = selectors.import_rows(row)[: rules.MOST_ROWS]
        return list(NeedImportRowSerializer(found, many=True).data)


class NeedListUploadSerializer(serializers.Serializer[Any]):
    """The file, and which list it belongs to."""

    file = serializers.FileField()
    list_type = serializers.ChoiceField(ListType.choices, required=False)


class TakeListSerializer(serializers.Serializer[Any]):
    """Whether whole needs are opened at once."""

    open_now = serializers.BooleanField(required=False, default=False)


class NeedImportViewSet(Room):
    """Uploaded lists of one's own organisation."""

    serializer_class = NeedImportSerializer
    queryset = NeedImport.objects.none()

    def get_queryset(self) -> QuerySet[NeedImport]:
        return selectors.need_imports(viewer=self.request.actor)

    @extend_schema(
        summary="上传需求清单并预检",
        request={"multipart/form-data": NeedListUploadSerializer},
        parameters=[KEY],
        responses={201: NeedImportSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.taken_in(NeedListUploadSerializer).validated_data
        batch = services.check_list(
            content=data["file"].read(rules.MOST_BYTES + 1),
            file_name=data["file"].name or "",
            list_type=ListTypeCode(data.get("list_type") or ListTypeCode.FIRM),
            by=request.actor,
            now=timezone.now(),
        )
        return self.one(batch, status.HTTP_201_CREATED)

    @extend_schema(
        summary="一份清单的逐行结果",
        parameters=[ID],
        responses={200: NeedImportSerializer, **problems(401, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        self.with_account()
        return self.one(selectors.need_import(int(pk), viewer=request.actor))

    @extend_schema(
        summary="导入清单",
        request=TakeListSerializer,
        parameters=[ID],
        responses={200: NeedImportSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        self.with_account()
        open_now = self.taken_in(TakeListSerializer).validated_data["open_now"]
        now = timezone.now()
        return self.one(
            services.take_list(import_id=int(pk), open_now=open_now, by=request.actor, now=now)
        )

    @extend_schema(
        summary="撤销导入", request=None, parameters=[ID],
        responses={200: NeedImportSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        self.with_account()
        now = timezone.now()
        return self.one(services.undo_list(import_id=int(pk), by=request.actor, now=now))
