"""Taking back what a batch did, but for what somebody has touched since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.people import selectors as people
from core.people.types import Actor
from listings.imports import plan
from listings.models import (
    ImportRow,
    InventoryItem,
    Listing,
    Patent,
)
from listings.models.choices import BatchState
from listings.rules import moves
from listings.services import news, records
from listings.services.importing.batches import expect, lock
from listings.services.index import index_patents
from listings.services.standing import settle
from listings.types import HolderInput, ListingStatus


def undo(*, batch_id: int, by: Actor, now: datetime) -> list[tuple[int, str]]:
    """Take back what the batch did, but for rows that somebody has touched since.

    Answers with those rows and why they stay.
    """
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        expect(batch, BatchState.DONE, "撤销")
        rows = list(
            batch.rows.filter(before__effect__in=[plan.CREATED, plan.UPDATED]).order_by("number")
        )
        patents = {
            patent.pk: patent
            for patent in Patent.objects.kept()
            .select_for_update(no_key=True)
            .filter(pk__in=[row.patent_id for row in rows if row.patent_id])
            .defer("embedding", "search")
        }
        kept = _what_stays(rows, patents)
        going = [row for row in rows if row.number not in kept]
        _remove([r for r in going if (r.before or {})["effect"] == plan.CREATED], by=by, now=now)
        for row in going:
            if (row.before or {})["effect"] == plan.UPDATED:
                _put_back(patents[row.patent_id or 0], row.before or {}, by=by, now=now)
        index_patents(patent_ids=[row.patent_id for row in going if row.patent_id], now=now)
        batch.state, batch.undone_at, batch.undone_by = BatchState.UNDONE, now, by.key
        batch.about["kept"] = sorted(kept.items())
        batch.save(update_fields=["state", "undone_at", "undone_by", "about"])
        audit.record(
            "import.undone",
            subject=batch,
            by=by,
            at=now,
            changes={"undone": len(going), "kept": len(kept)},
        )
    return sorted(kept.items())


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
    if names:
        owner = people.organisation(patent.organisation_id) if patent.organisation_id else None
        records.write_holders(
            patent,
            [HolderInput(name) for name in names],
            manager_name=owner.name if owner else "",
        )
    if offer := before.get("offer"):
        price = offer["asking_price"]
        Listing.objects.filter(patent=patent, status=ListingStatus.DRAFT).update(
            asking_price=Decimal(price) if price is not None else None,
            problem=offer["problem"],
            benefit=offer["benefit"],
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
