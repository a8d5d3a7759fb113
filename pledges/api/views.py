"""Pledges for programs: the same commands as the pages."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.pagination import Cursor
from core.api.permissions import SignedIn
from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from core.errors import Invalid
from core.idempotency.api import IdempotentCreateMixin
from pledges import selectors, services
from pledges.api.serializers import (
    ConsentSerializer,
    NewConsentSerializer,
    NewPledgeSerializer,
    PledgeCheckSerializer,
    PledgeSerializer,
    ReleaseSerializer,
)
from pledges.models import Pledge


class PledgeCheckView(APIView):
    """Whether a patent can be pledged."""

    request: Request

    @extend_schema(
        operation_id="pledge_check",
        summary="能否质押",
        parameters=[OpenApiParameter("number", str, required=True, description="专利号，任何写法")],
        responses={200: PledgeCheckSerializer, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        number = request.query_params.get("number", "").strip()[:100]
        if not number:
            raise Invalid(fields={"number": ["请提供专利号。"]})
        found = selectors.check(number, viewer=request.actor, at=timezone.now())
        return Response(PledgeCheckSerializer(found).data)


class PledgeViewSet(IdempotentCreateMixin):
    """Pledges 质押 that concern the actor."""

    request: Request
    serializer_class = PledgeSerializer
    queryset = Pledge.objects.none()
    pagination_class = Cursor
    permission_classes = (SignedIn,)
    filter_backends = ()
    lookup_value_regex = r"\d{1,18}"
    idempotent_actions = ("create", "consents")

    def get_queryset(self) -> QuerySet[Pledge]:
        known = self.request.query_params.get("status", "")[:20]
        return selectors.pledges(viewer=self.request.actor, status=known)

    @extend_schema(
        summary="质押列表",
        parameters=[OpenApiParameter("status", str, description="registered released")],
        responses={200: PledgeSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        summary="一笔质押",
        parameters=[ID],
        responses={200: PledgeSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.pledge(pk, viewer=self.request.actor)
        return Response(PledgeSerializer(row).data, status=code)

    @extend_schema(
        summary="登记质押",
        request=NewPledgeSerializer,
        parameters=[KEY],
        responses={201: PledgeSerializer, **problems(*REFUSED)},
        examples=[
            OpenApiExample(
                "一件发明专利",
                value={
                    "patent_ids": [7],
                    "debtor_name": "示例科技有限公司",
                    "principal": "3000000.00",
                    "starts_on": "2026-11-01",
                    "ends_on": "2027-10-31",
                    "register_number": "Y2026980001234",
                    "registered_on": "2026-11-10",
                    "confirmed": ["invalidation-pending"],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        form = NewPledgeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row = services.record_pledge(data=form.data_in(), by=request.actor, now=timezone.now())
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="登记质权人同意",
        request=NewConsentSerializer,
        parameters=[ID, KEY],
        responses={201: ConsentSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def consents(self, request: Request, pk: str) -> Response:
        form = NewConsentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row = services.consent(
            pledge_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return Response(ConsentSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="解除质押",
        request=ReleaseSerializer,
        parameters=[ID],
        responses={200: PledgeSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        form = ReleaseSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.release_pledge(
            pledge_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(int(pk))
