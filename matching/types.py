"""What crosses the door of this room: small frozen values, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum


class NeedStatus(StrEnum):
    """Where a need 需求 stands."""

    DRAFT = "draft"
    REFINED = "refined"
    OPEN = "open"
    MATCHED = "matched"
    SOLVED = "solved"
    CLOSED = "closed"


class Visibility(StrEnum):
    """Who may read an open need."""

    PUBLIC = "public"  # anyone, on the board
    MATCHED = "matched"  # the platform, and the holders of the patents it was matched with
    INDUSTRY = "industry"  # organisations of the same industry


class ListType(StrEnum):
    """Which list 清单 a need stands in."""

    FIRM = "firm"  # 企业个性: one firm's own
    INDUSTRY = "industry"  # 行业共性: what a whole industry lacks
    SCENARIO = "scenario"  # 场景清单: a place where solutions may be tried


class Ending(StrEnum):
    """How the search for a solution ended."""

    PLATFORM = "platform"  # by a patent met here
    OUTSIDE = "outside"
    IN_HOUSE = "in_house"
    ABANDONED = "abandoned"
    EXPIRED = "expired"  # by the clock; nobody renewed it
    OTHER = "other"


class RevisionState(StrEnum):
    """Where a proposed text of a need stands."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OWN = "own"  # the owner's own edit


class ImportState(StrEnum):
    """Where an uploaded list of needs stands."""

    CHECKED = "checked"
    TAKING = "taking"
    TAKEN = "taken"
    UNDONE = "undone"


class RowVerdict(StrEnum):
    """What a row of an uploaded list is, or became."""

    NEW = "new"
    SAME = "same"
    REFUSED = "refused"
    TAKEN = "taken"
    UNDONE = "undone"
    STAYS = "stays"


class SubscriptionStatus(StrEnum):
    """Whether a subscription 订阅 brings anything."""

    ACTIVE = "active"
    PAUSED = "paused"


class DemandKind(StrEnum):
    """The two things that patents are matched with."""

    NEED = "need"
    SUBSCRIPTION = "subscription"


class RunScope(StrEnum):
    """What a run recomputes."""

    FULL = "full"
    INCREMENTAL = "incremental"


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Rejection(StrEnum):
    """Why a patent does not suit: the six classes that firms name most."""

    TOO_EARLY = "too_early"
    OFF_TOPIC = "off_topic"
    NO_ADVANTAGE = "no_advantage"
    NO_ROUTE = "no_route"
    PRICE = "price"
    UNCLEAR = "unclear"


class ImprovementWish(StrEnum):
    """What would make a patent more useful to the firm that looked at it."""

    MORE_DATA = "more_data"
    PROTOTYPE = "prototype"
    ADAPTED = "adapted"
    BETTER_PRICE = "better_price"
    OTHER_MODE = "other_mode"
    PLAINER = "plainer"


class Intent(StrEnum):
    """How a firm would like to go on with a patent."""

    TALK = "talk"
    SEE_IT = "see_it"
    TRY_FIRST = "try_first"
    LICENCE = "licence"
    TRANSFER = "transfer"
    CO_DEVELOPMENT = "co_development"


class Channel(StrEnum):
    """How a push reaches its receiver."""

    BELL = "bell"
    MAIL = "mail"


class Pace(StrEnum):
    """How often a channel speaks to a receiver."""

    OFF = "off"
    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Demand:
    """Which need or subscription is meant."""

    kind: DemandKind
    id: int

    @property
    def key(self) -> str:
        """The engine's key: "n12" or "s7"."""
        return f"{self.kind.value[0]}{self.id}"

    @classmethod
    def of_key(cls, key: str) -> Demand:
        """The demand that a key names."""
        kind = DemandKind.NEED if key[0] == "n" else DemandKind.SUBSCRIPTION
        return cls(kind, int(key[1:]))


@dataclass(frozen=True, slots=True)
class Metric:
    """One target with its number: "升温时间, now 30, wanted ≤10, 分钟"."""

    metric: str
    wanted: str
    now: str = ""
    unit: str = ""

    @property
    def text(self) -> str:
        """The target as one reads it aloud."""
        start = f"现在 {self.now}{self.unit}，" if self.now else ""
        return f"{self.metric}：{start}要求 {self.wanted}{self.unit}"


@dataclass(frozen=True, slots=True)
class EndingInput:
    """How a need ended, as its owner says."""

    ending: Ending
    patent_id: int | None = None  # the one that solved it, met here
    note: str = ""


@dataclass(frozen=True, slots=True)
class NeedInput:
    """A need as it comes in from a form or the API."""

    title: str
    situation: str = ""
    problem: str = ""
    targets: str = ""
    budget: Decimal | None = None
    deadline: date | None = None
    industry_codes: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    trl: int | None = None
    licence_modes: tuple[str, ...] = ()
    region: str = ""
    visibility: Visibility = Visibility.PUBLIC
    tried: str = ""
    limits: str = ""
    metrics: tuple[Metric, ...] = ()
    list_type: ListType = ListType.FIRM
    is_confidential: bool = False
    released: tuple[str, ...] = ()  # what of a confidential need others may read


