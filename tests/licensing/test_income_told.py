"""Dividing income: of which contract, what each step leaves behind, what the statement says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Invalid, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership, Organisation
from core.people.types import Role
from licensing.models import Distribution
from licensing.rules.fees import FeeMode
from licensing.rules.income import IncomePlan, Person, PersonRole
from licensing.services import completing, take_open_licence
from licensing.services import income as services
from licensing.services import income_objections as objections
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories import pools
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF, TODAY
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=15)
PLAN = IncomePlan(
    gross=Decimal(50_000), percent=Decimal(60), deductions={}, conflict=" 无 ",
    persons=(Person("张三", PersonRole.INVENTOR, Decimal(100)),),
)  # fmt: skip


@pytest.fixture
def office() -> Membership:
    return make.office(region="310115")


@pytest.fixture
def chief(office: Membership) -> Membership:
    return make.MembershipFactory(organisation=office.organisation, role=Role.OFFICE)


@pytest.fixture
def inventor(office: Membership) -> Membership:
    return make.MembershipFactory(organisation=office.organisation, role=Role.INVENTOR)


def of_licence(office: Membership) -> dict[str, int]:
    firm = make.enterprise()
    return {"licence_id": lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm).pk}


def of_transfer(office: Membership) -> dict[str, int]:
    Organisation.objects.filter(pk=office.organisation_id).update(kind="enterprise")
    second = make.MembershipFactory(role=Role.OFFICE, organisation=office.organisation)
    at = given.Table(office, second, make.enterprise())
    row = given.uploaded(at, kind="transfer", months=None)
    given.signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)
    completing.register_deal(
        deal_id=row.pk, number="B1", registered_on=TODAY, by=at.taker, now=NOON
    )
    completing.settle_deal(
        deal_id=row.pk, amount=Decimal(60_000), settled_on=TODAY, note="回单1", by=at.holder,
        now=NOON,
    )  # fmt: skip
    return {"deal_id": row.pk}


def of_pool(office: Membership) -> dict[str, int]:
    runner = make.broker()
    pool = pools.pool(runner)
    pools.admitted(pool, office, runner)
    row = pools.taken(pool, make.enterprise())
    pools.income(row, runner)
    return {"pool_licence_id": row.pk}


def drafted(office: Membership, plan: IncomePlan = PLAN, **source: int) -> Distribution:
    source = source or of_licence(office)
    return services.draft_income(plan=plan, by=actor(office), now=NOON, **source)


# --- of which contract -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "kind", "table"),
    [
        (of_licence, "licence", "licensing_licence"),
        (of_transfer, "transfer", "licensing_deal"),
        (of_pool, "licence", "licensing_poollicence"),
    ],
)
def test_income_of_every_source_is_divided_by_one_at_a_time(
    office: Membership, made: Callable[[Membership], dict[str, int]], kind: str, table: str
) -> None:
    source = made(office)
    row = drafted(office, **source)
    assert {name: getattr(row, name) for name in source} == source
    assert (row.organisation_id, row.region, row.kind) == (
        office.organisation_id, "310115", kind,
    )  # fmt: skip
    known: dict[str, Any] = {"distribution_id": row.pk, "by": actor(office), "now": NOON}
    for step in (
        lambda: services.revise_income(plan=replace(PLAN, gross=Decimal(40_000)), **known),
        lambda: services.post_income(**known),
    ):
        with CaptureQueriesContext(connection) as asked:
            done = step()
        held = [q["sql"] for q in asked if "FOR UPDATE" in q["sql"]]
        assert any(f'FROM "{table}"' in sql for sql in held)  # a rival would wait here
    assert (done.gross, done.status) == (40_000, "posted")


def test_who_may_not_divide_hears_that_and_not_which_field_is_wrong(office: Membership) -> None:
    firm = make.enterprise()
    with pytest.raises(NotAllowed):
        services.draft_income(plan=PLAN, by=actor(firm), now=NOON)
    row = lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)
    keeper = make.MembershipFactory(role=Role.OFFICE, organisation=firm.organisation)
    for who in (firm, keeper):  # the licensee divides nothing of what it paid
        with pytest.raises(NotAllowed):
            drafted(who, licence_id=row.pk)
    inventor = make.MembershipFactory(organisation=office.organisation, role=Role.INVENTOR)
    with pytest.raises(NotAllowed):
        services.record_rule(
            title="办法", agreed_on=TODAY, percent=Decimal(70), paper=None, by=actor(inventor),
            now=NOON,
        )  # fmt: skip
    assert not Distribution.objects.exists()


def test_a_patent_that_is_not_in_the_income_is_named(office: Membership) -> None:
    with pytest.raises(Invalid) as refusal:
        services.draft_income(
            plan=PLAN, patent_id=lic.patent(office), by=actor(office), now=NOON,
            **of_licence(office),
        )  # fmt: skip
    assert refusal.value.fields == {"patent_id": ["这件专利不在这笔收入里，请核对。"]}


def test_a_rule_of_any_percent_is_kept_with_who_recorded_it(office: Membership) -> None:
    for percent in (Decimal("0.5"), Decimal(1)):
        paper = SimpleUploadedFile("办法.pdf", PDF)
        rule = services.record_rule(
            title=f"办法{percent}", agreed_on=TODAY, percent=percent, paper=paper,
            by=actor(office), now=NOON,
        )  # fmt: skip
        assert (rule.percent, rule.paper.name, rule.recorded_by) == (
            percent, "办法.pdf", actor(office).key,
        )  # fmt: skip
    assert kept("income_rule.") == ["income_rule.recorded"] * 2


# --- what each step leaves behind ------------------------------------------------------------


def test_each_step_to_the_last_payment_is_in_the_trail_and_told(
    office: Membership, chief: Membership, inventor: Membership
) -> None:
    shared = (
        Person("张三", PersonRole.INVENTOR, Decimal(70), account=inventor.user.email.upper()),
        Person("李四", PersonRole.INVENTOR, Decimal(30)),
    )
    row = drafted(office, replace(PLAN, persons=shared))
    known: dict[str, Any] = {"distribution_id": row.pk, "by": actor(office)}
    services.post_income(**known, now=NOON)
    assert told(f"income-posted:{row.pk}:{NOON.isoformat()}") == {
        office.user_id, chief.user_id, inventor.user_id,
    }  # fmt: skip
    services.approve_income(distribution_id=row.pk, by=actor(chief), now=LATER)
    assert told(f"income-approved:{row.pk}") == {inventor.user_id}
    mine, other = row.persons.order_by("position")
    paying = known | {"paid_on": LATER.date(), "now": LATER}
    services.pay_person(**paying, person_id=mine.pk, reference=" 回单1 ")
    says("already-paid", lambda: services.pay_person(
        **paying, person_id=mine.pk, reference="回单3"
    ))  # fmt: skip
    services.pay_person(**paying, person_id=other.pk, reference="回单2")
    assert told(f"income-paid:{mine.pk}:{row.pk}") == {inventor.user_id}
    assert Notice.objects.filter(key__startswith="income-paid").count() == 1  # no account, no bell
    mine.refresh_from_db()
    assert (mine.reference, mine.paid_by, mine.amount) == ("回单1", actor(office).key, 21_000)
    steps = ["drafted", "posting_started", "approved", "person_paid", "person_paid", "paid"]
    assert kept("income.") == [f"income.{step}" for step in steps]
    out = OutboxEvent.objects.filter(name__startswith="income.")
    assert {(one.name, one.payload["status"]) for one in out} == {
        ("income.posted", "posted"), ("income.approved", "approved"), ("income.paid", "paid"),
    }  # fmt: skip


def test_what_is_taken_back_objected_to_or_dropped_is_in_the_trail(
    office: Membership, chief: Membership, inventor: Membership
) -> None:
    row = drafted(office)
    known: dict[str, Any] = {"distribution_id": row.pk, "now": NOON}
    services.post_income(**known, by=actor(office))
    services.take_back_income(**known, reason="长" * 600, by=actor(office))
    row.refresh_from_db()
    assert (row.status, len(row.closed_reason)) == ("draft", 500)
    services.post_income(**known, by=actor(office))
    raised = objections.object_to_income(**known, reason="份额不对", by=actor(inventor))
    answer: dict[str, Any] = {**known, "objection_id": raised.pk, "upheld": True, "answer": " 改 "}
    with pytest.raises(NotAllowed):
        objections.answer_income_objection(**answer, by=actor(inventor))
    colleague = make.MembershipFactory(organisation=office.organisation, role=Role.INVENTOR)
    with pytest.raises(NotAllowed):
        objections.answer_income_objection(**answer, by=actor(colleague))
    done = objections.answer_income_objection(**answer, by=actor(chief))
    assert (done.status, done.answer, done.answered_by) == ("upheld", "改", actor(chief).key)
    heard = Notice.objects.get(key=f"income-answer:{raised.pk}")
    assert (heard.user_id, done.get_status_display() in heard.title) == (inventor.user_id, True)
    row.refresh_from_db()
    assert (row.status, row.closed_reason) == ("draft", "改")
    says("illegal-move", lambda: services.approve_income(**known, by=actor(chief)))
    gone = services.cancel_income(**known, reason="重" * 600, by=actor(office))
    assert (gone.status, len(gone.closed_reason)) == ("cancelled", 500)
    steps = [
        "drafted", "posting_started", "taken_back", "posting_started", "objected",
        "objection_answered", "taken_back", "cancelled",
    ]  # fmt: skip
    assert kept("income.") == [f"income.{step}" for step in steps]


def test_who_has_a_share_objects_in_the_house_not_as_somebody_elses(office: Membership) -> None:
    inventor = make.MembershipFactory(organisation=office.organisation, role=Role.INVENTOR)
    person = replace(PLAN.persons[0], account=inventor.user.email)
    row = drafted(office, replace(PLAN, persons=(person,)))
    services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)
    firm = make.enterprise()
    away = make.MembershipFactory(
        user=inventor.user, organisation=firm.organisation, role=Role.ENTERPRISE
    )
    said: dict[str, Any] = {"distribution_id": row.pk, "reason": "少了", "now": NOON}
    with pytest.raises(NotAllowed, match="切换身份"):
        objections.object_to_income(**said, by=actor(away))
    overseer = replace(actor(make.bureau("31")), roles=frozenset({Role.BUREAU, Role.OFFICE}))
    with pytest.raises(NotAllowed, match="只有本单位人员和分配对象"):
        objections.object_to_income(**said, by=overseer)
    assert objections.object_to_income(**said, by=actor(inventor)).status == "open"


def test_long_words_are_kept_whole_and_the_bell_has_their_beginning(
    office: Membership, chief: Membership
) -> None:
    firm = make.enterprise()
    offered = lic.declaration(office, lic.patent(office, title="题" * 300), mode=FeeMode.FIXED)
    taken = lic.paid(take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON), firm)
    row = drafted(office, licence_id=taken.pk)
    known: dict[str, Any] = {"distribution_id": row.pk, "now": NOON}
    services.post_income(**known, by=actor(office))
    raised = objections.object_to_income(**known, reason="由" * 900, by=actor(office))
    heard = Notice.objects.filter(key=f"income-objection:{raised.pk}")[0]
    assert (heard.title, heard.body) == (f"收益分配有异议：{'题' * 60}", "由" * 200)
    done = objections.answer_income_objection(
        **known, objection_id=raised.pk, upheld=False, answer="答" * 2_100, by=actor(chief)
    )
    heard = Notice.objects.get(key=f"income-answer:{raised.pk}")
    assert (len(raised.reason), len(done.answer), heard.body) == (900, 2_000, "答" * 200)


# --- the statement ---------------------------------------------------------------------------


def statement(office: Membership, chief: Membership, plan: IncomePlan) -> dict[str, Any]:
    row = drafted(office, plan)
    services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)
    row = services.approve_income(distribution_id=row.pk, by=actor(chief), now=LATER)
    assert row.document is not None
    assert (row.document.number, row.document.kind) == (row.number, "income")
    return dict(row.document.content)


def test_a_statement_says_what_was_taken_off_and_what_is_taxed(
    office: Membership, chief: Membership
) -> None:
    plain = statement(office, chief, PLAN)
    assert (plain["扣除"], plain["税务说明"], plain["利益冲突声明"]) == ("无", "—", "无")
    assert plain["分配"] == ["张三（发明人） 100%：30,000 元"]
    assert plain["公示"] == "2026-11-20 至 2026-12-04，异议 0 件"
    less = {"tax": Decimal(3_000), "agency": Decimal("0.5")}
    said = replace(PLAN, deductions=less, tax_note=" 减按 50% 计入 ")
    full = statement(office, chief, said)
    assert full["扣除"] == ["税费 3,000 元", "评估、交易和中介费 0.50 元"]
    assert (full["净收入"], full["税务说明"]) == ("46,999.50 元", "减按 50% 计入")


def test_wrong_plans_are_named_before_anything_is_kept(office: Membership) -> None:
    source = of_licence(office)
    names("gross", ask=lambda: drafted(
        office, replace(PLAN, gross=Decimal("50000.01")), **source
    ))  # fmt: skip
    assert not Distribution.objects.exists()
    row = drafted(office, **source)
    again = {"distribution_id": row.pk, "by": actor(office), "now": LATER}
    assert services.revise_income(plan=PLAN, **again).drafted_at == LATER  # its own sum is free
