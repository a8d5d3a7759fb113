"""The API of patents, listings, imports and favourites: what the pages can do, this can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import OperationalError
from django.db.models import BigIntegerField, F, FloatField, Func, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api import versions
from core.api.pagination import Cursor
from core.api.schema import IF_MATCH, KEY, problems
from core.api.types import Request
from core.errors import Invalid, Missing
from core.idempotency.api import IdempotentCreateMixin
from listings import selectors, services
from listings.api import serializers
from listings.filters import BoardFilter
from listings.rules.sheet_text import offer_of
from listings.selectors import imports as import_selectors
from listings.selectors import office
from listings.selectors.offering import sheets
from listings.selectors.register import events as event_selectors
from listings.selectors.searching import search
from listings.services import importing
from listings.types import OfferInput, PatentCard
from listings.uploads import take_in

EXAMPLE_PATENT: dict[str, Any] = {
    "id": 7,
    "office": "CN",
    "number": "2017106018623",
    "printed": "ZL 2017 1 0601862.3",
    "title": "一种锂电池热管理方法",
    "abstract": "本发明公开了……",
    "kind": "invention",
    "status": "granted",
    "filed_on": "2017-07-21",
    "granted_on": "2019-11-05",
    "expires_on": "2037-07-21",
    "annuity_paid_to": "2027-07-21",
    "ipc": ["H01M 10/613"],
    "locarno": [],
    "industry_codes": ["C3841"],
    "holders": ["示例大学"],
    "organisation_id": 2,
    "organisation_name": "示例大学",
    "region": "310115",
    "trl": 6,
    "is_sample": True,
    "listing_id": 3,
    "listing_status": "listed",
    "open_licence": False,
}
EXAMPLE_LISTING: dict[str, Any] = {
    "id": 3,
    "status": "listed",
    "listed_at": "2026-11-20T12:00:00+08:00",
    "problem": "电池组温差大",
    "how": "相变材料与液冷板复合",
    "benefit": "温差降到 3 ℃ 以内",
    "maturity": "中试",
    "routes": ["open_licence"],
    "asking_price": "120000.00",
    "summary": "电池组温差压到 3 ℃，寿命多两年",
    "gains": [{"quantity": "组内温差", "value": "3.000000", "unit": "℃", "against": "纯液冷 8 ℃"}],
    "contrasts": [{"aspect": "改装", "usual": "换冷板", "ours": "贴一层复合片"}],
    "scenes": ["物流车", "储能柜"],
    "licence_mode": "open_licence",
    "patent": EXAMPLE_PATENT,
}

# A move asks for an Idempotency-Key (422 when it was used for another) and may carry an ETag.
MOVED = problems(400, 401, 403, 404, 409, 412, 422)


class Page(Cursor):
    """Newest first; with words and `sort=relevance`, best text match first."""

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> Any:
        return view.page_ordering(request)


def _cards(ids: Sequence[int], request: Request) -> list[PatentCard]:
    found = selectors.cards(ids, viewer=request.actor)
    return [found[pk] for pk in ids if pk in found]


def whole(pk: str) -> int:
    """A key out of a URL; what cannot be one is simply not there."""
    if not (pk.isascii() and pk.isdigit()) or len(pk) > 18:
        raise Missing("没有这项内容，或者不对当前身份开放。")
    return int(pk)


@extend_schema_view(
    list=extend_schema(
        operation_id="listings_list",
        summary="检索在架专利",
        description="与网页“找专利”相同的检索词和筛选条件；不需要登录。",
        responses={200: serializers.ListingSerializer(many=True), **problems(400)},
        examples=[OpenApiExample("一项挂牌", value=EXAMPLE_LISTING, response_only=True)],
    ),
)
class ListingViewSet(IdempotentCreateMixin):
    """Offers on the board, and an office's own."""

    request: Request
    serializer_class = serializers.ListingSerializer
    filterset_class = BoardFilter
    pagination_class = Page
    queryset = office.no_listings()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "publish", "suspend", "resume", "withdraw")

    def page_ordering(self, request: Request) -> tuple[str, ...]:
        if request.query_params.get("sort") == "relevance" and request.query_params.get("q"):
            return ("-text_rank", "-pk")
        return ("-published_at", "-pk")

    def list(self, request: Request) -> Response:
        asked = BoardFilter(request.query_params)
        if not asked.form.is_valid():
            refusal = Invalid(
                "有的查询参数不能使用，请按 errors 修改。",
                fields={name: list(found) for name, found in asked.form.errors.items()},
                code="invalid-parameter",
            )
            refusal.status = 400
            raise refusal
        query = asked.query()
        search.check(query)
        rows = search.on_board(query, viewer=request.actor)
        if query.tokens:
            rank = Func(
                F("patent__search"),
                search.tsquery(query.tokens),
                function="ts_rank",
                output_field=FloatField(),
            )
            # A whole number: cursors compare it exactly.
            rows = rows.annotate(text_rank=Cast(rank * 1_000_000, BigIntegerField()))
        try:
            page = self.paginate_queryset(rows) or []
        except OperationalError as error:  # the statement's time was up
            raise search.too_broad(error) from error
        cards = _cards([row.patent_id for row in page], request)
        return self.get_paginated_response(self.get_serializer(cards, many=True).data)

    def _answer(self, pk: int, status: int = 200) -> Response:
        listing = selectors.listing(pk, viewer=self.request.actor)
        card = selectors.card(listing.patent_id, viewer=self.request.actor)
        if card.listing_id != pk:  # ended: the card shows the live one
            card = office.with_listing(card, listing)
        headers = {"ETag": versions.etag("listing", pk, listing.version)}
        if status == 201:
            headers["Location"] = f"/api/v1/listings/{pk}/"
        return Response(serializers.ListingSerializer(card).data, status=status, headers=headers)

    @extend_schema(
        operation_id="listings_retrieve",
        summary="一项挂牌",
        responses={200: serializers.ListingSerializer, **problems(404)},
        examples=[OpenApiExample("一项挂牌", value=EXAMPLE_LISTING, response_only=True)],
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="listings_create",
        summary="新建推介表（草稿）",
        parameters=[KEY],
        request=serializers.NewListingSerializer,
        responses={
            201: serializers.ListingSerializer,
            **problems(400, 401, 403, 404, 409, 422),
        },
        examples=[
            OpenApiExample(
                "草稿",
                value={
                    "patent_id": 7,
                    "problem": "电池组温差大",
                    "benefit": "温差降到 3 ℃ 以内",
                    "routes": ["open_licence"],
                    "asking_price": "120000.00",
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        data = serializers.NewListingSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = services.draft_listing(
            patent_id=data.validated_data["patent_id"],
            offer=data.offer(OfferInput()),
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="listings_partial_update",
        summary="修改推介表",
        parameters=[IF_MATCH],
        request=serializers.OfferInputSerializer,
        responses={
            200: serializers.ListingSerializer,
            **problems(400, 401, 403, 404, 409, 412, 422, 428),
        },
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        listing = selectors.listing(whole(pk), viewer=request.actor)
        versions.check(request, versions.etag("listing", listing.pk, listing.version))
        data = serializers.OfferInputSerializer(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        known = offer_of(sheets.working(listing, listing.patent))
        versions.guarded(
            lambda: services.edit_listing(
                listing_id=listing.pk,
                offer=data.offer(known),
                version=listing.version,
                by=request.actor,
                now=timezone.now(),
            )
        )
        return self._answer(listing.pk)

    def _move(self, request: Request, pk: str, command: Any, **more: Any) -> Response:
        listing = selectors.listing(whole(pk), viewer=request.actor)
        versions.check(request, versions.etag("listing", listing.pk, listing.version), needed=False)
        command(listing_id=listing.pk, by=request.actor, now=timezone.now(), **more)
        return self._answer(listing.pk)

    @extend_schema(
        operation_id="listings_publish",
        summary="挂牌",
        parameters=[KEY],
        request=None,
        responses={200: serializers.ListingSerializer, **MOVED},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        return self._move(request, pk, services.publish_listing)

    @extend_schema(
        operation_id="listings_suspend",
        summary="暂停挂牌",
        parameters=[KEY],
        request=serializers.SuspendSerializer,
        responses={200: serializers.ListingSerializer, **MOVED},
    )
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        data = serializers.SuspendSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        return self._move(
            request, pk, services.suspend_listing, reason=data.validated_data["reason"]
        )

    @extend_schema(
        operation_id="listings_resume",
        summary="恢复挂牌",
        parameters=[KEY],
        request=None,
        responses={200: serializers.ListingSerializer, **MOVED},
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._move(request, pk, services.resume_listing)

    @extend_schema(
        operation_id="listings_withdraw",
        summary="撤回挂牌",
        parameters=[KEY],
        request=None,
        responses={200: serializers.ListingSerializer, **MOVED},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._move(request, pk, services.withdraw_listing)


class PatentViewSet(IdempotentCreateMixin):
    """Patents: those on the board for anyone, an office's own stock for the office."""

    request: Request
    serializer_class = serializers.PatentSerializer
    pagination_class = Page
    filter_backends = ()
    queryset = office.no_patents()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "events")

    def page_ordering(self, request: Request) -> tuple[str, ...]:
        return ("-pk",)

    @extend_schema(
        operation_id="patents_list",
        summary="专利列表",
        description="所有人能看到在架专利；单位另能看到本单位的全部在库专利。",
        parameters=[
            OpenApiParameter("number", str, description="任何写法的申请号、专利号或公开号"),
            OpenApiParameter("mine", bool, description="只看本单位在库专利"),
        ],
        responses={200: serializers.PatentSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        rows = office.visible_ids(
            viewer=request.actor,
            number=request.query_params.get("number", "")[:60],
            mine=request.query_params.get("mine", "").lower() in {"1", "true"},
        )
        page = self.paginate_queryset(rows) or []
        cards = _cards([row.pk for row in page], request)
        return self.get_paginated_response(self.get_serializer(cards, many=True).data)

    def _answer(self, pk: int, status: int = 200) -> Response:
        card = selectors.card(pk, viewer=self.request.actor)
        headers = {"ETag": versions.etag("patent", pk, card.version)}
        if status == 201:
            headers["Location"] = f"/api/v1/patents/{pk}/"
        body = serializers.PatentDetailSerializer(card).data
        return Response(body, status=status, headers=headers)

    @extend_schema(
        operation_id="patents_retrieve",
        summary="一件专利",
        responses={200: serializers.PatentDetailSerializer, **problems(404)},
        examples=[
            OpenApiExample("一件专利", value={**EXAMPLE_PATENT, "version": 1}, response_only=True)
        ],
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="patents_create",
        summary="登记一件专利",
        parameters=[KEY],
        request=serializers.RegisterSerializer,
        responses={
            201: serializers.PatentDetailSerializer,
            **problems(400, 401, 403, 409, 422),
        },
        examples=[
            OpenApiExample(
                "登记",
                value={
                    "number": "ZL 2017 1 0601862.3",
                    "title": "一种锂电池热管理方法",
                    "filed_on": "2017-07-21",
                    "granted_on": "2019-11-05",
                    "ipc": ["H01M10/613"],
                    "holders": [{"name": "示例大学"}],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        data = serializers.RegisterSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        pk = services.register_patent(
            data=data.as_input(),
            organisation_id=request.actor.organisation_id,
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(pk, status=201)

    @extend_schema(
        operation_id="patents_partial_update",
        summary="修改登记信息",
        parameters=[IF_MATCH],
        request=serializers.NewPatentSerializer,
        responses={
            200: serializers.PatentDetailSerializer,
            **problems(400, 401, 403, 404, 409, 412, 422, 428),
        },
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        card = selectors.card(whole(pk), viewer=request.actor)
        versions.check(request, versions.etag("patent", card.id, card.version))
        data = serializers.NewPatentSerializer(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        versions.guarded(
            lambda: services.correct_patent(
                patent_id=card.id,
                changes=data.changes(),
                version=card.version,
                by=request.actor,
                now=timezone.now(),
            )
        )
        return self._answer(card.id)

    @extend_schema(
        operation_id="patents_record_event",
        summary="登记法律事件",
        description="同一事件重复登记不会产生第二条。",
        parameters=[KEY],
        request=serializers.LegalEventSerializer,
        responses={
            201: serializers.PatentDetailSerializer,
            **problems(400, 401, 403, 404, 409, 422),
        },
    )
    @action(detail=True, methods=["post"])
    def events(self, request: Request, pk: str) -> Response:
        data = serializers.LegalEventSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        services.record_legal_event(
            patent_id=whole(pk), by=request.actor, now=timezone.now(), **data.given()
        )
        return self._answer(whole(pk), status=201)

    @extend_schema(
        operation_id="patents_list_events",
        summary="一件专利的法律事件",
        description="按生效的先后；与法律状态的计算次序相同。",
        responses={
            200: serializers.RecordedEventSerializer(many=True),
            **problems(404),
        },
    )
    @events.mapping.get
    def list_events(self, request: Request, pk: str) -> Response:
        found = event_selectors.events_of(whole(pk), viewer=request.actor)
        return Response(serializers.RecordedEventSerializer(found, many=True).data)

    @extend_schema(
        methods=["PUT"],
        operation_id="patents_favourite",
        summary="收藏",
        request=None,
        responses={204: None, **problems(401, 403, 404)},
    )
    @extend_schema(
        methods=["DELETE"],
        operation_id="patents_unfavourite",
        summary="取消收藏",
        request=None,
        responses={204: None, **problems(401, 403, 404)},
    )
    @action(detail=True, methods=["put", "delete"])
    def favourite(self, request: Request, pk: str) -> Response:
        command = services.favourite if request.method == "PUT" else services.unfavourite
        command(patent_id=whole(pk), by=request.actor, now=timezone.now())
        return Response(status=204)


class FavouriteViewSet(GenericViewSet[Any]):
    """What the person keeps an eye on."""

    request: Request
    serializer_class = serializers.PatentSerializer
    pagination_class = None
    filter_backends = ()
    queryset = office.no_patents()

    @extend_schema(
        operation_id="favourites_list",
        summary="收藏的专利",
        responses={200: serializers.PatentSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        found = selectors.favourites(viewer=request.actor)
        return Response(serializers.PatentSerializer(found, many=True).data)


class ImportViewSet(IdempotentCreateMixin):
    """Files of stock: taken in, judged, carried out, undone."""

    request: Request
    serializer_class = serializers.ImportSerializer
    pagination_class = Page
    filter_backends = ()
    queryset = import_selectors.none()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("create", "start", "stop", "resume", "undo", "decide_absent")

    def page_ordering(self, request: Request) -> tuple[str, ...]:
        return ("number",) if self.action == "rows" else ("-pk",)

    def get_queryset(self) -> QuerySet[Any]:
        return import_selectors.batches(viewer=self.request.actor).order_by()

    @extend_schema(
        operation_id="imports_list",
        summary="导入批次",
        responses={200: serializers.ImportSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="imports_retrieve",
        summary="一个批次的状态",
        responses={200: serializers.ImportSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(whole(pk))

    def _answer(self, pk: int, status: int = 200) -> Response:
        found = import_selectors.batch(pk, viewer=self.request.actor)
        headers = {"Location": f"/api/v1/imports/{pk}/"} if status == 201 else {}
        body = serializers.ImportSerializer(found).data
        return Response(body, status=status, headers=headers)

    @extend_schema(
        operation_id="imports_create",
        summary="上传清单并预检",
        description="只预检，不写入；核对后再 POST start。",
        parameters=[KEY],
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={201: serializers.ImportSerializer, **problems(400, 401, 403, 409, 413, 422)},
    )
    def create(self, request: Request) -> Response:
        data = serializers.UploadSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        upload = data.validated_data["file"]
        batch_id = take_in(
            upload,
            complete=data.validated_data["complete"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(batch_id, status=201)

    @extend_schema(
        operation_id="imports_rows",
        summary="逐行结果",
        parameters=[OpenApiParameter("verdict", OpenApiTypes.STR, description="只看一种结果")],
        responses={200: serializers.ImportRowSerializer(many=True), **problems(404)},
    )
    @action(detail=True, methods=["get"])
    def rows(self, request: Request, pk: str) -> Response:
        found = import_selectors.batch(whole(pk), viewer=request.actor)
        verdict = request.query_params.get("verdict", "")
        page = self.paginate_queryset(import_selectors.rows(found, verdict=verdict)) or []
        return self.get_paginated_response(serializers.ImportRowSerializer(page, many=True).data)

    @extend_schema(
        operation_id="imports_start",
        summary="导入",
        parameters=[KEY],
        request=None,
        responses={200: serializers.ImportSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        importing.start(batch_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="imports_stop",
        summary="停止",
        description="在正写的一段之后停下；已写入的保留，可以继续或撤销。",
        parameters=[KEY],
        request=None,
        responses={200: serializers.ImportSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        importing.stop(batch_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="imports_resume",
        summary="继续或再试",
        description="让已停止的、或因平台故障没有完成的批次从停下的地方继续。",
        parameters=[KEY],
        request=None,
        responses={200: serializers.ImportSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        importing.resume(batch_id=whole(pk), by=request.actor, now=timezone.now())
        return self._answer(whole(pk))

    @extend_schema(
        operation_id="imports_absent",
        summary="完整清单中没有的专利",
        responses={200: serializers.AbsenceSerializer(many=True), **problems(404)},
    )
    @action(detail=True, methods=["get"])
    def absent(self, request: Request, pk: str) -> Response:
        found = import_selectors.batch(whole(pk), viewer=request.actor)
        page = self.paginate_queryset(import_selectors.absences(found).order_by()) or []
        return self.get_paginated_response(serializers.AbsenceSerializer(page, many=True).data)

    @extend_schema(
        operation_id="imports_decide_absent",
        summary="归档或保留清单中没有的专利",
        parameters=[KEY],
        request=serializers.AbsentDecisionSerializer,
        responses={
            200: serializers.AbsentDecidedSerializer,
            **problems(400, 401, 403, 404, 409),
        },
    )
    @action(detail=True, methods=["post"], url_path="decide-absent", url_name="decide-absent")
    def decide_absent(self, request: Request, pk: str) -> Response:
        data = serializers.AbsentDecisionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        done, on_offer = importing.decide_absent(
            batch_id=whole(pk),
            decision=data.validated_data["decision"],
            absence_ids=data.validated_data.get("ids"),
            by=request.actor,
            now=timezone.now(),
        )
        return Response({"decided": done, "on_offer": on_offer})

    @extend_schema(
        operation_id="imports_undo",
        summary="撤销导入",
        description="大批次由后台撤销：state 为 undoing，完成后为 undone，没有撤销的行在 rows 中。",
        parameters=[KEY],
        request=None,
        responses={200: serializers.UndoneSerializer, **problems(400, 401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        kept = importing.undo(batch_id=whole(pk), by=request.actor, now=timezone.now())
        found = import_selectors.batch(whole(pk), viewer=request.actor)
        body = {"state": found.state, "kept": [{"number": n, "reason": why} for n, why in kept]}
        return Response(body)