@dataclass(frozen=True, slots=True)
class SubscriptionInput:
    """What a firm wants pushed, as it comes in."""

    name: str
    text: str = ""
    keywords: tuple[str, ...] = ()
    industry_codes: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    price_cap: Decimal | None = None
    licence_modes: tuple[str, ...] = ()
    min_score: int = 0
    bell: bool = True


@dataclass(frozen=True, slots=True)
class PushWish:
    """How one person wants to hear of new matches while acting for one organisation."""

    bell: Pace = Pace.AT_ONCE
    mail: Pace = Pace.OFF
    quiet_from: time | None = None
    quiet_until: time | None = None
    weekly_cap: int = 20
    per_holder: int = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a receiver says of a match. Without a prospect of its own, one is implied."""

    interested: bool
    prospect: int | None = None
    reason: Rejection | None = None
    improvement: str = ""
    cooperation: str = ""
    wishes: tuple[ImprovementWish, ...] = ()
    intents: tuple[Intent, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One of at most four parts of a score, as people see it."""

    code: str
    ticks: int
    points: int  # whole points; those of all bars add up to the whole score
    room: float  # the most it could have brought
    words: tuple[str, ...] = ()
    notes: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (reason code, evidence)


@dataclass(frozen=True, slots=True)
class LeadFact:
    """One lead as oversight counts it."""

    id: int
    organisation_id: int
    patent_id: int
    region: str
    pushed_at: datetime | None
    viewed_at: datetime | None
    rated_at: datetime | None
    contacted_at: datetime | None
    deal_at: datetime | None


@dataclass(frozen=True, slots=True)
class NeedFact:
    """One published need as oversight counts it; a confidential one names nobody."""

    id: int
    title: str
    organisation_id: int | None
    region: str
    status: str
    visibility: str
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What matching did in a region, for the bureau's page."""

    needs: int = 0
    leads: int = 0
    pushes: int = 0
    viewed: int = 0
    rated: int = 0
    interested: int = 0
    contacted: int = 0
    deals: int = 0


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating as the rules of taste read it."""

    patent_id: int
    prospect: int
    interested: bool
    subclasses: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SupplyCard:
    """The fields and holders that a rating of a patent teaches about."""

    title: str
    subclasses: list[str]
    holders: list[str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in a demand's list: better first, ties by the patent's id."""

    patent_id: int
    ticks: int
    reasons: tuple[dict[str, object], ...] = field(default=(), compare=False)

    @property
    def place(self) -> tuple[int, int]:
        return (-self.ticks, self.patent_id)


@dataclass(frozen=True, slots=True)
class Measured:
    """How many needs and subscriptions a patent matches, and how well the best fits (0 to 100)."""

    needs: int
    subscriptions: int
    best: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far pushes went. A count that would single somebody out is None: 1 to 4 firms."""

    sent: int | None
    opened: int | None
    rated: int | None
    interested: int | None
    contacted: int | None
    licensed: int | None


FUNNEL_STAGES = ("sent", "opened", "rated", "interested", "contacted", "licensed")


class LearningOutcome(StrEnum):
    """What came of one attempt to learn from ratings."""

    TOO_FEW = "too_few"
    NO_GAIN = "no_gain"
    SHADOW = "shadow"  # ranks beside the version in force until its worth is known
    IN_FORCE = "in_force"
    REJECTED = "rejected"


class GatheringKind(StrEnum):
    """What sort of event it is."""

    ROADSHOW = "roadshow"
    MATCHMAKING = "matchmaking"
    AUCTION_SEASON = "auction_season"


class GatheringStatus(StrEnum):
    """Where an event 活动 stands."""

    DRAFT = "draft"
    OPEN = "open"
    HELD = "held"
    CANCELLED = "cancelled"


class SignUpStatus(StrEnum):
    """Where a sign-up 报名 stands."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    LEFT = "left"


class MeetingStatus(StrEnum):
    """Where a one-to-one meeting 一对一约见 stands."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CALLED_OFF = "called_off"


class GatheringOutcome(StrEnum):
    """What came of an item of an event with one firm."""

    LEAD = "lead"  # 形成线索
    FOLLOWING = "following"  # 跟进中
    SIGNED = "signed"  # 已签约
    NOTHING = "nothing"  # 无意向


@dataclass(frozen=True, slots=True)
class GatheringInput:
    """An event as it comes in from a form or the API."""

    kind: GatheringKind
    title: str
    starts_at: datetime
    ends_at: datetime
    summary: str = ""
    place: str = ""
    link: str = ""
    capacity: int | None = None
    needs_approval: bool = False
    sign_up_until: datetime | None = None
    slot_minutes: int | None = None
    patents: tuple[int, ...] = ()
    needs: tuple[int, ...] = ()
