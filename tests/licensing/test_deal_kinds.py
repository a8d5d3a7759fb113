"""The kinds of deal: what each must say, what it binds, what it counts as."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import Conflict, Invalid
from core.people.types import Actor, Role
from licensing.models import Deal, Licence, Outcome
from licensing.rules import deal_kinds
from licensing.rules import deals as rules
from licensing.rules.deal_kinds import KINDS, DealKind, Effect
from licensing.rules.fees import FeeMode, parts_for
from licensing.services import clocks, completing, deals, signing
from listings import selectors as listings
from listings import services as library
from listings.types import EncumbranceKind
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

WORK = {
    "goal": "为储能柜开发液冷板", "deliverables": "样机一台，2027-06-30",
    "acceptance": "连续运行 72 小时温差不超过 3 度", "future_rights": "shared",
}  # fmt: skip
EQUITY = {
    "share": "15", "valuation": "3000000.00", "valuation_basis": "appraised",
    "valuation_reference": "沪评字〔2026〕12 号", "state_owned": "yes", "assessment_year": "2026",
}  # fmt: skip
SAID = {kind: {} for kind in DealKind} | {
    DealKind.EQUITY: EQUITY, DealKind.CO_DEVELOPMENT: WORK, DealKind.TECH_DEVELOPMENT: WORK,
    DealKind.TECH_SERVICE: WORK,
}  # fmt: skip
ASKED = [(k, item) for k, row in KINDS.items() for item in row.particulars if item.required]


def wanted(kind, *patents, **changes):
    known = rules.Terms(
        kind=kind, patents=patents or (1,), parts=parts_for(FeeMode.FIXED, amount=Decimal(80_000)),
        months=24 if kind in deal_kinds.LICENCES else None, particulars=SAID[kind],
        counter=(2,) if kind is DealKind.CROSS else (),
    )  # fmt: skip
    return replace(known, **changes)


# --- the table, without a database ---------------------------------------------------------------


def test_every_kind_has_its_row_and_its_article():
    assert set(KINDS) == set(DealKind)
    assert all(row.article and row.contract and row.bonds for row in KINDS.values())
    for kind, row in KINDS.items():
        assert bool(row.right) == (row.effect is Effect.LICENCE)
        assert (row.action is None) == (row.effect is Effect.WORK)
        assert row.reported in ("signed", "registered", "settled"), kind


@pytest.mark.parametrize("kind", list(DealKind))
def test_terms_that_say_all_are_in_order(kind):
    assert rules.terms_errors(rules.whole(wanted(kind))) == {}


@pytest.mark.parametrize(("kind", "item"), ASKED, ids=lambda x: getattr(x, "name", x))
def test_what_a_kind_must_say_is_asked_for_with_its_article(kind, item):
    said = {k: v for k, v in SAID[kind].items() if k != item.name}
    found = rules.terms_errors(wanted(kind, particulars=said))
    assert item.article in found[item.name][0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"share": "0"}, "share"),
        ({"share": "100.01"}, "share"),
        ({"share": "NaN"}, "share"),
        ({"valuation": "1.234"}, "valuation"),
        ({"valuation": "一万"}, "valuation"),
        ({"valuation_basis": "guess"}, "valuation_basis"),
        ({"assessment_year": ""}, "assessment_year"),
        ({"assessment_year": "26"}, "assessment_year"),
        ({"valuation_reference": "长" * 1001}, "valuation_reference"),
    ],
)
def test_shares_are_taken_at_a_stated_value(changes, field):
    found = rules.terms_errors(wanted(DealKind.EQUITY, particulars=EQUITY | changes))
    assert set(found) == {field}


def test_only_state_shares_name_the_year_they_are_assessed_in():
    said = EQUITY | {"state_owned": "no", "assessment_year": ""}
    assert rules.terms_errors(wanted(DealKind.EQUITY, particulars=said)) == {}


def test_shares_are_the_price():
    terms = rules.whole(wanted(DealKind.EQUITY))
    assert [(part.kind, part.share) for part in terms.parts] == [("equity", Decimal(15))]
    assert rules.price(terms) == Decimal(3_000_000)


def test_a_cross_licence_needs_a_patent_of_each_side():
    found = rules.terms_errors(wanted(DealKind.CROSS, counter=()))
    assert "第二十五条" in found["counter"][0]


def test_a_kind_drops_what_it_knows_nothing_of():
    terms = rules.whole(wanted(DealKind.ORDINARY, particulars=WORK, counter=(9,)))
    assert (terms.particulars, terms.counter) == ({}, ())
    work = rules.whole(wanted(DealKind.TECH_SERVICE, months=12, territory="31"))
    assert (work.months, work.territory) == (None, "CN")


HEAD = deal_kinds.Head(in_force=True, allowed=True, cells_within=True, days_within=True)


@pytest.mark.parametrize(
    ("changes", "code", "article"),
    [
        ({"in_force": False}, "head-not-in-force", "民法典第八百六十七条"),
        ({"still_held": False}, "head-not-in-force", "民法典第八百六十七条"),
        ({"allowed": False}, "sublicensing-not-agreed", "专利法第十二条、民法典第八百六十七条"),
        ({"cells_within": False}, "beyond-head-scope", "民法典第八百六十七条"),
        ({"days_within": False}, "beyond-head-term", "民法典第八百六十七条"),
    ],
)
def test_a_sublicence_stays_within_the_licence_above(changes, code, article):
    assert deal_kinds.head_problems(HEAD) == []
    found = deal_kinds.head_problems(replace(HEAD, **changes))
    assert [(c, a) for c, _text, a in found] == [(code, article)]


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [("31", "CN", True), ("31,32", "31,32,33", True), ("CN", "31", False), ("31,34", "31", False)],
)
def test_a_territory_lies_in_another(inner, outer, inside):
    assert deal_kinds.within(inner, outer) is inside


@pytest.mark.parametrize("kind", list(DealKind))
def test_work_needs_no_approval_and_rights_abroad_do(kind):
    needed = rules.needed_approvals(kind=kind, foreign=True, funded=True)
    assert bool(needed) == (KINDS[kind].effect is not Effect.WORK)
    strict = kind in (DealKind.TRANSFER, DealKind.EQUITY, DealKind.EXCLUSIVE)
    assert (rules.ApprovalKind.FUNDER in needed) is strict


# --- whole deals -----------------------------------------------------------------------------


def firms_patent(at):
    """A patent that the firm keeps itself."""
    own = make.MembershipFactory(role=Role.OFFICE, organisation=at.firm.organisation)
    return lic.patent(own)


def sealed(row, at):
    """From agreed terms to a signed contract."""
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
    return signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)


def talked(row, at, terms):
    """The taker's terms, accepted."""
    deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=at.holder, now=NOON)
    deals.propose_terms(deal_id=row.pk, terms=terms, by=at.taker, now=NOON)
    return deals.answer_terms(
        deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
    )


