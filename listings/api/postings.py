"""The API of postings 挂牌公示 of agreed prices, and of objections to them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.pagination import Cursor
from core.api.schema import KEY, REFUSED, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from listings.api.views import whole
from listings.rules.postings import Agreed, PostingStatus, Scope
from listings.selectors.trading import auctions as objection_questions
from listings.selectors.trading import price_postings as selectors
from listings.services.trading import objections
from listings.services.trading import price_postings as services
from listings.types import Route

POSTING_STATES = [(state.value, state.value) for state in PostingStatus]
MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 2}


class NewPostingSerializer(serializers.Serializer[Any]):
    """What was agreed, and how long it is to be posted."""

    patent_id = serializers.IntegerField(min_value=1)
    route = serializers.ChoiceField(choices=selectors.ROUTES)
    counterparty = serializers.CharField(max_length=200, help_text="拟受让（被许可、入股）单位")
    price = serializers.DecimalField(**MONEY, help_text="元")
    price_note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    summary = serializers.CharField(max_length=3_000, help_text="简要情况：技术内容、定价过程")
    scope = serializers.ChoiceField(choices=selectors.SCOPES, default=Scope.PUBLIC.value)
    days = serializers.IntegerField(min_value=1, max_value=32_000, help_text="不少于本地区规定")


class ObjectionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    state = serializers.CharField(source="status", help_text="pending、upheld、dismissed")
    answer = serializers.CharField()
    raised_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class PostingSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    patent_id = serializers.IntegerField()
    number = serializers.CharField(source="patent.number", allow_null=True)
    title = serializers.CharField(source="patent.title")
    organisation = serializers.CharField(source="organisation.name", help_text="持有单位")
    route = serializers.ChoiceField(choices=selectors.ROUTES)
    counterparty = serializers.CharField()
    price = serializers.DecimalField(**MONEY)
    price_note = serializers.CharField()
    summary = serializers.CharField()
    scope = serializers.ChoiceField(choices=selectors.SCOPES)
    days = serializers.IntegerField()
    state = serializers.ChoiceField(choices=POSTING_STATES, source="status")
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    because = serializers.CharField(help_text="撤回原因")
    digest = serializers.CharField(help_text="期满证明的校验码（SHA-256）")


class PostingDetailSerializer(PostingSerializer):
    certificate = serializers.CharField(help_text="公示证明 PDF 的地址；没有期满的为空")
    objections_raised = serializers.IntegerField(help_text="提出的异议数")
    objections_pending = serializers.IntegerField(help_text="其中待答复")
    objections = ObjectionSerializer(many=True, help_text="只含您有权阅读的异议")


class WithdrawPostingSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class NewObjectionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=5_000, help_text="事实和理由")
    contact = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ObjectionAnswerSerializer(serializers.Serializer[Any]):
    upheld = serializers.BooleanField(help_text="异议成立的，公示随即撤回")
    answer = serializers.CharField(max_length=5_000)


class NewestPosting(Cursor):
    ordering = "-pk"


class PostingViewSet(Resource):
    """What runs now, for anyone; one's own in every state."""

    serializer_class = PostingSerializer
    pagination_class = NewestPosting
    filter_backends = ()
    queryset = selectors.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "publish", "withdraw", "object", "answer")

    def get_queryset(self) -> QuerySet[Any]:
        viewer, which = self.request.actor, self.request.query_params.get("which", "")
        if which == "own":
            return selectors.postings_of_holder(viewer=viewer).order_by()
        return selectors.postings(viewer=viewer, current=which != "ended").order_by()

    def _answer(self, pk: str | int, status: int = 200) -> Response:
        viewer, key = self.request.actor, whole(str(pk))
        row = selectors.posting(key, viewer=viewer)
        raised = list(row.objections.all())
        count = objection_questions.objection_count(raised)
        body = PostingSerializer(row).data | {
            "certificate": reverse("listings:posting-certificate-pdf", args=[key])
            if row.status == PostingStatus.COMPLETED
            else "",
            "objections_raised": count.raised,
            "objections_pending": count.pending,
            "objections": ObjectionSerializer(
                objection_questions.readable(
                    raised, owner_id=row.organisation_id, region=row.region, viewer=viewer
                ),
                many=True,
            ).data,
        }
        headers = {"Location": f"/api/v1/price-postings/{key}/"} if status == 201 else {}
        return Response(body, status=status, headers=headers)

    @extend_schema(
        operation_id="price_postings_list",
        summary="价格公示",
        description="默认列出公示中的；which=ended 为已结束的，which=own 为本单位的（含草稿）。",
        parameters=[OpenApiParameter("which", OpenApiTypes.STR, enum=["current", "ended", "own"])],
        responses={200: PostingSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        operation_id="price_postings_retrieve",
        summary="一项公示",
        responses={200: PostingDetailSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(pk)

    @extend_schema(
        operation_id="price_postings_create",
        summary="起草公示",
        parameters=[KEY],
        request=NewPostingSerializer,
        responses={201: PostingDetailSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        data = self.command(NewPostingSerializer)
        by, now, patent_id = data.pop("by"), data.pop("now"), data.pop("patent_id")
        data |= {"route": Route(data["route"]), "scope": Scope(data["scope"])}
        pk = services.draft_posting(patent_id=patent_id, agreed=Agreed(**data), by=by, now=now)
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="price_postings_publish",
        summary="开始公示",
        description="公示后内容不能再改；期满且异议都已答复，自动办结并出具证明。",
        parameters=[KEY],
        request=None,
        responses={200: PostingDetailSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        services.post(posting_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(pk)

    @extend_schema(
        operation_id="price_postings_withdraw",
        summary="撤回公示",
        parameters=[KEY],
        request=WithdrawPostingSerializer,
        responses={200: PostingDetailSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        services.withdraw_posting(posting_id=whole(pk), **self.command(WithdrawPostingSerializer))
        return self._answer(pk)

    @extend_schema(
        operation_id="price_postings_object",
        summary="提出异议",
        parameters=[KEY],
        request=NewObjectionSerializer,
        responses={201: PostingDetailSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"], url_path="objections")
    def object(self, request: Request, pk: str) -> Response:
        objections.object_to_posting(posting_id=whole(pk), **self.command(NewObjectionSerializer))
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="price_postings_answer",
        summary="答复异议",
        parameters=[KEY, OpenApiParameter("objection_id", int, OpenApiParameter.PATH)],
        request=ObjectionAnswerSerializer,
        responses={200: PostingDetailSerializer, **problems(*REFUSED)},
    )
    @action(
        detail=True, methods=["post"], url_path="objections/(?P<objection_id>[0-9]{1,18})/answer"
    )
    def answer(self, request: Request, pk: str, objection_id: str) -> Response:
        row = selectors.posting(whole(pk), viewer=request.actor)
        selectors.objection(whole(objection_id), of=row)
        objections.answer_objection(
            objection_id=whole(objection_id), **self.command(ObjectionAnswerSerializer)
        )
        return self._answer(pk)


router = SimpleRouter()
router.register("price-postings", PostingViewSet, basename="price-posting")
urlpatterns = router.urls
