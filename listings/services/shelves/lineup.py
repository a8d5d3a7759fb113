"""Reading a list of patents as people type it: a number a line, and what they say of it."""

from __future__ import annotations

from core.errors import Invalid
from core.people.types import Actor
from listings.rules import shelves as rules
from listings.selectors.cards import find


def read(text: str, *, by: Actor, field: str = "patents") -> list[tuple[int, str]]:
    """Patent ids with their notes, in order; Invalid names every line that cannot be used."""
    lines = rules.lines(text)
    problems: list[str] = []
    if len(lines) > rules.MOST_LINES:
        problems.append(f"最多 {rules.MOST_LINES} 件，现在是 {len(lines)} 行，请拆成几份。")
        raise Invalid(fields={field: problems})
    found: dict[int, str] = {}
    for line in lines:
        card = find(line.number, viewer=by)
        if card is None:
            problems.append(
                f"第 {line.place} 行“{line.number[:30]}”没有找到：请核对号码，"
                "只能选您看得到的专利。"
            )
        elif card.id in found:
            problems.append(f"第 {line.place} 行“{line.number[:30]}”与前面重复，请删去一行。")
        else:
            found[card.id] = line.note
    if problems:
        raise Invalid(fields={field: problems[:20]})
    return list(found.items())
