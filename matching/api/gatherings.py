"""Events 活动 for programs: the same commands and questions as the pages."""

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
from core.api.fields import MomentField
from core.api.schema import ID, IF_MATCH, KEY, REFUSED, problems
from core.api.types import Request
from core.errors import Missing
from matching.api.views import Room
from matching.models import Gathering
from matching.models import gatherings as stored
from matching.rules import gatherings as rules
from matching.selectors import gatherings as asked
from matching.services import attending
from matching.services import gatherings as services
from matching.types import GatheringInput, GatheringOutcome
from matching.types import GatheringKind as Kind

MOVE = OpenApiParameter("move", str, OpenApiParameter.PATH)
EVENT_KINDS = stored.GatheringKind.choices
EVENT_STATUSES = stored.GatheringStatus.choices
SIGN_UP_STATUSES = stored.SignUpStatus.choices
MEETING_STATUSES = stored.MeetingStatus.choices
OUTCOMES = stored.GatheringOutcome.choices


class GatheringSerializer(serializers.ModelSerializer[Gathering]):
    """An event as the viewer may see it; the link is for those who come."""

    kind = serializers.ChoiceField(choices=EVENT_KINDS)
    status = serializers.ChoiceField(choices=EVENT_STATUSES)
    patents = serializers.SerializerMethodField()
    needs = serializers.SerializerMethodField()

    class Meta:
        model = Gathering
        fields = (
            "id", "organisation", "kind", "status", "title", "summary", "starts_at", "ends_at",
            "place", "capacity", "taken", "needs_approval", "sign_up_until", "slot_minutes",
            "because", "is_sample", "version", "published_at", "patents", "needs",
        )  # fmt: skip
        read_only_fields = fields

    def get_patents(self, row: Gathering) -> list[int]:
        return [item.patent_id for item in row.items.all() if item.patent_id is not None]

    def get_needs(self, row: Gathering) -> list[int]:
        return [item.need_id for item in row.items.all() if item.need_id is not None]


class NewGatheringSerializer(serializers.Serializer[GatheringInput]):
    """An event as it is drafted."""

    kind = serializers.ChoiceField(choices=EVENT_KINDS)
    title = serializers.CharField(max_length=120)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=5_000)
    starts_at = MomentField()
    ends_at = MomentField()
    place = serializers.CharField(required=False, allow_blank=True, max_length=200)
    link = serializers.CharField(required=False, allow_blank=True, max_length=300)
    capacity = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=100_000
    )
    needs_approval = serializers.BooleanField(required=False)
    sign_up_until = MomentField(required=False, allow_null=True)
    slot_minutes = serializers.IntegerField(
        required=False, allow_null=True, min_value=5, max_value=240
    )
    patents = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=200
    )
    needs = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=200
    )

    def value(self) -> GatheringInput:
        data = dict(self.validated_data)
        data["kind"] = Kind(data["kind"])
        data |= {name: tuple(data.get(name, ())) for name in ("patents", "needs")}
        return GatheringInput(**data)


class CancelSerializer(serializers.Serializer[Any]):
    """Why an event is called off."""

    because = serializers.CharField(max_length=300)


class SignUpSerializer(serializers.ModelSerializer[stored.SignUp]):
    """Who comes."""

    status = serializers.ChoiceField(choices=SIGN_UP_STATUSES, read_only=True)

    class Meta:
        model = stored.SignUp
        fields = ("id", "gathering", "organisation", "attendees", "seats", "status", "asked_at")
        read_only_fields = ("id", "gathering", "organisation", "status", "asked_at")


class MeetingSerializer(serializers.ModelSerializer[stored.Meeting]):
    """A meeting of two who come."""

    status = serializers.ChoiceField(choices=MEETING_STATUSES)
    starts_at = serializers.DateTimeField(source="slot.lower")
    ends_at = serializers.DateTimeField(source="slot.upper")

    class Meta:
        model = stored.Meeting
        fields = ("id", "gathering", "asker", "asked", "starts_at", "ends_at", "topic", "status")
        read_only_fields = fields


