"""A patent's life as a lawyer would keep it on a sheet of paper: no Django, no code of ours.

It knows what stands and answers which acts the law admits. The machine beside it does the same
acts through the services; where the two differ, one of them is wrong.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

LICENCES = ("ordinary", "sole", "exclusive")
ACTS = (
    *("publish", "declare_open", "license_ordinary", "license_sole"),
    *("license_exclusive", "pledge", "transfer"),
)
# Which rights already given, in the same place and time, keep the act from being done.
STANDS_AGAINST = {
    "declare_open": {"open_declaration", "sole", "exclusive"},
    "license_ordinary": {"sole", "exclusive"},
    "license_sole": {"open_declaration", "ordinary", "sole", "exclusive"},
    "license_exclusive": {"open_declaration", "ordinary", "sole", "exclusive"},
    "pledge": {"pledge"},
    "publish": {"exclusive"},
    "transfer": set[str](),
}


def months_on(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass
class Bond:
    """A right on the patent; `ends` is its last day."""

    pk: int
    kind: str
    starts: date
    ends: date | None

    def meets(self, start: date, end: date | None) -> bool:
        begun = end is None or self.starts <= end
        return begun and (self.ends is None or start <= self.ends)


@dataclass
class Taken:
    """A licence somebody took under a declaration."""

    pk: int
    declaration: int
    firm: int
    status: str
    costs: bool = False
    bond: Bond | None = None


@dataclass
class Life:
    """What stands about one patent on a day."""

    day: date
    expires: date
    paid_to: date
    lapsed: bool = False
    invalid: bool = False
    given_up: bool = False
    preserved: str = ""
    held: bool = True
    listing: str = ""
    declaration: int = 0
    declared: bool = False  # announced
    declarations: dict[int, str] = field(default_factory=dict)
    pledge: Bond | None = None
    agreed: set[str] = field(default_factory=set)  # what the pledgee consents to
    bonds: list[Bond] = field(default_factory=list)
    licences: list[Taken] = field(default_factory=list)

    @property
    def status(self) -> str:
        if self.invalid:
            return "invalid"
        if self.given_up:
            return "abandoned"
        if self.day >= self.expires:
            return "expired"
        return "lapsed" if self.lapsed else "granted"

    def running(self) -> Iterator[Bond]:
        """What still binds the patent; a right given on a later day counts as well."""
        return (b for b in self.bonds if b.ends is None or b.ends >= self.day)

    def may(self, act: str, *, until: date | None = None) -> bool:
        """Whether the law admits the act, from today to that day (None: without end)."""
        if self.status != "granted" or self.preserved or not self.held or not self._paid(act):
            return False
        if self.pledge is not None and act not in {"pledge", "publish", *self.agreed}:
            return False
        bonds = list(self.running())
        if any(b.kind in STANDS_AGAINST[act] and b.meets(self.day, until) for b in bonds):
            return False
        bound = act.startswith("license") or act in ("pledge", "declare_open")
        return not (bound and until is not None and until >= self.expires)

    def _paid(self, act: str) -> bool:
        """In arrear nothing may be granted; past the six months' grace nothing at all."""
        if self.paid_to >= self.expires or self.day <= self.paid_to:
            return True
        in_grace = self.day <= months_on(self.paid_to, 6)
        return in_grace and act in ("publish", "transfer")

    def may_pay_annuity(self) -> bool:
        if self.status != "granted" or self.paid_to >= self.expires:
            return False
        return self.day <= months_on(self.paid_to, 6)

    def may_take(self, firm: int) -> bool:
        """Whether that firm may take the open licence today."""
        has = any(
            t.firm == firm
            and t.declaration == self.declaration
            and t.status in ("noticed", "effective", "filed")
            for t in self.licences
        )
        return self.declared and not has and self.may("license_ordinary")

    def bind(self, pk: int, kind: str, ends: date | None) -> Bond:
        bond = Bond(pk, kind, self.day, ends)
        self.bonds.append(bond)
        return bond

    def free(self, bond: Bond | None) -> None:
        if bond is not None and bond in self.bonds:
            self.bonds.remove(bond)

    def off_the_board(self) -> None:
        """What is lost, arrested, another's or wholly given away is not shown as on offer."""
        gone = self.status != "granted" or bool(self.preserved)
        if self.listing == "listed" and gone:
            self.listing = "suspended"

    def pass_days(self, days: int) -> None:
        """The calendar: terms end, licences with them."""
        self.day += timedelta(days=days)
        for taken in self.licences:
            ends = taken.bond.ends if taken.bond else None
            if taken.status in ("effective", "filed") and ends is not None and ends < self.day:
                taken.status = "ended"
        self.bonds = list(self.running())
        self.off_the_board()
