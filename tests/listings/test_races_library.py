"""Rivals in the library's own work: stock-taking, files, answers, shelves, searches, layers."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from core.audit.models import AuditEntry
from core.people.models import Membership
from core.people.types import Actor, Role
from listings import services
from listings.models import (
    AnnuityPayment,
    Collection,
    Contradiction,
    CoOwnerConsent,
    Disclosure,
    DriveTask,
    Favourite,
    Holder,
    ImportBatch,
    InventoryItem,
    LayerRule,
    LegalEvent,
    Listing,
    Patent,
    PatentClaim,
    SavedSearch,
    SearchHit,
    SheetReview,
    WaitingEvent,
)
from listings.rules import numbers
from listings.rules.alerts import Frequency
from listings.rules.disclosures import Decision
from listings.selectors.searching.search import BoardQuery
from listings.services import drive_tasks, drives, gazette, importing
from listings.services.gazette import recording
from listings.services.layers import layering, scoring
from listings.services.ownership import consents
from listings.services.patents import claims
from listings.services.register import contradictions, refolding
from listings.services.searching import alerts, searches
from listings.services.shelves import collections
from listings.services.upkeep import payments
from listings.types import Consent, PatentStatus
from tests.factories import core, disclosures, events
from tests.factories import listings as make
from tests.factories.listings import NOON
from tests.listings.test_layering import rule
from tests.listings.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = NOON.date()
TWO = {"done": 1, "Conflict": 1}


def pause(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def later(seconds: float, act: Callable[[], object]) -> Callable[[], object]:
    """The act, a moment after the others have begun."""

    def run() -> object:
        pause(seconds)
        return act()

    return run


def colleague(member: Membership) -> Membership:
    return core.MembershipFactory(role=Role(member.role), organisation=member.organisation)


# --- drives ------------------------------------------------------------------------------------


def drive(bureau: Membership, *offices: Membership) -> int:
    data = drives.DriveInput("盘点", "全部有结论", "导入", TODAY, TODAY + timedelta(days=30))
    ids = [office.organisation_id for office in offices]
    return drives.open_drive(data=data, organisations=ids, by=core.actor(bureau), now=NOON)


def test_an_institution_enrolled_twice_at_once_is_asked_once() -> None:
    bureau, first, second = core.bureau("31"), core.office(), core.office()
    pk, counts = drive(bureau, first), list[int]()

    def enrol() -> None:
        counts.append(
            drives.invite(
                drive_id=pk,
                organisations=[second.organisation_id],
                by=core.actor(bureau),
                now=NOON,
            )
        )

    assert at_once(*[enrol] * 4) == ["done"] * 4
    assert sorted(counts) == [0, 0, 0, 1]
    assert DriveTask.objects.filter(organisation=second.organisation).count() == 1


def test_nothing_is_declared_in_a_drive_while_it_closes() -> None:
    """Whoever declares during the closing is told; what the result says stays true."""
    bureau, office = core.bureau("31"), core.office()
    pk = drive(bureau, office)
    task = DriveTask.objects.get()

    def close() -> None:
        with transaction.atomic():
            drives.close_drive(drive_id=pk, by=core.actor(bureau), now=NOON)
            pause(0.3)

    def declare() -> None:
        drive_tasks.declare(task_id=task.pk, declared=7, by=core.actor(office), now=NOON)

    assert at_once(close, later(0.15, declare)) == ["done", "Conflict"]
    task.refresh_from_db()
    task.drive.refresh_from_db()
    said = task.drive.snapshot["lines"][0]
    assert (said["state"], said["declared"]) == (task.state, task.declared) == ("invited", None)


def test_reminding_does_not_deadlock_with_an_answer() -> None:
    bureau, offices = core.bureau("31"), [core.office() for _ in range(3)]
    pk = drive(bureau, *offices)
    tasks = list(DriveTask.objects.select_related("drive"))
    by = {o.organisation_id: core.actor(o) for o in offices}

    def declare(task: DriveTask) -> Callable[[], object]:
        return lambda: drive_tasks.declare(
            task_id=task.pk, declared=1, by=by[task.organisation_id], now=NOON
        )

    boss = core.actor(bureau)
    found = at_once(
        *[declare(task) for task in tasks], lambda: drives.remind(drive_id=pk, by=boss, now=NOON)
    )
    assert found == ["done"] * 4


# --- files of stock and of events ----------------------------------------------------------------

HEADER = ("申请号", "名称", "专利权人", "申请日", "授权日", "年费缴至")


def batch_of(keeper: Membership, tmp_path: Path, titles: dict[int, str]) -> ImportBatch:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [HEADER]
            + [
                (numbers.mint(2019, "1", serial), title, "示例大学",
                 "2019-03-01", "2021-06-01", "2027-03-01")
                for serial, title in titles.items()
            ]
        )  # fmt: skip
    pk = importing.take_in(path=path, filename="清单.csv", by=core.actor(keeper), now=NOON)
    return ImportBatch.objects.get(pk=pk)


def run(batch: ImportBatch, by: Actor) -> Callable[[], object]:
    return lambda: importing.start(batch_id=batch.pk, by=by, now=NOON)


def back(batch: ImportBatch, by: Actor) -> Callable[[], object]:
    return lambda: importing.undo(batch_id=batch.pk, by=by, now=NOON)


def test_of_two_undos_one_runs(tmp_path: Path) -> None:
    keeper = core.office()
    batch, by = batch_of(keeper, tmp_path, {n: f"装置{n}" for n in range(1, 6)}), core.actor(keeper)
    run(batch, by)()
    assert Counter(at_once(back(batch, by), back(batch, by), back(batch, by))) == {
        "done": 1, "Conflict": 2,
    }  # fmt: skip
    assert not Patent.objects.kept().exists()
    assert AuditEntry.objects.filter(event="import.undone").count() == 1


@pytest.mark.parametrize("head_start", [0.0, 0.02])
def test_an_undo_beside_another_import_of_the_same_rows(head_start: float, tmp_path: Path) -> None:
    """Whichever is first: every number is there once, as the later file says; no file failed."""
    keeper = core.office()
    by, serials = core.actor(keeper), range(1, 9)
    first = batch_of(keeper, tmp_path, {n: f"装置{n}" for n in serials})
    run(first, by)()
    second = batch_of(keeper, tmp_path, {n: f"改名装置{n}" for n in reversed(serials)})
    found = at_once(later(head_start, back(first, by)), run(second, by))
    first.refresh_from_db()
    second.refresh_from_db()
    assert found == ["done", "done"]
    assert (first.state, second.state) == ("undone", "done")
    titles = Patent.objects.kept().values_list("title", flat=True)
    assert sorted(titles) == sorted(f"改名装置{n}" for n in serials)


def test_one_event_by_two_files_and_by_hand_at_once_is_recorded_once() -> None:
    keeper, bureau = core.office(region="310115"), core.bureau("31")
    rows = [make.listed_patent(keeper) for _ in range(4)]
    lines = [f"{row.number},CF01,2026-05-01" for row in rows]
    ours = events.taken_in(keeper, *lines, name="a.csv")
    theirs = events.taken_in(bureau, *reversed(lines), name="b.csv")

    def by_hand(row: Patent) -> Callable[[], object]:
        return lambda: services.record_legal_event(
            patent_id=row.pk,
            code="CF01",
            occurred_on=date(2026, 5, 1),
            by=core.actor(keeper),
            now=NOON,
        )

    found = at_once(
        lambda: gazette.start(file_id=ours.pk, by=core.actor(keeper), now=NOON),
        lambda: gazette.start(file_id=theirs.pk, by=core.actor(bureau), now=NOON),
        *[by_hand(row) for row in rows],
    )
    assert found == ["done"] * 6
    assert LegalEvent.objects.count() == 4
    assert AuditEntry.objects.filter(event="listing.suspended").count() == 4
    for file in (ours, theirs):
        file.refresh_from_db()
        assert file.state == "done"
        assert sum(file.counts.values()) == 4


def test_an_event_is_not_left_waiting_for_a_patent_that_arrives_meanwhile(
    monkeypatch: pytest.MonkeyPatch, drain: Callable[[], int]
) -> None:
    """The file finds no patent; before what it lets wait is there to be seen, the patent comes,
    looks for what waits for it, and finds nothing. Neither may be the last to look."""
    keeper, number = core.office(region="310115"), make.fresh_number()
    file = events.taken_in(keeper, f"{number},CF01,2026-05-01")
    let_wait = recording._let_wait

    def slowly(*args: Any, **more: Any) -> None:
        let_wait(*args, **more)
        pause(0.5)

    monkeypatch.setattr(recording, "_let_wait", slowly)

    def arrive() -> None:
        make.patent(keeper, number=number)
        drain()

    by = core.actor(keeper)
    found = at_once(lambda: gazette.start(file_id=file.pk, by=by, now=NOON), later(0.15, arrive))
    assert found == ["done", "done"]
    assert Patent.objects.get().status == PatentStatus.LAPSED
    assert WaitingEvent.objects.get().applied_at is not None


def test_two_answers_to_one_contradiction() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    pair = [core.actor(keeper), core.actor(colleague(keeper))]
    services.record_legal_event(  # a compensation that does not say of how many days
        patent_id=row.pk, code="TC01", occurred_on=date(2026, 5, 1), by=pair[0], now=NOON
    )
    doubt = Contradiction.objects.get()

    def settle(by: Actor) -> Callable[[], object]:
        return lambda: contradictions.settle_contradiction(
            contradiction_id=doubt.pk, reason=f"已核对原件{by.user_id}", by=by, now=NOON
        )

    found = at_once(*[settle(by) for by in pair])
    assert Counter(found) == TWO
    doubt.refresh_from_db()
    assert doubt.reason == f"已核对原件{pair[found.index('done')].user_id}"


# --- answers -------------------------------------------------------------------------------------


def test_two_decisions_on_one_disclosure() -> None:
    office = core.office()
    row = disclosures.disclosure(disclosures.inventor_of(office), office, stands="evaluated")
    wanted = [Decision.FILE, Decision.SECRET]

    def decide(decision: Decision, by: Membership) -> Callable[[], object]:
        actor = core.actor(by)
        return lambda: services.decide_disclosure(
            disclosure_id=row.pk, decision=decision, reason="商定", by=actor, now=NOON
        )

    found = at_once(decide(wanted[0], office), decide(wanted[1], colleague(office)))
    assert Counter(found) == TWO
    assert Disclosure.objects.get().decision == wanted[found.index("done")]


def test_a_co_owners_two_answers() -> None:
    keeper, partner = core.office(), core.enterprise()
    row = make.patent(
        keeper,
        holders=(
            make.holder("学校", organisation_id=keeper.organisation_id),
            make.holder("共有人", organisation_id=partner.organisation_id),
        ),
    )
    theirs = Holder.objects.get(organisation=partner.organisation)
    pk = consents.ask_consent(
        patent_id=row.pk, holder_id=theirs.pk, scope=Consent.OPEN, by=core.actor(keeper), now=NOON
    )

    def answer(agreed: bool, by: Membership) -> Callable[[], object]:
        actor, scope = core.actor(by), Consent.OPEN if agreed else Consent.NONE
        return lambda: consents.answer_consent(
            consent_id=pk, agreed=agreed, scope=scope, answer="说明", by=actor, now=NOON
        )

    found = at_once(answer(True, partner), answer(False, colleague(partner)))
    assert Counter(found) == TWO
    theirs.refresh_from_db()
    agreed = found[0] == "done"
    assert (CoOwnerConsent.objects.get().status == "agreed") == agreed
    assert theirs.consent == (Consent.OPEN if agreed else Consent.NONE)


def test_a_sheet_approved_and_sent_back_at_once() -> None:
    writer = core.office()
    judges = [colleague(writer), colleague(writer)]
    services.set_sheet_policy(review_required=True, by=core.actor(writer), now=NOON)
    listing = make.draft(make.patent(writer))
    services.submit_sheet(listing_id=listing.pk, by=core.actor(writer), now=NOON)
    more: list[dict[str, Any]] = [{"by": core.actor(judge), "now": NOON} for judge in judges]
    found = at_once(
        lambda: services.approve_sheet(listing_id=listing.pk, version=1, publish=True, **more[0]),
        lambda: services.send_back_sheet(
            listing_id=listing.pk, version=1, remarks="写清", **more[1]
        ),
    )
    assert Counter(found) == TWO
    listing.refresh_from_db()
    verdict = SheetReview.objects.get().verdict
    assert (listing.status == "listed") == (found[0] == "done") == (verdict == "approved")


def test_one_office_claims_a_patent_twice_at_once() -> None:
    row, claimant = make.patent(), core.office()

    def claim(by: Membership) -> Callable[[], object]:
        actor = core.actor(by)
        return lambda: claims.open_claim(
            number=row.number or "", grounds="合同约定归我校", by=actor, now=NOON
        )

    assert Counter(at_once(claim(claimant), claim(colleague(claimant)))) == TWO
    assert PatentClaim.objects.count() == 1


def test_one_years_annuity_recorded_twice_at_once() -> None:
    keeper = core.office()
    row, by = make.patent(keeper, annuity_paid_to=date(2026, 3, 1)), core.actor(keeper)
    Patent.objects.filter(pk=row.pk).update(annuity_paid_to=date(2027, 3, 1))

    def pay() -> None:
        payments.record_payment(
            patent_id=row.pk, paid_on=TODAY, year=9, amount=Decimal(1200), by=by, now=NOON
        )

    found = at_once(pay, pay)
    assert found.count("done") == 1
    assert set(found) <= {"done", "Conflict", "Invalid"}
    assert AnnuityPayment.objects.count() == 1


# --- shelves and searches ------------------------------------------------------------------------


def shelf(keeper: Membership, slug: str, *patents: Patent) -> int:
    draft = collections.Draft(
        title=f"专题{slug}", slug=slug, kind="curated",
        patents="\n".join(row.number or "" for row in patents),
    )  # fmt: skip
    return collections.make_collection(draft=draft, by=core.actor(keeper), now=NOON)


def test_one_address_for_two_collections_and_one_published_twice() -> None:
    keeper = core.office()
    row, by = make.listed_patent(keeper), core.actor(keeper)
    found = at_once(*[lambda: shelf(keeper, "battery", row)] * 3)
    assert Counter(found) == {"done": 1, "Invalid": 2}
    pk = Collection.objects.get().pk

    def publish() -> None:
        collections.publish_collection(collection_id=pk, by=by, now=NOON)

    assert Counter(at_once(publish, publish)) == TWO
    assert AuditEntry.objects.filter(event="collection.published").count() == 1


def kept(who: Membership, name: str) -> int:
    return searches.save_search(
        name=name, query=BoardQuery(text=name), frequency=Frequency.AT_ONCE,
        by=core.actor(who), now=NOON,
    )  # fmt: skip


def test_two_searches_given_one_name_at_once() -> None:
    firm = core.enterprise()
    ids, by = [kept(firm, "石墨烯"), kept(firm, "碳纤维")], core.actor(firm)

    def rename(pk: int) -> Callable[[], object]:
        return lambda: searches.edit_search(search_id=pk, name="材料", by=by, now=NOON)

    assert Counter(at_once(*map(rename, ids))) == {"done": 1, "Invalid": 1}
    assert SavedSearch.objects.filter(name="材料").count() == 1


@pytest.mark.parametrize("round_", range(2))
def test_news_for_a_search_that_is_being_removed(round_: int) -> None:
    firm = core.enterprise()
    ids, by = [kept(firm, name) for name in ("电池", "正极", "材料")], core.actor(firm)
    row = make.listed_patent(title="一种锂电池正极材料")
    tomorrow = NOON + timedelta(days=1)

    def remove(pk: int) -> Callable[[], object]:
        return lambda: searches.remove_search(search_id=pk, by=by, now=NOON)

    found = at_once(
        lambda: alerts.answer_searches(patent_id=row.pk, now=NOON),
        *map(remove, ids),
        lambda: alerts.tell_due(now=tomorrow),
    )
    assert found == ["done"] * 5
    assert not SearchHit.objects.exists()
    assert not SavedSearch.objects.exists()


def test_a_favourite_while_the_offer_is_withdrawn() -> None:
    """A visitor's click is kept or refused, the withdrawal stands; a second click is none."""
    keeper, firm = core.office(), core.enterprise()
    row = make.listed_patent(keeper)
    listing, fan = Listing.objects.get(), core.actor(firm)

    def like() -> None:
        services.favourite(patent_id=row.pk, by=fan, now=NOON)

    found = at_once(
        lambda: services.withdraw_listing(listing_id=listing.pk, by=core.actor(keeper), now=NOON),
        like,
        like,
    )
    assert found[0] == "done"
    assert set(found) <= {"done", "Missing"}
    likes = Favourite.objects.count()
    assert likes <= 1
    assert AuditEntry.objects.filter(event="patent.favourited").count() == likes
    at_once(*[lambda: services.unfavourite(patent_id=row.pk, by=fan, now=NOON)] * 3)
    assert AuditEntry.objects.filter(event="patent.unfavourited").count() == likes
    assert not Favourite.objects.exists()


