"""Licences by agreement, pledges, the register and the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.people.types import Actor
from licensing.services import ground
from listings import services
from listings.services import upkeep
from listings.types import EncumbranceKind
from pledges import services as pledges
from pledges.models import Pledge
from tests.factories import pledges as contracts
from tests.factories.core import actor
from tests.faults.machine import Machine, Moves
from tests.faults.model import ACTS, LICENCES, Bond, months_on
from tests.faults.world import EXPIRES

SYSTEM = Actor.system()
STRANGER = "受让科技有限公司"
TERMS = (30, 400, 3_000, 5_000)
CONSENTABLE = [act for act in ACTS if act not in ("pledge", "publish")]


class Binding(Machine):
    """What binds the patent, and what the register and the calendar do to it."""

    def agreements(self, pick: int) -> Moves:
        """Licences as every deal binds them, and their end."""
        days = TERMS[pick % len(TERMS)]
        last = self.life.day + timedelta(days=days)
        moves: dict[str, tuple[bool, Callable[[], Any]]] = {
            kind: (
                self.life.may(f"license_{kind}", until=last),
                lambda kind=kind: self.grant(kind, days),
            )
            for kind in LICENCES
        }
        taken = {t.bond.pk for t in self.life.licences if t.bond}
        given = [b for b in self.life.bonds if b.kind in LICENCES and b.pk not in taken]
        if given:
            moves["end of an agreement"] = (True, lambda: self.end_grant(given[0]))
        return moves

    def grant(self, kind: str, days: int) -> None:
        last = self.life.day + timedelta(days=days)
        pk = self.act(
            self.life.may(f"license_{kind}", until=last),
            lambda: ground.bind(
                patent_id=self.at.patent_id,
                kind=EncumbranceKind(kind),
                starts_on=self.at.today,
                ends_on=last,
                reference=f"deal:{self.number()}",
                party_id=None,
                by=SYSTEM,
                now=self.at.now,
            ),
        )
        if pk:
            self.life.bind(pk, kind, last)
            if kind == "exclusive" and self.life.listing == "listed":
                self.life.listing = "suspended"  # nothing is left to be offered

    def end_grant(self, bond: Bond) -> None:
        def end() -> bool:
            services.release(
                encumbrance_id=bond.pk,
                ended_on=self.at.today,
                reason="协议解除",
                by=SYSTEM,
                now=self.at.now,
            )
            return True

        self.act(True, end)
        self.life.free(bond)

    def pledging(self, pick: int) -> Moves:
        days, to = TERMS[pick % len(TERMS)], CONSENTABLE[pick % len(CONSENTABLE)]
        last, pledged = self.life.day + timedelta(days=days), self.life.pledge is not None
        moves: dict[str, tuple[bool, Callable[[], Any]]] = {
            "pledge": (self.life.may("pledge", until=last), lambda: self.pledge(days))
        }
        if Pledge.objects.exists():
            fresh = pledged and to not in self.life.agreed
            moves |= {
                "consent": (fresh, lambda: self.consent(to)),
                "release": (pledged, self.release),
            }
        return moves

    def pledge(self, days: int) -> None:
        last = self.life.day + timedelta(days=days)
        today = self.at.today
        terms = contracts.terms(
            self.at.patent_id, starts_on=today, ends_on=last, registered_on=today
        )
        done = self.act(
            self.life.may("pledge", until=last),
            lambda: pledges.record_pledge(data=terms, by=actor(self.at.bank), now=self.at.now),
        )
        if done:
            bond = self.life.bind(done.items.get().encumbrance_id, "pledge", None)
            self.life.pledge, self.life.agreed = bond, set()

    def consent(self, to: str) -> None:
        may, pk = (
            self.life.pledge is not None and to not in self.life.agreed,
            Pledge.objects.latest("pk").pk,
        )
        self.act(
            may,
            lambda: pledges.consent(
                pledge_id=pk,
                patent_id=self.at.patent_id,
                action=to,
                reference="同意书1号",
                by=actor(self.at.bank),
                now=self.at.now,
            ),
        )
        if may:
            self.life.agreed.add(to)

    def release(self) -> None:
        pk = Pledge.objects.latest("pk").pk
        self.act(
            self.life.pledge is not None,
            lambda: pledges.release_pledge(
                pledge_id=pk,
                ending="paid",
                released_on=self.at.today,
                by=actor(self.at.bank),
                now=self.at.now,
            ),
        )
        self.life.free(self.life.pledge)
        self.life.pledge, self.life.agreed = None, set()

    def register(self) -> Moves:
        """What the gazette says, which asks nobody."""
        life = self.life
        moves: dict[str, tuple[bool, Callable[[], Any]]] = {}
        if life.status == "granted":
            moves["lapse"] = (True, self.lapse)
            if life.held:
                moves["transfer"] = (True, self.transfer)
        if life.status == "lapsed":
            moves["restore"] = (True, self.restore)
        if not life.held:
            moves["transfer back"] = (True, self.transfer_back)
        preserve = self.end_preservation if life.preserved else self.preserve
        moves["end preservation" if life.preserved else "preserve"] = (True, preserve)
        return moves

    def event(self, code: str, reference: str = "", **detail: Any) -> None:
        """A legal event of the next day: no two of them fall on one."""
        self.days(1)
        self.act(
            True,
            lambda: services.record_legal_event(
                patent_id=self.at.patent_id,
                code=code,
                occurred_on=self.at.today,
                reference=reference,
                detail=detail,
                by=SYSTEM,
                now=self.at.now,
            ),
        )

    def days(self, days: int) -> None:
        self.at.turn(days)
        self.at.hear()
        self.life.pass_days(days)

    def lapse(self) -> None:
        self.event("CF01")
        self.life.lapsed = True
        self.life.off_the_board()

    def restore(self) -> None:
        self.event("RR01")
        self.life.lapsed = False

    def preserve(self) -> None:
        reference = f"保全{self.number()}"
        self.event("PP01", reference)
        self.life.preserved = reference
        self.life.off_the_board()

    def end_preservation(self) -> None:
        self.event("PD01", self.life.preserved)
        self.life.preserved = ""

    def transfer(self) -> None:
        """A court gave it to another: nobody is asked."""
        self.event("TR01", **{"from": [self.at.holder], "to": [STRANGER]})
        self.life.held = False
        if self.life.listing == "listed":
            self.life.listing = "suspended"

    def transfer_back(self) -> None:
        self.event("TR01", **{"from": [STRANGER], "to": [self.at.holder]})
        self.life.held = True

    def pay_annuity(self) -> None:
        may = self.life.may_pay_annuity()
        self.act(
            may,
            lambda: upkeep.record_payment(
                patent_id=self.at.patent_id,
                paid_on=self.at.today,
                by=self.at.keeper,
                now=self.at.now,
            ),
        )
        if may:
            self.life.paid_to = months_on(self.life.paid_to, 12)

    def end_of_life(self, end: str) -> None:
        if end == "expire":
            self.days(max((EXPIRES - self.life.day).days, 1))
        else:
            self.event("IW01" if end == "annul" else "AV01")
            self.life.invalid, self.life.given_up = end == "annul", end == "give up"
        self.life.off_the_board()
