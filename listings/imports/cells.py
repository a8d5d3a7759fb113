"""Read one cell: a value, or a refusal that says what is wrong and how to mend it."""

import datetime as dt
import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from listings.imports import limits


class CellRefused(ValueError):
    """This cell cannot be read; `reason` and `mend` are for the person who filled it in."""

    def __init__(self, code: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.mend = mend


@dataclass(frozen=True)
class Money:
    """An asking price in yuan; `None` stands for 面议, to be negotiated."""

    yuan: Decimal | None


SPACES: Final = re.compile(r"[ \t\u3000\xa0\u200b\ufeff]+")
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LITERAL: Final = re.compile(r'="([^"]*)"')
SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
YEAR_FIRST: Final = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?"
)
COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
YEAR_LAST: Final = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})")
SHORT_YEAR: Final = re.compile(r"\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?")
NO_DAY: Final = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*月?|\d{4}年?")
EXCEL_EPOCH: Final = dt.date(1899, 12, 30)
FIRST_DAY: Final = dt.date(1985, 4, 1)  # the Patent Law came into force
DATE_MEND: Final = "请写成“2024-01-05”这样的年-月-日。"
LIST_BREAK: Final = re.compile(r"[;；|｜、\n]+")
TRL_WORDS: Final = {
    "报告级": 1,
    "方案级": 2,
    "功能级": 3,
    "仿真级": 4,
    "初样级": 5,
    "正样级": 6,
    "环境级": 7,
    "产品级": 8,
    "系统级": 9,
}


def text(cell: Any) -> str:
    """The cell as one line or paragraph of text; refuses formulas."""
    if type(cell) is str and is_tidy(cell):
        return cell  # nearly every cell, and three searches of it are spared
    refuse_formula(cell)
    if cell is None:
        return ""
    if isinstance(cell, dict):
        return str(cell.get("date", ""))
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return repr(cell)
    plain = CONTROLS.sub("", str(cell)).replace("\r\n", "\n").replace("\r", "\n").strip()
    # Exports write ="201710601862.3" so that Excel keeps a long number: that is text, no formula.
    if literal := LITERAL.fullmatch(plain):
        plain = literal.group(1).strip()
    return SPACES.sub(" ", plain).strip()


def is_tidy(cell: str) -> bool:
    """Whether there is nothing to fold, no control character, and no formula."""
    return cell.isprintable() and "  " not in cell and cell[:1] not in " =" and cell[-1:] != " "


def refuse_formula(cell: Any) -> None:
    written = isinstance(cell, str) and cell.lstrip().startswith("=")
    if isinstance(cell, dict) and "formula" in cell:
        written = True
    elif written and LITERAL.fullmatch(str(cell).strip()):
        written = False
    if written:
        raise CellRefused(
            "formula",
            "单元格是公式，系统不会计算公式。",
            "请复制该列，用“选择性粘贴—数值”粘回原处后重新上传。",
        )


def short_text(cell: Any, *, limit: int) -> str:
    """One line of at most `limit` characters."""
    value = text(cell)
    if "\n" in value:
        joined = " ".join(part.strip() for part in value.split("\n") if part.strip())
        if value.count("\n") > 2:
            raise CellRefused(
                "line-breaks",
                "单元格里有多行文字，可能是引号没有成对，把后面的行也吞了进来。",
                "请删去换行；CSV 文件请检查本行和上一行的双引号。",
            )
        value = joined
    return within(value, limit)


def long_text(cell: Any, *, limit: int) -> str:
    """Paragraphs of at most `limit` characters."""
    return within(text(cell), limit)


def within(value: str, limit: int) -> str:
    if len(value) > limit:
        found = len(value)
        shown = f"{found}" if found <= limits.CELL_CHARACTERS else f"超过 {limits.CELL_CHARACTERS}"
        raise CellRefused(
            "too-long",
            f"内容有 {shown} 个字，上限是 {limit} 个字。",
            f"请缩短到 {limit} 个字以内；如果把别的列粘错了位置，请放回原列。",
        )
    return value


