"""Deals for programs: the same commands as the deal room."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import include, path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.serializers import FeePartSerializer, fee_part
from licensing.api.views import Room
from licensing.models import Deal
from licensing.rules import deals as rules
from licensing.rules.deals import DealKind
from licensing.selectors import bundle_deals as members
from licensing.selectors import deals as selectors
from licensing.services import bundle_deals, completing, deals, signing
from listings.types import MODES

DEAL_KINDS = selectors.KINDS
DEAL_STATES = selectors.STATUSES
APPROVAL_KINDS = selectors.APPROVALS
DEAL_SIDES = [(p.value, rules.PARTY_LABELS[p]) for p in rules.Party]


class DealSerializer(serializers.ModelSerializer[Deal]):
    """A deal as its parties and overseers see it."""

    kind = serializers.ChoiceField(choices=DEAL_KINDS, read_only=True)
    contract_type = serializers.CharField(read_only=True)
    status = serializers.ChoiceField(choices=DEAL_STATES, read_only=True)
    status_label = serializers.CharField(source="get_status_display", read_only=True)
    waits_for = serializers.CharField(read_only=True)
    origin = serializers.CharField(read_only=True)
    step_text = serializers.CharField(read_only=True)
    kept_until = serializers.DateField(
        read_only=True, allow_null=True, help_text="没有成交的洽谈：文字和附件保存到哪天"
    )

    class Meta:
        model = Deal
        fields = (
            "id", "number", "kind", "contract_type", "under_id",
            "bundle_id", "bundle_title", "status",
            "status_label", "origin", "patent_id",
            "patent_number", "patent_title", "holder_id", "taker_id", "region", "wish",
            "waits_for", "next_step", "step_text", "waiting_since", "opened_at", "agreed_at",
            "needs_posting", "posted_on", "sealed_at", "effective_on", "ends_on",
            "register_number", "registered_on", "settled_amount", "settled_on", "closed_at",
            "closed_reason", "kept_until", "cleared_at",
        )  # fmt: skip
        read_only_fields = fields


class DealOneSerializer(DealSerializer):
    """One deal, with what the firm that asked finds beside it."""

    beside_ids = serializers.SerializerMethodField(
        help_text="同一次组合询价的其他洽谈；只有提出询价的企业能看到"
    )

    class Meta(DealSerializer.Meta):
        fields = (*DealSerializer.Meta.fields, "beside_ids")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_beside_ids(self, row: Deal) -> Any:
        return [d.pk for d in selectors.beside(row, viewer=self.context["viewer"])]


class TermsLineSerializer(serializers.Serializer[Any]):
    """One item of a version."""

    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField()


class TermsVersionSerializer(serializers.Serializer[Any]):
    """One version of the terms, in words."""

    version = serializers.IntegerField()
    side = serializers.ChoiceField(choices=DEAL_SIDES)
    status = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    answer_reason = serializers.CharField()
    lines = serializers.SerializerMethodField()

    @extend_schema_field(TermsLineSerializer(many=True))
    def get_lines(self, row: Any) -> Any:
        """The items in their order."""
        return [{"label": label, "text": text} for label, text in selectors.lines_of(row)]


class NewDealSerializer(serializers.Serializer[Any]):
    """An inquiry."""

    patent_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="分许可省略"
    )
    kind = serializers.ChoiceField(choices=DEAL_KINDS)
    bundle_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None,
        help_text="洽谈整个专利组合时填写，其他省略",
    )  # fmt: skip
    licence_number = serializers.CharField(
        max_length=40, required=False, allow_blank=True, default="",
        help_text="分许可填写上游许可编号，其他方式省略",
    )  # fmt: skip
    wish = serializers.CharField(max_length=2000)
    taker_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None,
        help_text="受托代办时填写委托企业，本企业办理时省略",
    )  # fmt: skip

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """A sub-licence is asked for by a licence, everything else by a patent."""
        under = data["kind"] == DealKind.SUBLICENCE
        if under and not data["licence_number"]:
            raise serializers.ValidationError({"licence_number": "请填写上游许可编号。"})
        if not under and data["patent_id"] is None and data["bundle_id"] is None:
            raise serializers.ValidationError({"patent_id": "请填写专利。"})
        return data


class DealAnswerSerializer(serializers.Serializer[Any]):
    """Yes, or no with a reason."""

    accept = serializers.BooleanField()
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class TermsAnswerSerializer(DealAnswerSerializer):
    """The same for one version."""

    version = serializers.IntegerField(min_value=1)


class DealTermsSerializer(serializers.Serializer[Any]):
    """A version of the terms."""

    kind = serializers.ChoiceField(choices=DEAL_KINDS)
    patent_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        allow_empty=False,
        max_length=rules.MOST_PATENTS,
    )
    counter_patent_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        max_length=20,
        help_text="交叉许可：需求方许可给对方的专利",
    )
    shares = serializers.ListField(
        child=serializers.DecimalField(max_digits=18, decimal_places=2, min_value=0),
        required=False,
        max_length=rules.MOST_PATENTS,
        help_text="价格分摊，顺序同 patent_ids，合计等于价格；组合洽谈留空时按件平均到分",
    )
    particulars = serializers.DictField(
        child=serializers.CharField(max_length=1000, allow_blank=True),
        required=False,
        help_text="这种方式还须约定的事项，例如作价入股的 share、valuation",
    )
    fee_parts = FeePartSerializer(many=True, allow_empty=False)
    territory = serializers.CharField(max_length=110, default="CN")
    modes = serializers.MultipleChoiceField(choices=[(m, m) for m in MODES], default=set(MODES))
    field_of_use = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )
    months = serializers.IntegerField(
        min_value=1, max_value=240, required=False, allow_null=True, default=None
    )
    sublicensing = serializers.BooleanField(default=False)
    foreign = serializers.BooleanField(default=False)
    remarks = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    seen_version = serializers.IntegerField(
        min_value=0, required=False, allow_null=True, default=None,
        help_text="看到的最新版本号；对方已提出更新的版本时拒绝",
    )  # fmt: skip

    def terms(self) -> rules.Terms:
        """The terms as the service takes them."""
        known = dict(self.validated_data)
        return rules.Terms(
            kind=DealKind(known["kind"]),
            patents=tuple(dict.fromkeys(known["patent_ids"])),
            parts=tuple(fee_part(part) for part in known["fee_parts"]),
            territory=known["territory"],
            modes=tuple(m for m in MODES if m in known["modes"]),
            field_of_use=known["field_of_use"],
            months=known["months"],
            sublicensing=known["sublicensing"],
            foreign=known["foreign"],
            remarks=known["remarks"],
            counter=tuple(dict.fromkeys(known.get("counter_patent_ids", ()))),
            particulars=known.get("particulars", {}),
            shares=tuple(known.get("shares", ())),
        )


class DealMessageSerializer(serializers.Serializer[Any]):
    """A message."""

    text = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    file = serializers.FileField(required=False, allow_null=True, default=None)


class DealReasonSerializer(serializers.Serializer[Any]):
    """A reason in words."""

    reason = serializers.CharField(max_length=2000)


class DealPostingSerializer(serializers.Serializer[Any]):
    """What the posting says besides name and price."""

    summary = serializers.CharField(max_length=2000)
    days = serializers.IntegerField(
        min_value=1, max_value=90, required=False, allow_null=True, default=None
    )


class DealApprovalSerializer(serializers.Serializer[Any]):
    """A paper from outside."""

    kind = serializers.ChoiceField(choices=APPROVAL_KINDS)
    authority = serializers.CharField(max_length=120)
    number = serializers.CharField(max_length=80)
    approved_on = serializers.DateField()
    file = serializers.FileField()


class DealMemberSerializer(serializers.Serializer[Any]):
    """A member of a bundle that is taken as one."""

    patent_id = serializers.IntegerField(source="member.patent_id")
    patent_number = serializers.CharField(source="member.patent_number")
    patent_title = serializers.CharField(source="member.patent_title")
    dropped = serializers.BooleanField()
    dropped_reason = serializers.CharField(source="member.dropped_reason")
    against = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_against(self, line: Any) -> Any:
        """Why it cannot be had now."""
        return [blocker.message for blocker in line.against]


class DealDropSerializer(serializers.Serializer[Any]):
    """A member to leave out."""

    patent_id = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=1500, required=False, allow_blank=True, default="")


class DealContractSerializer(serializers.Serializer[Any]):
    """The contract as signed."""

    file = serializers.FileField()


class DealRejectionSerializer(DealReasonSerializer):
    """A copy that is found wanting."""

    side = serializers.ChoiceField(choices=DEAL_SIDES)


class DealRegistrationSerializer(serializers.Serializer[Any]):
    """The register's number and day."""

    number = serializers.CharField(max_length=40)
    registered_on = serializers.DateField()


