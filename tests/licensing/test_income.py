"""Income distribution: reckoned to the fen, kept above its floor, posted, approved, paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Organisation, RegionSetting
from core.people.types import Role
from licensing.models import Deal, Distribution, DistributionPerson, IncomeRule
from licensing.rules import income as rules
from licensing.rules.fees import FeeMode
from licensing.rules.income import Floor, IncomeKind, Person, PersonRole
from licensing.selectors import income as questions
from licensing.services import income as services
from licensing.services import income_objections as objections
from tests.factories import core as make
from tests.factories import deals as dealing
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import refuses, trigger_refuses

LATER = NOON + timedelta(days=15)

# --- rules: no database ----------------------------------------------------------------------


MONEY = st.decimals(Decimal("0.01"), Decimal("99999999.99"), places=2)


@given(MONEY, st.decimals(Decimal("0.01"), Decimal(100), places=2))
def test_the_award_is_never_below_its_percent(net, percent):
    found = rules.award(net, percent)
    assert net * percent / 100 <= found <= net
    assert found == found.quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("agreed", "bound", "percent"),
    [(None, True, 50), (80, True, 80), (80, False, 80), (30, True, 50), (30, False, 30)],
)
def test_which_floor_holds(agreed, bound, percent):
    own = None if agreed is None else Floor(Decimal(agreed), "办法", agreed=True)
    assert rules.required(rules.NATIONAL, agreed=own, bound=bound).percent == percent


def test_a_region_may_ask_for_more():
    setting = {"licence": 70, "article": "条例"}
    assert rules.regional(setting, IncomeKind.LICENCE) == Floor(Decimal(70), "条例")
    assert rules.regional(setting, IncomeKind.EQUITY) == rules.NATIONAL
    assert rules.regional(None, IncomeKind.LICENCE).article == "促进科技成果转化法第四十五条"


def person(share=100, name="张三", role=PersonRole.INVENTOR, **more):
    return Person(name, role, Decimal(share), **more)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gross": Decimal(0)}, "gross"),
        ({"gross": Decimal(100_001)}, "gross"),
        ({"deductions": {"tax": Decimal(-1)}}, "deductions"),
        ({"deductions": {"tax": Decimal(100_000)}}, "deductions"),
        ({"percent": Decimal("49.99")}, "percent"),
        ({"percent": Decimal(101)}, "percent"),
        ({"persons": ()}, "persons"),
        ({"persons": (person(60), person(41, "李四"))}, "persons"),
        ({"persons": (person(50), person(50))}, "persons"),
        ({"persons": (person(100, role=PersonRole.STAFF),)}, "persons"),
        ({"persons": (person(100), person(0, "李四"))}, "persons"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_by_field(changes, field):
    known = {
        "gross": Decimal(100_000), "deductions": {"tax": Decimal(6_000)}, "percent": Decimal(50),
        "persons": (person(),), "available": Decimal(100_000), "floor": rules.NATIONAL,
    }  # fmt: skip
    assert not rules.problems(**known)
    assert set(rules.problems(**(known | changes))) == {field}


def test_below_the_floor_names_the_article():
    found = rules.problems(
        gross=Decimal(1), deductions={}, percent=Decimal(40), persons=(person(),),
        available=Decimal(1), floor=rules.NATIONAL,
    )  # fmt: skip
    assert "促进科技成果转化法第四十五条" in found["percent"][0]


# --- commands --------------------------------------------------------------------------------

db = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office(region="310115")


@pytest.fixture
def chief(office):
    return make.MembershipFactory(organisation=office.organisation, role=Role.OFFICE)


@pytest.fixture
def inventor(office):
    return make.MembershipFactory(organisation=office.organisation, role=Role.INVENTOR)


@pytest.fixture
def licence(office):
    firm = make.enterprise()
    return lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)


def plan(**changes):
    known = {
        "gross": Decimal(50_000), "percent": Decimal(60), "conflict": "无",
        "deductions": {"tax": Decimal("3000.01")}, "persons": (person(70), person(30, "李四")),
    }  # fmt: skip
    return rules.IncomePlan(**(known | changes))


def drafted(licence, office, **changes):
    return services.draft_income(
        licence_id=licence.pk, plan=plan(**changes), by=actor(office), now=NOON
    )


def posted(licence, office, **changes):
    row = drafted(licence, office, **changes)
    return services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)


def approved(licence, office, chief, **changes):
    row = posted(licence, office, **changes)
    return services.approve_income(distribution_id=row.pk, by=actor(chief), now=LATER)


@db
def test_from_money_received_to_everybody_paid(licence, office, chief, inventor):
    shared = (person(70, account=inventor.user.email), person(30, "李四"))
    row = approved(licence, office, chief, persons=shared)
    assert (row.net, row.award) == (Decimal("46999.99"), Decimal("28200.00"))
    assert [p.amount for p in row.persons.all()] == [Decimal("19740.00"), Decimal("8460.00")]
    assert row.document.kind == "income"
    assert Notice.objects.filter(user=inventor.user, title="收益分配已批准").exists()
    for place, one in enumerate(row.persons.all()):
        assert Distribution.objects.get().status == "approved"
        services.pay_person(
            distribution_id=row.pk, person_id=one.pk, paid_on=LATER.date(),
            reference=f"回单{place}", by=actor(office), now=LATER,
        )  # fmt: skip
    assert Distribution.objects.get().status == "paid"
    with pytest.raises(Conflict):
        services.pay_person(
            distribution_id=row.pk, person_id=one.pk, paid_on=LATER.date(), reference="x",
            by=actor(office), now=LATER,
        )  # fmt: skip


@db
def test_no_more_is_divided_than_came_in(licence, office):
    drafted(licence, office, gross=Decimal(30_000))
    with pytest.raises(Invalid) as refusal:
        drafted(licence, office, gross=Decimal("20000.01"))
    assert "只有 20,000 元" in refusal.value.fields["gross"][0]
    drafted(licence, office, gross=Decimal(20_000))
    assert questions.sources(viewer=actor(office)) == []


@db
def test_a_state_institute_may_not_agree_on_less_a_firm_may(licence, office):
    def rule(percent):
        services.record_rule(
            title=f"办法{percent}", agreed_on=NOON.date(), percent=Decimal(percent),
            paper=SimpleUploadedFile("a.pdf", lic.PDF), by=actor(office), now=NOON,
        )  # fmt: skip

    rule(20)
    with pytest.raises(Invalid) as refusal:
        drafted(licence, office, percent=Decimal(40))
    assert "第四十五条" in refusal.value.fields["percent"][0]
    Organisation.objects.filter(pk=office.organisation_id).update(kind="enterprise")
    row = drafted(licence, office, percent=Decimal(20))
    assert row.rule == IncomeRule.objects.get()
    trigger_refuses(lambda: IncomeRule.objects.update(percent=1))


@db
def test_a_region_sets_its_floor_and_its_days(licence, office):
    RegionSetting.objects.create(
        region="31", key="income.floor", value={"licence": 70, "article": "本市条例"}
    )
    RegionSetting.objects.create(region="31", key="income.posting_days", value=30)
    with pytest.raises(Invalid) as refusal:
        drafted(licence, office)
    assert "本市条例" in refusal.value.fields["percent"][0]
    row = posted(licence, office, percent=Decimal(70))
    assert (row.posted_until - row.posted_on).days == 29


@db
def test_approval_waits_for_the_posting_for_answers_and_for_another_person(
    licence, office, chief, inventor
):
    row = posted(licence, office, persons=(person(account=inventor.user.email),))

    def approve(who, now=LATER):
        return services.approve_income(distribution_id=row.pk, by=actor(who), now=now)

    with pytest.raises(Conflict, match="期满"):
        approve(chief, now=NOON + timedelta(days=14))
    objection = objections.object_to_income(
        distribution_id=row.pk, reason="漏了我", by=actor(inventor), now=NOON
    )
    with pytest.raises(Conflict, match="异议"):
        approve(chief)
    objections.answer_income_objection(
        distribution_id=row.pk, objection_id=objection.pk, upheld=False, answer="已核实",
        by=actor(chief), now=NOON,
    )  # fmt: skip
    with pytest.raises(Conflict, match="另一位"):
        approve(office)
    with pytest.raises(NotAllowed):
        approve(inventor)
    both = make.MembershipFactory(
        user=inventor.user, organisation=office.organisation, role=Role.OFFICE
    )
    with pytest.raises(Conflict, match="分配对象"):
        approve(both)
    assert approve(chief).status == "approved"


@db
def test_nobody_objects_once_the_posting_is_over(licence, office, inventor):
    row = posted(licence, office)
    with pytest.raises(Conflict, match="公示期内"):
        objections.object_to_income(
            distribution_id=row.pk, reason="晚了", by=actor(inventor), now=LATER
        )
    assert not row.objections.exists()


@db
def test_what_came_in_by_a_licence_is_not_divided_by_its_deal_as_well():
    at = dealing.table()
    row = dealing.signed(at)
    Deal.objects.filter(pk=row.pk).update(settled_amount=50_000)
    with pytest.raises(Invalid) as refusal:
        services.draft_income(deal_id=row.pk, plan=plan(), by=at.holder, now=NOON)
    assert "source" in refusal.value.fields
    assert questions.sources(viewer=at.holder) == []


@db
def test_one_payment_is_proved_to_whoever_got_it_and_to_the_house(licence, office, chief):
    elsewhere = make.office()
    make.MembershipFactory(
        user=elsewhere.user, organisation=office.organisation, role=Role.INVENTOR
    )
    shared = (person(70, account=elsewhere.user.email), person(30, "李四"))
    row = approved(licence, office, chief, persons=shared)
    mine, other = row.persons.all()
    for who, one in ((office, mine), (office, other), (elsewhere, mine)):
        questions.payment_proof(row, one.pk, viewer=actor(who))
    with pytest.raises(Missing):
        questions.payment_proof(row, other.pk, viewer=actor(elsewhere))


@db
def test_an_upheld_objection_begins_it_anew(licence, office, chief, inventor):
    row = posted(licence, office)
    objection = objections.object_to_income(
        distribution_id=row.pk, reason="份额不对", by=actor(inventor), now=NOON
    )
    with pytest.raises(NotAllowed):
        objections.object_to_income(
            distribution_id=row.pk, reason="x", by=actor(make.bureau("31")), now=NOON
        )
    objections.answer_income_objection(
        distribution_id=row.pk, objection_id=objection.pk, upheld=True, answer="改",
        by=actor(chief), now=NOON,
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.posted_until) == ("draft", None)
    services.revise_income(
        distribution_id=row.pk, plan=plan(persons=(person(),)), by=actor(office), now=NOON
    )
    assert row.persons.get().share == 100


@db
def test_who_sees_what(licence, office, inventor):
    row = drafted(licence, office, persons=(person(account=inventor.user.email),))
    stranger, bureau = make.office(), make.bureau("31")
    for who in (inventor, stranger, bureau, make.bureau("32")):
        with pytest.raises(Missing):
            questions.distribution(row.pk, viewer=actor(who))
    services.post_income(distribution_id=row.pk, by=actor(office), now=NOON)
    for who in (inventor, office, bureau, make.auditor()):
        assert questions.distribution(row.pk, viewer=actor(who)).pk == row.pk
    with pytest.raises(Missing):
        questions.distribution(row.pk, viewer=actor(stranger))
    assert [p.distribution_id for p in questions.own_shares(viewer=actor(inventor))] == [row.pk]
    with pytest.raises(Missing):
        services.cancel_income(distribution_id=row.pk, reason="x", by=actor(stranger), now=NOON)
    with pytest.raises(NotAllowed):
        services.cancel_income(distribution_id=row.pk, reason="x", by=actor(bureau), now=NOON)


@db
def test_no_distribution_looks_like_this(licence, office):
    row = drafted(licence, office)
    one = row.persons.first()

    def changed(thing, **to):
        return lambda: type(thing).objects.filter(pk=thing.pk).update(**to)

    refuses("distribution_not_below_floor", changed(row, percent=10))
    refuses("distribution_net", changed(row, net=60_000, award=1))
    refuses("distribution_of_one_income", changed(row, licence=None))
    refuses("distribution_posted_pair", changed(row, posted_at=NOON))
    refuses("distribution_posted_whole", changed(row, status="posted"))
    refuses("distribution_two_persons", changed(row, approved_by=row.drafted_by, approved_at=NOON))
    refuses("distribution_kind_known", changed(row, kind="gift"))
    trigger_refuses(changed(row, status="paid"))
    refuses("distribution_person_share", changed(one, share=0))
    refuses("distribution_person_role_known", changed(one, role="friend"))
    refuses("distribution_person_paid_proved", changed(one, paid_at=NOON, paid_by="x"))
    assert DistributionPerson.objects.count() == 2


@db
def test_a_list_costs_the_same_for_one_as_for_ten(licence, office, django_assert_max_num_queries):
    for _ in range(10):
        drafted(licence, office, gross=Decimal(5_000))
    viewer = actor(office)
    with django_assert_max_num_queries(3):
        questions.sources(viewer=viewer)
    with django_assert_max_num_queries(1):
        rows = list(questions.distributions(viewer=viewer))
    assert {(row.organisation_id, row.people) for row in rows} == {(office.organisation_id, 2)}


@db
def test_the_pages_from_draft_to_paper(client, licence, office, chief):
    client.force_login(office.user)
    assert "到账待分配" in client.get(reverse("licensing:income")).content.decode()
    url = reverse("licensing:income-draft", args=[f"licence-{licence.pk}"])
    assert "第四十五条" in client.get(url).content.decode()
    told = {
        "gross": "50000", "percent": "40", "conflict": "无", "p-TOTAL_FORMS": "8",
        "p-INITIAL_FORMS": "0", "p-0-name": "张三", "p-0-role": "inventor", "p-0-share": "100",
        **{f"p-{n}-role": "inventor" for n in range(1, 8)},
    }  # fmt: skip
    refused = client.post(url, told)
    assert refused.status_code == 422
    assert "不得低于净收入的 50%" in refused.content.decode()
    done = client.post(url, told | {"percent": "50"})
    row = Distribution.objects.get()
    assert done.url == reverse("licensing:income-detail", args=[row.pk])
    client.post(reverse("licensing:income-post", args=[row.pk]))
    page = client.get(done.url).content.decode()
    assert "公示中" in page
    early = client.post(reverse("licensing:income-approve", args=[row.pk]), follow=True)
    assert "期满后才能批准" in early.content.decode()
    Distribution.objects.filter(pk=row.pk).update(posted_until=NOON.date() - timedelta(days=400))
    services.approve_income(distribution_id=row.pk, by=actor(chief), now=LATER)
    paper = client.get(reverse("licensing:income-statement", args=[row.pk]))
    assert paper.content.startswith(b"%PDF")
    row.refresh_from_db()
    known = client.get(reverse("licensing:check", args=[row.document.content_hash]))
    assert "收益分配单" in known.content.decode()
