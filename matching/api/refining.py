"""Mandates and refinements of needs for programs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from core.people import selectors as people
from matching import selectors
from matching.api.serializers import NewNeedSerializer
from matching.api.views import Room
from matching.models import NeedRevision
from matching.rules import revisions as rules
from matching.selectors import revisions as asked
from matching.services import as_input
from matching.services import revisions as services
from matching.types import NeedInput


class MandateSerializer(serializers.Serializer[Any]):
    """Whom an organisation has empowered."""

    id = serializers.IntegerField()
    agent = serializers.CharField()
    agent_id = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewMandateSerializer(serializers.Serializer[Any]):
    """Whom to empower, and for how long."""

    agent_id = serializers.IntegerField(min_value=1)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)


class NeedRevisionSerializer(serializers.ModelSerializer[NeedRevision]):
    """One text of a need, and what it changes."""

    changed = serializers.SerializerMethodField(help_text="改动的栏目")

    class Meta:
        model = NeedRevision
        fields = (
            "id", "need", "number", "state", "changed", "before", "content", "agent", "note",
            "proposed_at", "decided_at", "reason",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_changed(self, row: NeedRevision) -> list[str]:
        return rules.changed(row.before, row.content)


class NeedProposalSerializer(NewNeedSerializer):
    """The texts to change, and why."""

    title = serializers.CharField(max_length=200, required=False)
    note = serializers.CharField(max_length=rules.LONGEST_NOTE)

    def value(self, kept: NeedInput | None = None) -> NeedInput:
        self.validated_data.pop("note", None)
        return super().value(kept)


class RevisionAnswerSerializer(serializers.Serializer[Any]):
    """Whether the owner agrees; if not, why."""

    agrees = serializers.BooleanField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=rules.LONGEST_NOTE)


class MandateViewSet(Room):
    """Mandates 委托 that one's own organisation has given."""

    serializer_class = MandateSerializer

    @extend_schema(
        summary="本单位给出的委托",
        responses={200: MandateSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        self.with_account()
        rows = people.mandates_given(request.actor.organisation_id or 0)
        return Response(MandateSerializer(rows, many=True).data)

    @extend_schema(
        summary="委托服务机构完善需求",
        request=NewMandateSerializer,
        parameters=[KEY],
        responses={201: MandateSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.taken_in(NewMandateSerializer).validated_data
        pk = services.give_mandate(
            agent_id=data["agent_id"],
            starts_on=data["starts_on"],
            ends_on=data.get("ends_on"),
            by=request.actor,
            now=timezone.now(),
        )
        rows = people.mandates_given(request.actor.organisation_id or 0)
        row = next(m for m in rows if m.id == pk)
        return Response(MandateSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="撤销委托", request=None, parameters=[ID],
        responses={204: None, **problems(*REFUSED)},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        self.with_account()
        services.revoke_mandate(mandate_id=int(pk), by=request.actor, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class NeedRevisionViewSet(Room):
    """Texts of needs: proposed by an agent, decided on by the owner."""

    serializer_class = NeedRevisionSerializer
    queryset = NeedRevision.objects.none()

    @extend_schema(
        summary="一个版本",
        parameters=[ID],
        responses={200: NeedRevisionSerializer, **problems(401, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        self.with_account()
        return self.one(asked.revision(int(pk), viewer=request.actor))

    @extend_schema(
        summary="对委托方的需求提出完善建议",
        description="地址中的编号是需求的编号；没有写的栏目保持原样。",
        request=NeedProposalSerializer,
        parameters=[ID],
        responses={201: NeedRevisionSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, pk: str) -> Response:
        self.with_account()
        need = selectors.need(int(pk), viewer=request.actor)
        body = self.taken_in(NeedProposalSerializer)
        note = body.validated_data["note"]
        row = services.propose_revision(
            need_id=need.pk,
            data=body.value(as_input(need)),
            note=note,
            by=request.actor,
            now=timezone.now(),
        )
        return self.one(row, status.HTTP_201_CREATED)

    @extend_schema(
        summary="同意或不同意一条建议",
        request=RevisionAnswerSerializer,
        parameters=[ID],
        responses={200: NeedRevisionSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        self.with_account()
        data = self.taken_in(RevisionAnswerSerializer).validated_data
        row = services.answer_revision(
            revision_id=int(pk),
            agrees=data["agrees"],
            reason=data.get("reason", ""),
            by=request.actor,
            now=timezone.now(),
        )
        return self.one(row)