class DealSettlementSerializer(serializers.Serializer[Any]):
    """What was received."""

    amount = serializers.DecimalField(max_digits=18, decimal_places=2, min_value=0)
    settled_on = serializers.DateField()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


def command(summary: str, body: Any, *, creates: bool = False) -> Any:
    """The description of one command on a deal."""
    return extend_schema(
        summary=summary,
        request=body,
        parameters=[ID, KEY] if creates else [ID],
        responses={201 if creates else 200: DealOneSerializer, **problems(*REFUSED)},
    )


class DealViewSet(Room):
    """Deals 洽谈 between a patent's keeper and a firm."""

    serializer_class = DealSerializer
    queryset = Deal.objects.none()
    idempotent_actions = ("create", "messages", "terms", "approvals", "contract")

    def get_queryset(self) -> QuerySet[Deal]:
        asked = self.request.query_params.get("status", "")
        known = {state for state, _label in DEAL_STATES}
        return selectors.deals(
            viewer=self.request.actor,
            status=asked if asked in known else "",
            mine=self.request.query_params.get("mine") == "true",
        )

    def get_object(self) -> Deal:
        return selectors.deal(int(self.kwargs["pk"]), viewer=self.request.actor)

    def _done(self, pk: str, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.deal(int(pk), viewer=self.request.actor)
        known = {"viewer": self.request.actor}
        return Response(DealOneSerializer(row, context=known).data, status=code)

    def _run(self, service: Any, pk: str, form: Any, code: int = status.HTTP_200_OK) -> Response:
        known = self.taken_in(form).validated_data if form else {}
        service(deal_id=int(pk), **known, by=self.request.actor, now=timezone.now())
        return self._done(pk, code)

    @extend_schema(
        summary="洽谈列表",
        parameters=[
            OpenApiParameter("status", str, description="洽谈状态代码"),
            OpenApiParameter("mine", bool, description="true：只看等我办理的"),
        ],
        responses={200: DealSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一笔洽谈",
        parameters=[ID],
        responses={200: DealOneSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._done(pk)

    @extend_schema(
        summary="提出意向",
        description="组合里有几个权利人的，各开一笔洽谈，返回牵头单位的一笔，其余见洽谈列表。",
        request=NewDealSerializer,
        parameters=[KEY],
        responses={201: DealSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        known = self.taken_in(NewDealSerializer).validated_data
        number, patent_id = known.pop("licence_number"), known.pop("patent_id")
        bundle_id = known.pop("bundle_id")
        by, now = request.actor, timezone.now()
        if known["kind"] == DealKind.SUBLICENCE:
            del known["kind"]
            row = deals.inquire_under(licence_number=number, **known, by=by, now=now)
        elif bundle_id is not None:
            row = bundle_deals.inquire_bundle(bundle_id=bundle_id, **known, by=by, now=now)[0]
        else:
            row = deals.inquire(patent_id=patent_id, **known, by=by, now=now)
        return self._done(str(row.pk), status.HTTP_201_CREATED)

    @command("答复意向", DealAnswerSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        return self._run(deals.answer_inquiry, pk, DealAnswerSerializer)

    @command("发消息", DealMessageSerializer, creates=True)
    @action(detail=True, methods=["post"])
    def messages(self, request: Request, pk: str) -> Response:
        return self._run(deals.send_message, pk, DealMessageSerializer, status.HTTP_201_CREATED)

    @extend_schema(
        methods=["get"],
        summary="条款的各个版本",
        parameters=[ID],
        responses={200: TermsVersionSerializer(many=True), **problems(401, 403, 404)},
    )
    @extend_schema(
        methods=["post"],
        summary="提出条款",
        request=DealTermsSerializer,
        parameters=[ID, KEY],
        responses={201: DealSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def terms(self, request: Request, pk: str) -> Response:
        if request.method == "GET":
            found = selectors.versions_for(self.get_object(), request.actor)
            return Response(TermsVersionSerializer(found, many=True).data)
        form = self.taken_in(DealTermsSerializer)
        deals.propose_terms(
            deal_id=int(pk),
            terms=form.terms(),
            seen_version=form.validated_data["seen_version"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._done(pk, status.HTTP_201_CREATED)

    @command("答复条款", TermsAnswerSerializer)
    @action(detail=True, methods=["post"], url_path="terms/answer")
    def terms_answer(self, request: Request, pk: str) -> Response:
        return self._run(deals.answer_terms, pk, TermsAnswerSerializer)

    @command("重新商定条款", DealReasonSerializer)
    @action(detail=True, methods=["post"])
    def reopening(self, request: Request, pk: str) -> Response:
        return self._run(deals.reopen_deal, pk, DealReasonSerializer)

    @command("终止洽谈", DealReasonSerializer)
    @action(detail=True, methods=["post"])
    def withdrawal(self, request: Request, pk: str) -> Response:
        return self._run(deals.withdraw_deal, pk, DealReasonSerializer)

    @command("公示价格", DealPostingSerializer)
    @action(detail=True, methods=["post"])
    def posting(self, request: Request, pk: str) -> Response:
        return self._run(signing.post_price, pk, DealPostingSerializer)

    @extend_schema(
        summary="组合的成员",
        parameters=[ID],
        responses={200: DealMemberSerializer(many=True), **problems(401, 403, 404)},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def members(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        found = members.lines(row, at=timezone.now()) if row.bundle_id else []
        return Response(DealMemberSerializer(found, many=True).data)

    @command("从组合去掉一件", DealDropSerializer)
    @action(detail=True, methods=["post"])
    def dropping(self, request: Request, pk: str) -> Response:
        return self._run(bundle_deals.drop_member, pk, DealDropSerializer)

    @command("登记批准文件", DealApprovalSerializer, creates=True)
    @action(detail=True, methods=["post"])
    def approvals(self, request: Request, pk: str) -> Response:
        return self._run(
            signing.record_approval, pk, DealApprovalSerializer, status.HTTP_201_CREATED
        )

    @command("上传已签合同", DealContractSerializer, creates=True)
    @action(detail=True, methods=["post"])
    def contract(self, request: Request, pk: str) -> Response:
        return self._run(
            signing.upload_contract, pk, DealContractSerializer, status.HTTP_201_CREATED
        )

    @command("退回合同", DealRejectionSerializer)
    @action(detail=True, methods=["post"])
    def rejection(self, request: Request, pk: str) -> Response:
        return self._run(signing.reject_contract, pk, DealRejectionSerializer)

    @command("核对印章，合同生效", None)
    @action(detail=True, methods=["post"])
    def seals(self, request: Request, pk: str) -> Response:
        return self._run(signing.confirm_seals, pk, None)

    @command("登记（备案）", DealRegistrationSerializer)
    @action(detail=True, methods=["post"])
    def registration(self, request: Request, pk: str) -> Response:
        return self._run(completing.register_deal, pk, DealRegistrationSerializer)

    @command("结清", DealSettlementSerializer)
    @action(detail=True, methods=["post"])
    def settlement(self, request: Request, pk: str) -> Response:
        return self._run(completing.settle_deal, pk, DealSettlementSerializer)


router = SimpleRouter()
router.register("deals", DealViewSet, basename="deal")
urlpatterns = [path("", include(router.urls))]
