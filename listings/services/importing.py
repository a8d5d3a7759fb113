"""A file of stock: taken in, judged, carried out row by row, undone.

The rows are stored before anything is judged, so nothing that was uploaded is lost. Judging and
carrying out make the same plan from the same facts. Rows are carried out in portions, each in its
own transaction that also marks them done: after a crash the sweep goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Q

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from core.reference import selectors as reference
from listings.imports import columns, intake, limits, plan, verdicts
from listings.imports.plan import Known, Planned
from listings.models import (
    Holder,
    ImportBatch,
    ImportRow,
    InventoryItem,
    LegalEvent,
    Listing,
    Patent,
)
from listings.models.choices import BatchState, RowVerdict
from listings.rules import layers, moves, standing, terms
from listings.selectors.legal import base_of
from listings.services import news, records
from listings.services.index import index_patents
from listings.services.library import admit_batch
from listings.services.patents import Stock
from listings.services.standing import settle
from listings.types import Consent, HolderInput, ListingStatus, PatentStatus

PORTION: Final = 250
STORED_AT_ONCE: Final = 2_000
TRIES: Final = 3
STUCK_AFTER: Final = timedelta(minutes=2)
SOURCE: Final = "import"


# Taking the file in


def take_in(*, path: Path, filename: str, by: Actor, now: datetime) -> int:
    """Store the rows of an uploaded file as a batch and judge them. Its id.

    Invalid says in Chinese why a file cannot be read; nothing of it is kept then. Small files are
    judged at once, large ones by a worker.
    """
    if by.organisation_id is None:
        raise Invalid("您的账户还没有加入任何单位，不能导入专利。请联系本单位管理员。")
    require(by, Permission.IMPORT_STOCK, on=Stock(by.organisation_id))
    try:
        with intake.opened(path) as table, transaction.atomic():
            batch = ImportBatch.objects.create(
                organisation_id=by.organisation_id,
                filename=Path(filename).name[:255] or "未命名",
                sha256=digest(path),
                about={**table.about, "actor": _actor_facts(by)},
                mapping=columns.guess(table.header),
                state=BatchState.CHECKING,
                created_at=now,
                created_by=by.key,
            )
            count = 0
            for portion in _portions(table.rows, STORED_AT_ONCE):
                ImportRow.objects.bulk_create(
                    ImportRow(batch=batch, number=number, raw=cells, verdict=RowVerdict.PENDING)
                    for number, cells in portion
                )
                count += len(portion)
            batch.about["rows"] = count
            batch.save(update_fields=["about"])
            audit.record(
                "import.taken_in",
                subject=batch,
                by=by,
                at=now,
                changes={"filename": batch.filename, "rows": count, "sha256": batch.sha256},
            )
    except intake.FileRefused as refusal:
        raise Invalid(
            str(refusal), fields={"file": [str(refusal)]}, code=f"file-{refusal.code}"
        ) from refusal
    _go_on(batch, now=now)
    return batch.pk


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _portions(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    portion: list[Any] = []
    for row in rows:
        portion.append(row)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion


def _actor_facts(by: Actor) -> dict[str, Any]:
    """Who asked, so that a worker can act in the same name."""
    return {
        "user_id": by.user_id,
        "organisation_id": by.organisation_id,
        "roles": sorted(role.value for role in by.roles),
        "region": by.region,
        "name": by.name,
    }


def _actor_of(batch: ImportBatch) -> Actor:
    facts = batch.about["actor"]
    return Actor(
        user_id=facts["user_id"],
        organisation_id=facts["organisation_id"],
        roles=frozenset(Role(role) for role in facts["roles"]),
        region=facts["region"],
        name=facts["name"],
    )


def _go_on(batch: ImportBatch, *, now: datetime) -> None:
    """Do the rest at once when it is little, else nudge a worker; the sweep finds lost nudges."""
    if batch.about["rows"] <= limits.INLINE_ROWS:
        work_on(batch_id=batch.pk, now=now)
    else:
        nudge(batch.pk)


def nudge(batch_id: int) -> None:
    transaction.on_commit(
        lambda: current_app.send_task(
            "listings.work_on_import", kwargs={"batch_id": batch_id}, retry=False
        ),
        robust=True,
    )


def work_on(*, batch_id: int, now: datetime) -> None:
    """Whatever the batch waits for: judging or carrying out. Safe to call twice."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state == BatchState.CHECKING:
        judge_batch(batch_id=batch_id, now=now)
    elif batch.state == BatchState.RUNNING:
        carry_out(batch_id=batch_id, now=now)


