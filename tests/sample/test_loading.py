"""The sample loads through the services, once, and leaves pages something to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django.plugin import DjangoDbBlocker

from core.audit import services as audit
from core.audit.models import AuditEntry
from core.audit.selectors import first_break
from core.errors import Conflict
from core.people import selectors as people
from core.people.models import User
from core.people.types import Actor
from licensing import selectors as licensing
from licensing.models import Deal
from listings import selectors as patents
from listings import services as library
from listings.types import Action, PatentCard
from matching import selectors as matching
from matching.models import Match
from matching.types import Demand, DemandKind
from patentops.sample import removal
from patentops.sample.content import sample, volumes
from patentops.sample.crew import PASSWORD, Crew
from patentops.sample.loading import enrolled, load, load_rest, load_volume
from tests.conftest import NOON
from tests.factories import core as make
from tests.sample.counting import counts

pytestmark = pytest.mark.django_db
STAYS = {"core_auditentry", "core_outboxevent", "core_outboxdelivery", "core_auditperson"}


@pytest.fixture(scope="module", autouse=True)
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One load for all of these tests, taken back at their end."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert load(now=NOON) > 0
        yield
        transaction.set_rollback(True)


def test_loading_twice_changes_nothing(now: datetime) -> None:
    before = counts()
    assert load(now=now + timedelta(days=3)) == 0
    assert counts() == before


def test_a_sample_of_an_older_release_is_found_though_it_began_later(now: datetime) -> None:
    before = counts()
    earlier = Crew(began=now - timedelta(days=3_000))
    earlier.enrol(sample())
    assert (earlier.created, counts()) == (0, before)


def test_all_papers_arrive() -> None:
    found = counts()
    assert found["core_organisation"] == 40
    assert found["listings_patent"] == 60
    assert found["listings_listing"] == 60
    assert found["matching_need"] == 22
    assert found["matching_shortlist"] == 2
    assert found["matching_subscription"] == 10
    assert found["licensing_opendeclaration"] == 12
    assert found["licensing_licence"] == 10
    assert found["licensing_dispute"] == 3
    kinds = dict(Deal.objects.values_list("kind", "status"))
    assert (kinds["cross"], kinds["sublicence"]) == ("agreed", "agreed")
    assert found["pledges_pledge"] == 3
    assert found["listings_favourite"] == 12
    assert found["interchange_partner"] == 1
    assert patents.stock_counts("").listed == sum(p.listed for p in sample().patents)


def test_a_volume_reaches_back_two_years_and_loads_once(now: datetime) -> None:
    """The others differ in their papers only; all of them load in tests/browser."""
    book = min((b for b in volumes() if b.patents), key=lambda book: len(book.patents))
    before = counts()
    assert load_volume(book, enrolled(now=now), now=now) >= len(book.patents)
    after = counts()
    assert after["core_organisation"] == 60
    assert after["listings_patent"] - before["listings_patent"] == len(book.patents)
    oldest = AuditEntry.objects.filter(event="patent.registered").earliest("at")
    assert (now - oldest.at).days > 500
    assert load_volume(book, enrolled(now=now), now=now) == 0
    assert counts() == after


def test_what_stands_on_all_of_it_comes_last_and_once(now: datetime) -> None:
    before = counts()
    crew = enrolled(now=now)
    assert load_rest(crew, now=now) > 20
    after = counts()
    came = {name: after[name] - before[name] for name in after}
    assert came["core_joinapplication"] == 3
    assert came["listings_promotionlist"] == 2  # the third is of a patent in a volume
    assert came["listings_patentclaim"] == 2
    assert came["licensing_casefile"] == 2
    assert came["licensing_equitysheet"] == 2
    assert came["licensing_certificate"] == 2
    assert came["licensing_conductnote"] == 2
    assert came["listings_importbatch"] == 2
    assert came["pledges_pledge"] == 1
    assert load_rest(crew, now=now) == 0
    assert counts() == after
    assert removal.remove(now=now) > 1_000
    left = counts()
    assert [name for name in came if came[name] and left[name] and name not in STAYS] == []


ALIVE = {
    "office@example.cn": (
        "listings:imports",
        "listings:lists",
        "listings:claims",
        "listings:favourites",
        "listings:searches",
        "licensing:case-files",
        "licensing:equity",
        "licensing:certificates",
        "licensing:conduct",
        "core:joining-queue",
    ),
    "sme@example.cn": (
        "licensing:licences",
        "licensing:dues",
        "licensing:certificates",
        "licensing:conduct",
        "licensing:registrations",
        "listings:favourites",
        "listings:searches",
    ),
    "sme2@example.cn": ("licensing:licences", "listings:searches"),
    "bureau@example.cn": (
        "core:joining-queue",
        "licensing:case-files",
        "licensing:equity",
        "licensing:certificates",
        "licensing:conduct",
    ),
    "bank@example.cn": ("listings:favourites", "listings:searches", "pledges:records"),
    "exchange@example.cn": ("licensing:certificates",),
    "auditor@example.cn": ("licensing:case-files", "listings:imports"),
    "admin@example.cn": ("core:joining-queue",),
}


def test_no_desk_is_empty(now: datetime, client: Client) -> None:
    """What each of the sample's people finds at once; volumes add to it."""
    load_rest(enrolled(now=now), now=now)
    empty = []
    for email, names in ALIVE.items():
        client.force_login(get_user_model().objects.get(email=email))
        for name in names:
            answer = client.get(reverse(name))
            if answer.status_code != 200 or 'class="empty' in answer.content.decode():
                empty.append((email, name, answer.status_code))
    assert empty == []


