"""What every act of the machine has in common, and what must hold after each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from core.audit import selectors as trail
from core.audit.models import AuditEntry
from core.days import legal_day
from core.errors import DomainError
from core.outbox.models import OutboxDelivery
from licensing.models import Licence, OpenDeclaration
from licensing.selectors import declarations as shelf
from listings.models import BoardEntry, Encumbrance, Patent
from listings.rules.blockers import blockers
from listings.selectors.register import legal
from listings.types import Action, hard
from pledges.models import Pledge
from tests.faults.model import ACTS, Life
from tests.faults.world import EXPIRES, PAID_TO, World

Moves = Mapping[str, tuple[bool, Callable[[], Any]]]
DAY = timedelta(days=1)


class Machine(RuleBasedStateMachine):
    """One patent; `shared` is a world that every run finds as it was."""

    shared: ClassVar[World]
    done: ClassVar[dict[tuple[str, bool], int]] = {}  # how often each act was let, and refused

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        s = self.shared
        self.at = World(s.office, s.firms, s.bank, s.patent_id, s.holder)
        self.life = Life(self.at.today, EXPIRES, PAID_TO)
        self.numbers = 0

    def teardown(self) -> None:
        try:
            assert trail.first_break() is None
            assert not OutboxDelivery.objects.filter(dead_at__isnull=False).exists()
        finally:
            transaction.savepoint_rollback(self.point)

    def choose(self, moves: Moves, pick: int, daring: int) -> None:
        """One of these moves: three times out of four one that the law admits, if there is any."""
        lawful = [name for name, (may, _) in moves.items() if may]
        names = lawful if lawful and daring else list(moves)
        if names:
            name = names[pick % len(names)]
            may, command = moves[name]
            self.done[name, may] = self.done.get((name, may), 0) + 1
            command()

    def act(self, may: bool, command: Callable[[], Any]) -> Any:
        """Do it. What the model admits goes through, anything else is refused in words."""
        self.at.tick()
        before = AuditEntry.objects.count()
        try:
            with transaction.atomic():
                done = command()
        except DomainError as refusal:
            reasons = [refusal.message, *(b.message for b in refusal.blockers)]
            self.refused(may, reasons, before)
            return None
        assert may, "went through, though the law forbids it"
        assert AuditEntry.objects.count() > before, "what was done is on record"
        self.at.hear()
        return done

    def refused(self, may: bool, reasons: list[str], before: int) -> None:
        """It said why, and left nothing behind."""
        assert not may, f"refused, though the law admits it: {reasons}"
        assert all(reasons)
        assert AuditEntry.objects.count() == before, "what was refused is on record"

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    @invariant()
    def stands_where_the_model_stands(self) -> None:
        today = legal_day(self.at.now)
        row = Patent.objects.prefetch_related(*legal.PARTS).get(pk=self.at.patent_id)
        assert row.status == self.life.status
        assert legal.fold(row, on=today).status == self.life.status
        known = legal.facts(row, on=today)
        for act in ACTS:
            against = hard(blockers(known, Action(act)))
            assert bool(against) != self.life.may(act), (act, [b.code for b in against])
        for licence in Licence.objects.filter(starts_on__isnull=False):
            assert legal.fold(row, on=licence.starts_on).is_in_force, "granted on a dead patent"

    @invariant()
    def binds_what_the_model_binds(self) -> None:
        rows = Encumbrance.objects.filter(patent_id=self.at.patent_id, active=True)
        kept = [b for b in rows if b.kind != "preservation"]
        assert len(rows) - len(kept) == bool(self.life.preserved)
        found = {(b.pk, b.kind, b.term.lower, b.term.upper) for b in kept}
        assert found == {
            (b.pk, b.kind, b.starts, b.ends + DAY if b.ends else None) for b in self.life.bonds
        }
        kinds = [b.kind for b in kept if b.kind != "pledge"]
        assert "exclusive" not in kinds or len(kinds) == 1
        assert kinds.count("sole") + kinds.count("open_declaration") <= 1
        assert len(kept) - len(kinds) <= 1

    @invariant()
    def licences_and_declarations_agree(self) -> None:
        rows = dict(Licence.objects.values_list("pk", "status"))
        assert rows == {t.pk: t.status for t in self.life.licences}
        running = OpenDeclaration.objects.filter(status__in=["draft", "announced"])
        assert [(d.pk, d.status == "announced") for d in running] == (
            [(self.life.declaration, self.life.declared)] if self.life.declaration else []
        )
        pledged = Pledge.objects.filter(status="registered").count()
        assert pledged == (self.life.pledge is not None)

    @invariant()
    def the_board_shows_what_may_be_taken(self) -> None:
        entry = BoardEntry.objects.filter(patent_id=self.at.patent_id).first()
        assert (entry is not None and entry.listed) == (self.life.listing == "listed")
        if entry is not None and entry.listed:
            assert entry.status == "granted"
            declared = any(b.kind == "open_declaration" for b in self.life.running())
            assert entry.is_open == declared
        offered = shelf.shelf(at=self.at.now).values_list("pk", flat=True)
        may = self.life.declared and self.life.may("license_ordinary")
        assert list(offered) == ([self.life.declaration] if may else [])
