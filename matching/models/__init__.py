"""What this room keeps."""

from matching.models.demands import Need, Subscription
from matching.models.drafts import MatchDraft
from matching.models.implicit import DemandProfile, ReadingConsent, ReadingTrace
from matching.models.leads import Evaluation, Lead, MatchOptOut, Push
from matching.models.learning import Calibration, Judgement, LearningAttempt
from matching.models.measures import DemandMeasure
from matching.models.need_drafts import NeedDraft
from matching.models.need_imports import NeedImport, NeedImportRow
from matching.models.need_revisions import NeedRevision
from matching.models.receivers import Digest, OfferEdition, PushDelivery, PushPreference
from matching.models.runs import EngineVersion, Match, Run, RunItem, RunShard

__all__ = [
    "Calibration",
    "DemandMeasure",
    "DemandProfile",
    "Digest",
    "EngineVersion",
    "Evaluation",
    "Judgement",
    "Lead",
    "LearningAttempt",
    "Match",
    "MatchDraft",
    "MatchOptOut",
    "Need",
    "NeedDraft",
    "NeedImport",
    "NeedImportRow",
    "NeedRevision",
    "OfferEdition",
    "Push",
    "PushDelivery",
    "PushPreference",
    "ReadingConsent",
    "ReadingTrace",
    "Run",
    "RunItem",
    "RunShard",
    "Subscription",
]
