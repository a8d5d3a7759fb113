"""Every state table of licensing as the full product of its states and moves.

The legal moves are written out here; all others are refused by the rule, and every jump that no
move makes is refused by the trigger of the table.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from licensing import rules
from licensing.rules import moves
from tests.licensing.constraints.bare import bare, only

LEGAL = {
    "DECLARATION_MOVES": """
        draft approve internal_ok; internal_ok send_back draft; filed send_back draft
        internal_ok file filed; filed announce announced; announced withdraw withdrawn
        announced end ended; draft discard discarded; internal_ok discard discarded
        filed discard discarded""",
    "LICENCE_MOVES": """
        noticed take_effect effective; effective file filed; effective end ended; filed end ended
        noticed void void; effective void void; filed void void""",
    "CONTEST_MOVES": "raised uphold upheld; raised dismiss dismissed; raised drop dropped",
    "OUTCOME_MOVES": """
        reported verify verified; reported reject rejected; rejected report_again reported
        reported annul rejected; verified annul rejected
        reported correct reported; verified correct reported; reported withdraw withdrawn
        verified withdraw withdrawn; rejected withdraw withdrawn""",
    "INCOME_MOVES": """
        draft post posted; posted take_back draft; posted approve approved; approved pay paid
        draft cancel cancelled; posted cancel cancelled""",
    "OBJECTION_MOVES": "open uphold upheld; open dismiss dismissed",
    "SHEET_MOVES": "draft submit submitted; submitted send_back draft; submitted decide decided",
    "REGISTRATION_MOVES": """
        due apply applied; returned apply applied; applied register registered
        applied send_back returned; due waive waived; returned waive waived
        waived take_up due""",
    "CERTIFICATE_MOVES": """
        requested issue issued; requested decline declined; requested withdraw withdrawn
        issued revoke revoked""",
    "REPORT_MOVES": """
        reported accept accepted; questioned accept accepted; reported question questioned
        reported replace replaced; questioned replace replaced; accepted replace replaced""",
    "DEAL_MOVES": """
        intent take_up negotiating; intent decline declined; negotiating agree agreed
        agreed reopen negotiating; posted reopen negotiating; agreed post posted
        agreed sign signed; posted sign signed; signed register registered
        registered settle settled; signed end ended; registered end ended
        intent withdraw withdrawn; negotiating withdraw withdrawn
        agreed withdraw withdrawn; posted withdraw withdrawn""",
    "RENEWAL_MOVES": """
        asked accept accepted; asked refuse refused; asked lapse lapsed
        asked withdraw withdrawn""",
    "TERMINATION_MOVES": """
        proposed agree agreed; proposed refuse refused; noticed object objected
        objected drop_objection noticed; noticed mend mended; objected mend mended
        proposed withdraw withdrawn; noticed withdraw withdrawn; objected withdraw withdrawn
        proposed lapse lapsed; noticed lapse lapsed; objected lapse lapsed; agreed lapse lapsed
        noticed take_effect done; agreed take_effect done""",
    "DISPUTE_MOVES": """
        opened answer negotiating; opened let_pass negotiating; opened ask_mediation requested
        negotiating ask_mediation requested; requested consent accepted; requested refuse failed
        accepted decline negotiating; accepted name mediating; mediating stand_down accepted
        negotiating fail failed; accepted fail failed; mediating fail failed
        opened settle settled; negotiating settle settled; requested settle settled
        accepted settle settled; mediating settle settled
        opened withdraw withdrawn; negotiating withdraw withdrawn; requested withdraw withdrawn
        accepted withdraw withdrawn; mediating withdraw withdrawn""",
    "CONDUCT_MOVES": """
        told take_effect in_force; told appeal appealed; in_force appeal appealed
        appealed dismiss in_force; told correct told; in_force correct told
        appealed correct told; told strike struck; in_force strike struck
        appealed strike struck; in_force expire expired""",
    "PROPOSAL_MOVES": """
        proposed accept accepted; proposed refuse refused; proposed replace replaced""",
    "POOL_MOVES": "open close closed",
    "ENTRY_MOVES": """
        applied admit admitted; applied refuse refused; applied withdraw withdrawn
        admitted leave left""",
    "POOL_LICENCE_MOVES": "running end ended",
    "TERMS_MOVES": """
        proposed accept accepted; proposed refuse refused; proposed replace replaced
        accepted replace replaced""",
}
TABLE_OF = {
    "OpenDeclaration": "DECLARATION_MOVES",
    "Licence": "LICENCE_MOVES",
    "Contest": "CONTEST_MOVES",
    "Outcome": "OUTCOME_MOVES",
    "Distribution": "INCOME_MOVES",
    "DistributionObjection": "OBJECTION_MOVES",
    "EquitySheet": "SHEET_MOVES",
    "Registration": "REGISTRATION_MOVES",
    "Certificate": "CERTIFICATE_MOVES",
    "RoyaltyReport": "REPORT_MOVES",
    "PoolRoyaltyReport": "REPORT_MOVES",
    "Deal": "DEAL_MOVES",
    "DealEnding": "TERMINATION_MOVES",
    "Renewal": "RENEWAL_MOVES",
    "Termination": "TERMINATION_MOVES",
    "TermsVersion": "TERMS_MOVES",
    "ConductNote": "CONDUCT_MOVES",
    "Dispute": "DISPUTE_MOVES",
    "DisputeProposal": "PROPOSAL_MOVES",
    "Pool": "POOL_MOVES",
    "PoolEntry": "ENTRY_MOVES",
    "PoolLicence": "POOL_LICENCE_MOVES",
}


def tables() -> dict[str, Any]:
    """The state tables of the room, by name."""
    modules = [
        importlib.import_module(f"{rules.__name__}.{found.name}")
        for found in pkgutil.iter_modules(rules.__path__)
    ]
    found = ((n, getattr(m, n)) for m in modules for n in vars(m) if n.endswith("_MOVES"))
    return dict(found)


def machines() -> dict[str, tuple[Any, pgtrigger.FSM]]:
    """The models whose states a trigger keeps, by name."""
    models = apps.get_app_config("licensing").get_models()
    return {
        model.__name__: (model, trigger)
        for model in models
        for trigger in getattr(model._meta, "triggers", [])
        if isinstance(trigger, pgtrigger.FSM)
    }


def legal(table: str) -> dict[tuple[str, str], str]:
    """The legal moves as they stand above: state and move, and where it leads."""
    lines = [line.split() for line in re.split(r"[;\n]", LEGAL[table]) if line.strip()]
    return {(state, move): target for state, move, target in lines}


@pytest.mark.parametrize("name", sorted(LEGAL))
def test_every_pair_of_state_and_move_is_decided(name):
    table, known = tables()[name], legal(name)
    states = type(next(iter(table.values()))[1])
    assert {move for _state, move in known} == set(table)
    for state in states:
        for move in table:
            if (state.value, move) in known:
                assert moves.after(table, state, move) == known[state.value, move]
            else:
                with pytest.raises(moves.IllegalMove, match=f"{state}.*{move}"):
                    moves.after(table, state, move)


def test_no_state_table_is_left_out():
    here = Path(__file__)
    said = "\n".join(
        f.read_text(encoding="utf-8") for f in here.parent.glob("test_*.py") if f != here
    )
    missing = (set(tables()) - set(LEGAL)) | (set(machines()) - set(TABLE_OF))
    assert [name for name in sorted(missing) if not re.search(rf"\b{name}\b", said)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(TABLE_OF))
def test_the_database_makes_no_jump_that_no_move_makes(name):
    model, trigger = machines()[name]
    known = legal(TABLE_OF[name])
    jumps = {(state, target) for (state, _move), target in known.items() if state != target}
    states = {state for pair in jumps for state in pair}
    made, wrong = set(), []
    with only(model):
        for source in sorted(states):
            row = bare(model, **{trigger.field: source})
            for target in sorted(states - {source}):
                try:
                    with transaction.atomic():
                        model._base_manager.filter(pk=row.pk).update(**{trigger.field: target})
                        made.add((source, target))
                        raise Jumped
                except Jumped:
                    pass
                except DatabaseError as refused:
                    wrong += [] if "Invalid transition" in str(refused) else [str(refused)]
    assert wrong == []
    assert made == jumps


class Jumped(Exception):
    """The database let it happen; it is taken back."""
