"""Who may divide income, object, and read it: office divides, its inventor sees and objects."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.people.types import Role
from licensing.models import Distribution
from licensing.rules import income as rules
from licensing.rules.fees import FeeMode
from licensing.services import income, income_objections
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.matrix import Row, World, logged_in, only
from tests.matrix.licensing import prepared

KEY = {"Idempotency-Key": "matrix"}
SEEN = ("office", "bureau", "auditor")


def paid(world: World) -> Any:
    def build(w: World) -> Any:
        taker = w.members["enterprise"]
        row = lic.licence(w.members["office"], taker, mode=FeeMode.FIXED)
        return lic.paid(row, taker)

    return world.thing("paid-licence", build)


def draft(world: World) -> Distribution:
    def build(w: World) -> Distribution:
        person = rules.Person("张三", rules.PersonRole.INVENTOR, Decimal(100))
        plan = rules.IncomePlan(Decimal(30_000), Decimal(50), (person,), {}, conflict="无")
        return income.draft_income(
            licence_id=paid(w).pk, plan=plan, by=actor(w.members["office"]), now=NOON
        )

    return world.thing("income-draft", build)


def posted(world: World) -> Distribution:
    def build(w: World) -> Distribution:
        return income.post_income(
            distribution_id=draft(w).pk, by=actor(w.members["office"]), now=NOON
        )

    return world.thing("income-posted", build)


def objected(world: World) -> Any:
    def build(w: World) -> Any:
        colleague = make.MembershipFactory(
            organisation=w.members["office"].organisation, role=Role.INVENTOR
        )
        return income_objections.object_to_income(
            distribution_id=posted(w).pk, reason="x", by=actor(colleague), now=NOON
        )

    return world.thing("income-objected", build)


def rule(world: World) -> Any:
    def build(w: World) -> Any:
        return income.record_rule(
            title="办法", agreed_on=NOON.date(), percent=Decimal(60),
            paper=SimpleUploadedFile("a.pdf", lic.PDF), by=actor(w.members["office"]), now=NOON,
        )  # fmt: skip

    return world.thing("income-rule", build)


def of(world: World) -> dict[str, Any]:
    return {"distribution_id": posted(world).pk}


def of_draft(world: World) -> dict[str, Any]:
    return {"distribution_id": draft(world).pk}


def of_person(world: World) -> dict[str, Any]:
    return {**of(world), "person_id": posted(world).persons.get().pk}


def of_objection(world: World) -> dict[str, Any]:
    return {"distribution_id": objected(world).distribution_id, "objection_id": objected(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": posted(world).pk}


def draft_pk(world: World) -> dict[str, Any]:
    return {"pk": draft(world).pk}


def mine(status: int, anonymous: int = 302) -> dict[str, int]:
    """The office divides; overseers see what is posted and are refused; others find nothing."""
    found = only(others=404, anonymous=anonymous)
    return found | dict.fromkeys(SEEN, 403) | {"office": status}


def alone(status: int, anonymous: int = 302, auditor: int = 403) -> dict[str, int]:
    """A draft: nobody but the office and the auditor knows of it."""
    return only("office", status=status, others=404, anonymous=anonymous, auditor=auditor)


def plan(world: World) -> dict[str, Any]:
    person = {"name": "张三", "role": "inventor", "share": "100"}
    said = {"gross": "1000", "percent": "50", "conflict": "无", "persons": [person]}
    return {**said, "licence_id": paid(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "licensing:income": Row(get=logged_in()),
    "licensing:income-rules": Row(get=logged_in(), post=only("office", "office2", status=422)),
    "licensing:income-rule-paper": Row(
        kwargs=lambda w: {"rule_id": rule(w).pk}, get=only("office", "auditor", others=404)
    ),
    "licensing:income-draft": Row(
        kwargs=lambda w: {"source": f"licence-{paid(w).pk}"},
        get=only("office", office2=404),
        post=only("office", status=422, office2=404),
    ),
    "licensing:income-detail": Row(kwargs=of, get=only(*SEEN, others=404)),
    "licensing:income-revise": Row(kwargs=of_draft, get=alone(200), post=alone(422)),
    "licensing:income-post": Row(kwargs=of_draft, post=alone(302)),
    "licensing:income-approve": Row(kwargs=of, post=mine(302)),
    "licensing:income-take-back": Row(kwargs=of, get=mine(200), post=mine(422)),
    "licensing:income-cancel": Row(kwargs=of, get=mine(200), post=mine(422)),
    "licensing:income-object": Row(kwargs=of, get=mine(200), post=mine(422)),
    "licensing:income-answer": Row(kwargs=of_objection, get=mine(200), post=mine(422)),
    "licensing:income-pay": Row(kwargs=of_person, get=mine(200), post=mine(422)),
    "licensing:income-proof": Row(kwargs=of_person, get=logged_in(404)),
    "licensing:income-statement": Row(kwargs=of, get=logged_in(404)),
    "licensing-api:income-list": Row(
        kwargs=prepared(paid),
        get=logged_in(200, anonymous=401),
        post=only("office", status=201, others=403, anonymous=401, office2=404),
        data=plan,
        headers=KEY,
    ),
    "licensing-api:income-detail": Row(
        kwargs=draft_pk,
        get=only("office", "auditor", others=404, anonymous=401),
        put=alone(200, anonymous=401),
        data=plan,
    ),
    "licensing-api:income-post": Row(kwargs=draft_pk, post=alone(200, anonymous=401)),
    "licensing-api:income-approve": Row(kwargs=pk, post=mine(409, anonymous=401)),
    "licensing-api:income-take-back": Row(
        kwargs=pk, post=mine(200, anonymous=401), data=lambda w: {"reason": "x"}
    ),
    "licensing-api:income-cancel": Row(
        kwargs=pk, post=mine(200, anonymous=401), data=lambda w: {"reason": "x"}
    ),
    "licensing-api:income-pay": Row(
        kwargs=pk,
        post=mine(409, anonymous=401),
        data=lambda w: {"person_id": 1, "paid_on": "2026-11-20", "reference": "x"},
    ),
    "licensing-api:income-object": Row(
        kwargs=pk, post=mine(201, anonymous=401), data=lambda w: {"reason": "x"}
    ),
    "licensing-api:income-answer": Row(
        kwargs=lambda w: {"pk": objected(w).distribution_id, "objection_id": objected(w).pk},
        post=mine(200, anonymous=401),
        data=lambda w: {"upheld": False, "answer": "x"},
    ),
    "licensing-api:income-rule-list": Row(
        get=logged_in(200, anonymous=401), post=logged_in(400, anonymous=401), headers=KEY
    ),
}
