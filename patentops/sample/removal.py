"""Take the sample out again: everything that hangs on it, and nothing that anybody else made.

What goes is found by following the foreign keys from the rows marked 示例 and the people who work
for its organisations only. A row on the way that also names somebody else's organisation or person
is theirs: then nothing is removed and they are told which rows. The audit trail and the events
stay as they are, so the chain holds; what was removed is one more entry in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Q

from core.audit import services as audit
from core.errors import Conflict
from core.people.types import Actor

CHUNK = 2_000
SHOWN = 5  # of each kind that is in the way
# What the platform works out or sends by itself: it goes with either of its ends.
WORKED_OUT = frozenset(
    {
        *("core.Notice", "core.NoticePreference", "core.AuditPerson", "core.OutboxDelivery"),
        *("listings.DemandSignal", "listings.MarketSignal", "listings.SearchHit"),
        *("listings.AnnuityReminder", "listings.BoardEntry", "listings.BoardText"),
        *("matching.Match", "matching.Push", "matching.PushDelivery", "matching.Digest"),
        *("matching.Meaning", "matching.OfferEdition", "matching.DemandMeasure"),
        *("interchange.Delivery", "interchange.Receipt"),
    }
)
# Stay whatever they point at: trail, events, and rows that only name the sample in passing.
KEPT = frozenset({"core.AuditEntry", "core.AuditPerson", "core.OutboxEvent", "core.OutboxDelivery"})
# Reached only the other way round: rows of their own that one of ours stands on.
BENEATH = ("licensing.FeePlan", "licensing.Document", "core.Attachment")

Model = type[models.Model]
Ids = dict[Model, set[Any]]


@dataclass
class Survey:
    """What would go, and what is in the way."""

    ids: Ids = field(default_factory=dict)
    forget: list[tuple[models.ForeignKey[Any, Any], set[Any]]] = field(default_factory=list)
    theirs: dict[Model, list[str]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.ids.values()))

    def obstacles(self) -> list[str]:
        """One line for each kind of row that is somebody else's."""
        lines = []
        for model, rows in self.theirs.items():
            more = " 等" if len(rows) > SHOWN else ""
            shown = "；".join(rows[:SHOWN])
            lines.append(f"{model._meta.verbose_name} {len(rows)} 条：{shown}{more}")
        return lines


def survey(*, entered_too: bool = False) -> Survey:
    """Follow the sample through the tables; reads only.

    `entered_too`: rows that people typed in with a sample account are the sample's as well.
    """
    found = Survey()
    marked = [m for m in apps.get_models() if _has(m, "is_sample")]
    seeds: Ids = {
        m: set(_rows(m).filter(is_sample=True).values_list("pk", flat=True)) for m in marked
    }
    organisation, user = apps.get_model("core.Organisation"), apps.get_model("core.User")
    seeds[user] = _people(seeds[organisation])
    fresh = {model: set(pks) for model, pks in seeds.items() if pks}
    while fresh:
        _merge(found.ids, fresh)
        fresh = _next(fresh, found)
    _beneath(found)
    for model, pks in found.ids.items():
        rows = list(_theirs(model, pks - seeds.get(model, set()), found.ids, entered_too))
        if rows:
            found.theirs[model] = rows
    return found


def remove(*, now: datetime, entered_too: bool = False) -> int:
    """Remove it, all or nothing; Conflict that names what is in the way. How many rows went."""
    with transaction.atomic(), pgtrigger.ignore():
        found = survey(entered_too=entered_too)
        if lines := found.obstacles():
            raise Conflict("\n".join(lines), code="real-rows-on-sample")
        if not found.size:
            return 0
        organisation = apps.get_model("core.Organisation")
        first = _rows(organisation).filter(pk__in=found.ids[organisation]).order_by("pk")[0]
        counts = {m._meta.label: len(pks) for m, pks in found.ids.items() if pks}
        audit.record("sample.removed", subject=first, by=Actor.system(), at=now, changes=counts)
        for key, pks in found.forget:
            for part in _parts(pks):
                _rows(key.model).filter(**{f"{key.name}__in": part}).update(**{key.name: None})
        _off_the_board(found)
        _constraints("DEFERRED")  # rows go table by table, what they refer to perhaps first
        for model, pks in found.ids.items():
            for part in _parts(pks):
                rows = _rows(model).filter(pk__in=part)
                rows._raw_delete(rows.db)
        _constraints("IMMEDIATE")  # a row left behind fails here
    return found.size


