"""What may happen to a need, what is pushed to whom, and how a score is shown. Plain Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from matching.types import (
    Bar,
    Measured,
    NeedInput,
    NeedStatus,
    Ranked,
    Rating,
    SubscriptionInput,
    SubscriptionStatus,
)

S = TypeVar("S", bound=StrEnum)
Moves = Mapping[str, tuple[frozenset[S], S]]

_LIVE = frozenset({NeedStatus.OPEN, NeedStatus.MATCHED})
_UNFINISHED = frozenset({NeedStatus.DRAFT, NeedStatus.REFINED}) | _LIVE

NEED_MOVES: Moves[NeedStatus] = {
    "refine": (frozenset({NeedStatus.DRAFT}), NeedStatus.REFINED),
    "unrefine": (frozenset({NeedStatus.REFINED}), NeedStatus.DRAFT),
    "open": (frozenset({NeedStatus.REFINED}), NeedStatus.OPEN),
    "match": (frozenset({NeedStatus.OPEN}), NeedStatus.MATCHED),
    "solve": (_LIVE, NeedStatus.SOLVED),
    "close": (_UNFINISHED, NeedStatus.CLOSED),
    "reopen": (frozenset({NeedStatus.MATCHED, NeedStatus.CLOSED}), NeedStatus.OPEN),
}
SUBSCRIPTION_MOVES: Moves[SubscriptionStatus] = {
    "pause": (frozenset({SubscriptionStatus.ACTIVE}), SubscriptionStatus.PAUSED),
    "resume": (frozenset({SubscriptionStatus.PAUSED}), SubscriptionStatus.ACTIVE),
}
LIVE_NEED = _LIVE  # what is matched
PUBLISHED_NEED = _LIVE | {NeedStatus.SOLVED}  # what the board may show

# How many matches a demand keeps, and the least score of one. At 25 nineteen of twenty pairs that
# judges found to solve a need are kept (docs/matching.md); 50 rows are five pages of ten.
KEEP = 50
FLOOR = 25.0

# The least score of a push. docs/matching.md has the measurement behind it.
PUSH_FLOOR = 45.0
# What one organisation is told in a day; the rest waits in its list.
PUSHES_A_DAY = 10
# What one new or changed demand announces at once: the best of its list, not the whole of it.
PUSHES_A_DEMAND = 3

# How long a match that the day's share left out may still be pushed on a later day.
WAITING_WINDOW = timedelta(days=7)

INTERESTED_PROSPECT = 4  # what 感兴趣 implies until somebody gives a number
REJECTED_PROSPECT = 2

LEAST_TITLE = 4
LEAST_PROBLEM = 10
FIT_FACTOR = 2  # word statistics are frozen anew when the stock has doubled
BEST_STEP = 5  # points
CROWD_STEP = 5  # a fifth
INLINE_DEMANDS = 500  # up to so many lists are then ranked on the spot, more in shards


class IllegalMove(Exception):
    """This state does not allow this move."""

    def __init__(self, status: str, move: str) -> None:
        super().__init__(f"A {status} row cannot {move}.")
        self.status, self.move = status, move


def after(moves: Moves[S], status: str, move: str) -> S:
    """The status that `move` leads to from `status`, or IllegalMove."""
    sources, target = moves[move]
    if status not in sources:
        raise IllegalMove(status, move)
    return target


def pairs(moves: Moves[S]) -> list[tuple[str, str]]:
    """Every step the table allows, in a fixed order: what the database's trigger is made of."""
    return sorted(
        (source.value, target.value) for sources, target in moves.values() for source in sources
    )


def open_to(moves: Moves[S], status: str) -> list[str]:
    """The moves that a status allows, in the table's order."""
    return [move for move, (sources, _) in moves.items() if status in sources]


# --- input -----------------------------------------------------------------------------------


def lacking(need: NeedInput) -> dict[str, list[str]]:
    """What a need must still say before it can be opened, by field; {} when it is refined."""
    problems: dict[str, list[str]] = {}
    if len(need.title.strip()) < LEAST_TITLE:
        problems["title"] = [f"名称至少 {LEAST_TITLE} 个字，让人一眼看出要解决什么。"]
    if len(need.problem.strip()) < LEAST_PROBLEM:
        problems["problem"] = [f"请用至少 {LEAST_PROBLEM} 个字说明要解决的技术问题。"]
    if not need.industry_codes:
        problems["industry_codes"] = ["请选择所属行业，用于与专利分类对照。"]
    return problems


