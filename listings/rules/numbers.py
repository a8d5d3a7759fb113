"""Application, patent and publication numbers 申请号/专利号/公开号: every spelling to one.

ZC 0006-2003: since 2003-10 a number is year (4), kind (1), serial (7) and a check digit; from
1989 to 2003 year (2), kind (1), serial (5) and a check digit; before, eight digits without one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from listings.types import PatentKind

KINDS: dict[str, PatentKind] = {
    "1": PatentKind.INVENTION,
    "2": PatentKind.UTILITY_MODEL,
    "3": PatentKind.DESIGN,
    "8": PatentKind.INVENTION,
    "9": PatentKind.UTILITY_MODEL,
}
PCT_KINDS = frozenset("89")
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
FIRST_LONG_YEAR, LAST_LONG_YEAR = 2003, 2099

_PREFIX = re.compile(
    r"^(?:(?:中国)?专利号|申请号|申请\(专利\)号|专利申请号|NO\.?)?[:]?(ZL|CN)?[:.]?"
)
_NOISE = re.compile(r"[\s.\-·_\u200b\ufeff]+")
_SCIENTIFIC = re.compile(r"^\d(\.\d+)?E\+?\d+$", re.ASCII)
_PUBLICATION = re.compile(r"^(?:CN)?([123])(\d{6}|\d{8})([ABCUYSD])([1-9])?$", re.ASCII)
_BARE_PUBLICATION = re.compile(r"^(?:CN)([123])(\d{6}|\d{8})$", re.ASCII)
_FOLDED = re.compile(r"^\d+X?$", re.ASCII)


class NumberError(Exception):
    """A number that cannot be read: what is wrong, and how to mend it. All Chinese."""

    def __init__(self, code: str, message: str, mend: str) -> None:
        super().__init__(f"{message}{mend}")
        self.code, self.message, self.mend = code, message, mend


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to look at that does not refuse the number."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number in its one canonical form."""

    canonical: str
    kind: PatentKind
    year: int
    is_pct: bool
    warnings: tuple[Problem, ...] = ()


def check_digit(digits: str) -> str:
    """The check digit of 8 (1989–2003) or 12 (since 2003) leading digits: "0" … "9" or "X"."""
    rest = sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=False)) % 11
    return "X" if rest == 10 else str(rest)


def fold(text: str) -> str:
    """Full-width to half, upper case, without ZL/CN, labels, spaces, dots and hyphens."""
    plain = unicodedata.normalize("NFKC", text).upper().strip()
    plain = re.sub(r"\s+", "", plain)
    return _NOISE.sub("", _PREFIX.sub("", plain, count=1))


