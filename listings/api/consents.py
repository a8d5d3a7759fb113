"""The API of co-owners' consents: asked, answered, taken back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.pagination import Cursor
from core.api.schema import KEY, REFUSED, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from listings.api.views import whole
from listings.rules.consents import ConsentStatus
from listings.selectors.ownership import consents as selectors
from listings.services.ownership import consents as services
from listings.types import Consent

SCOPES = [(scope.value, words) for scope, words in services.SCOPES.items()]
CONSENT_STATES = [(state.value, state.value) for state in ConsentStatus]


class CoOwnerConsentSerializer(serializers.Serializer[Any]):
    """A question to a co-owner and what became of it."""

    id = serializers.IntegerField(source="pk")
    patent_id = serializers.IntegerField()
    patent_title = serializers.CharField(source="patent.title")
    holder = serializers.CharField(source="holder_name", help_text="共有人")
    state = serializers.ChoiceField(choices=CONSENT_STATES, source="status")
    asked_scope = serializers.CharField(help_text="征求的范围：open 或 all")
    given_scope = serializers.CharField(help_text="同意的范围；没有同意为 none")
    message = serializers.CharField()
    answer = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_because = serializers.CharField()


class NewCoOwnerConsentSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField(min_value=1)
    holder_id = serializers.IntegerField(min_value=1, help_text="共有人在权利人列表中的编号")
    scope = serializers.ChoiceField(choices=SCOPES)
    message = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class CoOwnerConsentAnswerSerializer(serializers.Serializer[Any]):
    agreed = serializers.BooleanField()
    scope = serializers.ChoiceField(choices=SCOPES, required=False, help_text="同意时必填")
    answer = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    proof = serializers.FileField(required=False, help_text="书面同意的扫描件，可不传")


class CoOwnerConsentEndSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class Newest(Cursor):
    ordering = ("-asked_at", "-pk")  # type: ignore[assignment]


class ConsentViewSet(Resource):
    """What the caller asked its co-owners, and what they ask it."""

    serializer_class = CoOwnerConsentSerializer
    pagination_class = Newest
    filter_backends = ()
    queryset = selectors.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "answer", "withdraw", "cancel")

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.consents(viewer=self.request.actor).order_by()

    def _answer(self, pk: int, status: int = 200) -> Response:
        row = selectors.consent(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/consents/{pk}/"} if status == 201 else {}
        return Response(CoOwnerConsentSerializer(row).data, status=status, headers=headers)

    @extend_schema(
        operation_id="consents_list",
        summary="共有人同意",
        responses={200: CoOwnerConsentSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        operation_id="consents_retrieve",
        summary="一份征求意见",
        responses={200: CoOwnerConsentSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="consents_create",
        summary="征求共有人同意",
        description="共有人须在平台有账户；没有的，请在网页上登记书面同意。",
        parameters=[KEY],
        request=NewCoOwnerConsentSerializer,
        responses={201: CoOwnerConsentSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.command(NewCoOwnerConsentSerializer)
        pk = services.ask_consent(**data | {"scope": Consent(data["scope"])})
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="consents_answer",
        summary="答复",
        parameters=[KEY],
        request=CoOwnerConsentAnswerSerializer,
        responses={200: CoOwnerConsentSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        data = self.command(CoOwnerConsentAnswerSerializer)
        scope = Consent(data.pop("scope", Consent.NONE))
        services.answer_consent(consent_id=whole(pk), scope=scope, **data)
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="consents_withdraw",
        summary="撤回同意",
        description="由答复的共有人撤回；此后的处置须重新征求。",
        parameters=[KEY],
        request=CoOwnerConsentEndSerializer,
        responses={200: CoOwnerConsentSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._end(services.withdraw_consent, pk)

    @extend_schema(
        operation_id="consents_cancel",
        summary="取消征求",
        description="由提出的单位在对方答复之前取消。",
        parameters=[KEY],
        request=CoOwnerConsentEndSerializer,
        responses={200: CoOwnerConsentSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self._end(services.cancel_consent, pk)

    def _end(self, command: Any, pk: str) -> Response:
        command(consent_id=whole(pk), **self.command(CoOwnerConsentEndSerializer))
        return self._answer(whole(pk))


router = SimpleRouter()
router.register("consents", ConsentViewSet, basename="consent")
urlpatterns = router.urls
