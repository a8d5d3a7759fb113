"""Teams and experts behind the patents that fit a need, for those who see its matches."""

from __future__ import annotations

from dataclasses import dataclass

from core.people import selectors as people
from core.people.types import Actor
from listings import selectors as listings
from listings.types import PatentCard
from matching import rules as scores
from matching.models import Match
from matching.rules import teams as rules
from matching.selectors import feeding


@dataclass(frozen=True, slots=True)
class Piece:
    """A fitting patent of a team, and the match through which its office is reached."""

    patent: PatentCard
    match_id: int
    score: int


@dataclass(frozen=True, slots=True)
class TeamCard:
    """A team as the firm sees it: names and patents; its office is who one talks to."""

    holder_id: int
    office: str
    people: tuple[rules.Person, ...]
    more: int
    pieces: tuple[Piece, ...]


def teams_for(need_id: int, *, viewer: Actor) -> list[TeamCard]:
    """The teams behind at least two of a need's matches, in a fixed number of queries."""
    rows = Match.objects.visible_to(viewer).filter(need_id=need_id, supplier_id__isnull=False)
    matches = {row.patent_id: row for row in rows.only("pk", "patent_id", "supplier_id", "ticks")}
    offers = {f.patent_id: f for f in feeding.facts(set(matches)) if f.matchable}
    names = listings.inventors_of(offers)
    fits = [
        rules.Fit(pk, matches[pk].supplier_id or 0, matches[pk].ticks, names.get(pk, ()))
        for pk in sorted(offers)
    ]
    found = rules.teams(fits)
    cards = listings.cards({pk for team in found for pk in team.patent_ids}, viewer=viewer)
    offices = people.organisations({team.holder_id for team in found})
    return [
        TeamCard(
            holder_id=team.holder_id,
            office=offices[team.holder_id].name,
            people=team.people[: rules.MOST_PEOPLE],
            more=team.more,
            pieces=tuple(
                Piece(cards[pk], matches[pk].pk, scores.whole_score(matches[pk].ticks))
                for pk in team.patent_ids
                if pk in cards
            ),
        )
        for team in found
    ]