def stuck_batches(*, now: datetime) -> list[int]:
    """Batches whose nudge was lost or whose worker died."""
    return list(
        ImportBatch.objects.filter(
            Q(created_at__lt=now - STUCK_AFTER),
            state__in=[BatchState.CHECKING, BatchState.RUNNING],
        ).values_list("pk", flat=True)
    )


# Judging


def choose_columns(*, batch_id: int, mapping: Mapping[str, int], by: Actor, now: datetime) -> None:
    """Say which column is what, and judge all rows anew."""
    with transaction.atomic():
        batch = _lock(batch_id, by=by)
        _expect(batch, BatchState.CHECKED, "更改列的对应关系")
        chosen = {name: int(index) for name, index in mapping.items()}
        if wrong := columns.problems(chosen, len(batch.about["header"])):
            raise Invalid(" ".join(dict.fromkeys(wrong)), code="bad-mapping")
        batch.mapping, batch.state, batch.progress = chosen, BatchState.CHECKING, 0
        batch.save(update_fields=["mapping", "state", "progress"])
    _go_on(batch, now=now)


def _lock(batch_id: int, *, by: Actor) -> ImportBatch:
    batch = ImportBatch.objects.visible_to(by).select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise Missing("没有找到这个导入批次，可能属于其他单位。")
    require(by, Permission.IMPORT_STOCK, on=batch)
    return batch


def _expect(batch: ImportBatch, state: BatchState, act: str) -> None:
    if batch.state != state:
        now_is = BatchState(batch.state).label
        raise Conflict(
            f"这个批次现在是“{now_is}”，不能{act}。请刷新页面后查看。", code="batch-state"
        )


def judge_batch(*, batch_id: int, now: datetime) -> None:
    """The dry run: write each row's verdict, change nothing else."""
    batch = ImportBatch.objects.get(pk=batch_id)
    seen: dict[str, int] = {}
    after = -1
    while rows := _rows_after(batch, after):
        planned = _plan(batch, rows, seen, now=now)
        for row, fate in zip(rows, planned, strict=True):
            row.verdict, row.problems = fate.verdict, _told(fate)
            row.patent_id = fate.patent_id
        ImportRow.objects.bulk_update(rows, ["verdict", "problems", "patent"])
        after = rows[-1].number
        _progress(batch, len(rows))
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state != BatchState.CHECKING or locked.mapping != batch.mapping:
            return  # judged by somebody else meanwhile, or to be judged anew
        locked.state, locked.counts = BatchState.CHECKED, _counts(batch)
        locked.save(update_fields=["state", "counts"])


def _rows_after(batch: ImportBatch, number: int) -> list[ImportRow]:
    return list(batch.rows.filter(number__gt=number).order_by("number")[:PORTION])


def _progress(batch: ImportBatch, rows: int) -> None:
    batch.progress += rows
    ImportBatch.objects.filter(pk=batch.pk).update(progress=batch.progress)


def _counts(batch: ImportBatch) -> dict[str, int]:
    counts = {verdict: 0 for verdict in RowVerdict.values if verdict != RowVerdict.PENDING}
    for verdict in batch.rows.values_list("verdict", flat=True):
        counts[verdict] = counts.get(verdict, 0) + 1
    return counts


def _told(fate: Planned) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in fate.problems]