def number_text(cell: Any) -> str:
    """A patent number as written. Refuses what Excel has already spoiled."""
    refuse_formula(cell)
    if isinstance(cell, bool | dict):
        raise CellRefused(
            "not-a-number",
            "这一格不是专利号。",
            "请填写申请号或专利号，例如 201710601862.3，并把该列设为“文本”格式。",
        )
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        # Excel holds 15 digits, so 12 digits and a check digit survive: 201710601862.3
        return repr(round(cell, 1))
    value = unicodedata.normalize("NFKC", text(cell))
    if SCIENTIFIC.fullmatch(value.strip()):
        raise CellRefused(
            "scientific",
            f"号码被 Excel 变成了科学计数法（{value}），后面的数字已经丢失。",
            "请把该列设为“文本”格式，从原始资料重新粘贴号码。",
        )
    return within(value, 60)


def date(cell: Any) -> dt.date | None:
    """A day in any unambiguous spelling; blank is None."""
    refuse_formula(cell)
    if isinstance(cell, dict) and "date" in cell:
        return plausible(dt.date.fromisoformat(cell["date"]))
    if isinstance(cell, bool):
        raise not_a_date(cell)
    if isinstance(cell, int | float):
        return date_of_number(cell)
    value = unicodedata.normalize("NFKC", text(cell))
    if not value or value in {"-", "--", "/", "无", "暂无", "未知"}:
        return None
    if found := YEAR_FIRST.fullmatch(value):
        return made(value, *(int(part) for part in found.group(1, 2, 3)))
    if value.isdigit() and len(value) in {5, 8}:
        return date_of_number(int(value))
    if found := YEAR_LAST.fullmatch(value):
        return year_last(value, *(int(part) for part in found.groups()))
    if SHORT_YEAR.fullmatch(value):
        raise CellRefused(
            "ambiguous-date", f"“{value}”的年份只有两位，无法确定是哪一年。", DATE_MEND
        )
    if NO_DAY.fullmatch(value):
        raise CellRefused("incomplete-date", f"“{value}”缺少月或日。", DATE_MEND)
    raise not_a_date(value)


def not_a_date(value: Any) -> CellRefused:
    return CellRefused("not-a-date", f"“{str(value)[:40]}”不是日期。", DATE_MEND)


def date_of_number(value: int | float) -> dt.date:
    """20240105, or the day count of an Excel cell that lost its date format."""
    if not math.isfinite(value):
        raise not_a_date(value)
    whole = int(value)
    if found := COMPACT.fullmatch(str(whole)):
        return made(str(whole), *(int(part) for part in found.groups()))
    if 20_000 <= whole < 80_000:
        return plausible(EXCEL_EPOCH + dt.timedelta(days=whole))
    raise not_a_date(value)


def year_last(value: str, first: int, second: int, year: int) -> dt.date:
    """Day and month are told apart only where one of them is above 12."""
    if first > 12 >= second:
        return made(value, year, second, first)
    if second > 12 >= first:
        return made(value, year, first, second)
    if first == second:
        return made(value, year, first, second)
    raise CellRefused(
        "ambiguous-date",
        f"“{value}”分不清是 {first} 月 {second} 日还是 {second} 月 {first} 日。",
        DATE_MEND,
    )


def made(value: str, year: int, month: int, day: int) -> dt.date:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        raise CellRefused("no-such-date", f"日历上没有“{value}”这一天。", DATE_MEND) from None
    return plausible(found)


def plausible(found: dt.date) -> dt.date:
    if not FIRST_DAY <= found <= dt.date(2100, 12, 31):
        raise CellRefused(
            "implausible-date",
            f"{found.isoformat()} 不在 1985-04-01（专利法施行）到 2100 年之间。",
            DATE_MEND,
        )
    return found