# --- layers and folding --------------------------------------------------------------------------


def test_a_layer_set_by_hand_while_events_move_it() -> None:
    """A person's word never stands over a right that was lost at the same moment."""
    keeper = core.office()
    row, by = make.patent(keeper), core.actor(keeper)
    before = row.layer

    def set_by_hand() -> None:
        layering.override_layer(
            patent_id=row.pk, layer="A", reason="重点培育", until=TODAY + timedelta(days=90),
            by=by, now=NOON,
        )  # fmt: skip

    def lapse() -> None:
        services.record_legal_event(
            patent_id=row.pk, code="CF01", occurred_on=date(2026, 5, 1), by=by, now=NOON
        )

    found = at_once(set_by_hand, lapse, lambda: scoring.rescore([row.pk]))
    assert found[1:] == ["done", "done"]
    row.refresh_from_db()
    assert (row.layer, row.layer_by_hand, row.status) == ("C", False, "lapsed")
    assert InventoryItem.objects.get().layer_reasons
    assert before != "A"


def test_two_rules_of_one_region_for_one_day() -> None:
    by = core.actor(core.sysadmin())
    assert Counter(at_once(lambda: rule(by), lambda: rule(by))) == TWO
    assert LayerRule.objects.filter(region="31").count() == 1


def test_folding_anew_beside_live_events_ends_where_the_events_say() -> None:
    keeper = core.office()
    rows, by = [make.listed_patent(keeper) for _ in range(4)], core.actor(keeper)
    LegalEvent.objects.bulk_create(  # past every service: what the fold has to mend
        LegalEvent(
            patent=row, code="CF01", occurred_on=date(2026, 5, 1), recorded_at=NOON,
            recorded_by="raw", source="raw",
        )
        for row in rows
    )  # fmt: skip
    first, last = rows[0].pk, rows[-1].pk

    def restore(row: Patent) -> Callable[[], object]:
        return lambda: services.record_legal_event(
            patent_id=row.pk, code="RR01", occurred_on=date(2026, 6, 1), by=by, now=NOON
        )

    found = at_once(
        lambda: refolding.refold(first, last, now=NOON),
        lambda: refolding.refold(first, last, now=NOON),
        *[restore(row) for row in reversed(rows[:2])],
    )
    assert found == ["done"] * 4
    assert refolding.refold(first, last, now=NOON, check=True).differing == 0
    lapsed = Patent.objects.filter(status=PatentStatus.LAPSED)
    assert list(lapsed.order_by("pk")) == rows[2:]
