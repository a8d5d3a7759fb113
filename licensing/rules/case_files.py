"""The entries of a case file: one decision or ground each, in the order of time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry speaks of."""

    DECISION = "decision"
    GUARD = "guard"
    PRICE = "price"
    POSTING = "posting"
    APPROVAL = "approval"
    MONEY = "money"


ENTRY_LABELS = {
    EntryKind.DECISION: "决定与操作",
    EntryKind.GUARD: "当日的限制条件",
    EntryKind.PRICE: "价格依据",
    EntryKind.POSTING: "公示",
    EntryKind.APPROVAL: "同意与批准",
    EntryKind.MONEY: "款项与分配",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """When, who, what, and on what grounds; `source` names the record it was taken from."""

    at: datetime
    kind: EntryKind
    what: str
    who: str = ""
    grounds: tuple[str, ...] = ()
    source: str = ""


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """By time, then by kind and source, so that two builds of one record are alike."""
    return sorted(entries, key=lambda e: (e.at, e.kind, e.source, e.what))


def as_data(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """The machine-readable form."""
    return [{**asdict(e), "at": e.at.isoformat(), "grounds": list(e.grounds)} for e in entries]


def digest(data: Sequence[object]) -> str:
    """SHA-256 of the entries in their one canonical spelling."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
