"""What this room keeps."""

from matching.models.demands import Need, Subscription
from matching.models.drafts import MatchDraft
from matching.models.gatherings import (
    Gathering,
    GatheringItem,
    GatheringResult,
    Meeting,
    MeetingSeat,
    SignUp,
)
from matching.models.implicit import DemandProfile, ReadingConsent, ReadingTrace
from matching.models.leads import Evaluation, Lead, MatchOptOut, Push
from matching.models.learning import Calibration, Judgement, LearningAttempt
from matching.models.meanings import Meaning
from matching.models.measures import DemandMeasure
from matching.models.need_drafts import NeedDraft
from matching.models.need_imports import NeedImport, NeedImportRow
from matching.models.need_revisions import NeedRevision
from matching.models.receivers import Digest, OfferEdition, PushDelivery, PushPreference
from matching.models.runs import EngineVersion, Match, Run, RunItem, RunShard
from matching.models.shortlists import Shortlist, ShortlistItem, ShortlistStop

__all__ = [
    "Calibration",
    "DemandMeasure",
    "DemandProfile",
    "Digest",
    "EngineVersion",
    "Evaluation",
    "Gathering",
    "GatheringItem",
    "GatheringResult",
    "Judgement",
    "Lead",
    "LearningAttempt",
    "Match",
    "MatchDraft",
    "MatchOptOut",
    "Meaning",
    "Meeting",
    "MeetingSeat",
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
    "Shortlist",
    "ShortlistItem",
    "ShortlistStop",
    "SignUp",
    "Subscription",
]
