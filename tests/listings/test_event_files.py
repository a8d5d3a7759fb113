"""Files of legal events: judged row by row, recorded once, kept waiting for their patent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings import services
from listings.imports import gazette as reading
from listings.models import (
    Contradiction,
    Encumbrance,
    EventFile,
    EventRow,
    LegalEvent,
    Listing,
    Patent,
    WaitingEvent,
)
from listings.rules import numbers
from listings.services import gazette
from tests.factories import core
from tests.factories import listings as make
from tests.factories.events import HEADER, started, taken_in
from tests.factories.listings import NOON

TODAY = NOON.date()


def verdicts(file: EventFile) -> list[str]:
    return [row.verdict for row in file.rows.all()]


# --- reading a row ---------------------------------------------------------------------------


def given(*cells: Any, header: str = HEADER) -> reading.Given:
    return reading.read(reading.guess(header.split(",")), cells, today=TODAY)


@pytest.mark.parametrize("number", [n for n in numbers.spellings("2017106018623") if "." in n])
def test_a_number_in_any_spelling(number: str) -> None:
    assert given(number, "CF01", "2026-05-01").number == "2017106018623"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("CF01", "CF01"),
        (" cf01 ", "CF01"),
        ("专利权的终止 CF01 未缴年费专利权终止", "CF01"),
        ("未缴年费专利权终止", "CF01"),
        ("专利权质押合同登记的注销", "PC01"),
    ],
)
def test_a_code_or_its_name(said: str, code: str) -> None:
    assert given("201710601862.3", said, "2026-05-01").code == code


def test_parties_term_and_register_number_are_kept() -> None:
    found = given(
        "201710601862.3", "PE01", "20260501", "y2026980001234", "甲；乙", "某银行", "2029-12-31"
    )
    assert (found.occurred_on, found.reference) == (date(2026, 5, 1), "Y2026980001234")
    assert found.detail == {"from": ["甲", "乙"], "to": ["某银行"], "ends_on": "2029-12-31"}


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (("201710601862.4", "CF01", "2026-05-01"), "number"),
        (("2.01711E+11", "CF01", "2026-05-01"), "number"),
        (("201710601862.3", "ZZ99", "2026-05-01"), "code"),
        (("201710601862.3", "", "2026-05-01"), "code"),
        (("201710601862.3", "CF01", ""), "occurred_on"),
        (("201710601862.3", "CF01", "2026年5月"), "occurred_on"),
        (("201710601862.3", "CF01", (TODAY + timedelta(1)).isoformat()), "occurred_on"),
        (("201710601862.3", "PE01", "2026-05-01", "Y" * 41), "reference"),
        (("201710601862.3", "TC01", "2026-05-01"), "days"),
        (("201710601862.3", "PE01", "2026-05-01", {"formula": "D2"}), "reference"),
    ],
)
def test_a_row_that_cannot_be_read_says_what_to_mend(cells: Any, field: str) -> None:
    [problem] = given(*cells).problems
    assert problem.field == field
    assert problem.reason.endswith("。")
    assert problem.mend.startswith("请")


@pytest.mark.parametrize("days", ["-5", "9" * 15, "=210", "很多"])
def test_wrong_days_are_told_once(days: str) -> None:
    cells = ("201710601862.3", "TC01", "2026-05-01", days)
    [problem] = given(*cells, header="申请号,事件代码,生效日,补偿天数").problems
    assert problem.field == "days"
    assert "没有写明" not in problem.reason


# --- files -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_dry_run_says_what_would_become_of_each_row_and_changes_nothing() -> None:
    keeper = core.office()
    row = make.listed_patent(keeper)
    other = make.patent(core.office())
    services.record_legal_event(
        patent_id=row.pk, code="CB03", occurred_on=date(2026, 1, 1), by=Actor.system(), now=NOON
    )
    file = taken_in(
        keeper,
        f"{row.number},CF01,2026-05-01",
        f"ZL{row.number},CF01,2026-05-01",
        f"{row.number},CB03,2026-01-01",
        f"{row.number},CF01,2018-01-01",
        f"{other.number},CF01,2026-05-01",
        "201710601862.4,CF01,2026-05-01",
    )
    assert file.state == "checked"
    assert verdicts(file) == ["fits", "known", "known", "rejected", "waiting", "rejected"]
    assert file.counts["rejected"] == 2
    assert LegalEvent.objects.count() == 1
    assert Patent.objects.get(pk=row.pk).status == "granted"


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing_the_second_time() -> None:
    keeper = core.office()
    row = make.listed_patent(keeper)
    lines = (
        f"{row.number},PC01,2026-06-01,Y1",
        f"{row.number},CF01,2026-05-01",
        f"{row.number},PE01,2026-04-01,Y1",
    )
    file = started(keeper, *lines)
    assert (file.state, file.counts["fits"]) == ("done", 3)
    assert Patent.objects.get().status == "lapsed"
    assert Listing.objects.get().status == "suspended"
    assert list(Encumbrance.objects.values_list("active", flat=True)) == [False]
    before = (LegalEvent.objects.count(), OutboxEvent.objects.count())
    again = started(keeper, *reversed(lines))
    assert verdicts(again) == ["known"] * 3
    assert (LegalEvent.objects.count(), OutboxEvent.objects.count()) == before
    gazette.start(file_id=file.pk, by=core.actor(keeper), now=NOON)
    assert Notice.objects.filter(key=f"event-file:{file.pk}").count() == 1


@pytest.mark.django_db
def test_an_event_waits_for_its_patent_and_takes_effect_when_it_comes(
    drain: Callable[[], int],
) -> None:
    keeper, number = core.office(), make.fresh_number()
    started(keeper, f"{number},CF01,2026-05-01", f"{number},GR01,2021-06-01")
    assert WaitingEvent.objects.waiting().count() == 2
    stranger = make.patent(core.office(), number=number)
    drain()
    assert WaitingEvent.objects.waiting().count() == 2, "sent by somebody else for his own stock"
    Patent.objects.filter(pk=stranger.pk).update(removed_at=NOON, removed_by="system")
    row = make.patent(keeper, number=number)
    drain()
    assert [e.payload["patent_id"] for e in OutboxEvent.objects.filter(name="patent.lapsed")] == [
        row.pk
    ]
    assert not WaitingEvent.objects.waiting().exists()
    drain()
    assert LegalEvent.objects.count() == 2


@pytest.mark.django_db
def test_a_bureaus_file_reaches_its_region_and_an_administrators_all() -> None:
    here, there = make.patent(core.office()), make.patent(core.office(region="320500"))
    lines = [f"{row.number},CB03,2026-05-01" for row in (here, there)]
    assert verdicts(taken_in(core.bureau("31"), *lines)) == ["fits", "waiting"]
    assert verdicts(taken_in(core.sysadmin(), *lines)) == ["fits", "fits"]
    started(core.bureau("31"), *lines)
    assert list(LegalEvent.objects.values_list("patent_id", flat=True)) == [here.pk]


@pytest.mark.django_db
def test_a_transfer_in_a_file_moves_the_list_of_patentees() -> None:
    keeper = core.office(name="某大学")
    row = make.patent(keeper)
    started(
        keeper,
        f"{row.number},TR01,2026-05-01,,丙公司,丁公司",
        f"{row.number},TR01,2026-04-01,,某大学,丙公司",
    )
    assert [holder.name for holder in row.holders.all()] == ["丁公司"]
    assert not Contradiction.objects.open().exists()


@pytest.mark.django_db
@pytest.mark.parametrize("sender", [core.enterprise, core.bank, core.auditor, core.exchange])
def test_strangers_send_nothing(sender: Callable[[], Any]) -> None:
    with pytest.raises(NotAllowed):
        taken_in(sender(), "201710601862.3,CF01,2026-05-01")
    assert not EventFile.objects.exists()


@pytest.mark.django_db
def test_another_offices_file_is_nobody_elses() -> None:
    keeper, stranger = core.office(), core.actor(core.office())
    file = taken_in(keeper, f"{make.fresh_number()},CF01,2026-05-01")
    with pytest.raises(Missing):
        gazette.start(file_id=file.pk, by=stranger, now=NOON)
    gazette.start(file_id=file.pk, by=core.actor(keeper), now=NOON)
    waiting = WaitingEvent.objects.get()
    with pytest.raises(Missing):
        gazette.drop_waiting(waiting_id=waiting.pk, by=stranger, now=NOON)
    with pytest.raises(NotAllowed):
        gazette.drop_waiting(waiting_id=waiting.pk, by=core.actor(core.auditor()), now=NOON)
    gazette.drop_waiting(waiting_id=waiting.pk, by=core.actor(keeper), now=NOON)
    assert not WaitingEvent.objects.waiting().exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "code"),
    [("申请号,生效日", "file-columns"), ("", "file-empty"), (HEADER, "file-no-rows")],
)
def test_a_file_that_cannot_be_read_is_refused_whole(header: str, code: str) -> None:
    lines = () if code != "file-columns" else ("201710601862.3,2026-05-01",)
    with pytest.raises(Invalid) as refusal:
        taken_in(core.office(), *lines, header=header)
    assert refusal.value.code == code
    assert not EventFile.objects.exists()


@pytest.mark.django_db
def test_a_large_file_is_left_to_a_worker_and_resumed_where_it_stood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("listings.imports.limits.INLINE_ROWS", 1)
    monkeypatch.setattr("listings.services.gazette.recording.PORTION", 2)
    monkeypatch.setattr("listings.services.gazette.judging.PORTION", 2)
    keeper = core.office()
    row = make.patent(keeper)
    lines = [f"{row.number},DD01,2026-05-0{day}" for day in range(1, 6)]
    file = taken_in(keeper, *lines)
    assert file.state == "checking"
    with pytest.raises(Conflict):
        gazette.start(file_id=file.pk, by=core.actor(keeper), now=NOON)
    gazette.work_on(file_id=file.pk, now=NOON)
    gazette.start(file_id=file.pk, by=core.actor(keeper), now=NOON)
    assert gazette.stuck_files(now=NOON) == []
    assert gazette.stuck_files(now=NOON + timedelta(minutes=3)) == [file.pk]
    recording = gazette.recording  # type: ignore[attr-defined]
    assert recording._record_portion(file.pk, now=NOON)
    assert LegalEvent.objects.count() == 2
    gazette.work_on(file_id=file.pk, now=NOON)
    file.refresh_from_db()
    assert (file.state, file.progress, LegalEvent.objects.count()) == ("done", 5, 5)


# --- what can never be stored ----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "change"),
    [
        (EventFile, {"state": "eaten"}),
        (EventFile, {"scope": "world"}),
        (EventFile, {"state": "done", "finished_at": None}),
        (EventRow, {"verdict": "perhaps"}),
        (WaitingEvent, {"scope": "world"}),
        (WaitingEvent, {"code": "F1"}),
        (WaitingEvent, {"number": "ZL2017"}),
        (WaitingEvent, {"applied_at": NOON}),
        (WaitingEvent, {"dropped_at": NOON}),
        (Contradiction, {"settled_at": NOON, "settled_by": None}),
        (Encumbrance, {"agreed_term": None}),
    ],
)
def test_a_broken_row_is_refused(model: Any, change: dict[str, Any]) -> None:
    keeper = core.office()
    row = make.patent(keeper)
    make.bound(row, "pledge", starts_on=date(2026, 1, 1), register_number="Y0")
    started(
        keeper,
        f"{make.fresh_number()},CF01,2026-05-01",
        f"{row.number},PC01,2026-04-01,Y0",
        f"{row.number},TR01,2026-05-01",
    )
    one = model.objects.filter(
        **({"released_by_event__isnull": False} if model is Encumbrance else {})
    ).first()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=one.pk).update(**change)


@pytest.mark.django_db
def test_each_is_stored_once() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    started(keeper, f"{make.fresh_number()},CF01,2026-05-01", f"{row.number},TR01,2026-05-01")
    for one in (
        EventRow.objects.first(),
        WaitingEvent.objects.first(),
        Contradiction.objects.first(),
    ):
        assert one is not None
        one.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            one.save(force_insert=True)
