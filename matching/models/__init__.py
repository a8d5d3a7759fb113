"""What this room keeps."""

from matching.models.demands import Need, Subscription
from matching.models.leads import Evaluation, Lead, MatchOptOut, Push
from matching.models.measures import DemandMeasure
from matching.models.runs import EngineVersion, Match, Run, RunItem, RunShard

__all__ = [
    "DemandMeasure",
    "EngineVersion",
    "Evaluation",
    "Lead",
    "Match",
    "MatchOptOut",
    "Need",
    "Push",
    "Run",
    "RunItem",
    "RunShard",
    "Subscription",
]
