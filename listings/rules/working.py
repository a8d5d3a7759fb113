"""Whether a patent is worked 实施, and what follows if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from listings.rules.terms import add_years

UNWORKED_YEARS = 5  # 国办发〔2023〕37号（六）; a region may watch earlier
CANDIDATE_YEARS = 3
ARTICLE = "科学技术进步法第三十二条、国办发〔2023〕37号（六）"


class WorkingKind(StrEnum):
    """How a patent is worked."""

    OWN = "own"
    LICENSED = "licensed"
    TRANSFERRED = "transferred"
    PRODUCT = "product"


class Watch(StrEnum):
    """Where a publicly funded patent stands in the watch over unworked ones."""

    NONE = "none"  # not funded, not in force, or worked
    COMING = "coming"
    EXPLAINED = "explained"
    FLAGGED = "flagged"


@dataclass(frozen=True, slots=True)
class Watched:
    """The watch over one patent; `since` is when it is or will be flagged."""

    state: Watch
    since: date | None = None
    article: str = ARTICLE


def watch(
    *,
    is_funded: bool,
    is_in_force: bool,
    is_worked: bool,
    granted_on: date | None,
    has_reason: bool,
    on: date,
    years: int = UNWORKED_YEARS,
) -> Watched:
    """Funded, granted for so many years, not worked: flagged, unless a reason was given."""
    if not (is_funded and is_in_force) or is_worked or granted_on is None:
        return Watched(Watch.NONE)
    since = add_years(granted_on, years)
    if on <= since:
        return Watched(Watch.COMING, since)
    return Watched(Watch.EXPLAINED if has_reason else Watch.FLAGGED, since)