class NewMeetingSerializer(serializers.Serializer[Any]):
    """Whom to meet, in which of the event's slots (0 is the first)."""

    asked = serializers.IntegerField(min_value=1, help_text="对方机构编号")
    slot = serializers.IntegerField(min_value=0, help_text="第几个时段，从 0 起")
    topic = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class ResultSerializer(serializers.ModelSerializer[stored.GatheringResult]):
    """What came of an item with a firm."""

    outcome = serializers.ChoiceField(choices=OUTCOMES)

    class Meta:
        model = stored.GatheringResult
        fields = ("id", "item", "organisation", "outcome", "note", "noted_at")
        read_only_fields = ("id", "noted_at")


class NewResultSerializer(serializers.Serializer[Any]):
    """The same as it comes in."""

    item = serializers.IntegerField(min_value=1, help_text="活动项目编号")
    organisation = serializers.IntegerField(min_value=1)
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    note = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class GatheringViewSet(Room):
    """Events 活动: published ones for anyone, the organiser's own in every state."""

    serializer_class = GatheringSerializer
    queryset = Gathering.objects.none()
    open_actions = frozenset({"list", "retrieve"})
    idempotent_actions = (
        "create",
        "sign_up",
        "meet",
        "note_result",
    )

    def get_queryset(self) -> QuerySet[Gathering]:
        rows = Gathering.objects.visible_to(self.request.actor)
        return rows.prefetch_related("items").order_by("-pk")

    def seen(self, pk: str) -> Gathering:
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise Missing("没有这场活动，或它还没有发布。")
        return row

    @extend_schema(summary="活动", responses={200: GatheringSerializer(many=True)})
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一场活动", parameters=[ID], responses={200: GatheringSerializer, **problems(404)}
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self.tagged(self.seen(pk))

    def tagged(self, row: Gathering) -> Response:
        return self.one(row, tag=versions.etag("gathering", row.pk, row.version))

    @extend_schema(
        summary="修改活动：开始之前，整份替换",
        request=NewGatheringSerializer,
        parameters=[ID, IF_MATCH],
        responses={200: GatheringSerializer, **problems(*REFUSED, 412, 428)},
    )
    def update(self, request: Request, pk: str) -> Response:
        self.with_account()
        row = self.seen(pk)
        versions.check(request, versions.etag("gathering", row.pk, row.version))
        data = self.taken_in(NewGatheringSerializer).value()
        return self.tagged(
            versions.guarded(
                lambda: services.edit_gathering(
                    gathering_id=row.pk, data=data, version=row.version,
                    by=request.actor, now=timezone.now(),
                )
            )
        )  # fmt: skip

    @extend_schema(
        summary="起草活动",
        request=NewGatheringSerializer,
        parameters=[KEY],
        responses={201: GatheringSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.taken_in(NewGatheringSerializer).value()
        row = services.draft_gathering(data=data, by=request.actor, now=timezone.now())
        return self.one(row, status.HTTP_201_CREATED)

    @extend_schema(
        summary="发布活动", request=None, parameters=[ID],
        responses={200: GatheringSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        return self.one(services.publish_gathering(gathering_id=int(pk), by=request.actor, now=now))

    @extend_schema(
        summary="登记为已举办", request=None, parameters=[ID],
        responses={200: GatheringSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        return self.one(services.finish_gathering(gathering_id=int(pk), by=request.actor, now=now))

    @extend_schema(
        summary="取消活动", request=CancelSerializer, parameters=[ID],
        responses={200: GatheringSerializer, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        because = self.taken_in(CancelSerializer).validated_data["because"]
        row = services.cancel_gathering(
            gathering_id=int(pk), because=because, by=request.actor, now=timezone.now()
        )
        return self.one(row)

    @extend_schema(
        operation_id="gatherings_sign_ups_list",
        summary="报名：主办方看全部，其他单位看自己的",
        parameters=[ID],
        responses={200: SignUpSerializer(many=True), **problems(401, 404)},
    )
    @action(detail=True, methods=["get"], url_path="sign-ups", pagination_class=None)
    def sign_ups(self, request: Request, pk: str) -> Response:
        self.with_account()
        rows = asked.sign_ups(self.seen(pk), viewer=request.actor)[:1_000]
        return Response(SignUpSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="gatherings_sign_up_create",
        summary="报名，或更改人数",
        request=SignUpSerializer,
        parameters=[ID, KEY],
        responses={201: SignUpSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"], url_path="sign-up")
    def sign_up(self, request: Request, pk: str) -> Response:
        data = self.taken_in(SignUpSerializer).validated_data
        row = attending.sign_up(
            gathering_id=int(pk),
            attendees=data["attendees"],
            seats=data.get("seats", 1),
            by=request.actor,
            now=timezone.now(),
        )
        return Response(SignUpSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="gatherings_meetings_list",
        summary="本单位在活动上的一对一",
        parameters=[ID],
        responses={200: MeetingSerializer(many=True), **problems(401, 404)},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def meetings(self, request: Request, pk: str) -> Response:
        self.with_account()
        rows = asked.meetings(self.seen(pk), viewer=request.actor)
        return Response(MeetingSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="gatherings_meet_create",
        summary="提出一对一约见",
        request=NewMeetingSerializer,
        parameters=[ID, KEY],
        responses={201: MeetingSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def meet(self, request: Request, pk: str) -> Response:
        data = self.taken_in(NewMeetingSerializer).validated_data
        row = attending.ask_meeting(
            gathering_id=int(pk),
            asked_id=data["asked"],
            slot=data["slot"],
            topic=data["topic"],
            by=request.actor,
            now=timezone.now(),
        )
        return Response(MeetingSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="gatherings_results_create",
        summary="登记活动成果",
        request=NewResultSerializer,
        parameters=[ID, KEY],
        responses={201: ResultSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"], url_path="results")
    def note_result(self, request: Request, pk: str) -> Response:
        services.require_organiser(gathering_id=int(pk), by=request.actor)
        data = self.taken_in(NewResultSerializer).validated_data
        if not self.seen(pk).items.filter(pk=data["item"]).exists():
            raise Missing("这场活动没有这个项目。")
        row = services.note_result(
            item_id=data["item"],
            organisation_id=data["organisation"],
            outcome=GatheringOutcome(data["outcome"]),
            note=data["note"],
            by=request.actor,
            now=timezone.now(),
        )
        return Response(ResultSerializer(row).data, status=status.HTTP_201_CREATED)


class DecideView(APIView):
    """Let somebody in, or not; or leave."""

    request: Request

    @extend_schema(
        operation_id="gathering_sign_ups_decide",
        summary="处理报名：approve、refuse（主办方），leave（报名单位）",
        request=None,
        parameters=[ID, MOVE],
        responses={200: SignUpSerializer, **problems(*REFUSED)},
    )
    def post(self, request: Request, id: int, move: str) -> Response:
        if move not in rules.SIGN_UP_MOVES:
            raise Missing("没有这项操作。")
        row = attending.decide_sign_up(
            sign_up_id=id, move=move, by=request.actor, now=timezone.now()
        )
        return Response(SignUpSerializer(row).data)


class AnswerView(APIView):
    """Accept, decline or call off a meeting."""

    request: Request

    @extend_schema(
        operation_id="gathering_meetings_answer",
        summary="答复约见：accept、decline、call_off",
        request=None,
        parameters=[ID, MOVE],
        responses={200: MeetingSerializer, **problems(*REFUSED)},
    )
    def post(self, request: Request, id: int, move: str) -> Response:
        if move not in rules.MEETING_MOVES:
            raise Missing("没有这项操作。")
        row = attending.answer_meeting(
            meeting_id=id, move=move, by=request.actor, now=timezone.now()
        )
        return Response(MeetingSerializer(row).data)


router = SimpleRouter()
router.register("gatherings", GatheringViewSet, basename="gathering")
urlpatterns = [
    *router.urls,
    path("gathering-sign-ups/<int:id>/<slug:move>/", DecideView.as_view(), name="sign-up-decide"),
    path("gathering-meetings/<int:id>/<slug:move>/", AnswerView.as_view(), name="meeting-answer"),
]
