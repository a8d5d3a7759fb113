"""Which patents fit which needs, and why. Plain Python: no Django, no clock, no chance."""

from matching.engine.blocks import DemandBlock
from matching.engine.candidates import Candidates, Everything, Nearest
from matching.engine.corpus import Corpus
from matching.engine.engine import Engine, merge
from matching.engine.types import TICKS, Demand, Hit, Key, Reason, Supply, Taste
from matching.engine.weights import Weights

__all__ = [
    "TICKS",
    "Candidates",
    "Corpus",
    "Demand",
    "DemandBlock",
    "Engine",
    "Everything",
    "Hit",
    "Key",
    "Nearest",
    "Reason",
    "Supply",
    "Taste",
    "Weights",
    "merge",
]
