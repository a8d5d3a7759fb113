"""The moves of an import: a file is checked, carried out, perhaps undone; it may halt between.

An import that was stopped by somebody or failed for a reason of ours remembers what it was at,
and goes on from there: nothing that was done is done twice.
"""

from __future__ import annotations

from listings.rules.moves import IllegalMove

WORKING = frozenset({"checking", "running", "undoing"})
HALTED = ("failed", "stopped")
MOVES: dict[str, tuple[frozenset[str], str]] = {
    "choose": (frozenset({"checked"}), "checking"),
    "check": (frozenset({"checking"}), "checked"),
    "start": (frozenset({"checked"}), "running"),
    "finish": (frozenset({"running"}), "done"),
    "stop": (frozenset({"checking", "running"}), "stopped"),
    "fail": (WORKING, "failed"),
    "undo": (frozenset({"done", "stopped", "failed"}), "undoing"),
    "undone": (frozenset({"undoing"}), "undone"),
}
CRASHES = 3  # in a row without a step forward: then people are told


def after(state: str, move: str) -> str:
    """The state that a move leads to, or IllegalMove."""
    sources, target = MOVES[move]
    if state not in sources:
        raise IllegalMove(state, move)
    return target


def resumed(state: str, was: str) -> str:
    """The state in which a halted import goes on, or IllegalMove."""
    if state not in HALTED or was not in WORKING:
        raise IllegalMove(state, "resume")
    return was
