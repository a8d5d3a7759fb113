"""Licensing's questions: who sees what, and numbers with exactly their rows."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from core.errors import Missing
from licensing import selectors, services
from licensing.models import Licence, Outcome
from licensing.rules.fees import FeeMode
from listings import services as listings
from listings.services import upkeep
from pledges import services as pledges
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories import pledges as pledging
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


def test_who_sees_a_licence():
    office, firm = make.office(), make.enterprise()
    row = lic.licence(office, firm)
    for who in (office, firm, make.bureau("31"), make.bureau(""), make.auditor()):
        assert selectors.licence(row.pk, viewer=actor(who)).pk == row.pk
    for who in (make.office(), make.enterprise(), make.bureau("32"), make.bank()):
        with pytest.raises(Missing):
            selectors.licence(row.pk, viewer=actor(who))
        assert not selectors.licences(viewer=actor(who)).exists()


def test_every_condition_has_its_tick_or_its_reason():
    office = make.office()
    patent_id = lic.patent(office, annuity_paid_to=date(2025, 3, 1))
    checks = selectors.guards_for(patent_id, terms=lic.terms(), at=NOON, by=actor(office))
    assert [c.ok for c in checks].count(False) == 1
    assert len(checks) == 12
    bare = selectors.guards_for(patent_id, terms=None, at=NOON, by=actor(office))
    assert len(bare) == 8
    dear = lic.terms(parts=(lic.parts_for(FeeMode.FIXED, amount=Decimal(30_000_000))))
    stopping = [
        c for c in selectors.guards_for(patent_id, terms=dear, at=NOON, by=actor(office)) if c.stops
    ]
    assert len(stopping) == 2


def test_an_open_licence_is_told_to_other_rooms():
    office = make.office()
    row = lic.declaration(office, mode=FeeMode.RUNNING)
    card = selectors.open_declaration_for(row.patent_id, viewer=actor(make.enterprise()))
    assert (card.price, card.can_be_taken) == ("净销售额提成 3%", True)
    drafted = lic.draft(office)
    assert selectors.open_declaration_for(drafted.patent_id, viewer=actor(office)) is None


def test_licences_of_patents_are_counted():
    office = make.office()
    row = lic.licence(office, make.enterprise())
    other = lic.patent(office)
    found = selectors.licences_of([row.patent_id, other])
    assert (found[row.patent_id].in_force, found[row.patent_id].on_offer) == (1, True)
    assert (found[other].in_force, found[other].on_offer) == (0, False)


def test_effective_licences_count_exactly_their_rows():
    shanghai, suzhou, firm = make.office(), make.office(region="320500"), make.enterprise()
    rows = [lic.licence(shanghai, firm) for _ in range(3)]
    lic.licence(suzhou, firm)
    lic.licence(shanghai, firm, mode=FeeMode.FIXED)  # noticed only: not in force
    services.contest_licence(licence_id=rows[0].pk, reason="x", by=actor(shanghai), now=NOON)
    services.resolve_contest(
        licence_id=rows[0].pk, uphold=True, resolution="x", by=actor(make.bureau("31")), now=NOON
    )
    found = selectors.effective_licences(region="31", since=TODAY, until=TODAY)
    assert found.count == len(found.rows) == 2
    assert {row.id for row in found.rows} == {rows[1].pk, rows[2].pk}
    assert selectors.effective_licences().count == 3
    assert selectors.effective_licences(until=TODAY - timedelta(days=1)).count == 0
    assert len(selectors.effective_licences(after=1, limit=1).rows) == 1


@pytest.mark.parametrize(("hour", "day"), [(0, 20), (23, 20)])
def test_days_begin_and_end_in_china(hour, day):
    moment = datetime(2026, 11, day, hour, 30, tzinfo=NOON.tzinfo)
    row = lic.licence(make.office(), make.enterprise())
    Licence.objects.filter(pk=row.pk).update(effective_at=moment, served_at=moment)
    assert selectors.effective_licences(since=TODAY, until=TODAY).count == 1
    assert selectors.effective_licences(since=TODAY + timedelta(days=1)).count == 0


def test_only_verified_outcomes_count():
    office, firm = make.office(), make.enterprise()
    lic.licence(office, firm)
    lic.licence(office, firm)
    first = Outcome.objects.order_by("pk").first()
    services.verify_outcome(outcome_id=first.pk, by=actor(make.bureau("31")), now=NOON)
    found = selectors.verified_outcomes(region="3101", since=TODAY, until=TODAY)
    assert (found.count, [row.id for row in found.rows]) == (1, [first.pk])
    assert found.rows[0].label == "已达成开放许可"
    assert selectors.verified_outcomes(code="transferred").count == 0


@pytest.mark.parametrize("question", ["effective_licences", "verified_outcomes"])
def test_numbers_cost_the_same_for_one_as_for_five(question, django_assert_max_num_queries):
    office, bureau = make.office(), actor(make.bureau("31"))

    def another():
        lic.licence(office, make.enterprise())
        outcome = Outcome.objects.order_by("-pk").first()
        services.verify_outcome(outcome_id=outcome.pk, by=bureau, now=NOON)

    another()
    ask = getattr(selectors, question)
    with django_assert_max_num_queries(4) as spent:
        ask()
    for _ in range(4):
        another()
    with django_assert_max_num_queries(len(spent)):
        assert ask().count == 5


def test_the_shelf_shows_what_may_be_taken_today():
    """A pledge, an arrest or an annuity in arrear came in between: not on offer meanwhile."""
    office, bank = make.office(), make.bank()
    rows = [lic.declaration(office) for _ in range(4)]
    pledge = pledging.pledge(office, bank, rows[0].patent_id)
    listings.record_legal_event(
        patent_id=rows[1].patent_id, code="PP01", occurred_on=TODAY, reference="保全1号",
        by=lic.system(), now=NOON,
    )  # fmt: skip
    late = datetime(2027, 3, 2, 12, tzinfo=NOON.tzinfo)
    upkeep.record_payment(patent_id=rows[2].patent_id, paid_on=TODAY, by=actor(office), now=NOON)
    on_shelf = [[d.pk for d in selectors.shelf(at=at)] for at in (NOON, late)]
    assert on_shelf == [[rows[3].pk, rows[2].pk], [rows[2].pk]]
    assert sum(selectors.mode_counts(at=NOON).values()) == 2
    pledges.consent(
        pledge_id=pledge.pk, patent_id=rows[0].patent_id, action="license_ordinary",
        reference="同意书1号", by=actor(bank), now=NOON,
    )  # fmt: skip
    assert rows[0].pk in [d.pk for d in selectors.shelf(at=NOON)]
