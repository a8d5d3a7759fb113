"""The offer on the board and the open licence, as the office and the firms do them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.people.types import Actor
from licensing import services as licensing
from licensing.models import Licence
from licensing.rules.fees import FeeMode
from listings import services
from listings.models import Listing
from tests.factories import licensing as make
from tests.factories import listings as board
from tests.factories.core import actor
from tests.faults.machine import Machine, Moves
from tests.faults.model import Taken, months_on
from tests.faults.world import EXPIRES

MONTHS = 36


class Offering(Machine):
    """Draft, publish, suspend, resume, withdraw; declare, take, pay, file."""

    def offers(self) -> Moves:
        life = self.life
        state, shown = life.listing, life.may("publish")
        moves: dict[str, tuple[bool, Callable[[], Any]]] = {
            "draft": (state == "", self.draft),
            "publish": (state in ("draft", "submitted") and shown, self.publish),
            "submit": (state == "draft", self.submit),
            "suspend": (state == "listed", self.suspend),
            "resume": (state == "suspended" and shown, self.resume),
            "withdraw": (state != "", self.withdraw),
        }
        known = Listing.objects.filter(patent_id=self.at.patent_id).exists()
        return moves if known else {"draft": moves["draft"]}

    def draft(self) -> None:
        done = self.act(
            self.life.listing == "",
            lambda: services.draft_listing(
                patent_id=self.at.patent_id, offer=board.offer(), by=self.at.keeper, now=self.at.now
            ),
        )
        if done:
            self.life.listing = "draft"

    def _step(self, name: str, command: Callable[..., None], to: str, **more: Any) -> None:
        may = self.offers()[name][0]
        pk = Listing.objects.filter(patent_id=self.at.patent_id).latest("pk").pk
        self.act(may, lambda: command(listing_id=pk, by=self.at.keeper, now=self.at.now, **more))
        if may:
            self.life.listing = to

    def publish(self) -> None:
        self._step("publish", services.publish_listing, "listed")

    def submit(self) -> None:
        self._step("submit", services.submit_listing, "submitted")

    def suspend(self) -> None:
        self._step("suspend", services.suspend_listing, "suspended", reason="暂缓")

    def resume(self) -> None:
        self._step("resume", services.resume_listing, "listed")

    def withdraw(self) -> None:
        self._step("withdraw", services.withdraw_listing, "")

    def declarations(self) -> Moves:
        life = self.life
        free, fixed = (
            lambda: self.draft_declaration(FeeMode.FREE),
            lambda: self.draft_declaration(FeeMode.FIXED),
        )
        begun = life.declaration != 0
        moves: dict[str, tuple[bool, Callable[[], Any]]] = {
            "draft a free licence": (not begun, free),
            "draft one for a fee": (not begun, fixed),
        }
        if begun:
            drafted = not life.declared
            moves |= {
                "declare": (drafted and life.may("declare_open"), self.declare),
                "withdraw the declaration": (life.declared, self.take_down),
                "discard the declaration": (drafted, self.discard),
            }
        return moves

    def draft_declaration(self, mode: FeeMode) -> None:
        done = self.act(
            self.life.declaration == 0,
            lambda: licensing.draft_declaration(
                patent_id=self.at.patent_id,
                terms=make.terms(mode, months=MONTHS),
                by=self.at.keeper,
                now=self.at.now,
            ),
        )
        if done:
            self.life.declaration, self.life.declared = done.pk, False

    def declare(self) -> None:
        life = self.life
        done = self.act(
            not life.declared and life.may("declare_open"),
            lambda: licensing.declare(
                declaration_id=life.declaration,
                filed_on=self.at.today,
                announced_on=self.at.today,
                revision=None,
                by=self.at.keeper,
                now=self.at.now,
            ),
        )
        if done:
            life.declared = True
            life.bind(done.encumbrance_id, "open_declaration", EXPIRES - timedelta(days=1))

    def take_down(self) -> None:
        life = self.life
        self.act(
            life.declared,
            lambda: licensing.withdraw_declaration(
                declaration_id=life.declaration,
                reason="改谈独占",
                by=self.at.keeper,
                now=self.at.now,
            ),
        )
        if life.declared:
            life.declaration, life.declared = 0, False
            life.bonds = [b for b in life.bonds if b.kind != "open_declaration"]

    def discard(self) -> None:
        may = not self.life.declared
        self.act(
            may,
            lambda: licensing.discard_declaration(
                declaration_id=self.life.declaration, by=self.at.keeper, now=self.at.now
            ),
        )
        if may:
            self.life.declaration = 0

    def takings(self, pick: int) -> Moves:
        """What the firms may do: take it, pay, take the notice back, file."""
        life, firm = self.life, pick % 2
        moves: dict[str, tuple[bool, Callable[[], Any]]] = {}
        if life.declaration:
            moves["take"] = (life.may_take(firm), lambda: self.take(firm))
        if life.licences:
            taken = life.licences[pick // 2 % len(life.licences)]
            offered = life.declared and life.declaration == taken.declaration
            payable = taken.status == "noticed" and offered and life.may("license_ordinary")
            noticed, effective = taken.status == "noticed", taken.status == "effective"
            moves |= {
                "take back": (noticed, lambda: self.take_back(taken)),
                "file": (effective, lambda: self.file(taken)),
            }
            if taken.costs:
                moves["pay"] = (payable, lambda: self.pay(taken, payable))
        return moves

    def take(self, firm: int) -> None:
        life = self.life
        row = self.act(
            life.may_take(firm),
            lambda: licensing.take_open_licence(
                declaration_id=life.declaration, by=self.firm(firm), now=self.at.now
            ),
        )
        if row:
            costs = row.declaration.plan.mode != FeeMode.FREE
            taken = Taken(row.pk, life.declaration, firm, "noticed", costs)
            life.licences.append(taken)
            if not costs:
                self.effective(taken)

    def firm(self, number: int) -> Actor:
        return actor(self.at.firms[number])

    def effective(self, taken: Taken) -> None:
        """The law's own reckoning of the term, not the row's."""
        last = min(months_on(self.life.day, MONTHS), EXPIRES) - timedelta(days=1)
        taken.status = "effective"
        row = Licence.objects.get(pk=taken.pk)
        assert row.encumbrance_id is not None
        taken.bond = self.life.bind(row.encumbrance_id, "ordinary", last)

    def pay(self, taken: Taken, may: bool) -> None:
        due = Licence.objects.get(pk=taken.pk).dues.get()
        payment = self.act(
            may,
            lambda: licensing.record_payment(
                licence_id=taken.pk,
                due_id=due.pk,
                amount=Decimal(50_000),
                paid_at=self.at.now,
                reference=f"回单{self.number()}",
                by=self.firm(taken.firm),
                now=self.at.now,
            ),
        )
        if payment:
            self.effective(taken)

    def take_back(self, taken: Taken) -> None:
        done = self.act(
            taken.status == "noticed",
            lambda: licensing.cancel_notice(
                licence_id=taken.pk, reason="不再需要", by=self.firm(taken.firm), now=self.at.now
            ),
        )
        if done:
            taken.status = "void"

    def file(self, taken: Taken) -> None:
        done = self.act(
            taken.status == "effective",
            lambda: licensing.file_licence(
                licence_id=taken.pk,
                filing_number=f"X2026{self.number():09d}",
                filed_on=self.at.today,
                by=self.firm(taken.firm),
                now=self.at.now,
            ),
        )
        if done:
            taken.status = "filed"
