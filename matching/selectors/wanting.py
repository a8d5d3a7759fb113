"""The other direction: which firms would want a patent, and which public needs resemble one.

The same scorer as the firms' own lists. A holder sees a firm only as far as the firm lets itself be
seen: a need that the holder may read is shown as it may be read; everyone else is a region and an
industry. Firms' implicit profiles are told to nobody and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.crypto import salted_hmac

from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, allowed
from core.reference import selectors as reference
from listings import selectors as listings
from matching import engine, rules
from matching.models import DemandProfile, EngineVersion, Match, Need
from matching.selectors import arena, feeding, hearing
from matching.selectors.faces import NeedFace, faces
from matching.selectors.fitting import bars_of
from matching.types import Bar, Demand, DemandKind

MOST = 30
MOST_READ = 300  # demands looked at, of which a firm may have several
LIKE = 5  # similar needs shown
LEAST_LIKE = 35 * engine.TICKS


@dataclass(frozen=True, slots=True)
class Wanter:
    """A firm that a patent would fit, as its holder may know it."""

    token: str  # names the demand for this patent only
    score: int
    region: str
    industries: tuple[str, ...]
    need: NeedFace | None  # what it asked for, if the holder may read it
    bars: tuple[Bar, ...]
    is_loud: bool  # fits well enough to be pushed


@dataclass(frozen=True, slots=True)
class Found:
    """The same with its names, for the command that pushes; never shown."""

    organisation_id: int
    demand: Demand
    hit: engine.Hit


@dataclass(frozen=True, slots=True)
class Alike:
    """A public need like another."""

    need: NeedFace
    score: int


def may_ask(patent_id: int, *, viewer: Actor) -> bool:
    """Whether the viewer offers this patent."""
    card = listings.card(patent_id, viewer=viewer)
    own = card.organisation_id is not None and card.organisation_id in viewer.acts_for
    return own and allowed(viewer, Permission.PUBLISH_LISTING)


def found_for(patent_id: int, *, viewer: Actor) -> dict[str, Found]:
    """The best demand of each firm that the patent fits, best first, by its token."""
    version = EngineVersion.objects.filter(is_active=True).defer("corpus").first()
    if version is None:
        return {}
    hits = sorted(_hits(version, patent_id, viewer), key=lambda h: (-h.ticks, str(h.key)))
    asked = arena.audience(version, [str(hit.key) for hit in hits[:MOST_READ]])
    owners = {key: demand.organisation_id for key, demand in asked.items()}
    silent = _implicit()
    best: dict[int, Found] = {}
    for hit in hits[:MOST_READ]:
        key, owner = str(hit.key), owners.get(str(hit.key))
        if owner is not None and key not in silent and owner not in best:
            best[owner] = Found(owner, Demand.of_key(key), hit)
        if len(best) >= MOST:
            break
    return {token(patent_id, found.demand): found for found in best.values()}


def _hits(version: EngineVersion, patent_id: int, viewer: Actor) -> list[engine.Hit]:
    """The demands it fits: scored now, or where demands are too many for that, as last run."""
    if not hearing.is_needed():
        return arena.fits(version, _supply(patent_id, viewer))
    rows = Match.objects.filter(patent_id=patent_id, off_at__isnull=True).order_by("-ticks", "pk")
    return [engine.Hit(row.demand.key, row.ticks, _reasons(row)) for row in rows[:MOST_READ]]


def _reasons(row: Match) -> tuple[engine.Reason, ...]:
    return tuple(
        engine.Reason(
            str(r["signal"]), str(r["code"]), float(r["value"]), float(r["weight"]),
            int(r["ticks"]), tuple(map(str, r.get("evidence") or ())),
        )
        for r in row.reasons
    )  # fmt: skip


def _supply(patent_id: int, viewer: Actor) -> engine.Supply:
    """The patent as the engine takes it, on the board or not yet."""
    on_board = next(iter(feeding.supplies([patent_id])), None)
    if on_board is not None:
        return replace(on_board, matchable=True)
    card = listings.card(patent_id, viewer=viewer)
    return engine.Supply(
        key=patent_id,
        title=card.title,
        text="\n".join(p for p in (card.abstract, card.problem, card.how, card.benefit) if p),
        ipc=card.ipc,
        industry_codes=card.industry_codes,
        region=card.region,
        trl=card.trl,
        organisation_id=card.organisation_id,
    )


def _implicit() -> set[str]:
    ids = DemandProfile.objects.filter(subscription__isnull=False)
    return {f"s{pk}" for pk in ids.values_list("subscription_id", flat=True)}


def token(patent_id: int, demand: Demand) -> str:
    """A name for a demand that says nothing, and is another one for every patent."""
    return salted_hmac("matching.wanting", f"{patent_id}:{demand.key}").hexdigest()[:20]


def wanters(patent_id: int, *, viewer: Actor) -> list[Wanter]:
    """The firms that would want this patent of the viewer's, best first."""
    found = found_for(patent_id, viewer=viewer)
    shown = _readable(found.values(), viewer)
    firms = people.organisations({f.organisation_id for f in found.values()})
    rows = []
    for name, one in found.items():
        need = shown.get(one.demand.id) if one.demand.kind is DemandKind.NEED else None
        is_open = need is not None and not need.is_confidential
        firm = firms[one.organisation_id]
        industries = dict.fromkeys(reference.industry_name(c[:2]) for c in firm.industry_codes)
        rows.append(
            Wanter(
                token=name,
                score=rules.whole_score(one.hit.ticks),
                region=reference.region_name(firm.region[:4]) if firm.region else "",
                industries=tuple(industries)[:2],
                need=need,
                bars=tuple(map(_untold if is_open else _mute, bars_of(one.hit))),
                is_loud=rules.worth_pushing(one.hit.ticks, min_score=0),
            )
        )
    return rows