def _plan(
    batch: ImportBatch, rows: Sequence[ImportRow], seen: dict[str, int], *, now: datetime
) -> list[Planned]:
    today = terms.legal_day(now)
    mapping = {name: index for name, index in batch.mapping.items() if name in columns.BY_NAME}
    sheet = verdicts.Sheet(
        header=tuple(batch.about["header"]),
        mapping=mapping,
        today=today,
        ipc_known=reference.ipc_known,
        industry_known=reference.industry_known,
    )
    judged = [verdicts.judge(sheet, row.number, row.raw) for row in rows]
    return plan.decide(judged, _known(batch.organisation_id, judged), today=today, seen=seen)


def _known(organisation_id: int, judged: Sequence[verdicts.Judged]) -> dict[str, Known]:
    """Which of these patents are here already, by identity, in four queries."""
    wanted = {row.patent.number for row in judged if row.patent and row.patent.number}
    titles = {row.patent.title for row in judged if row.patent}
    rows = (
        Patent.objects.kept()
        .filter(
            Q(office="CN", number__in=wanted)
            | Q(number__isnull=True, organisation_id=organisation_id, title__in=titles)
        )
        .defer("embedding", "search")
        .prefetch_related("holders", "events")
    )
    live = {
        listing.patent_id: listing
        for listing in Listing.objects.filter(patent__in=rows, status__in=moves.LIVE_LISTING)
    }
    found = {}
    for row in rows:
        known = _as_known(row, live.get(row.pk), ours=row.organisation_id == organisation_id)
        key = (
            verdicts.by_number(row.office, row.number)
            if row.number
            else verdicts.by_title(row.title, known.holders)
        )
        found[key] = known
    return found


def _as_known(row: Patent, listing: Listing | None, *, ours: bool) -> Known:
    return Known(
        id=row.pk,
        is_ours=ours,
        values={name: getattr(row, name) for name in (*records.FIELDS, "main_ipc")},
        as_input=records.as_input(row, {}),
        holders=tuple(holder.name for holder in row.holders.all()),
        events=frozenset((event.code, event.occurred_on) for event in row.events.all()),
        listing_id=listing.pk if listing else None,
        listing_status=listing.status if listing else "",
        price=listing.asking_price if listing else None,
        problem=listing.problem if listing else "",
        benefit=listing.benefit if listing else "",
    )


# Carrying out


def start(*, batch_id: int, by: Actor, now: datetime) -> None:
    """Carry the batch out: good rows land, bad ones do not. Starting it twice starts it once."""
    with transaction.atomic():
        batch = _lock(batch_id, by=by)
        if batch.state in {BatchState.RUNNING, BatchState.DONE}:
            return
        _expect(batch, BatchState.CHECKED, "导入")
        if wrong := columns.problems(batch.mapping, len(batch.about["header"])):
            raise Invalid(" ".join(wrong), code="bad-mapping")
        batch.state, batch.progress = BatchState.RUNNING, 0
        batch.about["actor"] = _actor_facts(by)
        batch.save(update_fields=["state", "progress", "about"])
    _go_on(batch, now=now)


def carry_out(*, batch_id: int, now: datetime) -> None:
    """Carry out what is left of a running batch; a second worker waits for each portion."""
    seen: dict[str, int] = {}
    while _carry_out_portion(batch_id, seen, now=now):
        pass


def _carry_out_portion(batch_id: int, seen: dict[str, int], *, now: datetime) -> bool:
    """The next rows, all in one transaction with their marks; whether there may be more."""
    for attempt in range(TRIES):
        mine = dict(seen)
        try:
            with transaction.atomic():
                batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
                if batch.state != BatchState.RUNNING:
                    return False
                rows = list(
                    batch.rows.select_for_update()
                    .filter(before__isnull=True)
                    .order_by("number")[:PORTION]
                )
                by = _actor_of(batch)
                if not rows:
                    _finish(batch, by=by, now=now)
                    return False
                _recall(batch, rows[0].number, mine)
                planned = _plan(batch, rows, mine, now=now)
                _apply(batch, rows, planned, by=by, now=now)
                _progress(batch, len(rows))
        except IntegrityError:
            # Somebody else registered one of these numbers between our look and our write.
            if attempt == TRIES - 1:
                raise
            continue
        seen.clear()
        seen.update(mine)
        return True
    return False