@lru_cache(maxsize=4096)  # a row's number is read by its judge and by its record
def parse(text: str) -> Number:
    """The canonical number behind any spelling, or NumberError."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    if not plain:
        raise NumberError(
            "number-empty", "没有填写申请号。", "请填写 13 位申请号，例如 201710601862.3。"
        )
    if _SCIENTIFIC.match(plain):
        raise NumberError(
            "number-scientific",
            f"“{text}”是表格软件改成的科学计数法，末尾数字已经丢失。",
            "请把该列设为“文本”格式，重新填写完整申请号。",
        )
    if (published := _PUBLICATION.match(_NOISE.sub("", plain))) and published[3]:
        raise NumberError(
            "number-is-publication",
            f"“{text}”是公开（公告）号，不是申请号。",
            "请填写申请号（专利号），公开号另填在“公开/公告号”一列。",
        )
    digits = fold(text)
    if not _FOLDED.match(digits):
        raise NumberError(
            "number-characters",
            f"申请号“{text[:40]}”含有数字和校验位 X 以外的字符。",
            "请只填写申请号本身，例如 201710601862.3 或 ZL 2017 1 0601862.3。",
        )
    if len(digits) in (12, 13):
        return _long(digits, text)
    if len(digits) in (8, 9):
        return _short(digits, text)
    raise NumberError(
        "number-length",
        f"申请号“{text[:40]}”去掉前缀和标点后是 {len(digits)} 位，应为 13 位（2003 年 10 月后）、"
        "9 位（1989–2003 年）或 8 位（1985–1988 年）。",
        "请对照专利证书补全；不要填写公开号或证书号。",
    )


def _long(digits: str, text: str) -> Number:
    body, year = digits[:12], int(digits[:4]) if digits[:4].isdigit() else 0
    if not body.isdigit():
        raise NumberError(
            "number-characters", f"申请号“{text}”的校验位 X 只能在最后一位。", "请核对申请号。"
        )
    if not FIRST_LONG_YEAR <= year <= LAST_LONG_YEAR:
        raise NumberError(
            "number-year",
            f"申请号“{text}”的年份是 {digits[:4]}，13 位申请号从 2003 年开始使用。",
            "请核对前四位年份。",
        )
    kind, pct = _kind(digits[4], text), _pct(digits[4])
    return Number(_checked(body, digits[12:], text), kind, year, pct)


def _short(digits: str, text: str) -> Number:
    body, check = digits[:8], digits[8:]
    if not body.isdigit():
        raise NumberError(
            "number-characters", f"申请号“{text}”的校验位 X 只能在最后一位。", "请核对申请号。"
        )
    two = int(digits[:2])
    kind, pct = _kind(digits[2], text), _pct(digits[2])
    if 85 <= two <= 88:
        if check:
            raise NumberError(
                "number-length",
                f"申请号“{text}”是 {1900 + two} 年的，1985–1988 年的申请号只有 8 位，没有校验位。",
                "请核对年份，或去掉最后一位。",
            )
        unchecked = Problem("number-unchecked", "1985–1988 年的申请号没有校验位，请人工核对。")
        return Number(body, kind, 1900 + two, pct, (unchecked,))
    if not (two >= 89 or two <= 3):
        raise NumberError(
            "number-year",
            f"申请号“{text}”的前两位“{digits[:2]}”不是 1985–2003 年中的一年。",
            "请核对年份；2003 年 10 月以后的申请号应填 13 位；"
            "9 位的公开号请填在“公开/公告号”一列。",
        )
    year = 1900 + two if two >= 89 else 2000 + two
    return Number(_checked(body, check, text), kind, year, pct)


def _kind(digit: str, text: str) -> PatentKind:
    if digit in KINDS:
        return KINDS[digit]
    raise NumberError(
        "number-kind",
        f"申请号“{text}”的种类位是 {digit}，应为 1（发明）、2（实用新型）、3（外观设计）、"
        "8 或 9（PCT 进入中国）。",
        "请核对年份后面的一位。",
    )


def _pct(digit: str) -> bool:
    return digit in PCT_KINDS


def _checked(body: str, check: str, text: str) -> str:
    right = check_digit(body)
    if check and check != right:
        raise NumberError(
            "number-check",
            f"申请号“{text}”的校验位不对：按 {body} 计算应为 {right}，填写的是 {check}。",
            "请对照专利证书逐位核对，常见原因是某一位抄错或两位颠倒。",
        )
    return body + right


def printed(canonical: str, *, granted: bool = True) -> str:
    """As it is printed on a certificate: "ZL 2017 1 0601862.3"; applications without ZL."""
    year = 4 if len(canonical) == 13 else 2
    serial_end = 12 if len(canonical) == 13 else 8
    parts = [canonical[:year], canonical[year], canonical[year + 1 : serial_end]]
    tail = f".{canonical[serial_end:]}" if canonical[serial_end:] else ""
    return f"{'ZL ' if granted else ''}{' '.join(parts)}{tail}"


def mint(year: int, kind_digit: str, serial: int) -> str:
    """A well-formed number of our own for samples; the serial comes from the caller's block."""
    body = f"{year:04d}{kind_digit}{serial:07d}"
    if len(body) != 12 or kind_digit not in KINDS:
        raise ValueError(f"{year}, {kind_digit}, {serial} do not make a number.")
    return body + check_digit(body)


def spellings(canonical: str) -> Iterator[str]:
    """The ways one number is written in practice; all parse back to it."""
    body, check = (canonical, "") if len(canonical) == 8 else (canonical[:-1], canonical[-1])
    dotted = f"{body}.{check}" if check else body
    for prefix in ("", "ZL", "CN", "ZL ", "zl", "CN "):
        yield prefix + body
        yield prefix + dotted
        yield prefix + body + check
        yield (prefix + body + check).lower()
    yield printed(canonical)
    yield printed(canonical, granted=False)
    yield "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in f"ZL{dotted}")
    yield f"专利号：ZL{dotted}"


def parse_publication(text: str) -> str:
    """A Chinese publication number 公开（公告）号 in its one form, as CN103323265B."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text).upper())
    found = _PUBLICATION.match(plain)
    if not found:
        raise NumberError(
            "publication-shape",
            f"“{text[:40]}”不是公开（公告）号。",
            "请按 CN103323265B 的样式填写：CN、7 或 9 位数字、一个类别字母。",
        )
    kind, serial, letter, step = found.groups()
    return f"CN{kind}{serial}{letter}{step or ''}"


def publications(text: str) -> list[str]:
    """The publication numbers this may mean: the one, or every kind of a number without its letter
    as people copy it (CN110000001)."""
    try:
        return [parse_publication(text)]
    except NumberError:
        pass
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text).upper())
    found = _BARE_PUBLICATION.match(plain)
    if not found:
        return []
    return [f"CN{''.join(found.groups())}{letter}" for letter in "ABCUYSD"]
