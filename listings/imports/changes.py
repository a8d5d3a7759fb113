"""What a row would change, field by field, in the words of the page. No Django here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from listings.imports import columns
from listings.imports.plan import COLUMN_OF
from listings.imports.verdicts import KIND_WORDS
from listings.types import PatentKind

LABELS: Final = {
    "expires_on": "期限届满日",
    "kind": "专利类型",
    "locarno": "洛迦诺分类号",
    "events": "法律事件",
    "region": "行政区划",
}
UNSPOKEN: Final = frozenset({"main_ipc"})  # follows from the symbols, which are shown
LONGEST: Final = 80


@dataclass(frozen=True)
class Change:
    """One field as it is and as it would be."""

    label: str
    before: str
    after: str


def shown(changes: Mapping[str, Sequence[Any]] | None) -> list[Change]:
    """The changes of a row, in the order of the file's columns."""
    return [
        Change(label(name), words(name, before), words(name, after))
        for name, (before, after) in sorted((changes or {}).items(), key=lambda item: rank(item[0]))
        if name not in UNSPOKEN
    ]


def label(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    return columns.BY_NAME[COLUMN_OF.get(name, name)].label if known(name) else name


def known(name: str) -> bool:
    return COLUMN_OF.get(name, name) in columns.BY_NAME


def rank(name: str) -> int:
    names = list(columns.BY_NAME)
    column = COLUMN_OF.get(name, name)
    return names.index(column) if column in names else len(names)


def words(name: str, value: Any) -> str:
    if value is None or value == []:
        return ""
    if name == "kind":
        return KIND_WORDS.get(PatentKind(value), str(value))
    text = "；".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