def _card(key: str) -> PatentCard:
    paper = next(p for p in sample().patents if p.key == key)
    card = patents.find(paper.number, viewer=Actor.system())
    assert card is not None
    return card


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("battery-preheat", "granted"),
        ("silk-screw", "granted"),
        ("buoy-wave", "lapsed"),
        ("bite-block", "expired"),
        ("folding-wheelchair", "invalid"),
        ("edge-sched", "pending"),
    ],
)
def test_legal_states_are_folded_from_the_events(key: str, status: str) -> None:
    assert _card(key).status == status


@pytest.mark.parametrize(
    ("key", "action", "code"),
    [
        ("loess-micropile", Action.PUBLISH, "preserved"),
        ("lens-foreign", Action.PUBLISH, "co-owner-consent"),
        ("antimicrobial-film", Action.DECLARE_OPEN, "co-owner-consent"),
        ("reversible-cell", Action.PUBLISH, "exclusive-licence"),
        ("self-lub-cage", Action.DECLARE_OPEN, "pledged"),
        ("job-shop-sched", Action.TRANSFER, "pledged"),
        ("drip-rate", Action.DECLARE_OPEN, "evaluation-missing"),
        ("folding-arm", Action.DECLARE_OPEN, "evaluation-against"),
        ("hull-crawler", Action.DECLARE_OPEN, "annuity-late"),
        ("edge-sched", Action.LICENSE_ORDINARY, "not-granted"),
        ("fluoride-removal", Action.LICENSE_EXCLUSIVE, "open-declared"),
        ("lfp-recycle", Action.TRANSFER, "funder-approval"),
    ],
)
def test_the_guards_have_something_to_say(
    key: str, action: Action, code: str, now: datetime
) -> None:
    assert code in {b.code for b in patents.can(_card(key).id, action, at=now)}


def test_a_gazette_pledge_confirms_the_bank_s_and_does_not_double_it(now: datetime) -> None:
    bonds = patents.encumbrances(_card("self-lub-cage").id, at=now)
    assert [b.kind for b in bonds] == ["pledge"]
    assert bonds[0].confirmed_on is not None


def test_licences_stand_in_different_states() -> None:
    rows = licensing.licences(viewer=Actor.system())
    assert {"noticed", "effective", "filed"} <= set(rows.values_list("status", flat=True))
    outcomes = licensing.outcomes(viewer=Actor.system())
    assert {"reported", "verified", "rejected"} <= set(outcomes.values_list("status", flat=True))


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("office@example.cn", "office"),
        ("sme@example.cn", "enterprise"),
        ("sme2@example.cn", "enterprise"),
        ("bureau@example.cn", "bureau"),
        ("bank@example.cn", "bank"),
        ("exchange@example.cn", "exchange"),
        ("auditor@example.cn", "auditor"),
        ("admin@example.cn", "sysadmin"),
    ],
)
def test_sample_people_log_in_and_hold_their_role(email: str, role: str, now: datetime) -> None:
    request = RequestFactory().post("/accounts/login/")
    person = authenticate(request, email=email, password=PASSWORD)
    assert isinstance(person, User)
    assert role in people.actor_for(person, on=now.date()).roles


