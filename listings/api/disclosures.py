"""The API of disclosures: for the inventor and the office of one house; others find nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api import versions
from core.api.schema import IF_MATCH, KEY, problems
from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin
from listings import services
from listings.api.views import Page, whole
from listings.rules import verdicts
from listings.rules.disclosures import (
    Contributor,
    Decision,
    DisclosureInput,
    Publication,
    PublicationKind,
)
from listings.selectors import disclosures as reading
from listings.selectors.searching.neighbours import neighbours

TEXTS = ("title", "novelty", "problem", "how", "results", "funding_project")
DECISIONS = [(d.value, d.value) for d in Decision]
REFUSALS = problems(400, 401, 403, 404, 409, 422)


class ContributorSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60)
    share = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, help_text="贡献比例（%）"
    )
    employer = serializers.CharField(max_length=200, allow_blank=True, default="")


class PublicationSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[(k.value, k.value) for k in PublicationKind])
    on = serializers.DateField()
    where = serializers.CharField(max_length=200, allow_blank=True, default="")


class DisclosureInputSerializer(serializers.Serializer[Any]):
    """What an inventor says; a draft may be unfinished."""

    title = serializers.CharField(max_length=200)
    novelty = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    problem = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    how = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    results = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    funding_project = serializers.CharField(max_length=300, allow_blank=True, required=False)
    contributors = ContributorSerializer(many=True, required=False)
    publications = PublicationSerializer(many=True, required=False)

    def value(self, known: DisclosureInput) -> DisclosureInput:
        """What was sent put over what is there."""
        data = {**self.validated_data}
        if "contributors" in data:
            data["contributors"] = tuple(Contributor(**row) for row in data["contributors"])
        if "publications" in data:
            data["publications"] = tuple(
                Publication(PublicationKind(row["kind"]), row["on"], row["where"])
                for row in data["publications"]
            )
        return replace(known, **data)


class NoteSerializer(serializers.Serializer[Any]):
    lost = serializers.BooleanField(help_text="公开的内容已失去新颖性")
    message = serializers.CharField()
    file_by = serializers.DateField(allow_null=True)


class AdviceSerializer(serializers.Serializer[Any]):
    """The computed verdict, with everything it rests on."""

    points = serializers.CharField()
    grade = serializers.CharField()
    route = serializers.ChoiceField(choices=DECISIONS)
    role = serializers.CharField(source="role_label", allow_blank=True)
    mode = serializers.CharField(source="mode_label", allow_blank=True)
    parts = serializers.ListField(child=serializers.DictField())
    reasons = serializers.ListField(child=serializers.CharField())
    rule_version = serializers.CharField()


class DisclosureSerializer(serializers.Serializer[Any]):
    """A disclosure as its two parties see it."""

    id = serializers.IntegerField()
    number = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=[(c, c) for c, _ in reading.STATUSES])
    inventor = serializers.CharField()
    title = serializers.CharField(source="data.title")
    novelty = serializers.CharField(source="data.novelty")
    problem = serializers.CharField(source="data.problem")
    how = serializers.CharField(source="data.how")
    results = serializers.CharField(source="data.results")
    funding_project = serializers.CharField(source="data.funding_project")
    contributors = ContributorSerializer(source="data.contributors", many=True)
    publications = PublicationSerializer(source="data.publications", many=True)
    novelty_notes = NoteSerializer(source="notes", many=True)
    file_by = serializers.DateField(allow_null=True, help_text="要保住新颖性，最迟提交日")
    returned_because = serializers.CharField(allow_blank=True)
    verdict = AdviceSerializer(allow_null=True)
    decision = serializers.CharField(allow_blank=True)
    decision_reason = serializers.CharField(allow_blank=True)
    application_number = serializers.CharField(allow_blank=True)
    patent_id = serializers.IntegerField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class DisclosureLineSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField()
    status = serializers.CharField()
    decision = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField()


class ScoresSerializer(serializers.Serializer[Any]):
    """The scored form: the TRL of 1–9, the others 1–5."""

    trl = serializers.IntegerField(min_value=1, max_value=9)
    novelty = serializers.IntegerField(min_value=1, max_value=5)
    market = serializers.IntegerField(min_value=1, max_value=5)
    enforceability = serializers.IntegerField(min_value=1, max_value=5)
    cost = serializers.IntegerField(min_value=1, max_value=5)
    team = serializers.IntegerField(min_value=1, max_value=5)
    can_be_kept = serializers.BooleanField(default=False)
    ready = serializers.BooleanField(default=False)
    centre_field = serializers.BooleanField(default=False)
    in_batch = serializers.BooleanField(default=False)
    core_product = serializers.BooleanField(default=False)


class DecideSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=DECISIONS)
    reason = serializers.CharField(max_length=1_000, allow_blank=True, default="")


class DisclosureReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


class NumberSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(max_length=60, help_text="任何写法的申请号")


class NeighbourSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField(source="card.id")
    title = serializers.CharField(source="card.title")
    number = serializers.CharField(source="card.printed")
    likeness = serializers.FloatField(help_text="0 到 1")
    meaning = serializers.FloatField()
    shared_words = serializers.ListField(child=serializers.CharField(), source="shared")


class DisclosureViewSet(IdempotentCreateMixin):
    """Disclosures of inventions made on duty."""

    request: Request
    serializer_class = DisclosureSerializer
    pagination_class = Page
    filter_backends = ()
    queryset = reading.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = (
        "create", "submit", "withdraw", "take", "send_back", "evaluate", "decide", "apply",
    )  # fmt: skip

    def page_ordering(self, request: Request) -> tuple[str, ...]:
        return ("-pk",)

    def get_queryset(self) -> QuerySet[Any]:
        status = self.request.query_params.get("status", "")
        return reading.disclosures(viewer=self.request.actor, status=status).order_by()

    def _answer(self, pk: int, status: int = 200) -> Response:
        card = reading.disclosure(pk, viewer=self.request.actor, now=timezone.now())
        headers = {"ETag": versions.etag("disclosure", pk, card.version)}
        headers["Cache-Control"] = "no-store"
        if status == 201:
            headers["Location"] = f"/api/v1/disclosures/{pk}/"
        return Response(DisclosureSerializer(card).data, status=status, headers=headers)

    def _do(self, pk: str, command: Any, **more: Any) -> Response:
        command(disclosure_id=whole(pk), by=self.request.actor, now=timezone.now(), **more)
        return self._answer(whole(pk))

    def _read(self, pk: str, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body, once the disclosure is known to be there for this actor."""
        reading.find(whole(pk), viewer=self.request.actor)
        data = kind(data=self.request.data)
        data.is_valid(raise_exception=True)
        return dict(data.validated_data)

    @extend_schema(
        operation_id="disclosures_list",
        summary="发明披露",
        description="发明人看到自己的，办公室看到本单位已提交的；其他人看不到任何内容。",
        parameters=[OpenApiParameter("status", str, enum=[code for code, _ in reading.STATUSES])],
        responses={200: DisclosureLineSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(DisclosureLineSerializer(page, many=True).data)

    @extend_schema(
        operation_id="disclosures_retrieve",
        summary="一份披露",
        responses={200: DisclosureSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="disclosures_create",
        summary="起草披露",
        parameters=[KEY],
        request=DisclosureInputSerializer,
        responses={201: DisclosureSerializer, **REFUSALS},
        examples=[
            OpenApiExample(
                "草稿",
                value={
                    "title": "低温下快速加热电池的办法",
                    "contributors": [{"name": "张三", "share": "100"}],
                    "publications": [{"kind": "paper", "on": "2026-12-20", "where": "学报"}],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        data = DisclosureInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = services.draft_disclosure(
            data=data.value(DisclosureInput()), by=request.actor, now=timezone.now()
        )
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="disclosures_partial_update",
        summary="修改草稿",
        parameters=[IF_MATCH],
        request=DisclosureInputSerializer,
        responses={
            200: DisclosureSerializer,
            **problems(400, 401, 403, 404, 409, 412, 422, 428),
        },
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        card = reading.disclosure(whole(pk), viewer=request.actor, now=timezone.now())
        versions.check(request, versions.etag("disclosure", card.id, card.version))
        data = DisclosureInputSerializer(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        versions.guarded(
            lambda: services.edit_disclosure(
                disclosure_id=card.id,
                data=data.value(card.data),
                version=card.version,
                by=request.actor,
                now=timezone.now(),
            )
        )
        return self._answer(card.id)

    @extend_schema(
        operation_id="disclosures_submit",
        summary="提交给本单位办公室",
        parameters=[KEY],
        request=None,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        return self._do(pk, services.submit_disclosure)

    @extend_schema(
        operation_id="disclosures_withdraw",
        summary="撤回",
        parameters=[KEY],
        request=None,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._do(pk, services.withdraw_disclosure)

    @extend_schema(
        operation_id="disclosures_take",
        summary="受理",
        parameters=[KEY],
        request=None,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        return self._do(pk, services.take_disclosure)

    @extend_schema(
        operation_id="disclosures_return",
        summary="退回补充",
        parameters=[KEY],
        request=DisclosureReasonSerializer,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def send_back(self, request: Request, pk: str) -> Response:
        data = self._read(pk, DisclosureReasonSerializer)
        return self._do(pk, services.send_back_disclosure, **data)

    @extend_schema(
        operation_id="disclosures_evaluate",
        summary="评分，得出分级意见",
        parameters=[KEY],
        request=ScoresSerializer,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def evaluate(self, request: Request, pk: str) -> Response:
        data = self._read(pk, ScoresSerializer)
        return self._do(pk, services.evaluate_disclosure, scores=verdicts.Scores(**data))

    @extend_schema(
        operation_id="disclosures_decide",
        summary="作出决定",
        description="与评估建议不同时必须写明理由。",
        parameters=[KEY],
        request=DecideSerializer,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        data = self._read(pk, DecideSerializer)
        decision = Decision(data["decision"])
        return self._do(pk, services.decide_disclosure, decision=decision, reason=data["reason"])

    @extend_schema(
        operation_id="disclosures_apply",
        summary="登记申请号",
        parameters=[KEY],
        request=NumberSerializer,
        responses={200: DisclosureSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        data = self._read(pk, NumberSerializer)
        return self._do(pk, services.record_application, **data)

    @extend_schema(
        operation_id="disclosures_neighbours",
        summary="库里相近的专利",
        responses={200: NeighbourSerializer(many=True), **problems(404)},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def neighbours(self, request: Request, pk: str) -> Response:
        card = reading.disclosure(whole(pk), viewer=request.actor, now=timezone.now())
        found = neighbours(card.text, viewer=request.actor)
        return Response(
            NeighbourSerializer(found, many=True).data, headers={"Cache-Control": "no-store"}
        )


router = SimpleRouter()
router.register("disclosures", DisclosureViewSet, basename="disclosure")
urlpatterns = router.urls
