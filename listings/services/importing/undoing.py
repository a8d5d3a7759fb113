"""Taking back what a batch did, but for what somebody has touched since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from core.people import selectors as people
from core.people.types import Actor
from listings.imports import columns, plan
from listings.models import (
    ImportBatch,
    ImportRow,
    InventoryItem,
    Listing,
    Patent,
)
from listings.rules import imports as rules
from listings.rules import moves
from listings.services import news, records
from listings.services.importing import copying, holders
from listings.services.importing.batches import PORTION, actor_of, in_portions, record
from listings.services.importing.shifts import Shift, tell
from listings.services.register.standing import settle
from listings.services.searching.index import index_patents
from listings.types import HolderInput, ListingStatus

LANDED: Final = [plan.CREATED, plan.UPDATED]


def take_back(shift: Shift) -> None:
    """Take back what is left of a batch that is being undone, the last rows first."""
    below = None
    while (lowest := _portion(shift, below)) is not None:
        below = lowest
    with transaction.atomic():
        _finish(shift, shift.hold())


@transaction.atomic
def _portion(shift: Shift, below: int | None) -> int | None:
    """The next rows, all in one transaction with their marks; how far down it came."""
    batch = shift.hold()
    by, now = actor_of(batch), shift.clock()
    waiting = batch.rows.filter(before__effect__in=LANDED, before__undone__isnull=True)
    if below is not None:
        waiting = waiting.filter(number__lt=below)
    rows = list(waiting.order_by("-number")[:PORTION])
    if not rows:
        return None
    patents = {
        patent.pk: patent
        for patent in Patent.objects.kept()
        .select_for_update(no_key=True)
        .filter(pk__in=[row.patent_id for row in rows if row.patent_id])
        .defer("embedding", "search")
        .order_by("pk")
    }
    kept = _what_stays(rows, patents)
    going = [row for row in rows if row.number not in kept]
    _remove([r for r in going if (r.before or {})["effect"] == plan.CREATED], by=by, now=now)
    changed = [row for row in going if (row.before or {})["effect"] == plan.UPDATED]
    for row in changed:
        _put_back(patents[row.patent_id or 0], row.before or {}, by=by, now=now)
    index_patents(patent_ids=[row.patent_id for row in changed if row.patent_id], now=now)
    for row in rows:
        row.before = {**(row.before or {}), "undone": kept.get(row.number, "")}
    copying.update(rows, ["before"])
    batch.progress += len(rows)
    shift.note(batch, "progress")
    return rows[-1].number


def _finish(shift: Shift, batch: ImportBatch) -> None:
    now, by = shift.clock(), actor_of(batch)
    landed = batch.rows.filter(before__effect__in=LANDED)
    kept = landed.exclude(before__undone="").count()
    batch.state = rules.after(batch.state, "undone")
    batch.undone_at, batch.undone_by = now, by.key
    batch.counts["kept"] = kept
    shift.end(batch, "state", "undone_at", "undone_by", "counts")
    undone = landed.count() - kept
    record("import.undone", batch, by=by, now=now, undone=undone, kept=kept)
    if in_portions(batch):
        told = f"，{kept} 行没有撤销，原因见导入页" if kept else ""
        tell(batch, "撤销完成", f"已撤销 {undone} 行{told}。", now=now)


def _what_stays(rows: Sequence[ImportRow], patents: Mapping[int, Patent]) -> dict[int, str]:
    """Rows that cannot be undone, with the reason."""
    ids = list(patents)
    public = set(
        Listing.objects.filter(patent_id__in=ids, published_at__isnull=False).values_list(
            "patent_id", flat=True
        )
    )
    edited = set(
        Listing.objects.filter(patent_id__in=ids, version__gt=1).values_list("patent_id", flat=True)
    )
    bound = set(
        Patent.objects.filter(pk__in=ids, encumbrances__isnull=False).values_list("pk", flat=True)
    )
    kept = {}
    for row in rows:
        patent, before = patents.get(row.patent_id or 0), row.before or {}
        if patent is None:
            kept[row.number] = "这件专利已经不在库中。"
        elif patent.version != before["version"]:
            kept[row.number] = "导入之后又有人修改过，请在专利页面核对后手工改回。"
        elif patent.pk in bound:
            kept[row.number] = "已有许可、质押等记录，不能撤销。"
        elif before["effect"] == plan.CREATED and patent.pk in public:
            kept[row.number] = "已经挂牌公开过，请先撤回挂牌，再将专利归档。"
        elif before["effect"] == plan.CREATED and patent.pk in edited:
            kept[row.number] = "推介内容在导入之后又有修改，请核对后手工处理。"
        elif before.get("events"):
            kept[row.number] = "导入时登记了法律事件，法律事件只能更正、不能删除。"
    return kept


def _remove(rows: Sequence[ImportRow], *, by: Actor, now: datetime) -> None:
    ids = [row.patent_id for row in rows if row.patent_id]
    Listing.objects.filter(patent_id__in=ids, status__in=moves.LIVE_LISTING).update(
        status=ListingStatus.WITHDRAWN, changed_at=now
    )
    InventoryItem.objects.filter(patent_id__in=ids).exclude(status="archived").update(
        status="archived", archived_because="撤销导入"
    )
    Patent.objects.filter(pk__in=ids).update(removed_at=now, removed_by=by.key)


def _put_back(patent: Patent, before: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    fields = dict(before.get("fields", {}))
    names = fields.pop("holders", None)
    for name, value in fields.items():
        setattr(patent, name, records.from_plain(name, value))
    owner = people.organisation(patent.organisation_id) if patent.organisation_id else None
    manager_name = owner.name if owner else ""
    if whole := before.get("holders"):
        holders.put_back(patent, whole, manager_name=manager_name)
    elif names:  # a batch from before whole lists were noted
        known = [HolderInput(name) for name in names]
        records.write_holders(patent, known, manager_name=manager_name)
    if offer := before.get("offer"):
        price = offer["asking_price"]
        Listing.objects.filter(patent=patent, status=ListingStatus.DRAFT).update(
            asking_price=Decimal(price) if price is not None else None,
            **{name: offer[name] for name in columns.SHEET if name in offer},
            changed_at=now,
        )
    if before.get("drafted"):
        Listing.objects.filter(patent=patent, status=ListingStatus.DRAFT, version=1).update(
            status=ListingStatus.WITHDRAWN, changed_at=now
        )
    patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
    records.save(patent)
    settle(patent, by=by, now=now)
    news.tell("patent.changed", patent, by=by, now=now)