def _constraints(mode: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL {mode}")


def _rows(model: Model) -> models.QuerySet[Any]:
    return model._base_manager.all()


def _has(model: Model, name: str) -> bool:
    return any(f.name == name for f in model._meta.concrete_fields)


def _parts(pks: set[Any]) -> Iterator[list[Any]]:
    rows = sorted(pks, key=str)
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _people(organisations: set[Any]) -> set[Any]:
    """Those who work for organisations of the sample and for no other."""
    membership = apps.get_model("core.Membership")
    inside = Q(organisation__in=organisations)
    ours = set(_rows(membership).filter(inside).values_list("user_id", flat=True))
    return ours - set(_rows(membership).exclude(inside).values_list("user_id", flat=True))


def _merge(into: Ids, fresh: Ids) -> None:
    for model, pks in fresh.items():
        into.setdefault(model, set()).update(pks)


def _next(fresh: Ids, found: Survey) -> Ids:
    """Rows that point at these and are not known yet."""
    reached: Ids = {}
    for model, pks in fresh.items():
        for relation in model._meta.get_fields(include_hidden=True):
            if not isinstance(relation, models.ManyToOneRel):
                continue
            key, child = relation.field, relation.related_model
            if not isinstance(child, type) or child._meta.label in KEPT or not child._meta.managed:
                continue
            if relation.on_delete is models.SET_NULL:
                found.forget.append((key, pks))
                continue
            known = found.ids.get(child, set())
            for part in _parts(pks):
                rows = _rows(child).filter(**{f"{key.name}__in": part})
                new = set(rows.values_list("pk", flat=True)) - known
                if new:
                    reached.setdefault(child, set()).update(new)
    return reached


def _beneath(found: Survey) -> None:
    """Fee plans and attachments under rows that go, unless something that stays needs them."""
    for label in BENEATH:
        model = apps.get_model(label)
        keys = [
            relation.field
            for relation in model._meta.get_fields(include_hidden=True)
            if isinstance(relation, models.ManyToOneRel)
        ]
        wanted: set[Any] = set()
        needed: set[Any] = set()
        for key in keys:
            if key.model._meta.label == "licensing.FeePart":
                continue
            pairs = _rows(key.model).exclude(**{key.name: None}).values_list("pk", key.attname)
            for pk, target in pairs:
                gone = pk in found.ids.get(key.model, set())
                (wanted if gone else needed).add(target)
        fresh: Ids = {model: wanted - needed - found.ids.get(model, set())}
        while any(fresh.values()):
            _merge(found.ids, fresh)
            fresh = _next(fresh, found)


def _theirs(model: Model, pks: set[Any], ids: Ids, entered_too: bool) -> Iterator[str]:
    """Rows that name an organisation or a person who is not the sample's, or were typed in."""
    if model._meta.label in WORKED_OUT:
        return
    outside = Q()
    for field_ in model._meta.concrete_fields:
        target = field_.related_model
        if isinstance(target, type) and target._meta.label in {"core.Organisation", "core.User"}:
            outside |= ~Q(**{f"{field_.name}__in": ids.get(target, set())}) & Q(
                **{f"{field_.name}__isnull": False}
            )
    if model._meta.label == "matching.Lead":  # a lead that was only pushed is worked out
        outside &= Q(rated_at__isnull=False) | Q(contacted_at__isnull=False)
    if _has(model, "is_sample") and not entered_too:
        outside |= Q(is_sample=False)
    if not outside:
        return
    for part in _parts(pks):
        yield from map(str, _rows(model).filter(outside, pk__in=part).order_by("pk"))


def _off_the_board(found: Survey) -> None:
    """An entry of the board keeps its place for good; it is marked, and readers see that it is."""
    patents = found.ids.get(apps.get_model("listings.Patent"), set())
    for part in _parts(patents):
        entries = _rows(apps.get_model("listings.BoardEntry")).filter(patent_id__in=part)
        entries.update(listed=False, changed=models.Func(function="pg_current_xact_id"))
