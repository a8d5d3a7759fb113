"""What the bureau counts. A metric is a definition, computed and never typed in.

Counts of filings are deliberately absent: binding targets on application numbers and subsidies
tied to patent counts are barred (专利转化运用专项行动方案 2023, 六; 上海 2024, §1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core.days import begins, ends


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: what it is called, counts, and shows for each row behind it."""

    code: str
    label: str
    unit: str
    definition: str
    columns: tuple[str, ...]
    timed: bool = True  # bounded by the period; a stock figure is as of now


METRICS: tuple[Metric, ...] = (
    Metric(
        "listed",
        "在架专利",
        "件",
        "此刻在公开货架上展示的专利，按专利所在区划计。",
        ("专利", "号码", "专利权人", "上架时间"),
        timed=False,
    ),
    Metric(
        "leads",
        "推送线索",
        "条",
        "期间内首次推送给企业的匹配，一家企业与一件专利只计一条，按专利所在区划计。",
        ("专利", "号码", "推送时间", "进展"),
    ),
    Metric(
        "licences",
        "生效许可",
        "项",
        "期间内生效的许可（含开放许可），按专利所在区划计，被认定无效的不计。",
        ("专利", "号码", "许可人", "被许可人", "生效时间"),
    ),
    Metric(
        "outcomes",
        "核实转化",
        "项",
        "期间内发生并经主管部门核实的转化结果，按专利所在区划计。",
        ("专利", "号码", "结果", "填报单位", "发生日期"),
    ),
    Metric(
        "pledges",
        "质押登记",
        "笔",
        "期间内登记的专利权质押，按出质人所在区划计。登记金额不等于放款金额。",
        ("登记号", "出质人", "质权人", "担保金额（元）", "登记日期"),
    ),
)
BY_CODE: Mapping[str, Metric] = {metric.code: metric for metric in METRICS}


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to `until`, both included."""

    since: date
    until: date

    @classmethod
    def year_to(cls, day: date) -> Period:
        """From New Year to that day."""
        return cls(day.replace(month=1, day=1), day)

    def moments(self) -> tuple[datetime, datetime]:
        """The moment it begins and the one at which it is over, in China."""
        return begins(self.since), ends(self.until)


def within(prefix: str, scope: str) -> bool:
    """Whether an overseer of `scope` may look at `prefix`."""
    return prefix.startswith(scope)


def roll_up(counts: Mapping[str, int], prefixes: Iterable[str]) -> tuple[dict[str, int], int]:
    """Sum full region codes into these prefixes; what falls into none is the second answer.

    Prefixes do not contain one another, so every row is counted exactly once and the sums and
    the remainder add up to the whole.
    """
    sums = dict.fromkeys(prefixes, 0)
    rest = 0
    for code, number in counts.items():
        home = next((prefix for prefix in sums if code.startswith(prefix)), None)
        if home is None:
            rest += number
        else:
            sums[home] += number
    return sums, rest
