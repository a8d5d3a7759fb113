"""The API of the promotion path: services asked of providers, patents put aside for a while."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from core.api.pagination import Cursor
from core.api.schema import KEY, REFUSED, problems
from core.api.types import Request
from core.idempotency.api import idempotently
from core.idempotency.resources import Resource
from listings.api.views import whole
from listings.rules.promotion import KIND_WORDS, ServiceState
from listings.selectors.layers import promotion as selectors
from listings.services.layers import promotion as services

SERVICE_KINDS = [(kind.value, words) for kind, words in KIND_WORDS.items()]
SERVICE_STATES = [(state.value, state.value) for state in ServiceState]


class ServiceRequestSerializer(serializers.Serializer[Any]):
    """A request for a service as both sides see it."""

    id = serializers.IntegerField()
    patent_id = serializers.IntegerField()
    patent_title = serializers.CharField()
    kind = serializers.ChoiceField(choices=SERVICE_KINDS)
    state = serializers.ChoiceField(choices=SERVICE_STATES)
    provider_id = serializers.IntegerField()
    provider = serializers.CharField(source="provider_name")
    office_id = serializers.IntegerField(allow_null=True)
    office = serializers.CharField(source="office_name")
    wish = serializers.CharField()
    answer = serializers.CharField()
    outcome = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class NewServiceRequestSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField(min_value=1)
    kind = serializers.ChoiceField(choices=SERVICE_KINDS)
    provider_id = serializers.IntegerField(min_value=1)
    wish = serializers.CharField(max_length=500)


class ServiceAnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=1_000, help_text="能提供什么、费用和时间")


class ServiceOutcomeSerializer(serializers.Serializer[Any]):
    outcome = serializers.CharField(max_length=500)


class ArchiveSerializer(serializers.Serializer[Any]):
    patent_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), min_length=1, max_length=1_000
    )
    reason = serializers.CharField(max_length=200)
    review_on = serializers.DateField()


class ArchivedSerializer(serializers.Serializer[Any]):
    archived = serializers.IntegerField(help_text="归档了几件；不在本单位库中的不计")


class ReviewDaySerializer(serializers.Serializer[Any]):
    review_on = serializers.DateField()


class NewestAsked(Cursor):
    ordering = ("-asked_at", "-pk")  # type: ignore[assignment]


class ServiceRequestViewSet(Resource):
    """What the caller asked, and what it is asked."""

    serializer_class = ServiceRequestSerializer
    pagination_class = NewestAsked
    filter_backends = ()
    queryset = selectors.no_requests()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "answer", "close")

    def get_queryset(self) -> QuerySet[Any]:
        state = self.request.query_params.get("state", "")
        return selectors.service_requests(viewer=self.request.actor, state=state).order_by()

    def _answer(self, pk: str | int, status: int = 200) -> Response:
        card = selectors.service_request(whole(str(pk)), viewer=self.request.actor)
        headers = {"Location": f"/api/v1/service-requests/{pk}/"} if status == 201 else {}
        return Response(ServiceRequestSerializer(card).data, status=status, headers=headers)

    @extend_schema(
        operation_id="service_requests_list",
        summary="服务请求",
        parameters=[OpenApiParameter("state", OpenApiTypes.STR, enum=list(ServiceState))],
        responses={200: ServiceRequestSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        body = [selectors.service_card(row) for row in page]
        return self.get_paginated_response(self.get_serializer(body, many=True).data)

    @extend_schema(
        operation_id="service_requests_retrieve",
        summary="一项服务请求",
        responses={200: ServiceRequestSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(pk)

    @extend_schema(
        operation_id="service_requests_create",
        summary="提出服务请求",
        parameters=[KEY],
        request=NewServiceRequestSerializer,
        responses={201: ServiceRequestSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        pk = services.request_service(**self.command(NewServiceRequestSerializer))
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="service_requests_answer",
        summary="答复服务请求",
        parameters=[KEY],
        request=ServiceAnswerSerializer,
        responses={200: ServiceRequestSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        services.answer_service(request_id=whole(pk), **self.command(ServiceAnswerSerializer))
        return self._answer(pk)

    @extend_schema(
        operation_id="service_requests_close",
        summary="办结服务请求",
        parameters=[KEY],
        request=ServiceOutcomeSerializer,
        responses={200: ServiceRequestSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        services.close_service(request_id=whole(pk), **self.command(ServiceOutcomeSerializer))
        return self._answer(pk)


class ArchivesView(APIView):
    """Patents put aside until a day on which they are looked at again."""

    request: Request

    @extend_schema(
        operation_id="archives_create",
        summary="归档",
        description="把这些专利归档到复核日；已归档的不变。",
        parameters=[KEY],
        request=ArchiveSerializer,
        responses={200: ArchivedSerializer, **problems(*REFUSED)},
    )
    def post(self, request: Request) -> Response:
        def command() -> Response:
            sent = ArchiveSerializer(data=request.data)
            sent.is_valid(raise_exception=True)
            done = services.archive_stock(
                **sent.validated_data, by=request.actor, now=timezone.now()
            )
            return Response(ArchivedSerializer({"archived": done}).data)

        return idempotently(request, command)


class ReviewDayView(APIView):
    """Looked at again: archived until another day."""

    request: Request

    @extend_schema(
        operation_id="archives_review",
        summary="改复核日",
        parameters=[KEY],
        request=ReviewDaySerializer,
        responses={204: None, **problems(*REFUSED)},
    )
    def post(self, request: Request, pk: int) -> Response:
        def command() -> Response:
            sent = ReviewDaySerializer(data=request.data)
            sent.is_valid(raise_exception=True)
            services.put_off_review(
                patent_id=pk, **sent.validated_data, by=request.actor, now=timezone.now()
            )
            return Response(status=204)

        return idempotently(request, command)


router = SimpleRouter()
router.register("service-requests", ServiceRequestViewSet, basename="service-request")
urlpatterns = [
    *router.urls,
    path("archives/", ArchivesView.as_view(), name="archives"),
    path("archives/<int:pk>/review/", ReviewDayView.as_view(), name="archive-review"),
]
