"""The API of auctions: the public ones for anyone, drafting for sellers, bidding for firms."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.fields import MomentField
from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.errors import Invalid
from core.idempotency.api import IdempotentCreateMixin
from listings.api.views import whole
from listings.rules.auctions import AuctionStatus, Method, Terms, blind, phase
from listings.selectors.trading import auctions as selectors
from listings.selectors.trading.auctions import METHODS, RIGHTS
from listings.services.trading import auctions as services
from listings.services.trading import bidding, objections, settling
from listings.types import Action

STATES = [(s.value, s.value) for s in AuctionStatus]
MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 2, "min_value": 0}
BID_EXAMPLE = {"amount": "520000.00", "binding": True}


class TermsSerializer(serializers.Serializer[Any]):
    """What is put up, and how."""

    title = serializers.CharField(max_length=200)
    right = serializers.ChoiceField(choices=RIGHTS, help_text="标的")
    licence_months = serializers.IntegerField(
        min_value=1, max_value=240, required=False, allow_null=True, help_text="许可期限（月）"
    )
    method = serializers.ChoiceField(choices=METHODS, help_text="sealed 密封；open 公开竞价")
    start_price = serializers.DecimalField(**MONEY)
    step = serializers.DecimalField(required=False, allow_null=True, **MONEY)
    reserve_price = serializers.DecimalField(required=False, allow_null=True, **MONEY)
    reserve_shown = serializers.BooleanField(default=False)
    deposit = serializers.DecimalField(required=False, allow_null=True, **MONEY)
    extend_minutes = serializers.IntegerField(min_value=0, max_value=60, default=0)
    names_winner = serializers.BooleanField(default=False, help_text="成交后公布成交人名称")
    terms = serializers.CharField(max_length=5_000, help_text="竞买须知")
    contact = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")
    opens_at = MomentField()
    closes_at = MomentField(help_text="公告的截止时间；顺延后见 ends_at")

    def as_terms(self) -> Terms:
        data = {k: v for k, v in self.validated_data.items() if k != "patent_ids"}
        data["right"], data["method"] = Action(data["right"]), Method(data["method"])
        return Terms(**data)


class NewAuctionSerializer(TermsSerializer):
    patent_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), min_length=1, max_length=50
    )


class AuctionSerializer(serializers.Serializer[Any]):
    """An auction as the viewer may see it: no reserve that is secret, no bid that is sealed."""

    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    organisation_id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.name")
    status = serializers.SerializerMethodField()
    right = serializers.CharField()
    licence_months = serializers.IntegerField(allow_null=True)
    method = serializers.CharField()
    start_price = serializers.DecimalField(**MONEY)
    step = serializers.DecimalField(allow_null=True, **MONEY)
    has_reserve = serializers.SerializerMethodField()
    reserve_price = serializers.SerializerMethodField(help_text="不公开的为 null")
    deposit = serializers.DecimalField(allow_null=True, **MONEY)
    extend_minutes = serializers.IntegerField()
    terms = serializers.CharField()
    contact = serializers.CharField()
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    highest = serializers.SerializerMethodField(help_text="当前最高价；密封报价开启前为 null")
    bid_count = serializers.SerializerMethodField()
    price = serializers.DecimalField(allow_null=True, help_text="成交价", **MONEY)
    winner = serializers.SerializerMethodField(help_text="公告约定公布时才有")
    sign_by = serializers.DateField(allow_null=True)
    because = serializers.CharField(help_text="未成交或取消的原因")
    patent_ids = serializers.SerializerMethodField()

    def get_status(self, row: Any) -> str:
        seen = phase(row.status, opens_at=row.opens_at, ends_at=row.ends_at, now=timezone.now())
        return seen.value

    def get_has_reserve(self, row: Any) -> bool:
        return row.reserve_price is not None

    def get_reserve_price(self, row: Any) -> str | None:
        shown = row.reserve_shown and row.reserve_price is not None
        return str(row.reserve_price) if shown else None

    def get_highest(self, row: Any) -> str | None:
        if blind(row.method, row.status) or row.highest is None:
            return None
        return str(row.highest)

    def get_bid_count(self, row: Any) -> int | None:
        return None if blind(row.method, row.status) else row.bid_count

    def get_winner(self, row: Any) -> str | None:
        if row.status != AuctionStatus.AWARDED or not row.names_winner:
            return None
        return str(row.winning_bid.organisation.name)

    def get_patent_ids(self, row: Any) -> list[int]:
        return [lot.patent_id for lot in row.lots.all()]


class BidInputSerializer(serializers.Serializer[Any]):
    amount = serializers.DecimalField(**MONEY)
    binding = serializers.BooleanField(help_text="true：确认报价有法律约束力，不能撤回")


class ReceiptSerializer(serializers.Serializer[Any]):
    """That a bid arrived, and when. Of a sealed bid not the amount."""

    number = serializers.CharField(help_text="回执号，与报价记录里的相同")
    auction_id = serializers.IntegerField()
    placed_at = serializers.DateTimeField(help_text="到达时间，平台数据库时钟")
    amount = serializers.DecimalField(allow_null=True, **MONEY)
    ends_at = serializers.DateTimeField(help_text="现在的截止时间")


class BidSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(help_text="回执号：出价人凭它找到自己的那一笔")
    bidder = serializers.CharField(source="label", help_text="竞买人，多为匿名")
    amount = serializers.DecimalField(allow_null=True, **MONEY)
    placed_at = serializers.DateTimeField()
    is_mine = serializers.BooleanField()
    is_winner = serializers.BooleanField()


class AuctionReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class ObjectionInputSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=2_000)
    contact = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")


class ObjectionKeySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()


class AuctionViewSet(IdempotentCreateMixin):
    """Auctions. Bids keep their own key: a sealed amount is stored nowhere else."""

    request: Request
    serializer_class = AuctionSerializer
    pagination_class = Cursor
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "announce", "cancel", "object_to")

    def get_queryset(self) -> Any:
        return selectors.auctions(
            viewer=self.request.actor,
            state=self.request.query_params.get("state", ""),
            now=timezone.now(),
        )

    @extend_schema(
        operation_id="auctions_list",
        summary="拍卖列表",
        parameters=[OpenApiParameter("state", str, enum=["open", "announced", "ended"])],
        responses={200: AuctionSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _answer(self, pk: int, status: int = 200) -> Response:
        row = selectors.auction(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/auctions/{pk}/"} if status == 201 else {}
        return Response(AuctionSerializer(row).data, status=status, headers=headers)

    @extend_schema(
        operation_id="auctions_retrieve",
        summary="一场拍卖",
        responses={200: AuctionSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        settling.settle_auction(auction_id=whole(pk))
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="auctions_create",
        summary="新建拍卖（草稿）",
        parameters=[KEY],
        request=NewAuctionSerializer,
        responses={201: AuctionSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        data = NewAuctionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = services.draft_auction(
            patent_ids=data.validated_data["patent_ids"],
            terms=data.as_terms(),
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="auctions_announce",
        summary="公告",
        parameters=[KEY],
        request=None,
        responses={200: AuctionSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def announce(self, request: Request, pk: str) -> Response:
        services.announce_auction(auction_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="auctions_cancel",
        summary="取消",
        parameters=[KEY],
        request=AuctionReasonSerializer,
        responses={200: AuctionSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        data = AuctionReasonSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        services.cancel_auction(
            auction_id=whole(pk),
            reason=data.validated_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(whole(pk))

    @extend_schema(
        methods=["get"],
        operation_id="auctions_bids",
        summary="报价记录",
        description="密封报价开启前，只有自己的一行，没有金额。",
        responses={200: BidSerializer(many=True), **problems(404)},
    )
    @extend_schema(
        methods=["post"],
        operation_id="auctions_place_bid",
        summary="出价",
        description="同一 Idempotency-Key 的重复提交是同一笔报价；是否按时以平台数据库时钟为准。",
        parameters=[KEY],
        request=BidInputSerializer,
        responses={201: ReceiptSerializer, **problems(400, 401, 403, 404, 409, 422)},
        examples=[OpenApiExample("出价", value=BID_EXAMPLE, request_only=True)],
    )
    @action(detail=True, methods=["get", "post"])
    def bids(self, request: Request, pk: str) -> Response:
        if request.method == "POST":
            return self._bid(request, whole(pk))
        row = selectors.auction(whole(pk), viewer=request.actor)
        return Response(BidSerializer(selectors.bids(row, viewer=request.actor), many=True).data)

    def _bid(self, request: Request, pk: int) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not 0 < len(key) <= 255:
            problem = Invalid(
                "缺少请求头 Idempotency-Key，或超过 255 个字符：请为每笔报价生成一个唯一值，"
                "重试时沿用同一个值。",
                code="idempotency-key-missing",
            )
            problem.status = 400
            raise problem
        data = BidInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        receipt = bidding.place_bid(
            auction_id=pk,
            amount=data.validated_data["amount"],
            token=hashlib.sha256(key.encode()).hexdigest(),
            confirmed=data.validated_data["binding"],
            by=request.actor,
        )
        headers = {} if receipt.is_new else {"Idempotency-Replayed": "true"}
        return Response(ReceiptSerializer(receipt).data, status=201, headers=headers)

    @extend_schema(
        operation_id="auctions_object",
        summary="公示期内提出异议",
        parameters=[KEY],
        request=ObjectionInputSerializer,
        responses={201: ObjectionKeySerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"], url_path="objections")
    def object_to(self, request: Request, pk: str) -> Response:
        data = ObjectionInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        found = objections.object_to_auction(
            auction_id=whole(pk), by=request.actor, now=timezone.now(), **data.validated_data
        )
        return Response({"id": found}, status=201)


router = SimpleRouter()
router.register("auctions", AuctionViewSet, basename="auction")
urlpatterns = router.urls
