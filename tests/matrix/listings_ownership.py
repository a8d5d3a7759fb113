"""Who may ask what of consents, funding, working and inventors' rights."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.people.types import Actor
from listings.models import CoOwnerConsent, Holder, InventorRight, Patent, Working
from listings.rules.inventors import InventorRightKind
from listings.rules.working import WorkingKind
from listings.services.ownership import consents, rights
from listings.types import Consent
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, logged_in, only
from tests.matrix.listings import NOT_THEIRS, bare, of


def _shared(world: World) -> Patent:
    """A patent that office shares with enterprise."""

    def build(w: World) -> Patent:
        return stock.patent(
            w.members["office"],
            holders=(
                stock.holder("学校", organisation_id=w.members["office"].organisation_id),
                stock.holder("企业", organisation_id=w.members["enterprise"].organisation_id),
            ),
        )

    return world.thing("shared patent", build)


def question(world: World) -> CoOwnerConsent:
    def build(w: World) -> CoOwnerConsent:
        row = _shared(w)
        pk = consents.ask_consent(
            patent_id=row.pk,
            holder_id=Holder.objects.get(patent=row, name="企业").pk,
            scope=Consent.OPEN,
            by=make.actor(w.members["office"]),
            now=stock.NOON,
        )
        return CoOwnerConsent.objects.get(pk=pk)

    return world.thing("consent question", build)


def co_owner(world: World) -> dict[str, Any]:
    row = world.thing(
        "patent of a person",
        lambda w: stock.patent(
            w.members["office"],
            holders=(
                stock.holder("学校", organisation_id=w.members["office"].organisation_id),
                stock.holder("某人"),
            ),
        ),
    )
    return {"pk": row.pk, "holder_id": Holder.objects.get(patent=row, name="某人").pk}


def worked(world: World) -> dict[str, Any]:
    def build(w: World) -> Working:
        pk = rights.state_working(
            patent_id=bare(w).pk,
            kind=WorkingKind.OWN,
            since=date(2025, 1, 1),
            note="示范线",
            by=Actor.system(),
            now=stock.NOON,
        )
        return Working.objects.get(pk=pk)

    row = world.thing("working", build)
    return {"pk": row.patent_id, "working_id": row.pk}


def right(world: World) -> dict[str, Any]:
    def build(w: World) -> InventorRight:
        pk = rights.grant_right(
            patent_id=bare(w).pk,
            kind=InventorRightKind.USE,
            inventors=["张三"],
            share=None,
            starts_on=date(2025, 1, 1),
            ends_on=None,
            by=Actor.system(),
            now=stock.NOON,
        )
        return InventorRight.objects.get(pk=pk)

    row = world.thing("inventor right", build)
    return {"pk": row.patent_id, "right_id": row.pk}


PARTIES = {"office": 200, "enterprise": 200, "auditor": 200}

EXPECTATIONS: dict[str, Row] = {
    "listings:consents": Row(get=logged_in()),
    "listings:consent": Row(kwargs=of(question), get=only(others=404, **PARTIES)),
    "listings:consent-answer": Row(
        kwargs=of(question),
        data=lambda w: {"decision": "agree", "scope": "open"},
        post=only("enterprise", status=302, others=404, office=422, auditor=422),
    ),
    "listings:consent-proof": Row(kwargs=of(question), get=only(others=404)),
    "listings:consent-end": Row(
        kwargs=lambda w: {**of(question)(w), "move": "cancel"},
        data=lambda w: {"reason": "不办了"},
        post=only("office", status=302, others=404, enterprise=422, auditor=422),
    ),
    "listings:patent-consents": Row(kwargs=of(bare), get=only("office", **NOT_THEIRS)),
    "listings:consent-ask": Row(
        kwargs=co_owner,
        data=lambda w: {f"a{co_owner(w)['holder_id']}-scope": "open"},
        post=only("office", status=422, **NOT_THEIRS),  # no account bears that name
    ),
    "listings:consent-paper": Row(
        kwargs=co_owner,
        data=lambda w: {f"p{co_owner(w)['holder_id']}-consent": "open"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:ownership": Row(kwargs=of(bare), get=only("office", **NOT_THEIRS)),
    "listings:ownership-state": Row(
        kwargs=of(bare, what="unworked"),
        data=lambda w: {"reason": "正在中试"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:working-withdraw": Row(kwargs=worked, post=only("office", status=302, **NOT_THEIRS)),
    "listings:right-end": Row(
        kwargs=right,
        data=lambda w: {"ended_on": "2026-01-01", "reason": "协议解除"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:right-agreement": Row(kwargs=right, get=only(office=404, **NOT_THEIRS)),
}
