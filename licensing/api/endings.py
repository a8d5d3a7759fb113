"""Renewals, terminations and the calendar, for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.claims import CLAIM_SIDES
from licensing.api.views import Room
from licensing.models import Renewal, Termination
from licensing.rules import renewals, terminations
from licensing.selectors import endings, falling_due
from licensing.services import renewals as renewing
from licensing.services import terminations as terminating

RENEWAL_STATUSES = [(s.value, renewals.RENEWAL_LABELS[s]) for s in renewals.RenewalStatus]
TERMINATION_STATUSES = [
    (s.value, terminations.TERMINATION_LABELS[s]) for s in terminations.TerminationStatus
]
TERMINATION_GROUNDS = [(g.value, terminations.GROUND_LABELS[g]) for g in terminations.Ground]
TERMINATION_VERDICTS = [
    ("agree", "同意终止"), ("refuse", "不同意"), ("object", "有异议"), ("drop", "撤回异议"),
]  # fmt: skip
FALLING_KINDS = list(falling_due.KINDS.items())
OF_LICENCE = OpenApiParameter("licence_id", int, description="只看这项许可")


class RenewalSerializer(serializers.ModelSerializer[Renewal]):
    """A further term as asked and answered."""

    status = serializers.ChoiceField(choices=RENEWAL_STATUSES, read_only=True)

    class Meta:
        model = Renewal
        fields = (
            "id", "licence_id", "status", "months", "fee", "former_ends_on", "ends_on",
            "explanation", "note", "answer_by", "asked_at", "answered_at", "answer",
        )  # fmt: skip
        read_only_fields = fields


class NewRenewalSerializer(serializers.Serializer[Any]):
    """What the licensee asks; the fee only where no declaration announces it."""

    licence_id = serializers.IntegerField(min_value=1)
    months = serializers.IntegerField(min_value=1, max_value=renewals.LONGEST)
    fee = serializers.DecimalField(
        max_digits=18, decimal_places=2, min_value=0, allow_null=True, default=None
    )
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


class RenewalReasonSerializer(serializers.Serializer[Any]):
    """Why the licensor does not agree."""

    reason = serializers.CharField(max_length=2000)


class TerminationSerializer(serializers.ModelSerializer[Termination]):
    """An early end as proposed or noticed, its day and how it was reckoned."""

    status = serializers.ChoiceField(choices=TERMINATION_STATUSES, read_only=True)
    ground = serializers.ChoiceField(choices=TERMINATION_GROUNDS, read_only=True)
    side = serializers.ChoiceField(choices=CLAIM_SIDES, read_only=True)

    class Meta:
        model = Termination
        fields = (
            "id", "licence_id", "side", "ground", "status", "reason", "served_on", "effective_on",
            "former_ends_on", "releases", "explanation", "money", "answer_by", "opened_at",
            "answered_at", "answer", "closed_at",
        )  # fmt: skip
        read_only_fields = fields


class NewTerminationSerializer(serializers.Serializer[Any]):
    """Why and from when; evidence of a breach is sent as multipart."""

    licence_id = serializers.IntegerField(min_value=1)
    ground = serializers.ChoiceField(choices=TERMINATION_GROUNDS)
    reason = serializers.CharField(max_length=2000)
    wished_on = serializers.DateField(allow_null=True, default=None, help_text="双方协商时必填")
    releases = serializers.BooleanField(default=True, help_text="终止日以后到期的款项不再支付")
    evidence = serializers.FileField(required=False, allow_null=True, default=None)


class TerminationAnswerSerializer(serializers.Serializer[Any]):
    """The other side's word."""

    verdict = serializers.ChoiceField(choices=TERMINATION_VERDICTS)
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")


class FallingSerializer(serializers.Serializer[Any]):
    """One thing that falls due."""

    key = serializers.CharField()
    on = serializers.DateField()
    kind = serializers.ChoiceField(choices=FALLING_KINDS)
    title = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField()
    days = serializers.IntegerField(help_text="距今天数，负数为已逾期")


class Endings(Room):
    """What renewals and terminations have in common."""

    def asked_for(self, name: str) -> int | None:
        """The contract asked for; nonsense asks for all."""
        asked = self.request.query_params.get(name, "")
        return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None


