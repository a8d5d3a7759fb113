"""Who may ask the API of consents, ownership, postings, services, archives and promotion lists."""

from __future__ import annotations

from typing import Any

from tests.factories import listings as stock
from tests.matrix import Row, everyone
from tests.matrix.listings import KEY, bare, of
from tests.matrix.listings_auctions import RAISERS, SAID
from tests.matrix.listings_ownership import PARTIES, co_owner, question, right, worked
from tests.matrix.listings_postings import draft, objection, posted
from tests.matrix.listings_promotion import archived, asked, next_year, wanted
from tests.matrix.listings_shelves import first, shared

# A foreign thing is not there; who oversees it may read and not act.
OVERSEERS = {"bureau": 403, "auditor": 403}
OWN = everyone(404, office=200)
OWN_ACT = OWN | OVERSEERS
KEEPERS = ("office", "office2", "broker")


def key_of(thing: Any, name: str) -> Any:
    return lambda world: {"pk": thing(world)[name]}


def api(**row: Any) -> Row:
    return Row(headers=KEY, **row)


EXPECTATIONS: dict[str, Row] = {
    "listings-api:consent-list": api(
        kwargs=first(co_owner),
        data=lambda w: {
            "patent_id": co_owner(w)["pk"], "holder_id": co_owner(w)["holder_id"], "scope": "open",
        },
        get=everyone(200),
        post=everyone(404, office=409) | OVERSEERS,  # no account bears that name
    ),
    "listings-api:consent-detail": api(kwargs=of(question), get=everyone(404, **PARTIES)),
    "listings-api:consent-answer": api(
        kwargs=of(question),
        data=lambda w: {"agreed": True, "scope": "open"},
        post=everyone(404, enterprise=200, office=403, auditor=403),
    ),
    "listings-api:consent-withdraw": api(
        kwargs=of(question),
        data=lambda w: {"reason": "另有安排"},
        post=everyone(404, enterprise=409, office=403, auditor=403),
    ),
    "listings-api:consent-cancel": api(
        kwargs=of(question),
        data=lambda w: {"reason": "不办了"},
        post=everyone(404, office=200, enterprise=403, auditor=403),
    ),
    "listings-api:ownership-detail": api(kwargs=of(bare), get=OWN),
    "listings-api:ownership-funding": api(
        kwargs=of(bare), data=lambda w: {"is_funded": False}, post=OWN_ACT
    ),
    "listings-api:ownership-workings": api(
        kwargs=of(bare),
        data=lambda w: {"kind": "own", "since": "2025-01-01", "note": "示范线"},
        post=everyone(404, office=201) | OVERSEERS,
    ),
    "listings-api:ownership-unworked": api(
        kwargs=of(bare), data=lambda w: {"reason": "正在中试"}, post=OWN_ACT
    ),
    "listings-api:ownership-rights": api(
        kwargs=of(bare),
        data=lambda w: {"kind": "use", "inventors": ["张三"], "starts_on": "2025-01-01"},
        post=everyone(404, office=201) | OVERSEERS,
    ),
    "listings-api:working-withdraw": api(kwargs=key_of(worked, "working_id"), post=OWN_ACT),
    "listings-api:inventor-right-end": api(
        kwargs=key_of(right, "right_id"),
        data=lambda w: {"ended_on": "2026-01-01", "reason": "协议解除"},
        post=OWN_ACT,
    ),
    "listings-api:price-posting-list": api(
        data=lambda w: {
            "patent_id": stock.listed_patent(w.members["office"]).pk, "route": "transfer",
            "counterparty": "示例公司", "price": "1.00", "summary": "协商定价", "days": 15,
        },
        get=everyone(200),
        post=everyone(403, office=201),
    ),
    "listings-api:price-posting-detail": api(kwargs=of(posted), get=everyone(200)),
    "listings-api:price-posting-publish": api(
        kwargs=of(draft), post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:price-posting-withdraw": api(
        kwargs=of(posted), data=lambda w: {"reason": "谈判终止"}, post=everyone(403, office=200)
    ),
    "listings-api:price-posting-object": api(
        kwargs=of(posted),
        data=lambda w: SAID,
        post=everyone(403) | dict.fromkeys(RAISERS, 201),
    ),
    "listings-api:price-posting-answer": api(
        kwargs=lambda w: {"pk": posted(w).pk, "objection_id": objection(w).pk},
        data=lambda w: {"upheld": False, "answer": "已核查，没有争议。"},
        post=everyone(403, office=200),
    ),
    "listings-api:service-request-list": api(
        kwargs=first(bare),
        data=lambda w: {
            "patent_id": bare(w).pk, "kind": "valuation", "wish": wanted(w)["wish"],
            "provider_id": wanted(w)["provider"],
        },
        get=everyone(200),
        post=everyone(404, office=201) | OVERSEERS,
    ),
    "listings-api:service-request-detail": api(
        kwargs=of(asked), get=everyone(404, office=200, valuer=200, auditor=200)
    ),
    "listings-api:service-request-answer": api(
        kwargs=of(asked),
        data=lambda w: {"answer": "可以办理，两周出报告"},
        post=everyone(404, valuer=200, office=403, auditor=403),
    ),
    "listings-api:service-request-close": api(
        kwargs=of(asked),
        data=lambda w: {"outcome": "已取得评估报告"},
        post=everyone(404, office=200, valuer=403, auditor=403),
    ),
    "listings-api:archives": api(
        data=lambda w: {"patent_ids": [bare(w).pk], "reason": "过时", **next_year(w)},
        post=everyone(403) | dict.fromkeys(KEEPERS, 200),
    ),
    "listings-api:archive-review": api(
        kwargs=of(archived), data=next_year, post=everyone(404, office=204) | OVERSEERS
    ),
    "listings-api:promotion-list-list": api(
        data=lambda w: {
            "title": "推介", "expires_on": "2027-06-01",
            "patents": stock.listed_patent(w.members["office"]).number,
        },
        get=everyone(200),
        post=everyone(403) | dict.fromkeys(KEEPERS, 201),
    ),
    "listings-api:promotion-list-detail": api(kwargs=of(shared), get=OWN),
    "listings-api:promotion-list-edit": api(
        kwargs=of(shared),
        data=lambda w: {
            "title": "改", "version": 1, "expires_on": "2027-06-01",
            "patents": stock.listed_patent(w.members["office"]).number,
        },
        post=OWN,
    ),
}  # fmt: skip