def _recall(batch: ImportBatch, first: int, seen: dict[str, int]) -> None:
    """After a crash: the identities of the rows that were carried out before."""
    if seen or not batch.rows.filter(number__lt=first).exists():
        return
    for key, number in (
        batch.rows.filter(number__lt=first)
        .exclude(verdict=RowVerdict.REJECTED)
        .values_list("before__key", "number")
    ):
        if key:
            seen.setdefault(key, number)


def _apply(
    batch: ImportBatch,
    rows: Sequence[ImportRow],
    planned: Sequence[Planned],
    *,
    by: Actor,
    now: datetime,
) -> None:
    marks: dict[int, dict[str, Any]] = {}
    created = _create(batch, [p for p in planned if p.effect == plan.CREATED], by=by, now=now)
    updated = _update(
        batch, [p for p in planned if p.effect == plan.UPDATED], marks, by=by, now=now
    )
    patents = {**created, **updated}
    _draft_offers(planned, patents, marks, by=by, now=now)
    index_patents(patent_ids=[patent.pk for patent in patents.values()], now=now)
    news.tell_of_many("patent.imported", patents.values(), by=by, now=now, batch=batch.pk)
    for row, fate in zip(rows, planned, strict=True):
        patent = patents.get(fate.row)
        row.verdict, row.problems = fate.verdict, _told(fate)
        row.patent_id = patent.pk if patent else fate.patent_id
        row.before = {
            "effect": fate.effect,
            "version": patent.version if patent else None,
            "key": fate.key,
            **marks.get(fate.row, {}),
        }
    ImportRow.objects.bulk_update(rows, ["verdict", "problems", "patent", "before"])


def _create(
    batch: ImportBatch, planned: Sequence[Planned], *, by: Actor, now: datetime
) -> dict[int, Patent]:
    """New patents with their holders, events and places in the library, in a few statements."""
    if not planned:
        return {}
    owner = people.organisation(batch.organisation_id)
    today = terms.legal_day(now)
    patents = []
    for fate in planned:
        assert fate.record is not None
        patent = Patent(
            **fate.record.fields,
            organisation_id=owner.id,
            registered_at=now,
            registered_by=by.key,
            changed_at=now,
        )
        patent.region = patent.region or owner.region
        patent.is_sample = patent.is_sample or owner.is_sample
        events = [standing.Event(on, code) for code, on in fate.events]
        patent.status = standing.fold(base_of(patent), events, on=today).status
        patents.append(patent)
    placements = [
        layers.place(
            status=PatentStatus(patent.status),
            trl=patent.trl,
            has_offer_sheet=bool(fate.offer.problem or fate.offer.benefit),
            voices=(),
        )
        for patent, fate in zip(patents, planned, strict=True)
    ]
    for patent, placement in zip(patents, placements, strict=True):
        patent.layer = placement.layer
    Patent.objects.bulk_create(patents)
    Holder.objects.bulk_create(
        holder
        for patent, fate in zip(patents, planned, strict=True)
        for holder in _holders(patent, fate.holders or (), owner)
    )
    LegalEvent.objects.bulk_create(
        _event(patent, code, on, by=by, now=now)
        for patent, fate in zip(patents, planned, strict=True)
        for code, on in fate.events
    )
    InventoryItem.objects.bulk_create(
        InventoryItem(
            patent=patent,
            rule_version=placement.rule_version,
            layer_reasons=list(placement.reasons),
            layered_at=now,
        )
        for patent, placement in zip(patents, placements, strict=True)
    )
    admit_batch([patent for patent in patents if patent.number], by=by, now=now)
    return {fate.row: patent for fate, patent in zip(planned, patents, strict=True)}


def _holders(
    patent: Patent, given: Sequence[HolderInput], owner: people.OrganisationCard
) -> Iterator[Holder]:
    for position, holder in enumerate(given or (HolderInput(owner.name),)):
        is_owner = holder.name == owner.name
        yield Holder(
            patent=patent,
            position=position,
            name=holder.name,
            kind=holder.kind.value,
            consent=(Consent.ALL if is_owner else Consent.NONE).value,
            organisation_id=owner.id if is_owner else None,
        )