class RenewalViewSet(Endings):
    """Renewals 续展."""

    serializer_class = RenewalSerializer
    queryset = Renewal.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        return endings.renewals_of(
            viewer=self.request.actor, licence_id=self.asked_for("licence_id")
        )

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = endings.renewal(pk, viewer=self.request.actor)
        return Response(RenewalSerializer(row).data, status=code)

    @extend_schema(
        summary="续展列表",
        parameters=[OF_LICENCE],
        responses={200: RenewalSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一项续展",
        parameters=[ID],
        responses={200: RenewalSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="提出续展",
        request=NewRenewalSerializer,
        parameters=[KEY],
        responses={201: RenewalSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        row = renewing.ask_renewal(**self.command(NewRenewalSerializer))
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="同意续展",
        description="专利随即为续展期受约束，续展期费用列入应付款。",
        request=None,
        parameters=[ID],
        responses={200: RenewalSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        renewing.accept_renewal(renewal_id=int(pk), **self.command(serializers.Serializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="不同意续展",
        request=RenewalReasonSerializer,
        parameters=[ID],
        responses={200: RenewalSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        renewing.refuse_renewal(renewal_id=int(pk), **self.command(RenewalReasonSerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="撤回续展",
        request=None,
        parameters=[ID],
        responses={200: RenewalSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        renewing.withdraw_renewal(renewal_id=int(pk), **self.command(serializers.Serializer))
        return self._shown(int(pk))


class TerminationViewSet(Endings):
    """Terminations 终止."""

    serializer_class = TerminationSerializer
    queryset = Termination.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        return endings.terminations_of(
            viewer=self.request.actor, licence_id=self.asked_for("licence_id")
        )

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = endings.termination(pk, viewer=self.request.actor)
        return Response(TerminationSerializer(row).data, status=code)

    @extend_schema(
        summary="终止列表",
        parameters=[OF_LICENCE],
        responses={200: TerminationSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一项终止",
        parameters=[ID],
        responses={200: TerminationSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="提议或通知终止",
        request=NewTerminationSerializer,
        parameters=[KEY],
        responses={201: TerminationSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        known = self.command(NewTerminationSerializer)
        wanted = terminating.Wanted(
            terminations.Ground(known.pop("ground")),
            known.pop("reason"),
            known.pop("wished_on"),
            known.pop("releases"),
        )
        row = terminating.open_one(wanted=wanted, **known)
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="答复终止",
        request=TerminationAnswerSerializer,
        parameters=[ID],
        responses={200: TerminationSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        terminating.answer_termination(
            termination_id=int(pk), **self.command(TerminationAnswerSerializer)
        )
        return self._shown(int(pk))

    @extend_schema(
        summary="撤回终止",
        request=None,
        parameters=[ID],
        responses={200: TerminationSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        known = self.command(serializers.Serializer)
        terminating.withdraw_termination(termination_id=int(pk), **known)
        return self._shown(int(pk))

    @extend_schema(
        summary="确认对方已补救",
        request=None,
        parameters=[ID],
        responses={200: TerminationSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def mended(self, request: Request, pk: str) -> Response:
        known = self.command(serializers.Serializer)
        terminating.withdraw_termination(termination_id=int(pk), mended=True, **known)
        return self._shown(int(pk))


class LicenceCalendarView(Room):
    """What falls due 许可日历."""

    serializer_class = FallingSerializer

    @extend_schema(
        summary="许可日历",
        description="本单位许可和洽谈一年内到期的事项，含已逾期的。",
        parameters=[OpenApiParameter("kind", str, description="只看一类，如 due、report、term")],
        responses={200: FallingSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        kind = request.query_params.get("kind", "")[:20]
        today = timezone.localdate()
        rows = falling_due.falling_due(viewer=request.actor, today=today, kind=kind)
        return Response(FallingSerializer(rows, many=True).data)


urlpatterns = [
    path(
        "licences/calendar/",
        LicenceCalendarView.as_view({"get": "list"}, pagination_class=None),
        name="licence-calendar",
    ),
]
