"""The API of claims on patents that another office keeps."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin
from listings import services
from listings.rules import disputes as rules
from listings.selectors import claims as selectors


class ClaimPage(Cursor):
    ordering = "-pk"


class ClaimSerializer(serializers.Serializer[Any]):
    """A claim and what came of it."""

    id = serializers.IntegerField(read_only=True)
    patent_id = serializers.IntegerField(read_only=True)
    number = serializers.CharField(source="patent.number", read_only=True)
    claimant = serializers.CharField(source="claimant.name", read_only=True)
    holder = serializers.CharField(source="holder.name", read_only=True)
    grounds = serializers.CharField(read_only=True)
    answer = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=[(s, s) for s in rules.STATES], read_only=True)
    reason = serializers.CharField(read_only=True)
    opened_at = serializers.DateTimeField(read_only=True)
    settled_at = serializers.DateTimeField(read_only=True, allow_null=True)


class NewClaimSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(max_length=60, help_text="已由其他单位登记在库的申请号")
    grounds = serializers.CharField(max_length=2_000, required=False, default="")


class SettleSerializer(serializers.Serializer[Any]):
    move = serializers.ChoiceField(choices=list(selectors.WORDS.items()))
    reason = serializers.CharField(max_length=500, required=False, default="")


class ClaimViewSet(IdempotentCreateMixin):
    """Claims the caller has to do with: as claimant, as holder, or as the bureau of the region."""

    request: Request
    serializer_class = ClaimSerializer
    pagination_class = ClaimPage
    filter_backends = ()
    queryset = selectors.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "settle")

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.claims(viewer=self.request.actor).order_by()

    @extend_schema(
        operation_id="claims_list",
        summary="权属主张",
        responses={200: ClaimSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="claims_retrieve",
        summary="一项权属主张",
        responses={200: ClaimSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(int(pk))

    def _answer(self, pk: int, status: int = 200) -> Response:
        found = selectors.claim(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/claims/{pk}/"} if status == 201 else {}
        return Response(ClaimSerializer(found).data, status=status, headers=headers)

    @extend_schema(
        operation_id="claims_create",
        summary="提出权属主张",
        parameters=[KEY],
        request=NewClaimSerializer,
        responses={201: ClaimSerializer, **problems(400, 401, 403, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        data = NewClaimSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = services.open_claim(**data.validated_data, by=request.actor, now=timezone.now())
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="claims_settle",
        summary="撤回、同意移交或裁定",
        parameters=[KEY],
        request=SettleSerializer,
        responses={200: ClaimSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        data = SettleSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        services.settle_claim(
            claim_id=int(pk), **data.validated_data, by=request.actor, now=timezone.now()
        )
        return self._answer(int(pk))
