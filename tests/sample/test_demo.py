"""The demo: minted numbers are sound and lasting, and the phases go through the users' doors."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from core.people.types import Actor
from core.reference import selectors as reference
from listings import selectors as patents
from listings.rules import numbers
from listings.types import Action
from patentops.demo import minting, sources, stage
from patentops.demo.showing import Show
from tests.sample.counting import counts

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
TODAY = date(2026, 11, 20)
STOCK = [
    (
        "p1",
        "一种石墨烯散热膜的制备方法",
        "氧化石墨烯浆料刮涂成膜后高温石墨化，热导率高。",
        "甲公司",
    ),
    ("p2", "一种水下机器人的推进器", "采用无轴轮缘推进结构，防缠绕，噪声低，便于维护。", "乙大学"),
    ("p3", "一种番茄采摘机械手", "柔性手指包络果实，视觉识别成熟度，损伤率低。", ""),
    ("p4", "Laser altimeter", "A compact laser altimeter for small landers.", "Some Agency"),
]
NEEDS = [
    (
        "n1",
        "石墨烯散热膜的制备技术",
        "求散热膜制备方法：石墨烯浆料刮涂成膜，高温石墨化，热导率高。",
    ),
    ("n2", "采果", ""),
    ("n3", "", "求购番茄采摘设备，要求果实损伤率低，能识别成熟度。"),
]


@given(st.lists(st.text(min_size=1, max_size=40), unique=True, max_size=60))
def test_minted_numbers_check_and_never_collide(ids: list[str]) -> None:
    minted = minting.mint(ids, today=TODAY)
    assert len({m.number for m in minted.values()}) == len(ids)
    for m in minted.values():
        read = numbers.parse(m.number)
        assert read.canonical == m.number
        assert read.year == m.filed_on.year
        assert m.number[5:7] == "98"
        assert m.filed_on < m.granted_on <= TODAY < m.annuity_paid_to


@given(st.lists(st.text(min_size=1, max_size=40), unique=True, min_size=1, max_size=20))
def test_minting_again_gives_the_same(ids: list[str]) -> None:
    assert minting.mint(ids, today=TODAY) == minting.mint(ids, today=TODAY)


def test_two_records_that_want_one_number_get_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minting, "_digest", lambda _: 12345)
    minted = minting.mint(["a", "b", "c"], today=TODAY)
    assert len({m.number for m in minted.values()}) == 3


@given(st.integers(0, 99_999), st.text(max_size=10))
def test_minted_organisation_codes_are_valid(place: int, key: str) -> None:
    home = minting.region(key)
    code = minting.organisation_code(place, region=home)
    assert uscc.validate(code) == code
    assert reference.region_known(home)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"id": i, "title": t, "abstract": a, "applicant": who, "ipc": [], "lang": "zh"}
        for i, t, a, who in STOCK
    ]
    asked = [{"id": i, "title": t, "text": x, "lang": "zh"} for i, t, x in NEEDS]
    for name, lines in (("patents_zh", rows), ("needs_zh", asked)):
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


class SilentBar:
    """A bar that nobody sees."""

    def update(self, n: float | None = 1) -> None:
        """Nothing to show."""


def _show(folder: Path, now: datetime) -> Show:
    show = Show(clock=lambda: now, open_bar=lambda name, total: SilentBar())
    show.run(sources.patents(folder), sources.needs(folder))
    return show


@pytest.mark.django_db
def test_the_demo_imports_lists_matches_and_pushes(folder: Path, now: datetime) -> None:
    show = _show(folder, now)
    assert show.refused == []
    counted = {phase.name: phase.count for phase in show.phases}
    assert counted["挂牌"] == 4
    assert counted["发布需求"] == 3
    assert counted["推送"] > 0
    assert counts()["matching_push"] == counted["推送"]
    card = patents.find(
        minting.mint([row[0] for row in STOCK], today=TODAY)["p1"].number, viewer=Actor.system()
    )
    assert card is not None
    assert card.is_sample
    assert card.holder_names == ("甲公司", stage.OFFICE_NAME)
    assert patents.can(card.id, Action.DECLARE_OPEN, at=now) == []


@pytest.mark.django_db
def test_the_demo_again_adds_nothing(folder: Path, now: datetime) -> None:
    _show(folder, now)
    lasting = ("core_organisation", "listings_patent", "listings_listing", "matching_need")
    before = counts()
    again = _show(folder, now)
    after = counts()
    assert [after[name] for name in lasting] == [before[name] for name in lasting]
    assert after["matching_push"] == before["matching_push"]
    assert after["listings_importbatch"] == before["listings_importbatch"]
    assert {phase.name: phase.count for phase in again.phases}["推送"] == 0


@pytest.mark.django_db
def test_a_folder_without_data_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="核对 --data"):
        call_command("demo", data=tmp_path)


@pytest.mark.django_db
def test_a_broken_file_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "patents_zh.jsonl").write_text("{broken", encoding="utf-8")
    with pytest.raises(CommandError, match="读不了数据"):
        call_command("demo", data=tmp_path)


def test_one_language_can_be_chosen(folder: Path) -> None:
    assert len(sources.patents(folder, lang="zh")) == len(STOCK)
    with pytest.raises(sources.NoData):
        sources.patents(folder, lang="en")


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared data folder is not beside the checkout")
def test_the_real_files_are_read_whole() -> None:
    stock, asked = sources.patents(REAL), sources.needs(REAL)
    assert sum(patent.lang == "zh" for patent in stock) == 2_079
    assert sum(need.lang == "zh" for need in asked) >= 188
    minted = minting.mint([patent.id for patent in stock], today=TODAY)
    assert len({m.number for m in minted.values()}) == len(stock)
