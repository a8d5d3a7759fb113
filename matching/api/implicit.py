"""A firm's implicit demand for programs: what is kept, consent, and the way out."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import REFUSED, problems
from core.api.types import Request
from core.permissions import Permission, require
from matching.rules import implicit as rules
from matching.selectors import implicit as selectors
from matching.services import implicit as services


class ReadingSerializer(serializers.Serializer[Any]):
    """One recommendation that this person opened."""

    patent = serializers.IntegerField(source="patent_id")
    title = serializers.CharField()
    times = serializers.IntegerField()
    last_at = serializers.DateTimeField()


class DemandProfileSerializer(serializers.Serializer[Any]):
    """Everything that is kept, for the firm and the person who asks."""

    consented = serializers.BooleanField()
    uses = serializers.ListField(child=serializers.CharField())
    products = serializers.CharField()
    subscription = serializers.IntegerField(allow_null=True)
    reading_allowed = serializers.BooleanField()
    readings = ReadingSerializer(many=True)


class NewDemandProfileSerializer(serializers.Serializer[Any]):
    """What the platform may use; `agreed` must be true."""

    uses = serializers.ListField(
        child=serializers.ChoiceField([(name, name) for name in rules.USES])
    )
    products = serializers.CharField(
        required=False, allow_blank=True, max_length=rules.LONGEST_PRODUCTS
    )
    agreed = serializers.BooleanField()
    reading_allowed = serializers.BooleanField(
        required=False, help_text="本人打开过的推荐是否可用；不填则不变"
    )


class DemandProfileView(APIView):
    """自动画像 of the caller's organisation."""

    request: Request

    def shown(self) -> Response:
        viewer = self.request.actor
        row = selectors.demand_profile(viewer=viewer)
        readings = selectors.readings(viewer=viewer)
        return Response(
            {
                "consented": row is not None,
                "uses": row.uses if row else [],
                "products": row.products if row else "",
                "subscription": row.subscription_id if row else None,
                "reading_allowed": selectors.reading_consent(viewer=viewer) is not None,
                "readings": ReadingSerializer(readings, many=True).data,
            }
        )

    @extend_schema(
        operation_id="demand_profile_retrieve",
        summary="自动画像：同意情况与记录的全部内容",
        responses={200: DemandProfileSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        require(request.actor, Permission.SUBSCRIBE)
        return self.shown()

    @extend_schema(
        operation_id="demand_profile_update",
        summary="同意或修改自动画像",
        request=NewDemandProfileSerializer,
        responses={200: DemandProfileSerializer, **problems(*REFUSED)},
    )
    def put(self, request: Request) -> Response:
        require(request.actor, Permission.SUBSCRIBE)
        form = NewDemandProfileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, now = form.validated_data, timezone.now()
        services.consent(
            uses=data["uses"],
            products=data.get("products", ""),
            agreed=data["agreed"],
            by=request.actor,
            now=now,
        )
        if data.get("reading_allowed") is True:
            services.allow_reading(by=request.actor, now=now)
        elif data.get("reading_allowed") is False:
            services.stop_reading(by=request.actor, now=now)
        return self.shown()

    @extend_schema(
        operation_id="demand_profile_destroy",
        summary="停用自动画像并删除全部记录",
        responses={204: None, **problems(401, 403)},
    )
    def delete(self, request: Request) -> Response:
        services.withdraw(by=request.actor, now=timezone.now())
        return Response(status=204)


urlpatterns = [path("demand-profile/", DemandProfileView.as_view(), name="demand-profile")]