def _readable(found: Iterable[Found], viewer: Actor) -> dict[int, NeedFace]:
    ids = [one.demand.id for one in found if one.demand.kind is DemandKind.NEED]
    rows = Need.objects.visible_to(viewer).live().filter(pk__in=ids)
    return {face.pk: face for face in faces(rows, viewer=viewer)}


def _untold(bar: Bar) -> Bar:
    """What a firm thought of patents, fields and holders before is its own: no word of which."""
    return replace(bar, words=(), notes=()) if bar.code == "past" else bar


def _mute(bar: Bar) -> Bar:
    """A part of a score without the words that would tell what the firm wrote."""
    return replace(
        _untold(bar), words=(), notes=tuple((code, ()) for code, _ev in _untold(bar).notes)
    )


def similar_needs(need: Need, *, viewer: Actor) -> list[Alike]:
    """Open, public needs that say much the same, best first; confidential ones never."""
    version = EngineVersion.objects.filter(is_active=True).defer("corpus").first()
    may = not need.is_confidential or need.organisation_id in viewer.acts_for
    if version is None or not may or hearing.is_needed():
        return []  # of many demands this would hold a page up; see docs/matching.md
    said = engine.Supply(
        key=0,
        title=need.title,
        text="\n".join(part for part in (need.problem, need.targets, need.situation) if part),
        ipc=tuple(need.ipc),
        industry_codes=tuple(need.industry_codes),
    )
    ticks = {
        int(str(hit.key)[1:]): hit.ticks
        for hit in arena.fits(version, said)
        if str(hit.key).startswith("n") and hit.ticks >= LEAST_LIKE
    }
    rows = Need.objects.on_board().filter(pk__in=ticks, is_confidential=False)
    best = sorted(rows.exclude(pk=need.pk), key=lambda row: (-ticks[row.pk], row.pk))[:LIKE]
    return [Alike(face, rules.whole_score(ticks[face.pk])) for face in faces(best, viewer=viewer)]
