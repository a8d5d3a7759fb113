"""Rights granted to inventors 赋权: a share of ownership, or use for ten years and more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from listings.rules.terms import add_years

LEAST_YEARS = 10  # 科技成果赋权试点：长期使用权不低于 10 年; a region may ask for more
WHOLE = Decimal(100)


class InventorRightKind(StrEnum):
    """What inventors were granted."""

    OWNERSHIP = "ownership"
    USE = "use"


def problems(
    *,
    kind: InventorRightKind,
    inventors: Iterable[str],
    share: Decimal | None,
    starts_on: date,
    ends_on: date | None,
    taken: Decimal,
    expires_on: date | None,
    least_years: int = LEAST_YEARS,
) -> dict[str, list[str]]:
    """What is wrong with a grant, by field; `taken` is what others own already, in percent."""
    found: dict[str, list[str]] = {}
    if not list(inventors):
        found["inventors"] = ["请至少填写一位发明人。"]
    if expires_on is not None and starts_on >= expires_on:
        found["starts_on"] = [f"专利权期限到 {expires_on} 届满，起始日应当更早。"]
    if kind is InventorRightKind.OWNERSHIP:
        return found | _ownership(share, ends_on, taken)
    if share is not None:
        found["share"] = ["长期使用权不涉及份额，请留空。"]
    years = max(least_years, LEAST_YEARS)
    if ends_on is not None and ends_on < add_years(starts_on, years):
        found["ends_on"] = [
            f"长期使用权不少于 {years} 年，应到 {add_years(starts_on, years)} 或更晚；"
            "到专利权期限届满为止的请留空。"
        ]
    return found


def _ownership(share: Decimal | None, ends_on: date | None, taken: Decimal) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if ends_on is not None:
        found["ends_on"] = ["所有权份额没有截止日，请留空。"]
    if share is None or not Decimal(0) < share < WHOLE:
        found["share"] = ["请填写赋予发明人的份额，大于 0、小于 100。"]
    elif taken + share >= WHOLE:
        found["share"] = [f"其他权利人已占 {taken.normalize():f}%，单位应当保留一部分，请核对。"]
    return found
