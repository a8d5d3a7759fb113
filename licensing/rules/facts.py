"""When two reports speak of one fact: one is kept, the other is told where it is."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Fact:
    """What of a report tells whether it is news; patent and code are the same already."""

    happened_on: date
    contract: str = ""
    counterparty: str = ""
    automatic: bool = False  # reported by the platform, under its own number

    @property
    def key(self) -> str:
        """The same for two reports that cannot both stand: held by the database."""
        contract = plain(self.contract)
        return contract or f"{self.happened_on:%Y-%m-%d}|{plain(self.counterparty)}"


def plain(text: str) -> str:
    """A number or a name without what hands write differently: width, case, blanks, strokes."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def same_fact(one: Fact, other: Fact) -> bool:
    """Whether these are one fact.

    The same contract is the same fact. Reports of one day with one partner are, too, unless each
    names a paper contract of its own: the platform's number of a deal is not the paper's.
    """
    mine, theirs = plain(one.contract), plain(other.contract)
    if mine and mine == theirs:
        return True
    if one.happened_on != other.happened_on:
        return False
    if mine and theirs and not (one.automatic or other.automatic):
        return False
    partners = {plain(one.counterparty), plain(other.counterparty)} - {""}
    return len(partners) < 2  # one name, or one of the two is silent