def agreed(at, kind, **changes):
    row = given.asked(at, kind=kind.value)
    if kind is DealKind.CROSS and "counter" not in changes:
        changes["counter"] = (firms_patent(at),)
    return talked(row, at, wanted(kind, row.patent_id, **changes))


def concluded(row, at):
    completing.register_deal(
        deal_id=row.pk, number="BA2026-1", registered_on=TODAY, by=at.taker, now=NOON
    )
    return completing.settle_deal(
        deal_id=row.pk, amount=Decimal(80_000), settled_on=TODAY, note="回单 1", by=at.holder,
        now=NOON,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("kind", deal_kinds.ASKED_OF_HOLDER)
def test_every_kind_runs_from_inquiry_to_settlement(kind):
    at = given.table()
    row = concluded(sealed(agreed(at, kind), at), at)
    assert row.status == "settled"
    patent_id, effect = row.patent_id, KINDS[kind].effect
    keeper = at.firm if effect is Effect.TRANSFER else at.office
    card = listings.card(patent_id, viewer=Actor.system())
    assert card.organisation_id == keeper.organisation_id
    bonds = [bond.kind for bond in listings.encumbrances(patent_id, at=NOON)]
    assert bonds == ([KINDS[kind].bond] if effect is Effect.LICENCE else [])
    found = Outcome.objects.filter(patent_id=patent_id)
    assert [o.code for o in found] == [KINDS[kind].code]
    assert Licence.objects.count() == {"transfer": 0, "work": 0}.get(
        effect, 2 if kind is DealKind.CROSS else 1
    )


@pytest.mark.django_db
def test_a_cross_licence_binds_both_sides_or_neither():
    at = given.table()
    row = sealed(agreed(at, DealKind.CROSS), at)
    there, back = Licence.objects.order_by("pk")
    assert (there.licensor_id, there.licensee_id) == (back.licensee_id, back.licensor_id)
    assert back.licensor_id == at.firm.organisation_id
    assert (there.dues.count(), back.dues.count()) == (1, 0)
    owners = dict(Outcome.objects.values_list("patent_id", "organisation_id"))
    assert owners == {there.patent_id: row.holder_id, back.patent_id: row.taker_id}
    other = agreed(at, DealKind.CROSS)
    theirs = other.items.get(side="taker").patent_id
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=other.pk, file=given.paper(), by=by, now=NOON)
    library.encumber(
        patent_id=theirs, kind=EncumbranceKind.EXCLUSIVE, starts_on=TODAY, ends_on=None,
        source="gazette", reference="EE1", by=at.taker, now=NOON,
    )  # fmt: skip
    with pytest.raises(Conflict):
        signing.confirm_seals(deal_id=other.pk, by=at.checker, now=NOON)
    assert Licence.objects.count() == 2


