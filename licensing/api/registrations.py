"""Registrations of contracts and certificates for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.views import Room
from licensing.models import Certificate, Registration
from licensing.rules import registrations as rules
from licensing.selectors import registrations as questions
from licensing.services import certificates, registrations

REGISTRATION_STATUSES = [(s.value, rules.REGISTRATION_LABELS[s]) for s in rules.RegistrationStatus]
CERTIFICATE_STATUSES = [(s.value, rules.CERTIFICATE_LABELS[s]) for s in rules.CertificateStatus]
CONTRACT_KINDS = [(k.value, rules.KIND_LABELS[k]) for k in rules.ContractKind]
STATUS = [OpenApiParameter("status", str, description="状态代码")]
_CONTRACT = (
    "id", "deal_id", "licence_id", "contract_number", "contract_on", "patent_id", "patent_number",
    "patent_title", "holder_id", "taker_id", "status", "number", "reason",
)  # fmt: skip


class RegistrationSerializer(serializers.ModelSerializer[Registration]):
    """A contract's registration."""

    status = serializers.ChoiceField(choices=REGISTRATION_STATUSES, read_only=True)
    kind = serializers.ChoiceField(choices=CONTRACT_KINDS, read_only=True)
    tax = serializers.CharField(read_only=True)

    class Meta:
        model = Registration
        fields = (
            *_CONTRACT, "kind", "amount", "technical", "due_on", "applied_at", "registered_on",
            "tax",
        )  # fmt: skip
        read_only_fields = fields


class RegistrationApplySerializer(serializers.Serializer[Any]):
    """What the application says; the technical part is at most the sum."""

    kind = serializers.ChoiceField(choices=CONTRACT_KINDS)
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    technical = serializers.DecimalField(max_digits=18, decimal_places=2)


class RegistrationNumberSerializer(serializers.Serializer[Any]):
    """What the registry gave."""

    number = serializers.CharField(max_length=60)
    registered_on = serializers.DateField()
    paper = serializers.FileField(required=False, allow_null=True, default=None)


class RegistrationReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """A certificate; its paper's hash opens the check page."""

    status = serializers.ChoiceField(choices=CERTIFICATE_STATUSES, read_only=True)
    content_hash = serializers.CharField(
        source="document.content_hash", read_only=True, default=None
    )

    class Meta:
        model = Certificate
        fields = (
            *_CONTRACT, "exchange_id", "note", "requested_at", "certified_on", "statement",
            "content_hash",
        )  # fmt: skip
        read_only_fields = fields


class NewCertificateSerializer(serializers.Serializer[Any]):
    """Whom a party asks, about which contract: one of the two."""

    exchange_id = serializers.IntegerField(min_value=1)
    deal_id = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    licence_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None
    )
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class CertificateStatementSerializer(serializers.Serializer[Any]):
    """What was looked at, and what came of it."""

    statement = serializers.CharField(max_length=2000)


