"""The API of open-licence candidates."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from core.api.pagination import Cursor
from core.api.types import Request
from core.days import legal_day
from listings import selectors
from listings.selectors import office
from listings.selectors.ownership import candidates


class WarningSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    article = serializers.CharField()
    hard = serializers.BooleanField()


class CandidateSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField()
    number = serializers.CharField()
    title = serializers.CharField()
    organisation_id = serializers.IntegerField(allow_null=True)
    organisation_name = serializers.CharField()
    region = serializers.CharField()
    granted_on = serializers.DateField()
    years_granted = serializers.IntegerField()
    may_declare = serializers.BooleanField()
    unworked_flag = serializers.BooleanField(help_text="财政资助且长期未实施")
    unworked_reason = serializers.CharField(help_text="已说明的理由")
    warnings = WarningSerializer(many=True)


class Longest(Cursor):
    ordering = ("granted_on", "pk")  # type: ignore[assignment]


class CandidateViewSet(GenericViewSet[Any]):
    """Longest granted first: an office's own, a bureau's region."""

    request: Request
    serializer_class = CandidateSerializer
    pagination_class = Longest
    filter_backends = ()
    queryset = office.no_patents()

    @extend_schema(
        operation_id="open_licence_candidates_list",
        summary="开放许可候选",
        description="授权满三年（地区可另定）、有效、未实施、没有许可和障碍的专利。",
        responses={200: CandidateSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        now = timezone.now()
        rows = candidates.candidates(viewer=request.actor, on=legal_day(now)).order_by()
        page = [row.pk for row in self.paginate_queryset(rows) or []]
        found = candidates.of_page(page, viewer=request.actor, at=now)
        cards = selectors.cards(page, viewer=request.actor)
        body = [
            {
                "patent_id": pk,
                "number": cards[pk].printed,
                "title": cards[pk].title,
                "organisation_id": cards[pk].organisation_id,
                "organisation_name": cards[pk].organisation_name,
                "region": cards[pk].region,
                "granted_on": cards[pk].granted_on,
                "years_granted": found[pk].years,
                "may_declare": found[pk].may_declare,
                "unworked_flag": found[pk].is_flagged,
                "unworked_reason": found[pk].reason,
                "warnings": found[pk].against,
            }
            for pk in page
            if pk in found and pk in cards
        ]
        return self.get_paginated_response(self.get_serializer(body, many=True).data)


router = SimpleRouter()
router.register("open-licence-candidates", CandidateViewSet, basename="open-licence-candidate")
urlpatterns = router.urls
