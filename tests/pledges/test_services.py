"""The commands of pledges: record, consent, release."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings import selectors as listings
from listings import services as library
from listings.models import Patent
from listings.rules import numbers
from listings.types import Action, EncumbranceKind, PatentKind
from pledges import selectors, services
from pledges.models import Pledge, PledgeeConsent
from tests.factories import core as make
from tests.factories import licensing as patents
from tests.factories import pledges as pled
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.factories.ratings import offered

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office()


@pytest.fixture
def bank():
    return make.bank()


def codes(refusal):
    return {blocker.code for blocker in refusal.value.blockers}


def events(name):
    return list(OutboxEvent.objects.filter(name=name).values_list("payload", flat=True))


def test_a_recorded_pledge_binds_its_patents_and_tells_the_pledgor(office, bank):
    ids = [patents.patent(office), patents.patent(office)]
    row = pled.pledge(office, bank, *ids)
    assert (row.status, row.pledgor_id, row.pledgee_id) == (
        "registered", office.organisation_id, bank.organisation_id,
    )  # fmt: skip
    for patent_id in ids:
        (bond,) = listings.encumbrances(patent_id, at=NOON)
        assert (bond.kind, bond.reference) == (EncumbranceKind.PLEDGE, f"pledge:{row.pk}")
        for action in (Action.DECLARE_OPEN, Action.LICENSE_ORDINARY, Action.TRANSFER):
            found = listings.can(patent_id, action, at=NOON)
            assert "pledged" in {b.code for b in found if b.hard}
    (payload,) = events("pledge.recorded")
    assert payload["patent_ids"] == sorted(ids)
    assert Notice.objects.get(key=f"pledge-recorded:{row.pk}").user_id == office.user_id


def refused(office, bank, *ids, **changes):
    ids = ids or (patents.patent(office),)
    with pytest.raises(Conflict) as refusal:
        services.record_pledge(data=pled.terms(*ids, **changes), by=actor(bank), now=NOON)
    assert not Pledge.objects.filter(released_at__isnull=True).exclude(items__isnull=False).exists()
    assert not events("pledge.recorded")
    return codes(refusal)


def test_every_reason_against_a_pledge_comes_at_once(office, bank):
    patent_id = patents.patent(office, annuity_paid_to=date(2025, 3, 1))
    library.encumber(
        patent_id=patent_id, kind=EncumbranceKind.PRESERVATION, starts_on=TODAY, ends_on=None,
        source="court", reference="保1", by=patents.system(), now=NOON,
    )  # fmt: skip
    found = refused(office, bank, patent_id, ends_on=date(2060, 1, 1))
    assert {"preserved", "term-beyond-life"} <= found
    assert found & {"annuity-late", "annuity-unpaid"}


def test_conditional_grounds_must_be_confirmed(office, bank):
    assert refused(office, bank, confirmed=()) == {"invalidation-pending"}
    model = patents.patent(
        office, kind=PatentKind.UTILITY_MODEL, number=numbers.mint(2020, "2", 990_100),
        filed_on=date(2020, 3, 1),
    )  # fmt: skip
    assert refused(office, bank, model) == {"same-day-invention"}
    row = pled.pledge(office, bank, model, confirmed=("invalidation-pending", "same-day-invention"))
    assert row.items.get().confirmed == ["invalidation-pending", "same-day-invention"]


def test_there_is_no_second_rank(office, bank):
    patent_id = patents.patent(office)
    pled.pledge(office, bank, patent_id)
    with pytest.raises(Conflict) as refusal:
        pled.pledge(office, make.bank(), patent_id)
    assert codes(refusal) == {"already-pledged"}
    assert Pledge.objects.count() == 1


def test_patents_of_different_owners_cannot_be_pledged_together(office, bank):
    other = patents.patent(make.office())
    assert refused(office, bank, patents.patent(office), other) == {"not-the-owner"}


def test_one_blocked_patent_stops_all_of_them(office, bank):
    good, bad = patents.patent(office), patents.patent(office, annuity_paid_to=date(2025, 3, 1))
    assert refused(office, bank, good, bad)
    assert listings.encumbrances(good, at=NOON) == []


def test_a_register_number_is_recorded_once_in_any_case(office, bank):
    pled.pledge(office, bank, register_number="Y2026000000099")
    with pytest.raises(Conflict) as refusal:
        pled.pledge(office, bank, register_number="y2026000000099")
    assert refusal.value.code == "number-taken"


def test_an_unusual_register_number_is_taken(office, bank):
    assert pled.pledge(office, bank, register_number="京质2026-7").register_number == "京质2026-7"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"debtor_name": " "}, "debtor_name"),
        ({"principal": Decimal(0)}, "principal"),
        ({"ends_on": date(2026, 10, 1)}, "ends_on"),
        ({"registered_on": TODAY + timedelta(days=1)}, "registered_on"),
    ],
)
def test_a_wrong_field_is_named(office, bank, changes, field):
    with pytest.raises(Invalid) as refusal:
        pled.pledge(office, bank, **changes)
    assert field in refusal.value.fields
    assert not Pledge.objects.exists()


@pytest.mark.parametrize("who", ["office", "enterprise", "bureau", "auditor", "guarantor"])
def test_only_banks_record(office, who):
    stranger = getattr(make, who)()
    with pytest.raises(NotAllowed):
        pled.pledge(office, stranger)
    assert not Pledge.objects.exists()


def consent(row, who, **changes):
    known = {
        "pledge_id": row.pk, "patent_id": row.items.get().patent_id,
        "action": Action.LICENSE_ORDINARY, "reference": "同意书1", "by": actor(who), "now": NOON,
    }  # fmt: skip
    return services.consent(**(known | changes))


def test_consent_opens_one_act_and_no_other(office, bank):
    row = pled.pledge(office, bank)
    patent_id = row.items.get().patent_id
    consent(row, bank)
    assert listings.can(patent_id, Action.LICENSE_ORDINARY, at=NOON) == []
    assert "pledged" in {b.code for b in listings.can(patent_id, Action.TRANSFER, at=NOON)}
    consent(row, bank, action=Action.DECLARE_OPEN, reference="同意书2")
    assert listings.can(patent_id, Action.LICENSE_ORDINARY, at=NOON) == []
    assert listings.can(patent_id, Action.DECLARE_OPEN, at=NOON) == []


def test_consent_is_given_once_by_the_pledgee_only(office, bank):
    row = pled.pledge(office, bank)
    for who, refusal in (
        (office, NotAllowed),
        (make.bank(), Missing),
        (make.enterprise(), Missing),
    ):
        with pytest.raises(refusal):
            consent(row, who)
    assert not PledgeeConsent.objects.exists()
    consent(row, bank)
    with pytest.raises(Conflict) as again:
        consent(row, bank)
    assert again.value.code == "already-consented"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"action": Action.PLEDGE}, "action"),
        ({"action": "nonsense"}, "action"),
        ({"reference": " "}, "reference"),
        ({"patent_id": 0}, "patent"),
    ],
)
def test_a_consent_is_checked(office, bank, changes, field):
    row = pled.pledge(office, bank)
    with pytest.raises(Invalid) as refusal:
        consent(row, bank, **changes)
    assert field in refusal.value.fields


def release(row, who, **changes):
    known = {"ending": "paid", "released_on": TODAY, "by": actor(who), "now": NOON}
    return services.release_pledge(pledge_id=row.pk, **(known | changes))


def test_release_frees_the_patent(office, bank):
    row = pled.pledge(office, bank)
    patent_id = row.items.get().patent_id
    done = release(row, bank)
    assert (done.status, done.ending, done.released_on) == ("released", "paid", TODAY)
    assert listings.can(patent_id, Action.LICENSE_ORDINARY, at=NOON) == []
    assert pled.pledge(office, bank, patent_id).status == "registered"
    assert len(events("pledge.released")) == 1
    assert offered("pledge") == [(row.pledgor_id, row.pledgee_id)]
    with pytest.raises(Conflict):
        release(row, bank)
    with pytest.raises(Conflict):
        consent(row, bank, patent_id=patent_id)


def test_only_the_pledgee_releases(office, bank):
    row = pled.pledge(office, bank)
    for who, refusal in (
        (office, NotAllowed),
        (make.bank(), Missing),
        (make.bureau("32"), Missing),
    ):
        with pytest.raises(refusal):
            release(row, who)
    with pytest.raises(NotAllowed):
        release(row, make.bureau("31"))
    row.refresh_from_db()
    assert row.status == "registered"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ending": "nonsense"}, "ending"),
        ({"released_on": TODAY + timedelta(days=1)}, "released_on"),
        ({"released_on": date(2026, 11, 9)}, "released_on"),
    ],
)
def test_a_release_is_checked(office, bank, changes, field):
    row = pled.pledge(office, bank)
    with pytest.raises(Invalid) as refusal:
        release(row, bank, **changes)
    assert field in refusal.value.fields
    row.refresh_from_db()
    assert row.status == "registered"


def test_a_lapsed_patent_alarms_both_parties_once(office, bank, drain):
    row = pled.pledge(office, bank)
    library.record_legal_event(
        patent_id=row.items.get().patent_id, code="CF01", occurred_on=TODAY, by=actor(office),
        now=NOON,
    )  # fmt: skip
    drain()
    told = Notice.objects.filter(key__startswith="pledge-lapse").values_list("user_id", flat=True)
    assert sorted(told) == sorted([office.user_id, bank.user_id])


def test_maturity_rings_at_30_7_and_1_days(office, bank):
    row = pled.pledge(office, bank)
    for left in (31, 30, 29, 7, 1, 0):
        services.remind_of_maturity(now=NOON.replace(year=2027, month=10, day=31) - timedelta(left))
    keys = set(
        Notice.objects.filter(key__startswith="pledge-maturity").values_list("key", flat=True)
    )
    assert keys == {f"pledge-maturity:{row.pk}:{n}" for n in (30, 7, 1)}
    assert Notice.objects.filter(key__startswith="pledge-maturity").count() == 6


# --- questions -------------------------------------------------------------------------------


def test_the_check_finds_a_patent_in_any_spelling(office):
    patent_id = patents.listed(office)
    printed = listings.card(patent_id, viewer=actor(office)).printed
    for spelling in (
        printed,
        printed.replace(" ", ""),
        printed.removeprefix("ZL "),
        f"CN{printed[3:]}",
    ):
        found = selectors.check(spelling, viewer=actor(make.enterprise()), at=NOON)
        assert (found.patent_id, found.can_be_pledged) == (patent_id, True)
        assert [b.code for b in found.blockers] == ["invalidation-pending"]


def test_the_check_hides_what_one_may_not_see_but_not_from_banks(office, bank):
    patent_id = patents.patent(office)
    number = listings.card(patent_id, viewer=actor(office)).number
    with pytest.raises(Missing):
        selectors.check(number, viewer=actor(make.enterprise()), at=NOON)
    assert selectors.check(number, viewer=actor(bank), at=NOON).patent_id == patent_id


def test_who_sees_a_pledge(office, bank):
    row = pled.pledge(office, bank)
    seen = [office, bank, make.bureau("31"), make.bureau("310115"), make.auditor()]
    unseen = [make.office(), make.bank(), make.enterprise(), make.bureau("32"), make.exchange()]
    assert [selectors.pledge(row.pk, viewer=actor(who)).pk for who in seen] == [row.pk] * 5
    for who in unseen:
        with pytest.raises(Missing):
            selectors.pledge(row.pk, viewer=actor(who))
        assert not selectors.pledges(viewer=actor(who)).exists()


def test_recorded_pledges_count_exactly_their_rows(office, bank):
    for day in (1, 10, 15):
        pled.pledge(office, bank, registered_on=date(2026, 11, day))
    pled.pledge(make.office(region="320500"), bank)
    found = selectors.recorded_pledges(
        region="31", since=date(2026, 11, 10), until=date(2026, 11, 15)
    )
    assert (found.count, len(found.rows), found.total) == (2, 2, Decimal(6_000_000))
    assert {row.patents for row in found.rows} == {1}
    assert selectors.recorded_pledges().count == 4
    second = selectors.recorded_pledges(after=1, limit=2)
    assert (second.count, len(second.rows)) == (4, 2)


@pytest.mark.parametrize("question", ["records", "list"])
def test_lists_cost_the_same_for_one_as_for_five(
    office, bank, question, django_assert_max_num_queries
):
    ask = {
        "records": lambda: list(selectors.recorded_pledges().rows),
        "list": lambda: [
            (p.pledgee.name, p.pledgor.name, [list(i.agreements.all()) for i in p.items.all()])
            for p in selectors.pledges(viewer=actor(bank))
        ],
    }[question]
    pled.pledge(office, bank)
    with django_assert_max_num_queries(6) as first:
        ask()
    cost = len(first)
    for _ in range(4):
        pled.pledge(office, bank)
    with django_assert_max_num_queries(cost):
        ask()


def test_a_pledge_lies_in_the_region_of_its_pledgor(bank):
    holder = make.office(region="320500")
    patent_id = patents.patent(holder)
    library.correct_patent(
        patent_id=patent_id, changes={"region": "310115"}, version=None, by=actor(holder), now=NOON
    )
    assert pled.pledge(holder, bank, patent_id).region == "320500"


def test_a_pledge_of_a_patent_that_is_not_there_is_refused_by_its_number(office, bank):
    with pytest.raises(Missing, match="987654321"):
        pled.pledge(office, bank, patents.patent(office), 987654321)
    assert Pledge.objects.count() == 0


def test_a_pledge_has_two_parties_and_a_known_pledgor(office, bank):
    alone = replace(actor(bank), organisation_id=None)
    patent_id = patents.patent(office)
    with pytest.raises(NotAllowed):
        services.record_pledge(data=pled.terms(patent_id), by=alone, now=NOON)
    with pytest.raises(Conflict) as refusal:
        pled.pledge(office, make.MembershipFactory(organisation=office.organisation, role="bank"))
    assert refusal.value.code == "own-patent"
    Patent.objects.filter(pk=patent_id).update(organisation=None)
    with pytest.raises(Conflict) as refusal:
        pled.pledge(office, bank, patent_id)
    assert refusal.value.code in {"holder-unknown", "blocked"}
    assert not Pledge.objects.exists()


def test_a_turn_that_was_overtaken_is_not_told(office, bank):
    row = pled.pledge(office, bank)
    known = {"patent_id": row.items.get().patent_id, "turn": "1", "now": NOON}
    before = Notice.objects.count()
    assert services.follow_register(event="patent.lapsed", **known) == 0
    assert Notice.objects.count() == before
    assert services.follow_register(event="patent.restored", **known) == 1


def test_a_list_of_pledges_by_state_and_by_due_day(office, bank):
    first = pled.pledge(office, bank, ends_on=date(2027, 1, 31))
    second = pled.pledge(office, bank, ends_on=date(2027, 2, 1))
    release(first, bank)

    def listed(**asked):
        return [row.pk for row in selectors.pledges(viewer=actor(bank), **asked)]

    assert listed() == [second.pk, first.pk]
    assert listed(status="released") == [first.pk]
    assert listed(ends_by=date(2027, 2, 1)) == [second.pk]
    assert listed(ends_by=date(2027, 1, 31)) == []
    assert selectors.pledge_regions(since=TODAY + timedelta(days=1)) == {}
    assert selectors.pledge_regions(region="31", until=TODAY) == {"310115": 2}


def told(key):
    return set(Notice.objects.filter(key__startswith=key).values_list("user_id", flat=True))


def test_a_pledge_ends_with_the_last_of_its_patents_that_the_register_frees(office, bank):
    row = pled.pledge(office, bank, patents.patent(office), patents.patent(office))
    both = {office.user_id, bank.user_id}
    for left, (item, status) in enumerate(
        zip(row.items.order_by("-pk"), ("registered", "released"), strict=True)
    ):
        library.release(
            encumbrance_id=item.encumbrance_id, ended_on=TODAY, reason="公报", by=Actor.system(),
            now=NOON,
        )  # fmt: skip
        services.end_by_register(row.pk, ended_on=TODAY, now=NOON)
        row.refresh_from_db()
        assert row.status == status
        assert told(f"pledge-cancelled:{row.pk}:{1 - left}") == both
    assert (row.ending, row.released_on, row.released_by) == ("other", TODAY, "system")
    assert told(f"pledge-released:{row.pk}") == {office.user_id}
    services.end_by_register(row.pk, ended_on=TODAY, now=NOON)
    services.end_by_register(0, ended_on=TODAY, now=NOON)
    assert len(events("pledge.released")) == 1


def test_both_hear_in_its_own_words_that_a_patent_is_back(office, bank):
    row = pled.pledge(office, bank)
    patent_id = row.items.get().patent_id
    known = {"patent_id": patent_id, "turn": "1", "now": NOON}
    assert services.follow_register(**known, event="patent.restored") == 1
    back = Notice.objects.filter(key__startswith=f"pledge-back:{row.pk}:{patent_id}")
    assert {n.user_id for n in back} == {office.user_id, bank.user_id}
    assert all("质权照旧" in n.body for n in back)
    assert services.follow_register(**known, event="patent.lapsed") == 0
    Patent.objects.filter(pk=patent_id).update(status="lapsed")
    assert services.follow_register(**known, event="patent.lapsed") == 1
    gone = Notice.objects.filter(key__startswith=f"pledge-lapse:{row.pk}:{patent_id}")
    assert all("协商补充担保" in n.body for n in gone)
