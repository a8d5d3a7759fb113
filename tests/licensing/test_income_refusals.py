"""Dividing income: every step says no at the wrong time, to the wrong person, without its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.attachments.models import Attachment
from core.errors import Missing, NotAllowed
from core.people.models import RegionSetting
from core.people.types import Role
from licensing.models import Distribution, IncomeRule, Licence
from licensing.rules.fees import FeeMode
from licensing.rules.income import IncomePlan, Person, PersonRole
from licensing.services import income as services
from licensing.services import income_objections as objections
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db

TODAY, LATER = NOON.date(), NOON + timedelta(days=15)
PLAN = IncomePlan(
    gross=Decimal(50_000), percent=Decimal(60), deductions={}, conflict="无",
    persons=(Person("张三", PersonRole.INVENTOR, Decimal(100)),),
)  # fmt: skip


@pytest.fixture
def office() -> Any:
    return make.office(region="310115")


@pytest.fixture
def chief(office: Any) -> Any:
    return make.MembershipFactory(organisation=office.organisation, role=Role.OFFICE)


@pytest.fixture
def licence(office: Any) -> Licence:
    firm = make.enterprise()
    return lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)


def pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.pdf", lic.PDF)


def test_a_rule_is_whole_and_recorded_once(office: Any) -> None:
    def record(who: Any = office, **changes: Any) -> IncomeRule:
        known: dict[str, Any] = {
            "title": "奖酬办法", "agreed_on": TODAY, "percent": Decimal(70), "paper": pdf(),
        }  # fmt: skip
        return services.record_rule(**(known | changes), by=actor(who), now=NOON)

    names("title", ask=lambda: record(title=" "))
    names("percent", ask=lambda: record(percent=Decimal(0)))
    names("percent", ask=lambda: record(percent=Decimal("100.01")))
    names("agreed_on", ask=lambda: record(agreed_on=TODAY + timedelta(days=1)))
    names("paper", ask=lambda: record(paper=None))
    with pytest.raises(NotAllowed):
        record(make.bank())
    assert not IncomeRule.objects.exists()
    row = record(percent=Decimal(100), title=" 奖酬办法 ")
    assert (row.title, row.percent, row.organisation_id) == (
        "奖酬办法", 100, office.organisation_id,
    )  # fmt: skip
    says("already-recorded", record)
    assert record(agreed_on=TODAY - timedelta(days=1)).pk != row.pk


def test_a_draft_names_one_income_and_known_people(office: Any, licence: Licence) -> None:
    def draft(plan: IncomePlan = PLAN, **source: int) -> Distribution:
        return services.draft_income(plan=plan, by=actor(office), now=NOON, **source)

    names("source", ask=draft)
    names("source", ask=lambda: draft(licence_id=licence.pk, deal_id=1))
    stranger = Person("李四", PersonRole.INVENTOR, Decimal(100), account="nobody@example.cn")
    names("persons", ask=lambda: draft(replace(PLAN, persons=(stranger,)), licence_id=licence.pk))
    names("conflict", ask=lambda: draft(replace(PLAN, conflict=" "), licence_id=licence.pk))
    row = draft(licence_id=licence.pk)
    assert row.number == f"SY{TODAY:%Y}{row.pk:08d}"
    assert (row.net, row.award) == (Decimal("50000.00"), Decimal("30000.00"))


def test_posting_asks_again_what_held_when_it_was_drafted(office: Any, licence: Licence) -> None:
    """A floor raised or a payment taken back in between stops it."""
    row = services.draft_income(licence_id=licence.pk, plan=PLAN, by=actor(office), now=NOON)

    def post() -> Distribution:
        return services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)

    floor = RegionSetting.objects.create(
        region="31", key="income.floor", value={"licence": 70, "article": "本市条例"}
    )
    says("below-floor", post)
    floor.delete()
    Distribution.objects.filter(pk=row.pk).update(gross=50_001, net=50_001)
    says("not-received", post)
    Distribution.objects.filter(pk=row.pk).update(gross=50_000, net=50_000)
    assert post().posted_until == TODAY + timedelta(days=14)
    says("illegal-move", lambda: services.revise_income(
        distribution_id=row.pk, plan=PLAN, by=actor(office), now=NOON
    ))  # fmt: skip


def test_taking_back_and_dropping_say_why(office: Any, licence: Licence) -> None:
    row = services.draft_income(licence_id=licence.pk, plan=PLAN, by=actor(office), now=NOON)
    known = {"distribution_id": row.pk, "by": actor(office), "now": NOON}
    services.post_income(**known)
    names("reason", ask=lambda: services.take_back_income(reason=" ", **known))
    row = services.take_back_income(reason=" 份额写错 ", **known)
    assert (row.status, row.posted_on, row.closed_reason) == ("draft", None, "份额写错")
    names("reason", ask=lambda: services.cancel_income(reason="", **known))
    assert services.cancel_income(reason=" 重复 ", **known).closed_reason == "重复"
    says("illegal-move", lambda: services.post_income(**known))
    services.draft_income(licence_id=licence.pk, plan=PLAN, by=actor(office), now=NOON)


def test_a_payment_has_its_day_its_person_and_its_proof(
    office: Any, chief: Any, licence: Licence
) -> None:
    row = services.draft_income(licence_id=licence.pk, plan=PLAN, by=actor(office), now=NOON)
    services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)
    person = row.persons.get()

    def pay(**changes: Any) -> Distribution:
        known: dict[str, Any] = {
            "person_id": person.pk, "paid_on": LATER.date(), "reference": "回单1",
        }  # fmt: skip
        return services.pay_person(
            distribution_id=row.pk, **(known | changes), by=actor(office), now=LATER
        )

    says("illegal-move", pay)
    services.approve_income(distribution_id=row.pk, by=actor(chief), now=LATER)
    names("person_id", ask=lambda: pay(person_id=person.pk + 1))
    names("paid_on", ask=lambda: pay(paid_on=LATER.date() + timedelta(days=1)))
    names("paid_on", ask=lambda: pay(paid_on=LATER.date() - timedelta(days=1)))
    names("reference", ask=lambda: pay(reference=" "))
    with pytest.raises(NotAllowed):
        services.pay_person(
            distribution_id=row.pk, person_id=person.pk, paid_on=LATER.date(), reference="x",
            by=actor(make.bureau("31")), now=LATER,
        )  # fmt: skip
    assert pay(reference="", proof=pdf()).status == "paid"
    assert Attachment.objects.get(purpose="income_payment").pk == row.persons.get().proof_id
    says("illegal-move", pay)


def test_an_objection_gives_reasons_and_somebody_else_answers(
    office: Any, chief: Any, licence: Licence
) -> None:
    row = services.draft_income(licence_id=licence.pk, plan=PLAN, by=actor(office), now=NOON)
    services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)

    def object_to(who: Any, reason: str = "漏了我") -> Any:
        return objections.object_to_income(
            distribution_id=row.pk, reason=reason, by=actor(who), now=NOON
        )

    with pytest.raises(Missing):
        object_to(make.office())
    names("reason", ask=lambda: object_to(office, " "))
    raised = object_to(office)

    def answer(who: Any, words: str = "已核实") -> Any:
        return objections.answer_income_objection(
            distribution_id=row.pk, objection_id=raised.pk, upheld=False, answer=words,
            by=actor(who), now=NOON,
        )  # fmt: skip

    says("two-persons", lambda: answer(office))
    names("answer", ask=lambda: answer(chief, " "))
    assert answer(chief).status == "dismissed"
    says("illegal-move", lambda: answer(chief))


def test_nobody_with_a_share_answers_an_objection_and_its_end_is_told(
    office: Any, chief: Any, licence: Licence
) -> None:
    owner = make.MembershipFactory(organisation=office.organisation, role=Role.OFFICE)
    plan = replace(PLAN, persons=(replace(PLAN.persons[0], account=owner.user.email),))
    row = services.draft_income(licence_id=licence.pk, plan=plan, by=actor(office), now=NOON)
    services.revise_income(distribution_id=row.pk, plan=plan, by=actor(office), now=NOON)
    services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)
    raised = objections.object_to_income(
        distribution_id=row.pk, reason="长" * 2001, by=actor(office), now=NOON
    )
    assert len(raised.reason) == 2000
    staff = {office.user_id, chief.user_id, owner.user_id}
    assert told(f"income-objection:{raised.pk}") == staff

    def answer(who: Any) -> Any:
        return objections.answer_income_objection(
            distribution_id=row.pk, objection_id=raised.pk, upheld=False, answer="已核实",
            by=actor(who), now=NOON,
        )  # fmt: skip

    says("involved", lambda: answer(owner))
    answer(chief)
    assert told(f"income-answer:{raised.pk}") == {office.user_id}
    steps = ["drafted", "revised", "posting_started", "objected", "objection_answered"]
    assert kept("income.") == [f"income.{step}" for step in steps]
