"""The five bases of the official guide to estimating open-licence fees (国知办发运字〔2022〕56号).

Own working revenue, earlier licence fees, the statistics of the industry, international rates, and
an asset valuation. Each gives a range of what the fee over the term could be, with its reckoning
and what it rests on; a basis without its figures gives nothing. Nothing is averaged: where ranges
overlap the overlap is said, where they do not, that they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from licensing.rules.fees import HUNDRED, exact_text, percent_text, yuan
from licensing.rules.pricing import Cell, Measure
from licensing.rules.royalties import Line

GUIDE = "《专利开放许可使用费估算指引（试行）》国知办发运字〔2022〕56号"
# Contracts filed in 2021, as analysed when the guide came out: background, no cell of ours.
NATION_2021 = (
    "全国 2021 年备案许可合同 4,271 份：64.3% 为固定费用，平均 390 万元、3.8 年；"
    "7.2% 为提成，平均 7.4 年；28.5% 免费。平均值受少数大额合同影响，只作背景。"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the reader knows: everything may be missing."""

    months: int = 36
    sales: Decimal | None = None  # a licensee's net sales a year
    own_income: Decimal | None = None  # what the holder earns with the patent a year
    own_low: Decimal | None = None  # percent of that, from
    own_high: Decimal | None = None
    rate_low: Decimal | None = None  # international rate on net sales, percent, from
    rate_high: Decimal | None = None
    rate_source: str = ""
    value_low: Decimal | None = None  # appraised value of the licence
    value_high: Decimal | None = None
    value_source: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """One of the five, with what it gives."""

    number: int
    title: str
    low: Decimal | None
    high: Decimal | None
    lines: tuple[Line, ...]
    rests_on: str

    @property
    def given(self) -> bool:
        """Whether it gives a range at all."""
        return self.low is not None and self.high is not None


def figure_errors(known: Figures) -> dict[str, list[str]]:
    """Ranges that run backwards, and figures without their source."""
    errors: dict[str, list[str]] = {}
    for low, high in (
        ("own_low", "own_high"),
        ("rate_low", "rate_high"),
        ("value_low", "value_high"),
    ):
        first, last = getattr(known, low), getattr(known, high)
        if first is not None and last is not None and first > last:
            errors[high] = ["范围的上端不能小于下端。"]
        if first is not None and first == last:
            errors[high] = ["两端相同就不是范围；请按把握的大小给出上下端。"]
        if (first is None) != (last is None):
            errors[low if first is None else high] = ["请填写范围的两端。"]
    if known.own_low is not None and known.own_income is None:
        errors["own_income"] = ["请填写自行实施每年的收益，否则比例用不上。"]
    if known.rate_low is not None and not known.rate_source.strip():
        errors["rate_source"] = ["请写明费率的来源和年份。"]
    if known.value_low is not None and not known.value_source.strip():
        errors["value_source"] = ["请写明评估机构、方法（成本、收益或市场法）和基准日。"]
    return errors


def bases(known: Figures, *, sums: Cell | None, rates: Cell | None,
          own_fees: Sequence[Decimal] = ()) -> list[Basis]:  # fmt: skip
    """All five, in the guide's order."""
    return [
        _own_working(known),
        _earlier(own_fees, sums),
        _industry(known, rates),
        _international(known),
        _valuation(known),
    ]


def _years(months: int) -> Decimal:
    return Decimal(months) / 12


def _share(label: str, base: Decimal, percent: Decimal, months: int, basis: str) -> Line:
    amount = yuan(base * percent / HUNDRED * _years(months))
    formula = (
        f"{exact_text(base)} × {percent_text(percent)} × {months} 个月 ÷ 12 = {exact_text(amount)}"
    )
    return Line(label, formula, amount, basis)


def _own_working(known: Figures) -> Basis:
    title = "专利权人自行实施的收益"
    if known.own_income is None or known.own_low is None or known.own_high is None:
        return Basis(1, title, None, None, (), "填写自行实施每年的收益和拟让渡的比例后测算。")
    why = "填写人提供"
    low = _share("下端", known.own_income, known.own_low, known.months, why)
    high = _share("上端", known.own_income, known.own_high, known.months, why)
    return Basis(
        1, title, low.amount, high.amount, (low, high), "填写人提供的收益和比例，请留存依据。"
    )