@pytest.mark.django_db
def test_a_cross_licence_takes_only_the_askers_own_patents():
    at = given.table()
    row = given.talking(at, kind="cross")
    strange = wanted(DealKind.CROSS, row.patent_id, counter=(lic.patent(make.office()),))
    with pytest.raises(Invalid) as refused:
        deals.propose_terms(deal_id=row.pk, terms=strange, by=at.taker, now=NOON)
    assert set(refused.value.fields) == {"counter"}


@pytest.mark.django_db
def test_a_kind_of_its_own_stays_what_it_is():
    at = given.table()
    row = given.talking(at, kind="tech_service")
    with pytest.raises(Invalid) as refused:
        deals.propose_terms(
            deal_id=row.pk, terms=wanted(DealKind.SOLE, row.patent_id), by=at.taker, now=NOON
        )
    assert set(refused.value.fields) == {"kind"}


@pytest.mark.django_db
def test_work_is_settled_only_with_its_acceptance():
    at = given.table(public=True)
    row = agreed(at, DealKind.TECH_DEVELOPMENT)
    assert (row.needs_posting, row.next_step) == (False, "sign")
    row = sealed(row, at)
    completing.register_deal(
        deal_id=row.pk, number="JS1", registered_on=TODAY, by=at.holder, now=NOON
    )
    with pytest.raises(Invalid) as refused:
        completing.settle_deal(
            deal_id=row.pk, amount=Decimal(0), settled_on=TODAY, note=" ", by=at.holder, now=NOON
        )
    assert "第八百四十五条" in refused.value.fields["note"][0]
    assert not Outcome.objects.exists()


@pytest.mark.django_db
def test_a_public_institute_posts_what_shares_are_taken_at():
    at = given.table(public=True)
    row = agreed(at, DealKind.EQUITY)
    assert row.needs_posting
    signing.post_price(deal_id=row.pk, summary="评估作价。", days=None, by=at.holder, now=NOON)
    posting = row.items.get().posting
    assert (posting.price, posting.route) == (Decimal(3_000_000), "equity")


# --- sub-licences ----------------------------------------------------------------------------


@pytest.fixture
def above(db):
    """An exclusive licence that allows sub-licences, two years, in Shanghai and Jiangsu."""
    at = given.table()
    row = given.signed(at, sublicensing=True, months=24, territory="31,32")
    head = Licence.objects.get()
    second = make.MembershipFactory(role=at.firm.role, organisation=at.firm.organisation)
    return row, head, given.Table(at.firm, second, make.enterprise())


def under(head, at, **changes):
    row = deals.inquire_under(licence_number=head.number, wish="配套", by=at.taker, now=NOON)
    return talked(row, at, wanted(DealKind.SUBLICENCE, row.patent_id, **changes))


def test_a_sublicence_lives_under_its_licence_and_ends_with_it(above):
    _row, head, at = above
    row = sealed(under(head, at, territory="31", months=None), at)
    sub = Licence.objects.get(under=head)
    assert (sub.kind, sub.status, sub.ends_on) == ("ordinary", "effective", head.ends_on)
    assert sub.encumbrance_id is None
    assert len(listings.encumbrances(head.patent_id, at=NOON)) == 1
    assert concluded(row, at).status == "settled"
    later = NOON + timedelta(days=800)
    clocks.end_expired_licences(now=later)
    sub.refresh_from_db()
    assert sub.status == "ended"


def test_a_sublicence_falls_with_a_licence_that_is_cancelled(above):
    _row, head, at = above
    sealed(under(head, at, territory="31", months=12), at)
    clocks._end_licence(head.pk, ended_on=TODAY, now=NOON)
    sub = Licence.objects.get(under=head)
    assert sub.status == "ended"
    assert head.number in sub.closed_reason


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"territory": "CN"}, "beyond-head-scope"),
        ({"territory": "31", "months": 25}, "beyond-head-term"),
    ],
)
def test_a_sublicence_beyond_its_licence_is_refused(above, changes, code):
    _row, head, at = above
    with pytest.raises(Conflict) as refused:
        under(head, at, **changes)
    assert code in {b.code for b in refused.value.blockers}


def test_without_permission_nobody_sublicenses(db):
    at = given.table()
    given.signed(at)
    head = Licence.objects.get()
    with pytest.raises(Invalid) as refused:
        deals.inquire_under(
            licence_number=head.number, wish="要", by=actor(make.enterprise()), now=NOON
        )
    assert "第八百六十七条" in refused.value.fields["licence_number"][0]
    with pytest.raises(Invalid):
        deals.inquire_under(licence_number="XK0", wish="要", by=at.taker, now=NOON)


def test_a_sublicence_is_not_asked_on_the_patents_page(db):
    at = given.table()
    with pytest.raises(Invalid):
        given.asked(at, kind="sublicence")
    assert not Deal.objects.exists()
