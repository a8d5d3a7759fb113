"""Needs and patents as nobody should write them, and as people do: sensible answers, always."""

from __future__ import annotations

import pytest

from matching.engine import Corpus, Demand, Engine, Supply

PATENTS = [
    Supply(
        key=1,
        title="一种磷酸铁锂电池低温脉冲自加热方法",
        text="本发明公开了一种自加热方法，低温充电时以双向变换器产生脉冲电流，使电芯自加热，不析锂。",
    ),
    Supply(
        key=2,
        title="一种含氟废水深度处理的除氟吸附剂及制备方法",
        text="公开一种锆基除氟吸附剂，用于光伏含氟废水深度处理，出水氟离子低于一毫克每升。",
    ),
    Supply(
        key=3,
        title="一种铝合金薄板激光焊接的焊缝跟踪装置",
        text="本实用新型涉及激光焊接，以结构光传感器跟踪铝合金薄板焊缝，焊接气孔少。",
    ),
    Supply(key=4, title="水稻纹枯病防治用芽孢杆菌"),  # without an abstract
    Supply(key=5, title="Self-heating method for lithium batteries", text="Pulse current."),
]
FILLING = [
    Supply(key=100 + n, title=f"{word}的制备方法", text=f"本发明公开了{word}，性能好。")
    for n, word in enumerate(("涂料", "轴承", "导管", "显示屏", "饲料", "桥梁", "齿轮", "药膏"))
]
STOCK = [*PATENTS, *FILLING]
ENGINE = Engine().fit(STOCK, Corpus.freeze(STOCK))
HONEST = "冬天储能柜充不进电，希望用脉冲电流让电芯自加热，低温下不析锂。"
TABLE = "序号\t指标\t数值\n1\t升温速度\t≥2℃/min\n2\t低温充电\t-20℃\n\n|--|--|\n电池自加热"
HOSTILE = [
    "'; DROP TABLE matching_need; --",
    "<script>alert(1)</script>电池",
    "{{ 7*7 }} {% load x %}",
    "%s%n\x00\x07",
    "\u202e\u200b\ufeff",
    "=HYPERLINK(1)",
    "\ud83d",  # half a character, as broken programs send it
]


def scores(title: str, text: str = "") -> dict[object, float]:
    return {h.key: h.score for h in ENGINE.rank(Demand(key="n1", title=title, text=text))}


@pytest.mark.parametrize("text", ["", " \n\t", "。，；", "1 2 3 4", "🔋🔋🔋", *HOSTILE])
def test_what_says_nothing_finds_nothing_worth_a_place(text: str) -> None:
    found = scores(text, text)
    assert all(0 <= score <= 100 for score in found.values())
    if "电池" not in text:
        assert max(found.values(), default=0) < 25  # the floor of a list


def test_one_word_finds_what_it_names() -> None:
    found = scores("除氟")
    assert max(found, key=lambda key: found[key]) == 2


def test_twenty_thousand_characters_are_read() -> None:
    filler = "本公司成立于二〇〇八年，占地五十亩，注册资本三千万元，荣获多项称号。"
    text = HONEST + filler * (20_000 // len(filler))
    assert len(text) > 19_000
    found = scores("储能柜冬天充不进电", text)
    assert max(found, key=lambda key: found[key]) == 1
    assert found[1] == pytest.approx(scores("储能柜冬天充不进电", HONEST)[1], abs=6)


def test_a_pasted_table_is_text_like_any_other() -> None:
    found = scores("电池低温自加热", TABLE)
    assert max(found, key=lambda key: found[key]) == 1


def test_an_english_need_finds_the_english_patent_first_and_the_chinese_one_before_the_rest() -> (
    None
):
    found = scores("Battery heating by pulse current at low temperature")
    order = sorted(found, key=lambda key: -found[key])
    assert order[0] == 5
    assert order.index(1) < min(order.index(2), order.index(4))


def test_a_patent_without_an_abstract_is_found_by_its_title() -> None:
    found = scores("水稻纹枯病怎么防治", "想找芽孢杆菌一类的生物农药。")
    assert max(found, key=lambda key: found[key]) == 4


@pytest.mark.parametrize("times", [2, 10, 200])
def test_repeating_the_need_does_not_raise_the_score(times: int) -> None:
    honest = scores("储能柜低温自加热", HONEST)[1]
    stuffed = scores("储能柜低温自加热", "\n".join([HONEST] * times))[1]
    assert stuffed <= honest + 2


def points(text: str) -> float:
    """What the battery patent would score with this text."""
    demand = Demand(key="n1", title="储能柜低温自加热", text=HONEST)
    hit = ENGINE.explain(demand, Supply(key=9, title=PATENTS[0].title, text=text))
    assert hit is not None
    return hit.score


@pytest.mark.parametrize("times", [5, 50, 500])
def test_a_patent_gains_little_by_repeating_itself(times: int) -> None:
    assert points(PATENTS[0].text * times) <= points(PATENTS[0].text) + 5


@pytest.mark.parametrize("times", [5, 50, 500])
def test_keywords_count_once_however_often_they_are_pasted(times: int) -> None:
    said = f"{PATENTS[0].text}关键词：自加热 脉冲电流 电芯 低温充电。"
    pasted = f"{PATENTS[0].text}关键词：{'自加热 脉冲电流 电芯 低温充电 ' * times}。"
    assert points(pasted) <= points(said) + 5


def test_stuffing_a_need_with_every_field_helps_none_of_them() -> None:
    everything = "电池 自加热 除氟 废水 激光 焊接 水稻 芽孢杆菌 " * 20
    found = scores("各种技术", everything)
    for key, (title, text) in {
        1: ("储能柜低温自加热", HONEST),
        2: ("含氟废水除氟", "含氟废水深度处理出水氟离子超标，想找除氟吸附剂。"),
    }.items():
        assert found[key] < scores(title, text)[key]


def test_evidence_names_subjects_not_filler() -> None:
    demand = Demand(key="n1", title="电芯自加热", text=f"目前以上明显，相比其他。{HONEST}")
    supply = Supply(key=1, title=PATENTS[0].title, text=f"{PATENTS[0].text}与其他相比明显，以上。")
    hit = ENGINE.explain(demand, supply)
    assert hit is not None
    words = {w for reason in hit.reasons for w in reason.evidence}
    assert words & {"加热", "自加热"}
    assert not words & {"以上", "明显", "相比", "其他"}