def test_one_person_belongs_to_two_organisations() -> None:
    person = get_user_model().objects.get(email="office@example.cn")
    assert len({identity.organisation_id for identity in people.identities(person)}) == 2


def test_the_bureau_governs_shanghai(now: datetime) -> None:
    person = get_user_model().objects.get(email="bureau@example.cn")
    assert people.actor_for(person, on=now.date()).region == "31"


FITS = {
    "winter-charge": "battery-preheat",
    "pack-insulation": "aerogel-felt",
    "gait-timing": "gait-phase",
    "infusion-alert": "drip-rate",
    "fluoride-park": "fluoride-removal",
    "salt-free-dye": "low-salt-dyeing",
    "fertiliser-flow": "side-deep-fertiliser",
    "root-rot": "chuanxiong-endophyte",
    "low-n-powder": "sic-powder",
    "gap-pad": "bn-epoxy",
    "spindle-health": "bearing-spall",
    "fish-glaze": "edible-seaweed-film",
    "inline-profile": "white-light-probe",
    "bridge-recoat": "graphene-coating",
    "turbine-ice": "blade-deicing",
}
UNMET = ("sf6-free", "stenter-fume", "drawing-reading", "frost-pile")


def test_the_outbox_drains_and_every_need_finds_its_patent_or_none(
    drain: Callable[[], object],
) -> None:
    drain()
    found = counts()
    assert found["matching_push"] > 0
    assert found["core_notice"] > 0
    titles = {paper.key: paper.title for paper in sample().needs}
    ids = dict(matching.needs(viewer=Actor.system()).values_list("title", "pk"))
    fitting = {need: _best(ids[titles[need]]) for need in FITS}
    for need, best in fitting.items():
        assert best is not None, need
        assert best.patent_id == _card(FITS[need]).id, need
    others = [best for need in UNMET if (best := _best(ids[titles[need]])) is not None]
    assert min(m.ticks for m in fitting.values() if m) > max((m.ticks for m in others), default=0)


def _best(need_id: int) -> Match | None:
    """The first of a need's list."""
    demand = Demand(DemandKind.NEED, need_id)
    return matching.of_demand(demand, viewer=Actor.system()).first()


MARKED = ("core_organisation", "listings_patent", "matching_need", "licensing_licence")


def test_removing_takes_all_of_it_and_keeps_the_trail(now: datetime, client: Client) -> None:
    card = _card("battery-preheat")
    assert client.get("/patents/", {"q": card.number}).status_code == 302  # straight to its page
    audit.seal(limit=100_000)
    trail = counts()["core_auditentry"]
    assert removal.remove(now=now) > 1_000
    left = counts()
    assert all(left[name] == 0 for name in MARKED)
    assert left["core_user"] == left["core_membership"] == left["licensing_feeplan"] == 0
    assert left["core_auditentry"] == trail + 1
    audit.seal(limit=100_000)
    assert first_break() is None
    assert client.get("/patents/", {"q": card.number}).status_code == 200  # nothing found
    assert removal.remove(now=now) == 0


def test_what_others_made_on_it_is_named_and_nothing_goes(now: datetime) -> None:
    stranger = make.MembershipFactory(role="enterprise")
    by = people.actor_for(stranger.user, on=now.date())
    library.favourite(patent_id=_card("battery-preheat").id, by=by, now=now)
    before = counts()
    with pytest.raises(Conflict, match="收藏 1 条"):
        removal.remove(now=now)
    assert counts() == before


def test_a_stranger_who_works_for_the_sample_keeps_it(now: datetime) -> None:
    office = people.organisation_by_uscc(sample().organisations[0].uscc)
    assert office is not None
    stranger = make.MembershipFactory(role="enterprise")
    inside = type(stranger.organisation).objects.get(pk=office.id)
    make.MembershipFactory(user=stranger.user, organisation=inside)
    with pytest.raises(Conflict, match="任职 1 条"):
        removal.remove(now=now)


def test_what_was_typed_in_with_a_sample_account_goes_only_if_asked(now: datetime) -> None:
    row = matching.needs(viewer=Actor.system()).first()
    assert row is not None
    type(row).objects.filter(pk=row.pk).update(is_sample=False)
    with pytest.raises(Conflict, match="需求 1 条"):
        removal.remove(now=now)
    assert removal.remove(now=now, entered_too=True) > 1_000
    assert counts()["matching_need"] == 0
