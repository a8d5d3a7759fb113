"""Service institutions' lists 推荐清单 for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from core.api import versions
from core.api.schema import ID, IF_MATCH, KEY, REFUSED, problems
from core.api.types import Request
from matching.api.serializers import EvaluationSerializer, NewEvaluationSerializer
from matching.api.views import Room
from matching.models import Shortlist
from matching.models import shortlists as stored
from matching.rules import shortlists as rules
from matching.rules.shortlists import Pick, ShortlistInput
from matching.selectors import shortlists as asked
from matching.services import shortlist_rating
from matching.services import shortlists as services

LIST_STATUSES = stored.ShortlistStatus.choices


class ShortlistEngineSerializer(serializers.Serializer[Any]):
    """What the engine makes of the pair; for the firm's side only."""

    answer = serializers.CharField(help_text="in、coming、below、behind、refused")
    score = serializers.IntegerField(allow_null=True)
    rank = serializers.IntegerField(allow_null=True)
    match = serializers.IntegerField(source="match_id", allow_null=True)
    refusals = serializers.ListField(child=serializers.CharField())
    absent = serializers.ListField(child=serializers.CharField())


class ShortlistLineSerializer(serializers.Serializer[Any]):
    """One patent of a list."""

    id = serializers.IntegerField()
    place = serializers.IntegerField()
    patent = serializers.IntegerField(source="patent_id")
    reason = serializers.CharField()
    is_on_offer = serializers.BooleanField(help_text="false：已下架或被占用")
    interested = serializers.BooleanField(allow_null=True)
    rejection = serializers.CharField(help_text="不适合的原因代码，同评价的 reason；没有时为空")
    rated_at = serializers.DateTimeField(allow_null=True)
    engine = ShortlistEngineSerializer(allow_null=True)


class ShortlistSerializer(serializers.Serializer[Any]):
    """A list as the viewer may see it; who the firm is, the need says as far as it may."""

    id = serializers.IntegerField(source="row.pk")
    need = serializers.IntegerField(source="row.need_id")
    sender = serializers.IntegerField(source="row.sender_id")
    sender_name = serializers.CharField(source="sender")
    under_mandate = serializers.BooleanField(source="row.under_mandate")
    status = serializers.ChoiceField(source="row.status", choices=LIST_STATUSES)
    note = serializers.CharField(source="row.note")
    because = serializers.CharField(source="row.because")
    version = serializers.IntegerField(source="row.version")
    is_sample = serializers.BooleanField(source="row.is_sample")
    sent_at = serializers.DateTimeField(source="row.sent_at", allow_null=True)
    read_at = serializers.DateTimeField(source="row.read_at", allow_null=True)
    hidden = serializers.IntegerField(help_text="企业不看或自己的，没有列出的件数")
    items = ShortlistLineSerializer(source="lines", many=True)


class PickSerializer(serializers.Serializer[Any]):
    """One patent, and why it."""

    patent = serializers.IntegerField(min_value=1, max_value=2**53)
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=rules.LONGEST_REASON
    )


class EditedShortlistSerializer(serializers.Serializer[ShortlistInput]):
    """What a draft says: patents in order, best first."""

    note = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=rules.LONGEST_NOTE
    )
    items = PickSerializer(many=True)

    def value(self) -> ShortlistInput:
        data = self.validated_data
        picks = tuple(Pick(entry["patent"], entry["reason"]) for entry in data["items"])
        return ShortlistInput(picks=picks, note=data["note"])


class NewShortlistSerializer(EditedShortlistSerializer):
    """The same for a need."""

    need = serializers.IntegerField(min_value=1, max_value=2**53)


class WithdrawalSerializer(serializers.Serializer[Any]):
    """Why a list is taken back; a draft needs no word."""

    because = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=rules.LONGEST_BECAUSE
    )


class ShortlistVerdictSerializer(NewEvaluationSerializer):
    """A rating of one patent of a list: as of a match."""

    match = None  # type: ignore[assignment]  # the address says which