class RegistrationView(Room):
    """Registrations of technology contracts 技术合同认定登记."""

    serializer_class = RegistrationSerializer
    queryset = Registration.objects.none()

    def get_queryset(self) -> QuerySet[Registration]:
        asked = self.request.query_params.get("status", "")[:20]
        return questions.registrations(viewer=self.request.actor, status=asked)

    def _run(self, command: Any, pk: int, form: type[serializers.Serializer[Any]]) -> Response:
        command(registration_id=pk, **self.command(form))
        return self.retrieve(self.request, pk)

    @extend_schema(
        summary="技术合同登记列表",
        parameters=STATUS,
        responses={200: RegistrationSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份技术合同登记",
        parameters=[ID],
        responses={200: RegistrationSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        row = questions.registration(pk, viewer=request.actor)
        return Response(RegistrationSerializer(row).data)

    @extend_schema(
        summary="申请登记",
        request=RegistrationApplySerializer,
        parameters=[ID],
        responses={200: RegistrationSerializer, **problems(*REFUSED)},
    )
    def apply(self, request: Request, pk: int) -> Response:
        return self._run(registrations.apply_for_registration, pk, RegistrationApplySerializer)

    @extend_schema(
        summary="予以登记",
        request=RegistrationNumberSerializer,
        parameters=[ID],
        responses={200: RegistrationSerializer, **problems(*REFUSED)},
    )
    def register(self, request: Request, pk: int) -> Response:
        return self._run(registrations.register_contract, pk, RegistrationNumberSerializer)

    @extend_schema(
        summary="退回补正",
        request=RegistrationReasonSerializer,
        parameters=[ID],
        responses={200: RegistrationSerializer, **problems(*REFUSED)},
    )
    def send_back(self, request: Request, pk: int) -> Response:
        return self._run(registrations.send_back_registration, pk, RegistrationReasonSerializer)

    @extend_schema(
        summary="不办理登记",
        request=RegistrationReasonSerializer,
        parameters=[ID],
        responses={200: RegistrationSerializer, **problems(*REFUSED)},
    )
    def waive(self, request: Request, pk: int) -> Response:
        return self._run(registrations.waive_registration, pk, RegistrationReasonSerializer)

    @extend_schema(
        summary="恢复办理登记",
        request=None,
        parameters=[ID],
        responses={200: RegistrationSerializer, **problems(*REFUSED)},
    )
    def reopen(self, request: Request, pk: int) -> Response:
        return self._run(registrations.take_up_registration, pk, serializers.Serializer)


class CertificateView(Room):
    """Certificates 鉴证 of contracts."""

    serializer_class = CertificateSerializer
    queryset = Certificate.objects.none()

    def get_queryset(self) -> QuerySet[Certificate]:
        asked = self.request.query_params.get("status", "")[:20]
        rows = questions.certificates(viewer=self.request.actor, status=asked)
        return rows.select_related("document")

    def _run(self, command: Any, pk: int, form: type[serializers.Serializer[Any]]) -> Response:
        command(certificate_id=pk, **self.command(form))
        return self.retrieve(self.request, pk)

    @extend_schema(
        summary="鉴证列表",
        parameters=STATUS,
        responses={200: CertificateSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份鉴证",
        parameters=[ID],
        responses={200: CertificateSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        row = questions.certificate(pk, viewer=request.actor)
        return Response(CertificateSerializer(row).data)

    @extend_schema(
        summary="申请鉴证",
        description="由合同一方向双方以外的交易机构申请；一份合同同时只有一份有效的鉴证或申请。",
        request=NewCertificateSerializer,
        parameters=[KEY],
        responses={201: CertificateSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        row = certificates.request_certificate(**self.command(NewCertificateSerializer))
        return Response(CertificateSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="出具鉴证书",
        request=CertificateStatementSerializer,
        parameters=[ID],
        responses={200: CertificateSerializer, **problems(*REFUSED)},
    )
    def issue(self, request: Request, pk: int) -> Response:
        return self._run(certificates.issue_certificate, pk, CertificateStatementSerializer)

    @extend_schema(
        summary="不予鉴证",
        request=RegistrationReasonSerializer,
        parameters=[ID],
        responses={200: CertificateSerializer, **problems(*REFUSED)},
    )
    def decline(self, request: Request, pk: int) -> Response:
        return self._run(certificates.decline_certificate, pk, RegistrationReasonSerializer)

    @extend_schema(
        summary="撤回鉴证申请",
        request=None,
        parameters=[ID],
        responses={200: CertificateSerializer, **problems(*REFUSED)},
    )
    def withdraw(self, request: Request, pk: int) -> Response:
        return self._run(certificates.withdraw_certificate, pk, serializers.Serializer)

    @extend_schema(
        summary="撤销鉴证",
        request=RegistrationReasonSerializer,
        parameters=[ID],
        responses={200: CertificateSerializer, **problems(*REFUSED)},
    )
    def revoke(self, request: Request, pk: int) -> Response:
        return self._run(certificates.revoke_certificate, pk, RegistrationReasonSerializer)


one, ONE = RegistrationView.as_view, "contract-registrations/<int:pk>/"
cert, CERT = CertificateView.as_view, "certificates/<int:pk>/"
urlpatterns = [
    path("contract-registrations/", one({"get": "list"}), name="registration-list"),
    path(ONE, one({"get": "retrieve"}), name="registration-detail"),
    path(f"{ONE}apply/", one({"post": "apply"}), name="registration-apply"),
    path(f"{ONE}register/", one({"post": "register"}), name="registration-register"),
    path(f"{ONE}send-back/", one({"post": "send_back"}), name="registration-send-back"),
    path(f"{ONE}waive/", one({"post": "waive"}), name="registration-waive"),
    path(f"{ONE}reopen/", one({"post": "reopen"}), name="registration-reopen"),
    path("certificates/", cert({"get": "list", "post": "create"}), name="certificate-list"),
    path(CERT, cert({"get": "retrieve"}), name="certificate-detail"),
    path(f"{CERT}issue/", cert({"post": "issue"}), name="certificate-issue"),
    path(f"{CERT}decline/", cert({"post": "decline"}), name="certificate-decline"),
    path(f"{CERT}withdraw/", cert({"post": "withdraw"}), name="certificate-withdraw"),
    path(f"{CERT}revoke/", cert({"post": "revoke"}), name="certificate-revoke"),
]
