"""A list of patents as people type it: a number a line, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.people.types import Actor
from listings.models import Patent
from listings.rules import shelves as rules
from listings.selectors.cards import cards_by_number, find, printed

MOST_SAID = 20  # problems of one list that are named at once


@dataclass(frozen=True, slots=True)
class Lineup:
    """A list as it was read: patents with their notes in order, and every line that is no use."""

    patents: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(text: str, *, viewer: Actor) -> Lineup:
    """What the lines name, in a handful of queries; publication numbers cost one each."""
    lines, found = rules.lines(text), Lineup()
    if len(lines) > rules.MOST_LINES:
        said = f"最多 {rules.MOST_LINES} 件，现在是 {len(lines)} 行，请拆成几份。"
        return Lineup(problems=[said])
    known = cards_by_number((line.number for line in lines), viewer=viewer)
    for line in lines:
        card = known.get(line.number) or find(line.number, viewer=viewer)
        if card is None:
            found.problems.append(
                f"第 {line.place} 行“{line.number[:30]}”没有找到：请核对号码，"
                "只能选您看得到的专利。"
            )
        elif card.id in found.patents:
            found.problems.append(f"第 {line.place} 行“{line.number[:30]}”与前面重复，请删去一行。")
        else:
            found.patents[card.id] = line.note
    del found.problems[MOST_SAID:]
    return found


def as_lines(rows: Iterable[tuple[Patent, str]]) -> str:
    """The list as text, to be edited: numbers as on the certificate, each with its note."""
    return "\n".join(
        f"{printed(patent)} | {note}".rstrip(" |") for patent, note in rows if patent.number
    )