def wrong_with_need(need: NeedInput) -> dict[str, list[str]]:
    """What cannot even be kept as a draft, by field."""
    problems: dict[str, list[str]] = {}
    if not need.title.strip():
        problems["title"] = ["请填写需求名称。"]
    if need.budget is not None and need.budget < 0:
        problems["budget"] = ["预算不能为负数。"]
    if need.trl is not None and not 1 <= need.trl <= 9:
        problems["trl"] = ["技术成熟度应为 1 至 9。"]
    return problems


def wrong_with_subscription(wanted: SubscriptionInput) -> dict[str, list[str]]:
    """What a subscription cannot be, by field."""
    problems: dict[str, list[str]] = {}
    if not wanted.name.strip():
        problems["name"] = ["请给订阅起一个名称。"]
    if not (wanted.text.strip() or wanted.keywords or wanted.ipc):
        problems["text"] = ["请至少填写关注内容、关键词或 IPC 分类中的一项。"]
    if not 0 <= wanted.min_score <= 100:
        problems["min_score"] = ["最低匹配度应为 0 至 100。"]
    if wanted.price_cap is not None and wanted.price_cap < 0:
        problems["price_cap"] = ["价格上限不能为负数。"]
    return problems


# --- lists -----------------------------------------------------------------------------------


def merged(
    old: Iterable[Ranked], fresh: Iterable[Ranked], touched: frozenset[int], keep: int | None = None
) -> list[Ranked] | None:
    """A demand's list after the `touched` patents were scored anew; None: it must be ranked whole.

    `old` is the list as kept, so when it is full every patent outside it ranks below its last
    row. When touched patents fell out or below that row, one of those outside may come in.
    """
    most = keep or KEEP
    before = sorted(old, key=lambda r: r.place)
    kept = [row for row in before if row.patent_id not in touched]
    now = sorted([*kept, *fresh], key=lambda r: r.place)[:most]
    if len(before) < most:
        return now
    full_and_as_good = len(now) == most and now[-1].place <= before[-1].place
    return now if full_and_as_good else None


def corpus_outgrown(frozen: int, now: int) -> bool:
    """Whether word statistics frozen over `frozen` patents no longer fit a stock of `now`."""
    return now > 0 and (frozen == 0 or now >= FIT_FACTOR * frozen)


# --- pushes ----------------------------------------------------------------------------------


def material(*, title: str, asking_price: Decimal | None, licence_mode: str) -> str:
    """What of an offer is worth telling again when it changes, as a short key."""
    price = "" if asking_price is None else f"{asking_price:.2f}"
    text = "\n".join((title, price, licence_mode))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def materially_different(before: Measured | None, after: Measured) -> bool:
    """Whether others need to hear that a patent's demand has changed.

    The first need, or the last one gone, always; of many, a change by a fifth; of how well the
    best fits, five points.
    """
    if before is None:
        return True
    if abs(after.best - before.best) >= BEST_STEP:
        return True
    pairs = ((before.needs, after.needs), (before.subscriptions, after.subscriptions))
    return any(abs(new - old) * CROWD_STEP > old for old, new in pairs if new != old)


def worth_pushing(ticks: int, *, min_score: int) -> bool:
    """Whether a match is good enough to ring for: the platform's floor, or the receiver's own."""
    return ticks >= max(PUSH_FLOOR, float(min_score)) * 10_000


def within_limits(
    *,
    price: Decimal | None,
    region: str,
    price_cap: Decimal | None,
    regions: Sequence[str],
) -> bool:
    """Whether an offer keeps to a subscriber's price cap and regions; what is not said, fits."""
    if price_cap is not None and price is not None and price > price_cap:
        return False
    prefixes = [_prefix(code) for code in regions]
    return not (prefixes and region and not region.startswith(tuple(prefixes)))


def _prefix(region: str) -> str:
    while len(region) > 2 and region.endswith("00"):
        region = region[:-2]
    return region


def left_today(pushed_today: int) -> int:
    """How many more pushes an organisation may get today."""
    return max(0, PUSHES_A_DAY - pushed_today)


# --- taste -----------------------------------------------------------------------------------


def liking(prospect: int, interested: bool) -> float:
    """What one rating says, from -1 to 1: half the prospect, half the interest."""
    return ((prospect - 3) / 2 + (1.0 if interested else -1.0)) / 2


