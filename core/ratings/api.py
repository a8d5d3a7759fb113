"""Ratings of finished services for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.pagination import Cursor
from core.api.parsers import JSONParser
from core.api.permissions import SignedIn
from core.api.schema import ID, REFUSED, problems
from core.api.types import Request
from core.days import legal_day
from core.idempotency.resources import Resource
from core.ratings import rules, selectors, services
from core.ratings.models import ServiceRating

RATED_SERVICES = list(rules.SERVICES.items())
RATING_GRADES = list(rules.GRADES.items())
RATING_REASONS = list(rules.REASONS.items())


class ServiceRatingSerializer(serializers.ModelSerializer[ServiceRating]):
    """A finished service, what was said of it, and the answer."""

    service = serializers.ChoiceField(choices=RATED_SERVICES, read_only=True)
    reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=RATING_REASONS), read_only=True
    )

    class Meta:
        model = ServiceRating
        fields = (
            "id", "service", "title", "url", "organisation_id", "provider_id", "finished_at",
            "grade", "reasons", "words", "rated_at", "due_on", "answer", "answered_at",
        )  # fmt: skip
        read_only_fields = fields


class RateServiceSerializer(serializers.Serializer[Any]):
    """Five grades; a low one needs a reason or words."""

    grade = serializers.IntegerField(min_value=1, max_value=5)
    reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=RATING_REASONS), default=list, max_length=11
    )
    words = serializers.CharField(max_length=rules.LONGEST, allow_blank=True, default="")


class AnswerRatingSerializer(serializers.Serializer[Any]):
    """What was found, and what is done about it."""

    answer = serializers.CharField(max_length=rules.LONGEST)


class ServiceSummarySerializer(serializers.Serializer[Any]):
    """How one service was rated."""

    service = serializers.CharField()
    name = serializers.CharField(source="label")
    number = serializers.IntegerField()
    average = serializers.FloatField(allow_null=True)
    satisfied = serializers.FloatField(allow_null=True, help_text="3 分及以上的比例")
    low = serializers.IntegerField()
    waiting = serializers.IntegerField()
    late = serializers.IntegerField()


class ServiceRatingView(Resource):
    """Ratings of finished services 好差评."""

    serializer_class = ServiceRatingSerializer
    queryset = ServiceRating.objects.none()
    pagination_class = Cursor
    permission_classes = (SignedIn,)
    filter_backends = ()
    parser_classes = (JSONParser,)

    def get_queryset(self) -> QuerySet[ServiceRating]:
        query = self.request.query_params
        state = query.get("state", "")[:20]
        if query.get("side") == "received":
            service = query.get("service", "")[:20]
            return selectors.received(viewer=self.request.actor, state=state, service=service)
        return selectors.given(viewer=self.request.actor, now=timezone.now(), state=state)

    @extend_schema(
        summary="服务评价列表",
        parameters=[
            OpenApiParameter("side", str, description="received：收到的评价；默认为本单位的"),
            OpenApiParameter(
                "state", str, description="waiting、rated；收到的：due、low、answered"
            ),
            OpenApiParameter("service", str, description="服务代码，只用于收到的评价"),
        ],
        responses={200: ServiceRatingSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一条服务评价",
        parameters=[ID],
        responses={200: ServiceRatingSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(ServiceRatingSerializer(selectors.rating(pk, viewer=request.actor)).data)

    @extend_schema(
        summary="评价一次服务",
        request=RateServiceSerializer,
        parameters=[ID],
        responses={200: ServiceRatingSerializer, **problems(*REFUSED)},
    )
    def rate(self, request: Request, pk: int) -> Response:
        services.rate_service(rating_id=pk, **self.command(RateServiceSerializer))
        return self.retrieve(request, pk)

    @extend_schema(
        summary="答复不满意的评价",
        request=AnswerRatingSerializer,
        parameters=[ID],
        responses={200: ServiceRatingSerializer, **problems(*REFUSED)},
    )
    def answer(self, request: Request, pk: int) -> Response:
        services.answer_rating(rating_id=pk, **self.command(AnswerRatingSerializer))
        return self.retrieve(request, pk)

    @extend_schema(
        summary="收到的评价按服务汇总",
        responses={200: ServiceSummarySerializer(many=True), **problems(401, 403)},
    )
    def summary(self, request: Request) -> Response:
        found = selectors.summary(viewer=request.actor, today=legal_day(timezone.now()))
        return Response(ServiceSummarySerializer(found, many=True).data)


app_name = "ratings-api"
_view = ServiceRatingView.as_view
urlpatterns = [
    path("service-ratings/", _view({"get": "list"}), name="service-ratings"),
    path("service-ratings/summary/", _view({"get": "summary"}), name="service-rating-summary"),
    path("service-ratings/<int:pk>/", _view({"get": "retrieve"}), name="service-rating"),
    path("service-ratings/<int:pk>/rate/", _view({"post": "rate"}), name="service-rating-rate"),
    path(
        "service-ratings/<int:pk>/answer/", _view({"post": "answer"}), name="service-rating-answer"
    ),
]
