"""Income distribution for programs: the same commands as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.views import Room
from licensing.models import Distribution, DistributionObjection, DistributionPerson, IncomeRule
from licensing.rules import income as rules
from licensing.selectors import income as questions
from licensing.services import income as services
from licensing.services import income_objections as objections

ROLES = [(r.value, rules.ROLE_LABELS[r]) for r in rules.PersonRole]
KINDS = [(k.value, rules.KIND_LABELS[k]) for k in rules.IncomeKind]
STATUSES = [(s.value, rules.INCOME_LABELS[s]) for s in rules.IncomeStatus]
OBJECTIONS = [(s.value, rules.OBJECTION_LABELS[s]) for s in rules.ObjectionStatus]


class IncomePersonSerializer(serializers.ModelSerializer[DistributionPerson]):
    """A person with a share and its payment."""

    role = serializers.ChoiceField(choices=ROLES, read_only=True)

    class Meta:
        model = DistributionPerson
        fields = ("id", "name", "role", "share", "amount", "conflict", "paid_on", "reference")
        read_only_fields = fields


class IncomeObjectionSerializer(serializers.ModelSerializer[DistributionObjection]):
    """An objection and its answer."""

    status = serializers.ChoiceField(choices=OBJECTIONS, read_only=True)

    class Meta:
        model = DistributionObjection
        fields = ("id", "status", "reason", "raised_at", "answer", "answered_at")
        read_only_fields = fields


class IncomeSerializer(serializers.ModelSerializer[Distribution]):
    """A distribution of income."""

    status = serializers.ChoiceField(choices=STATUSES, read_only=True)
    kind = serializers.ChoiceField(choices=KINDS, read_only=True)
    deductions = serializers.DictField(child=serializers.CharField(), read_only=True)
    persons = IncomePersonSerializer(many=True, read_only=True)
    objections = IncomeObjectionSerializer(many=True, read_only=True)

    class Meta:
        model = Distribution
        fields = (
            "id", "number", "organisation_id", "licence_id", "deal_id", "pool_licence_id",
            "patent_id", "patent_number", "patent_title",
            "kind", "status", "gross", "deductions", "net", "percent", "award",
            "floor", "floor_article", "conflict", "tax_note", "posted_on", "posted_until",
            "persons", "objections",
        )  # fmt: skip
        read_only_fields = fields


class NewIncomePersonSerializer(serializers.Serializer[Any]):
    """A person with a share, in percent of what goes to persons."""

    name = serializers.CharField(max_length=60)
    role = serializers.ChoiceField(choices=ROLES)
    share = serializers.DecimalField(max_digits=7, decimal_places=4)
    account = serializers.EmailField(required=False, allow_blank=True, default="")
    conflict = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class IncomePlanSerializer(serializers.Serializer[Any]):
    """What came in, what goes off, and who gets what; shares sum to 100."""

    gross = serializers.DecimalField(max_digits=18, decimal_places=2)
    percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    tax = serializers.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    upkeep = serializers.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    agency = serializers.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    direct = serializers.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    deduction_note = serializers.CharField(max_length=1000, allow_blank=True, default="")
    conflict = serializers.CharField(max_length=1000, help_text="没有利益关系请写“无”")
    tax_note = serializers.CharField(max_length=1000, allow_blank=True, default="")
    persons = NewIncomePersonSerializer(many=True)

    def plan(self) -> rules.IncomePlan:
        """The plan as the service takes it."""
        known = self.validated_data
        persons = [
            rules.Person(**{**p, "role": rules.PersonRole(p["role"])}) for p in known["persons"]
        ]
        names = ("gross", "percent", "deduction_note", "conflict", "tax_note")
        return rules.IncomePlan(
            **{name: known[name] for name in names},
            deductions={key: known[key] for key in rules.DEDUCTIONS},
            persons=tuple(persons),
        )


class NewIncomeSerializer(IncomePlanSerializer):
    """The same, and whose income it is: one of the three."""

    licence_id = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    deal_id = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    pool_licence_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, help_text="本单位从池许可分得的收入"
    )
    patent_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, help_text="组合合同：分配其中哪一件专利的部分"
    )


class IncomeReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class IncomeAnswerSerializer(serializers.Serializer[Any]):
    """How an objection is answered."""

    upheld = serializers.BooleanField()
    answer = serializers.CharField(max_length=2000)


class IncomePaymentSerializer(serializers.Serializer[Any]):
    """That one person was paid."""

    person_id = serializers.IntegerField(min_value=1)
    paid_on = serializers.DateField()
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    proof = serializers.FileField(required=False, allow_null=True, default=None)


class IncomeRuleSerializer(serializers.ModelSerializer[IncomeRule]):
    """What an institution laid down."""

    class Meta:
        model = IncomeRule
        fields = ("id", "organisation_id", "title", "agreed_on", "percent", "recorded_at")
        read_only_fields = fields


class NewIncomeRuleSerializer(serializers.Serializer[Any]):
    """A rule with its text."""

    title = serializers.CharField(max_length=200)
    agreed_on = serializers.DateField()
    percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    paper = serializers.FileField()


class IncomeView(Room):
    """Distributions of income."""

    serializer_class = IncomeSerializer
    queryset = Distribution.objects.none()

    def get_queryset(self) -> QuerySet[Distribution]:
        asked = self.request.query_params.get("status", "")[:20]
        rows = questions.distributions(viewer=self.request.actor, status=asked)
        return rows.prefetch_related("persons", "objections")

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = questions.distribution(pk, viewer=self.request.actor)
        return Response(IncomeSerializer(row).data, status=code)

    @extend_schema(
        summary="收益分配列表",
        parameters=[OpenApiParameter("status", str, description="状态代码")],
        responses={200: IncomeSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份收益分配",
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._shown(pk)

    @extend_schema(
        summary="拟定收益分配",
        description="低于下限的，附条款拒绝；分到分，一分不少。",
        request=NewIncomeSerializer,
        parameters=[KEY],
        responses={201: IncomeSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        form = self.taken_in(NewIncomeSerializer)
        row = services.draft_income(
            plan=form.plan(),
            licence_id=form.validated_data.get("licence_id"),
            deal_id=form.validated_data.get("deal_id"),
            pool_licence_id=form.validated_data.get("pool_licence_id"),
            patent_id=form.validated_data.get("patent_id"),
            by=request.actor,
            now=timezone.now(),
        )
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="修改收益分配草稿",
        request=IncomePlanSerializer,
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(*REFUSED)},
    )
    def update(self, request: Request, pk: int) -> Response:
        plan = self.taken_in(IncomePlanSerializer).plan()
        services.revise_income(distribution_id=pk, plan=plan, by=request.actor, now=timezone.now())
        return self._shown(pk)

    @extend_schema(
        summary="公示收益分配",
        request=None,
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(*REFUSED)},
    )
    def post_it(self, request: Request, pk: int) -> Response:
        services.post_income(distribution_id=pk, by=request.actor, now=timezone.now())
        return self._shown(pk)

    @extend_schema(
        summary="批准收益分配",
        request=None,
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(*REFUSED)},
    )
    def approve(self, request: Request, pk: int) -> Response:
        services.approve_income(distribution_id=pk, by=request.actor, now=timezone.now())
        return self._shown(pk)

    @extend_schema(
        summary="撤回公示",
        request=IncomeReasonSerializer,
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(*REFUSED)},
    )
    def take_back(self, request: Request, pk: int) -> Response:
        services.take_back_income(distribution_id=pk, **self.command(IncomeReasonSerializer))
        return self._shown(pk)

    @extend_schema(
        summary="作废收益分配",
        request=IncomeReasonSerializer,
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(*REFUSED)},
    )
    def cancel(self, request: Request, pk: int) -> Response:
        row = services.cancel_income(distribution_id=pk, **self.command(IncomeReasonSerializer))
        return Response(IncomeSerializer(row).data)

    @extend_schema(
        summary="登记发放",
        request=IncomePaymentSerializer,
        parameters=[ID],
        responses={200: IncomeSerializer, **problems(*REFUSED)},
    )
    def pay(self, request: Request, pk: int) -> Response:
        services.pay_person(distribution_id=pk, **self.command(IncomePaymentSerializer))
        return self._shown(pk)

    @extend_schema(
        summary="对公示的收益分配提出异议",
        request=IncomeReasonSerializer,
        parameters=[ID],
        responses={201: IncomeObjectionSerializer, **problems(*REFUSED)},
    )
    def objection(self, request: Request, pk: int) -> Response:
        row = objections.object_to_income(
            distribution_id=pk, **self.command(IncomeReasonSerializer)
        )
        return Response(IncomeObjectionSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="income_distributions_objections_answer",
        summary="处理收益分配的异议",
        request=IncomeAnswerSerializer,
        parameters=[ID],
        responses={200: IncomeObjectionSerializer, **problems(*REFUSED)},
    )
    def answer(self, request: Request, pk: int, objection_id: int) -> Response:
        row = objections.answer_income_objection(
            distribution_id=pk, objection_id=objection_id, **self.command(IncomeAnswerSerializer)
        )
        return Response(IncomeObjectionSerializer(row).data)


class IncomeRuleView(Room):
    """What institutions laid down."""

    serializer_class = IncomeRuleSerializer
    queryset = IncomeRule.objects.none()

    def get_queryset(self) -> QuerySet[IncomeRule]:
        return questions.income_rules(viewer=self.request.actor)

    @extend_schema(
        summary="收益分配规定",
        responses={200: IncomeRuleSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="登记收益分配规定",
        request=NewIncomeRuleSerializer,
        parameters=[KEY],
        responses={201: IncomeRuleSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        row = services.record_rule(**self.command(NewIncomeRuleSerializer))
        return Response(IncomeRuleSerializer(row).data, status=status.HTTP_201_CREATED)


view = IncomeView.as_view
ONE = "income-distributions/<int:pk>/"
urlpatterns = [
    path("income-distributions/", view({"get": "list", "post": "create"}), name="income-list"),
    path(ONE, view({"get": "retrieve", "put": "update"}), name="income-detail"),
    path(f"{ONE}post/", view({"post": "post_it"}), name="income-post"),
    path(f"{ONE}approve/", view({"post": "approve"}), name="income-approve"),
    path(f"{ONE}take-back/", view({"post": "take_back"}), name="income-take-back"),
    path(f"{ONE}cancel/", view({"post": "cancel"}), name="income-cancel"),
    path(f"{ONE}payments/", view({"post": "pay"}), name="income-pay"),
    path(f"{ONE}objections/", view({"post": "objection"}), name="income-object"),
    path(f"{ONE}objections/<int:objection_id>/", view({"post": "answer"}), name="income-answer"),
    path(
        "income-rules/",
        IncomeRuleView.as_view({"get": "list", "post": "create"}),
        name="income-rule-list",
    ),
]