def taste(
    ratings: Sequence[Rating],
) -> tuple[dict[int | str, float], dict[str, float], dict[str, float]]:
    """What ratings teach of patents, IPC subclasses and holders, each from -1 to 1.

    A field or holder is judged by the mean of its ratings, drawn towards 0 as if one indifferent
    rating stood beside them: a single word moves half as far as a settled opinion.
    """
    patents: dict[int | str, float] = {}
    subclasses: dict[str, list[float]] = {}
    holders: dict[str, list[float]] = {}
    for rating in ratings:
        value = liking(rating.prospect, rating.interested)
        patents[rating.patent_id] = value
        for subclass in set(rating.subclasses):
            subclasses.setdefault(subclass, []).append(value)
        for holder in set(rating.holders):
            holders.setdefault(holder, []).append(value)
    return patents, _means(subclasses), _means(holders)


def _means(values: Mapping[str, list[float]]) -> dict[str, float]:
    return {key: round(sum(v) / (len(v) + 1), 6) for key, v in sorted(values.items())}


# --- showing a score -------------------------------------------------------------------------

BARS: tuple[tuple[str, frozenset[str]], ...] = (
    ("text", frozenset({"lexical", "across", "semantic", "topic"})),
    ("class", frozenset({"taxonomy"})),
    ("terms", frozenset({"structure"})),
    ("past", frozenset({"behaviour", "bounds"})),
)


CLEARLY = 0.5  # strength from which meaning or topic may be called the same
NEAR = {"close-meaning": "near-meaning", "same-topic": "near-topic"}


def bars(reasons: Sequence[Mapping[str, object]]) -> list[Bar]:
    """The reasons as at most four bars whose whole points add up to the whole score.

    Every reason falls into one bar, an unknown signal into the last. Points are rounded by the
    largest remainder, so that what the eye adds up is what the page says.
    """
    grouped: dict[str, list[Mapping[str, object]]] = {code: [] for code, _ in BARS}
    for reason in reasons:
        home = next((c for c, signals in BARS if reason["signal"] in signals), BARS[-1][0])
        grouped[home].append(reason)
    shown = [(code, rows) for code, rows in grouped.items() if rows]
    ticks = [sum(int(str(row["ticks"])) for row in rows) for _, rows in shown]
    points = whole_points(ticks)
    return [
        Bar(
            code=code,
            ticks=ticks[i],
            points=points[i],
            room=_room(rows),
            words=_words(rows),
            notes=tuple((noted(r), _evidence(r)) for r in rows),
        )
        for i, (code, rows) in enumerate(shown)
    ]


def noted(reason: Mapping[str, object]) -> str:
    """What a reason may be called: no words in common where none is named, and near is not same.

    Of 698 judged pairs in lists, 23 % are of one field; from a strength of .5 on, 39 % by meaning
    and 47 % by topic (docs/matching.md).
    """
    code = str(reason["code"])
    if code == "shared-words" and not _evidence(reason):
        return "shared-characters"
    if code in NEAR and float(str(reason.get("value", 1))) < CLEARLY:
        return NEAR[code]
    return code


def _room(rows: Sequence[Mapping[str, object]]) -> float:
    """The most points of these reasons; words and what stands in for them share theirs."""
    most: dict[str, float] = {}
    for row in rows:
        shared = row["signal"] in {"lexical", "across"}
        name = "words" if shared else f"{row['signal']} {row['code']}"
        most[name] = float(str(row["weight"]))
    return sum(most.values())


def whole_score(ticks: int) -> int:
    """The score as people compare it: whole points, halves up."""
    return (ticks + 5_000) // 10_000


def whole_points(parts: Sequence[int]) -> list[int]:
    """Ticks as whole points that add up to the whole score of their sum (largest remainder)."""
    floors = [part // 10_000 for part in parts]
    left = whole_score(sum(parts)) - sum(floors)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-(parts[i] % 10_000), i))
    return [floors[i] + (1 if by_remainder.index(i) < left else 0) for i in range(len(parts))]


def adds_up(ticks: int, reasons: Sequence[Mapping[str, object]]) -> bool:
    """Whether the reasons are the whole of the score."""
    return ticks == sum(int(str(reason["ticks"])) for reason in reasons)


def _evidence(reason: Mapping[str, object]) -> tuple[str, ...]:
    found = reason.get("evidence") or ()
    return tuple(str(item) for item in found) if isinstance(found, list | tuple) else ()


def _words(rows: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    words = [word for row in rows if row["signal"] == "lexical" for word in _evidence(row)]
    return tuple(dict.fromkeys(words))
