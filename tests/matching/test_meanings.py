"""Foreign patents in the lists of Chinese demands: what is read is kept, and reaches everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, transaction

from core.people.types import Actor
from core.text import sentences
from matching import rules, selectors, services
from matching.models import Match, Meaning
from matching.selectors import arena, feeding, grand, meanings
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
Drain = Callable[[], int]
HEATING: dict[str, Any] = {
    "title": "Pulse Self-Heating of Lithium Iron Phosphate Batteries at Low Temperature",
    "abstract": "A pulse current heats the cells of a battery from within in cold weather, so that "
    "they can be charged at low temperature without a heating film.",
    "ipc": ("H01M 10/615",),
}


@pytest.fixture
def then(now: datetime) -> datetime:
    return now.replace(year=2100)


def scores() -> dict[tuple[int | None, int | None, int], tuple[int, list[Any]]]:
    rows = Match.objects.all()
    return {(m.need_id, m.subscription_id, m.patent_id): (m.ticks, m.reasons) for m in rows}


def test_an_english_patent_is_recommended_to_a_chinese_need(
    drain: Drain, then: datetime, client: Any
) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    drain()
    patent = board.listed_patent(core.office(), sheet={}, **HEATING)
    drain()
    match = Match.objects.get(need=need, patent=patent)
    assert match.ticks >= rules.FLOOR * 10_000
    assert rules.adds_up(match.ticks, match.reasons)
    assert "across" in {reason["signal"] for reason in match.reasons}
    client.force_login(firm.user)
    page = client.get(f"/matches/{match.pk}/").content.decode()
    assert "译意相近：" in page
    before = scores()
    services.run_everything(by=SYSTEM, now=then)
    assert scores() == before  # incremental = full
    kept = Meaning.objects.filter(patent=patent).get()
    assert bytes(kept.sentence) == sentences.sentence(HEATING["title"], _text_of(patent.pk))
    assert Meaning.objects.filter(need=need).count() == 1


def _text_of(patent_id: int) -> str:
    return next(iter(feeding.supplies([patent_id]))).text


def test_arrays_recommend_what_objects_recommend(
    drain: Drain, then: datetime, settings: Any, tmp_path: Path
) -> None:
    make.stock()
    board.listed_patent(core.office(), sheet={}, **HEATING)
    make.need()
    make.subscription()
    drain()
    before = {key: ticks for key, (ticks, _reasons) in scores().items()}
    settings.MATCHING_ARENA_FROM, settings.MATCHING_ARENA_DIR = 1, str(tmp_path)
    grand._listed.cache_clear()
    arena.forget()
    services.run_everything(by=SYSTEM, now=then)
    assert {key: ticks for key, (ticks, _reasons) in scores().items()} == before
    grand._listed.cache_clear()
    arena.forget()


def test_a_chinese_board_keeps_nothing(drain: Drain) -> None:
    make.stock()
    make.need()
    drain()
    assert not Meaning.objects.exists()
    assert not meanings.are_needed()


def test_a_changed_text_is_read_anew() -> None:
    patent = board.listed_patent(core.office(), sheet={}, **HEATING)
    meanings.of_patents({patent.pk: ("Old title", "")})
    assert meanings.are_needed()
    found = meanings.of_patents({patent.pk: ("New title", "")})
    assert found == {patent.pk: sentences.sentence("New title")}
    kept = Meaning.objects.get(patent=patent)
    assert bytes(kept.mark) == sentences.mark("New title")
    assert not meanings.are_kept(demands=5)
    assert meanings.are_kept(demands=0)


def test_a_row_belongs_to_one() -> None:
    need = make.need()
    row = Meaning.objects.create(need=need, mark=b"1", sentence=bytes(512))
    for wrong in ({"need": None}, {"subscription": make.subscription()}):
        with pytest.raises(Error), transaction.atomic():
            Meaning.objects.filter(pk=row.pk).update(**wrong)


def test_why_not_speaks_of_the_translation(drain: Drain) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    patent = board.listed_patent(core.office(), sheet={}, **HEATING)
    drain()
    match = Match.objects.get(need=need, patent=patent)
    card = selectors.cards(Match.objects.filter(pk=match.pk), viewer=core.actor(firm))[0]
    assert rules.adds_up(card.ticks, card.reasons)