def _event(patent: Patent, code: str, on: date, *, by: Actor, now: datetime) -> LegalEvent:
    return LegalEvent(
        patent=patent,
        code=code,
        occurred_on=on,
        source=SOURCE,
        recorded_at=now,
        recorded_by=by.key,
    )


def _update(
    batch: ImportBatch,
    planned: Sequence[Planned],
    marks: dict[int, dict[str, Any]],
    *,
    by: Actor,
    now: datetime,
) -> dict[int, Patent]:
    """Patents that are here already: only what differs, with what it was for the undo."""
    ids = [fate.patent_id for fate in planned if fate.patent_id]
    rows = (
        Patent.objects.kept()
        .select_for_update(no_key=True)
        .filter(pk__in=ids)
        .defer("embedding", "search")
        .prefetch_related("holders")
        .order_by("pk")
    )
    patents = {patent.pk: patent for patent in rows}
    owner = people.organisation(batch.organisation_id) if planned else None
    done = {}
    for fate in planned:
        patent = patents.get(fate.patent_id or 0)
        if patent is None or fate.record is None or owner is None:
            raise IntegrityError("A patent of the plan is gone; look again.")
        was = {name: records.plain(before) for name, (before, _) in fate.changes.items()}
        for name in fate.changes.keys() - {"holders"}:
            setattr(patent, name, fate.record.fields[name])
        if fate.holders is not None:
            records.write_holders(patent, fate.holders, manager_name=owner.name)
        LegalEvent.objects.bulk_create(
            [_event(patent, code, on, by=by, now=now) for code, on in fate.events],
            ignore_conflicts=True,
        )
        patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
        records.save(patent)
        settle(patent, by=by, now=now)
        marks[fate.row] = {
            "fields": was,
            "events": [code for code, _ in fate.events],
        }
        done[fate.row] = patent
    return done


def _draft_offers(
    planned: Sequence[Planned],
    patents: Mapping[int, Patent],
    marks: dict[int, dict[str, Any]],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """What rows say of problem, benefit and price goes into drafts; nothing is published."""
    wanted = {fate.row: fate for fate in planned if fate.lands and fate.offer}
    drafts = {
        draft.patent_id: draft
        for draft in Listing.objects.select_for_update(no_key=True).filter(
            patent_id__in=[patents[row].pk for row in wanted], status=ListingStatus.DRAFT
        )
    }
    fresh = []
    for number, fate in wanted.items():
        patent = patents[number]
        draft = drafts.get(patent.pk)
        if draft is None:
            draft = Listing(patent=patent, created_at=now, created_by=by.key, changed_at=now)
            fresh.append(draft)
            marks.setdefault(number, {})["drafted"] = True
        else:
            marks.setdefault(number, {})["offer"] = {
                "asking_price": None if draft.asking_price is None else str(draft.asking_price),
                "problem": draft.problem,
                "benefit": draft.benefit,
            }
            draft.version, draft.changed_at = draft.version + 1, now
        if fate.offer.price_given:
            draft.asking_price = fate.offer.price
        draft.problem = fate.offer.problem or draft.problem
        draft.benefit = fate.offer.benefit or draft.benefit
        if draft.pk:
            draft.save()
    Listing.objects.bulk_create(fresh)


def _finish(batch: ImportBatch, *, by: Actor, now: datetime) -> None:
    batch.state, batch.counts, batch.finished_at = BatchState.DONE, _counts(batch), now
    batch.save(update_fields=["state", "counts", "finished_at"])
    audit.record("import.carried_out", subject=batch, by=by, at=now, changes=dict(batch.counts))


# Undoing


def undo(*, batch_id: int, by: Actor, now: datetime) -> list[tuple[int, str]]:
    """Take back what the batch did, but for rows that somebody has touched since.

    Answers with those rows and why they stay.
    """
    with transaction.atomic():
        batch = _lock(batch_id, by=by)
        _expect(batch, BatchState.DONE, "撤销")
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