def _earlier(own_fees: Sequence[Decimal], sums: Cell | None) -> Basis:
    title = "已有许可使用费"
    if len(set(own_fees)) == 1:
        (only,) = set(own_fees)
        line = Line("这件专利以前的许可", exact_text(only), only, "本单位的许可，定额合计")
        told = "只有一个数，不成范围，仅供对照。"
        return Basis(2, title, None, None, (line,), told)
    if own_fees:
        low, high = min(own_fees), max(own_fees)
        line = Line("这件专利以前的许可", f"{exact_text(low)} 至 {exact_text(high)}", high,
                    f"平台上本单位的 {len(own_fees)} 项许可，定额合计")  # fmt: skip
        return Basis(2, title, low, high, (line,), "这件专利以前的许可（只有本单位能看到）。")
    if sums is not None:
        return Basis(2, title, sums.low, sums.high, (_cell_line(sums),), _rests(sums))
    return Basis(2, title, None, None, (), "这件专利没有许可过，同类成交不足以公开。")


def _industry(known: Figures, rates: Cell | None) -> Basis:
    title = "同行业许可使用费统计"
    if rates is not None and known.sales is not None:
        why = _rests(rates)
        low = _share("下端", known.sales, rates.low, known.months, why)
        high = _share("上端", known.sales, rates.high, known.months, why)
        return Basis(3, title, low.amount, high.amount, (low, high), why)
    told = "平台上同类提成成交不足以公开。" if rates is None else "填写被许可人的年销售额后测算。"
    return Basis(3, title, None, None, (), f"{told}{NATION_2021}")


def _international(known: Figures) -> Basis:
    title = "国际一般许可费率"
    if known.rate_low is None or known.rate_high is None or known.sales is None:
        return Basis(4, title, None, None, (), "填写费率范围、来源和被许可人的年销售额后测算。")
    low = _share("下端", known.sales, known.rate_low, known.months, known.rate_source)
    high = _share("上端", known.sales, known.rate_high, known.months, known.rate_source)
    return Basis(4, title, low.amount, high.amount, (low, high), known.rate_source)


def _valuation(known: Figures) -> Basis:
    title = "资产评估"
    if known.value_low is None or known.value_high is None:
        return Basis(5, title, None, None, (), "有评估报告的，填写许可价值的范围和评估依据。")
    line = Line(
        "评估的许可价值",
        f"{exact_text(known.value_low)} 至 {exact_text(known.value_high)}",
        known.value_high,
        known.value_source,
    )
    return Basis(5, title, known.value_low, known.value_high, (line,), known.value_source)


def _cell_line(cell: Cell) -> Line:
    unit = "%" if cell.measure is Measure.RATE else ""
    text = f"{exact_text(cell.low)}{unit} 至 {exact_text(cell.high)}{unit}"
    return Line("同类成交的四分位区间", text, cell.high, _rests(cell))


def _rests(cell: Cell) -> str:
    return (
        f"平台{cell.scope}的成交 {cell.deals}，截至 {cell.until:%Y-%m-%d}，"
        "不少于 5 家许可方和 5 家受让方，取第一至第三四分位、两位有效数字"
    )


def together(found: Sequence[Basis]) -> tuple[Decimal | None, Decimal | None, str]:
    """What the bases say together: their overlap if there is one, else how far they lie apart."""
    pairs = [(b.low, b.high) for b in found if b.low is not None and b.high is not None]
    if not pairs:
        return None, None, "还没有任何一项依据，不给出数字。请填写至少一项。"
    low, high = max(p[0] for p in pairs), min(p[1] for p in pairs)
    if len(pairs) == 1:
        return low, high, "只有一项依据，区间仅供参考；再补充一项可以互相印证。"
    if low < high:
        return low, high, f"{len(pairs)} 项依据重合的区间。"
    wide = (min(p[0] for p in pairs), max(p[1] for p in pairs))
    return *wide, f"{len(pairs)} 项依据没有重合，列出全部跨度；请核对各项的前提是否一致。"