def trl(cell: Any) -> int | None:
    """GB/T 22900 level 1 to 9, as “6”, “TRL6”, “第6级”, “正样级”."""
    refuse_formula(cell)
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    value = unicodedata.normalize("NFKC", text(cell)).replace(" ", "")
    if not value or value in {"-", "--", "/", "无", "未评"}:
        return None
    if value in TRL_WORDS or f"{value}级" in TRL_WORDS:
        return TRL_WORDS.get(value) or TRL_WORDS[f"{value}级"]
    found = re.fullmatch(r"(?:TRL|第)?[-:]?(\d{1,2})(?:级)?(?:[((].*[))])?", value, re.IGNORECASE)
    if found and 1 <= int(found.group(1)) <= 9:
        return int(found.group(1))
    if found and 10 <= int(found.group(1)) <= 13:
        raise CellRefused(
            "trl-market",
            f"第 {found.group(1)} 级是市场阶段，不属于 GB/T 22900 的技术成熟度（1—9 级）。",
            "已经量产销售的请填 9。",
        )
    raise CellRefused("trl", f"“{value[:20]}”不是技术成熟度等级。", "请填 1 到 9 的整数。")


def count(cell: Any) -> int | None:
    """A number of things, as “12”, “12件”, “1,203”; what is not known is nothing."""
    refuse_formula(cell)
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    value = unicodedata.normalize("NFKC", text(cell)).replace(" ", "").replace(",", "")
    if not value or value in {"-", "--", "/", "无", "未知"}:
        return None
    found = re.fullmatch(r"(\d{1,6})(?:件|次|个|项|篇)?", value, re.ASCII)
    if found is None:
        raise CellRefused("count", f"“{value[:20]}”不是件数或次数。", "请填整数；不知道的留空。")
    return int(found.group(1))


def money(cell: Any, *, in_wan: bool = False) -> Money | None:
    """A price in yuan; “12.5万”, “¥120,000”, “面议”. `in_wan`: the header says 万元."""
    refuse_formula(cell)
    value = unicodedata.normalize("NFKC", text(cell)).replace(",", "").replace(" ", "")
    if not value or value in {"-", "--", "/", "无"}:
        return None
    if value in {"面议", "议价", "价格面议", "协商", "可议"}:
        return Money(None)
    found = re.fullmatch(
        r"(?:¥|¥|RMB|CNY|人民币)?(-?\d+(?:\.\d+)?)(亿元?|万元?|元)?(?:人民币)?",
        value,
        re.IGNORECASE,
    )
    if not found:
        raise CellRefused(
            "money",
            f"“{value[:30]}”不是一个金额。",
            "请只填一个数，单位元（如 120000）或万元（如 12万）；未定价请填“面议”。",
        )
    unit = found.group(2) or ""
    scale = 100_000_000 if "亿" in unit else 10_000 if "万" in unit or (not unit and in_wan) else 1
    return Money(priced(found.group(1), scale))


def priced(digits: str, scale: int) -> Decimal:
    try:
        amount = (Decimal(digits) * scale).quantize(Decimal("0.01"))
    except InvalidOperation:
        amount = Decimal(-1)
    if amount < 0 or amount >= Decimal("1e13"):
        raise CellRefused(
            "money-range", "金额不能为负，也不能超过 10 万亿元。", "请核对数值和单位（元或万元）。"
        )
    return amount


def words(cell: Any, *, each: int, most: int) -> tuple[str, ...]:
    """Several values in one cell, parted by ；、| or line breaks; doubles dropped."""
    parts = (SPACES.sub(" ", part).strip() for part in LIST_BREAK.split(text(cell)))
    found = tuple(dict.fromkeys(part for part in parts if part))
    if len(found) > most:
        raise CellRefused(
            "too-many", f"有 {len(found)} 项，上限是 {most} 项。", f"请只保留前 {most} 项。"
        )
    return tuple(within(part, each) for part in found)
