"""Full runs: nothing shows before the switch, all of it after; pausing, cutting, giving up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from core.errors import Conflict, NotAllowed
from core.people.types import Actor
from matching import services
from matching.models import EngineVersion, Match, MatchDraft, Push, Run, RunShard
from matching.selectors import running
from matching.services import cutting, full, switching
from matching.types import RunScope, RunState
from tests.conftest import log_in
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
Drain = Callable[[], int]
NEWCOMER = make.BATTERY | {"title": "一种磷酸铁锂电池脉冲自加热控制电路"}


def rows() -> dict[tuple[int | None, int | None, int], tuple[int, int]]:
    found = Match.objects.filter(off_at__isnull=True)
    return {(m.need_id, m.subscription_id, m.patent_id): (m.ticks, m.pk) for m in found}


def started(now: datetime, monkeypatch: pytest.MonkeyPatch, *, size: int = 1) -> Run:
    monkeypatch.setattr(cutting, "SHARD_SIZE", size)
    return services.start_full_run(by=SYSTEM, now=now)


def work(run: Run, now: datetime, *, but: int = 0) -> None:
    """Do all shards, but for the last few."""
    ids = list(
        run.shards.filter(done_at__isnull=True).order_by("number").values_list("pk", flat=True)
    )
    for shard_id in ids[: len(ids) - but]:
        assert services.run_shard(shard_id=shard_id, now=now)


@pytest.fixture
def now(now: datetime) -> datetime:
    """The moment at which `drain` hands events over: freshness is measured against its day."""
    return now.replace(year=2100)


@pytest.fixture(params=["in place", "by another table"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few drafts replace rows, many fill a table that takes the place of the first."""
    if request.param == "by another table":
        monkeypatch.setattr(switching, "SWAP_FROM", 0)


@pytest.fixture
def lively(drain: Drain) -> list[int]:
    """Three lists that people see; the patents in them."""
    patents = make.stock()
    for data in (make.COLD, make.FLUORIDE):
        make.need(data=data)
    make.subscription()
    drain()
    return [patent.pk for patent in patents.values()]