class ShortlistViewSet(Room):
    """推荐清单: one's own in every state, and those sent to one's needs."""

    serializer_class = ShortlistSerializer
    queryset = Shortlist.objects.none()

    def get_queryset(self) -> QuerySet[Shortlist]:
        asked_for = self.request.query_params
        rows = asked.shortlists(viewer=self.request.actor, side=asked_for.get("side", ""))
        need = asked_for.get("need", "")
        if need:
            known = need.isascii() and need.isdigit() and len(need) < 17
            rows = rows.filter(need_id=int(need)) if known else rows.none()
        return rows

    def answer(self, row: Shortlist, code: int = 200) -> Response:
        sheet = asked.sheet(row.pk, viewer=self.request.actor)
        headers = {"ETag": versions.etag("shortlist", row.pk, sheet.row.version)}
        return Response(ShortlistSerializer(sheet).data, status=code, headers=headers)

    @extend_schema(
        summary="推荐清单",
        parameters=[
            OpenApiParameter("side", str, enum=["sent", "received"], description="只看一边"),
            OpenApiParameter("need", int, description="只看这条需求的"),
        ],
        responses={200: ShortlistSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        self.with_account()
        rows = self.paginate_queryset(self.get_queryset()) or []
        shown = asked.sheets(rows, viewer=request.actor)
        return self.get_paginated_response(ShortlistSerializer(shown, many=True).data)

    @extend_schema(
        summary="一份推荐清单",
        parameters=[ID],
        responses={200: ShortlistSerializer, **problems(401, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        self.with_account()
        return self.answer(asked.shortlist(int(pk), viewer=request.actor))

    @extend_schema(
        summary="起草推荐清单",
        request=NewShortlistSerializer,
        parameters=[KEY],
        responses={201: ShortlistSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        body = self.taken_in(NewShortlistSerializer)
        row = services.draft_shortlist(
            need_id=body.validated_data["need"],
            data=body.value(),
            by=request.actor,
            now=timezone.now(),
        )
        return self.answer(row, status.HTTP_201_CREATED)

    @extend_schema(
        summary="修改草稿：整份替换",
        request=EditedShortlistSerializer,
        parameters=[ID, IF_MATCH],
        responses={200: ShortlistSerializer, **problems(*REFUSED, 412, 428)},
    )
    def update(self, request: Request, pk: str) -> Response:
        self.with_account()
        row = asked.shortlist(int(pk), viewer=request.actor)
        versions.check(request, versions.etag("shortlist", row.pk, row.version))
        data = self.taken_in(EditedShortlistSerializer).value()
        return self.answer(
            versions.guarded(
                lambda: services.edit_shortlist(
                    shortlist_id=row.pk, data=data, version=row.version,
                    by=request.actor, now=timezone.now(),
                )
            )
        )  # fmt: skip

    @extend_schema(
        summary="发给企业", request=None, parameters=[ID],
        responses={200: ShortlistSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        return self.answer(services.send_shortlist(shortlist_id=int(pk), by=request.actor, now=now))

    @extend_schema(
        summary="撤回清单或作废草稿", request=WithdrawalSerializer, parameters=[ID],
        responses={200: ShortlistSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        because = self.taken_in(WithdrawalSerializer).validated_data["because"]
        return self.answer(
            services.withdraw_shortlist(
                shortlist_id=int(pk), because=because, by=request.actor, now=timezone.now()
            )
        )

    @extend_schema(
        summary="企业已打开", request=None, parameters=[ID],
        responses={200: ShortlistSerializer, **problems(401, 404)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        self.with_account()
        now = timezone.now()
        return self.answer(services.read_shortlist(shortlist_id=int(pk), by=request.actor, now=now))

    @extend_schema(
        summary="不再接收这家机构的清单", request=None, parameters=[ID],
        responses={204: None, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        services.stop_sender(shortlist_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="恢复接收", request=None, parameters=[ID],
        responses={204: None, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        services.resume_sender(shortlist_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class RateItemView(APIView):
    """评价清单里的一件."""

    request: Request

    @extend_schema(
        operation_id="shortlist_items_rate",
        summary="评价推荐清单里的一件专利",
        description="与评价匹配相同：同一机构对同一专利只保留最后一次评价。",
        request=ShortlistVerdictSerializer,
        parameters=[ID],
        responses={200: EvaluationSerializer, **problems(*REFUSED)},
    )
    def post(self, request: Request, id: int) -> Response:
        body = ShortlistVerdictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = shortlist_rating.rate_item(
            item_id=id, verdict=body.value(), by=request.actor, now=timezone.now()
        )
        return Response(EvaluationSerializer(row).data)


router = SimpleRouter()
router.register("shortlists", ShortlistViewSet, basename="shortlist")
urlpatterns = [
    path("shortlist-items/<int:id>/rate/", RateItemView.as_view(), name="shortlist-item-rate"),
    *router.urls,
]
