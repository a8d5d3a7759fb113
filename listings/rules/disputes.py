"""Two offices claim one patent 权属主张: who may do what with the claim, and what comes of it.

The patent stays with whoever registered it first until the claim is settled: by the one who has
it (concedes), by the one who wants it (withdraws), or by the bureau of the region or the platform
(moves it, notes the claimant as a co-owner, or leaves it where it is).
"""

from __future__ import annotations

from listings.rules.moves import IllegalMove

OPEN = "open"
MOVES: dict[str, tuple[str, str]] = {  # move → the side that may, the state it leads to
    "withdraw": ("claimant", "withdrawn"),
    "concede": ("holder", "conceded"),
    "move": ("authority", "moved"),
    "share": ("authority", "shared"),
    "refuse": ("authority", "refused"),
}
STATES = (OPEN, *(state for _, state in MOVES.values()))
HANDED_OVER = frozenset({"conceded", "moved"})
ONCE_ONLY = frozenset({OPEN, "refused"})  # a list that comes again does not ask again


def after(state: str, move: str) -> str:
    """The state a move leads to, or IllegalMove."""
    if state != OPEN:
        raise IllegalMove(state, move)
    return MOVES[move][1]


def side_of(move: str) -> str:
    return MOVES[move][0]
