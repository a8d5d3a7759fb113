"""A match explained: both texts side by side, and what else there is like it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.people.types import Actor
from core.text import is_word, word_edges
from listings.selectors.searching.similar import similar
from listings.types import PatentCard
from matching.models import Match, MatchOptOut, Need, Subscription
from matching.selectors.matches import MatchCard
from matching.types import DemandKind

Passages = list[tuple[str, str]]  # label code, text


@dataclass(frozen=True, slots=True)
class Alternative:
    """A patent like the matched one, and the viewer's own match with it where there is one."""

    patent: PatentCard
    likeness: float
    words: tuple[str, ...]
    match_id: int | None


def both_texts(card: MatchCard) -> tuple[Passages, Passages]:
    """What the demand says and what the patent says, passage by passage."""
    return _asked(card), [
        (code, text)
        for code, text in (
            ("title", card.patent.title),
            ("solves", card.patent.problem),
            ("how", card.patent.how),
            ("benefit", card.patent.benefit),
            ("abstract", card.patent.abstract),
        )
        if text
    ]


def _asked(card: MatchCard) -> Passages:
    if card.demand.kind is DemandKind.NEED:
        need = Need.objects.get(pk=card.demand.id)
        parts = [("title", need.title), ("problem", need.problem), ("targets", need.targets),
                 ("situation", need.situation)]  # fmt: skip
    else:
        wanted = Subscription.objects.get(pk=card.demand.id)
        parts = [("title", wanted.name), ("keywords", "、".join(wanted.keywords)),
                 ("text", wanted.text)]  # fmt: skip
    return [(code, text) for code, text in parts if text]


def marks(text: str, words: tuple[str, ...]) -> list[list[int]]:
    """Where these words stand in a text: [start, end) of each, longest first, none overlapping."""
    wanted = sorted({word for word in words if word.strip()}, key=lambda w: (-len(w), w))
    if not wanted:
        return []
    pattern = re.compile("|".join(re.escape(word) for word in wanted), re.IGNORECASE)
    edges = word_edges(text)
    return [
        [match.start(), match.end()]
        for match in pattern.finditer(text)
        if is_word(text, match.start(), match.end(), edges)
    ]


def alternatives(card: MatchCard, *, viewer: Actor) -> list[Alternative]:
    """Listed patents like the matched one that the firm has not asked to hide."""
    found = similar(card.patent.id, viewer=viewer)
    hidden = MatchOptOut.objects.filter(organisation_id__in=viewer.acts_for, lifted_at__isnull=True)
    patents = set(hidden.values_list("patent_id", flat=True))
    holders = set(hidden.values_list("holder_id", flat=True)) - {None}
    mine = {
        row.patent_id: row.pk
        for row in Match.objects.visible_to(viewer)
        .filter(patent_id__in=[one.card.id for one in found])
        .order_by("ticks")
        .only("pk", "patent_id")
    }
    return [
        Alternative(one.card, one.why.score, one.why.words, mine.get(one.card.id))
        for one in found
        if one.card.id not in patents
        and one.card.organisation_id not in holders
        and one.card.organisation_id not in viewer.acts_for
    ]