@pytest.mark.usefixtures("way")
def test_nothing_shows_before_the_last_shard_and_rows_that_stay_keep_their_address(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows()
    Match.objects.update(ticks=1)
    lost = Match.objects.order_by("pk").last()
    assert lost is not None
    lost_pk = lost.pk
    lost.delete()
    run = started(now, monkeypatch)
    work(run, now, but=1)
    assert set(Match.objects.values_list("ticks", flat=True)) == {1}
    assert MatchDraft.objects.filter(run=run).exists()
    work(run, now)
    after = rows()
    assert {key: ticks for key, (ticks, _) in after.items()} == {
        key: ticks for key, (ticks, _) in before.items()
    }
    assert all(after[key][1] == pk for key, (_, pk) in before.items() if pk != lost_pk)
    assert not MatchDraft.objects.exists()
    run.refresh_from_db()
    assert (run.state, run.matches) == (RunState.FINISHED, len(after))


@pytest.mark.usefixtures("way")
def test_what_changed_meanwhile_is_on_the_new_lists(
    lively: list[int], drain: Drain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patent listed and a need posted while shards are being worked on."""
    run = started(now, monkeypatch)
    work(run, now, but=1)
    newcomer = board.listed_patent(**NEWCOMER)
    late = make.need(data=make.COLD)
    drain()
    seen = {key: ticks for key, (ticks, _) in rows().items()}
    assert any(key[2] == newcomer.pk for key in seen)
    assert any(key[0] == late.pk for key in seen)
    work(run, now)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert {key: ticks for key, (ticks, _) in rows().items()} == seen


@pytest.mark.usefixtures("way")
def test_a_need_closed_meanwhile_gets_no_list_back(
    lively: list[int], drain: Drain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(now, monkeypatch)
    work(run, now, but=1)
    need = make.need(data=make.COLD)
    drain()
    services.close_need(need_id=need.pk, by=SYSTEM, now=now)
    drain()
    work(run, now)
    assert not Match.objects.filter(need=need).exists()


def test_a_shard_that_dies_leaves_nothing_and_is_done_again(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {key: ticks for key, (ticks, _) in rows().items()}
    run = started(now, monkeypatch, size=2)
    shard = run.shards.order_by("number").first()
    assert shard is not None

    def dies(*_: object, **__: object) -> int:
        switching.draft(*_, **__)  # type: ignore[arg-type]
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(full, "draft", dies)
        with pytest.raises(SystemExit), transaction.atomic():
            services.run_shard(shard_id=shard.pk, now=now)
    assert not MatchDraft.objects.exists()
    RunShard.objects.filter(pk=shard.pk).update(leased_until=now - timedelta(seconds=1))
    work(run, now)
    assert {key: ticks for key, (ticks, _) in rows().items()} == before


def test_whoever_dies_in_the_switch_leaves_the_old_lists(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows()
    Match.objects.update(ticks=1)
    run = started(now, monkeypatch)
    work(run, now, but=1)

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(switching, "_catch_up", dies)
        with pytest.raises(SystemExit), transaction.atomic():
            work(run, now)
    assert set(Match.objects.values_list("ticks", flat=True)) == {1}
    work(run, now)
    assert rows() == before


def test_pushes_wait_for_the_switch_and_come_once(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Push.objects.count()
    run = started(now, monkeypatch)
    work(run, now, but=1)
    first = run.shards.order_by("number").first()
    assert first is not None
    assert services.tell_shard(shard_id=first.pk, now=now) == 0
    first.refresh_from_db()
    assert first.told_at is None
    work(run, now)
    for shard in run.shards.all():
        services.tell_shard(shard_id=shard.pk, now=now)
    assert run.shards.filter(told_at__isnull=True).count() == 0
    assert Push.objects.count() == told  # all of it was pushed when it was found first


def test_paused_nothing_begins_and_going_on_loses_nothing(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(now, monkeypatch)
    work(run, now, but=2)
    by = core.actor(core.sysadmin())
    services.pause_run(run_id=run.pk, by=by, now=now)
    shard = run.shards.filter(done_at__isnull=True).first()
    assert shard is not None
    assert services.run_shard(shard_id=shard.pk, now=now) is False
    assert services.sweep(now=now + timedelta(hours=1)) == 0
    with pytest.raises(Conflict):
        services.start_full_run(by=SYSTEM, now=now)
    services.resume_run(run_id=run.pk, by=by, now=now)
    work(run, now)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED


def test_cut_anew_the_same_demands_are_left(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {key: ticks for key, (ticks, _) in rows().items()}
    monkeypatch.setattr(full, "LEAST_SHARD", 1)
    run = started(now, monkeypatch)
    work(run, now, but=2)
    services.recut_run(run_id=run.pk, size=2, by=SYSTEM, now=now)
    assert run.shards.filter(done_at__isnull=True).count() == 1
    assert sorted(k for s in run.shards.all() for k in s.keys) == sorted(
        {f"n{n}" if n else f"s{s}" for n, s, _ in before}
    )
    work(run, now)
    assert {key: ticks for key, (ticks, _) in rows().items()} == before
    with pytest.raises(Conflict):
        services.recut_run(run_id=run.pk, size=2, by=SYSTEM, now=now)


def test_cancelled_the_lists_stay_and_a_late_shard_leaves_nothing(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows()
    run = started(now, monkeypatch)
    work(run, now, but=1)
    services.cancel_run(run_id=run.pk, by=SYSTEM, now=now)
    assert not MatchDraft.objects.exists()
    assert rows() == before
    MatchDraft.objects.create(
        run=run, need_id=1, organisation_id=1, patent_id=1, ticks=1, reasons=[]
    )
    services.sweep(now=now)
    assert not MatchDraft.objects.exists()
    assert services.start_full_run(by=SYSTEM, now=now).state == RunState.RUNNING


ALLOWED = {
    "pause_run": {RunState.RUNNING},
    "resume_run": {RunState.PAUSED},
    "cancel_run": {RunState.RUNNING, RunState.PAUSED},
}


@pytest.mark.parametrize(
    ("command", "state"), sorted(product(ALLOWED, set(RunState) - {RunState.WAITING}))
)
def test_every_step_from_every_state(command: str, state: RunState, now: datetime) -> None:
    run = Run.objects.create(
        scope=RunScope.FULL, state=state, requested_at=now, requested_by="system", started_at=now,
        finished_at=now if state == RunState.FINISHED else None,
        paused_at=now if state == RunState.PAUSED else None,
    )  # fmt: skip
    step = getattr(services, command)
    with pytest.raises(NotAllowed):
        step(run_id=run.pk, by=core.actor(core.enterprise()), now=now)
    if state in ALLOWED[command]:
        step(run_id=run.pk, by=SYSTEM, now=now)
    else:
        with pytest.raises(Conflict):
            step(run_id=run.pk, by=SYSTEM, now=now)


def test_broken_rows_are_refused(now: datetime) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(
            scope=RunScope.FULL, state=RunState.PAUSED, requested_at=now,
            requested_by="system", started_at=now,
        )  # fmt: skip
    run = Run.objects.create(scope=RunScope.FULL, requested_at=now, requested_by="system")
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchDraft.objects.create(run=run, organisation_id=1, patent_id=1, ticks=1, reasons=[])


def test_progress_tells_speed_and_what_is_left(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(now, monkeypatch)
    work(run, now + timedelta(seconds=4), but=1)
    found = running.progress([run.pk], now=now + timedelta(seconds=60))[run.pk]
    assert (found.shards, found.done, found.waiting, found.demands_done) == (3, 2, 1, 2)
    assert found.per_second == pytest.approx(0.5, rel=0.4)
    assert found.left is not None
    assert timedelta(seconds=1) <= found.left <= timedelta(seconds=4)
    assert found.percent == 66


def test_pages_steer_a_run(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make.need()
    log_in(client, core.sysadmin())
    assert "还没有全量运行" in client.get("/matching/runs/").content.decode()
    page = client.post("/matching/runs/", follow=True).content.decode()
    run = Run.objects.get(scope=RunScope.FULL)
    assert "0 / 1 片完成" in page
    assert "全量匹配正在进行" in client.post("/matching/runs/", follow=True).content.decode()
    where = f"/matching/runs/{run.pk}/"
    assert "暂停中" in client.post(f"{where}pause/", follow=True).content.decode()
    assert client.post(f"{where}recut/", {"size": "3"}).status_code == 422
    assert client.post(f"{where}nonsense/").status_code == 404
    assert "线上匹配保持原样" in client.post(f"{where}cancel/", follow=True).content.decode()
    assert client.get("/matching/runs/999999/").status_code == 404
    answer = client.get(where, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert "<html" not in answer.content.decode()
    assert "已取消" in answer.content.decode()


def test_a_run_of_a_command_took_until_its_last_shard(client: Client, now: datetime) -> None:
    make.need()
    run = services.run_everything(by=Actor.system(), now=now)
    RunShard.objects.filter(run=run).update(done_at=now + timedelta(seconds=75))
    log_in(client, core.sysadmin())
    for page in ("/matching/runs/", f"/matching/runs/{run.pk}/"):
        assert "1 分 15 秒" in client.get(page).content.decode()


def test_the_list_asks_as_often_for_ten_runs_as_for_one(
    client: Client, now: datetime, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    log_in(client, core.sysadmin())
    for number in range(10):
        run = Run.objects.create(
            scope=RunScope.FULL, state=RunState.CANCELLED, requested_at=now,
            requested_by="system", started_at=now,
        )  # fmt: skip
        RunShard.objects.create(run=run, number=number, keys=["n1"])
    client.get("/matching/runs/")
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        client.get("/matching/runs/")


def shape() -> list[tuple[str, str]]:
    """Names and meanings of the constraints and indexes of what people see."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '')"
            " FROM pg_constraint WHERE conrelid = 'matching_match'::regclass"
            " UNION SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'matching_match'"
        )
        return sorted(cursor.fetchall())


def test_the_other_table_has_what_the_first_had(
    lively: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "SWAP_FROM", 0)
    before = shape()
    last = Match.objects.order_by("pk").last()
    assert last is not None
    work(started(now, monkeypatch), now)
    assert shape() == before
    Match.objects.filter(pk=last.pk).delete()
    fresh = Match.objects.create(
        need_id=last.need_id, subscription_id=last.subscription_id, patent_id=last.patent_id,
        organisation_id=last.organisation_id, ticks=1, reasons=[], engine_id=last.engine_id,
        first_at=now, computed_at=now,
    )  # fmt: skip
    assert fresh.pk > last.pk


def test_after_an_upgrade_the_statistics_are_frozen_on_demand(
    lively: list[int], now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    before, lists = services.active_engine(now=now), set(rows())
    weights = dict(before.weights) | {"topic": 10.0}
    EngineVersion.objects.filter(pk=before.pk).update(weights=weights)
    call_command("rematch")
    assert services.active_engine(now=now).pk == before.pk
    call_command("rematch", "--freeze")
    after = services.active_engine(now=now)
    assert after.pk != before.pk
    assert after.weights == weights  # what was learned stays
    assert (set(rows()), "条匹配" in capsys.readouterr().out) == (lists, True)
