"""Taking in a list of needs: judged first, taken in portion by portion, taken back if need be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, DomainError, Invalid
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.reference import selectors as reference
from listings.selectors import tables
from matching.models import Match, Need, NeedImport, NeedImportRow
from matching.models.choices import LicenceMode
from matching.rules import lacking as need_problems
from matching.rules import need_imports as rules
from matching.rules import needs as need_rules
from matching.services.demands import may_publish, post_need
from matching.types import ImportState, ListType, Metric, NeedInput, RowVerdict


@transaction.atomic
def check_list(
    *, content: bytes, file_name: str, list_type: ListType, by: Actor, now: datetime
) -> NeedImport:
    """Judge every row of an uploaded list; nothing is taken in yet."""
    require(by, Permission.POST_NEED)
    may_publish(list_type, by)
    if by.organisation_id is None:
        raise Invalid(fields={"file": [_("请先切换到要导入需求的机构。")]})
    table = tables.uploaded_table(content, most_rows=rules.MOST_ROWS, most_bytes=rules.MOST_BYTES)
    columns = rules.columns_of(table.header)
    if "title" not in columns:
        raise Invalid(
            fields={"file": [_("没有找到“需求名称”一列。请下载模板，按模板的表头填写。")]}
        )
    batch = NeedImport.objects.create(
        organisation_id=by.organisation_id,
        file_name=file_name[:200] or "list",
        list_type=list_type,
        header=[title[:200] for title in table.header],
        checked_at=now,
        checked_by=by.key,
    )
    seen = _prints(by.organisation_id)
    rows = [_row(batch, number, cells, columns, table.header, seen) for number, cells in table.rows]
    NeedImportRow.objects.bulk_create(rows, batch_size=500)
    audit.record("need_import.checked", subject=batch, by=by, at=now, changes={"rows": len(rows)})
    return batch


def _prints(organisation_id: int) -> set[str]:
    """The needs this organisation has already, as their fingerprints."""
    rows = Need.objects.filter(organisation_id=organisation_id).values_list("title", "problem")
    return {rules.fingerprint(title, problem) for title, problem in rows}


def _row(
    batch: NeedImport,
    number: int,
    cells: Sequence[Any],
    columns: Mapping[str, int],
    header: Sequence[str],
    seen: set[str],
) -> NeedImportRow:
    said = _Reading(cells, columns, header)
    values = said.values()
    print_ = rules.fingerprint(values["title"], values["problem"])
    verdict = RowVerdict.REFUSED if said.remarks else RowVerdict.NEW
    if verdict is RowVerdict.NEW and print_ in seen:
        verdict = RowVerdict.SAME
    if verdict is RowVerdict.NEW:
        seen.add(print_)
    return NeedImportRow(
        batch=batch,
        number=number,
        verdict=verdict,
        title=values["title"][:200],
        print=print_,
        values=values,
        cells=[_plain(cell) for cell in cells] if said.remarks else [],
        remarks=said.remarks,
    )


def _plain(cell: Any) -> Any:
    return cell[:1_000].replace("\x00", "") if isinstance(cell, str) else cell


class _Reading:
    """One row being read: values as JSON can hold them, and what is wrong where."""

    def __init__(
        self, cells: Sequence[Any], columns: Mapping[str, int], header: Sequence[str]
    ) -> None:
        self.cells, self.columns, self.header = cells, columns, header
        self.remarks: list[dict[str, Any]] = []

    def values(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            name: self._text(name)
            for name in ("title", "problem", "situation", "targets", "tried", "limits")
        }
        if not found["title"] and not self.remarks:
            self._wrong("title", _("没有写需求名称。"), _("请补上名称；空行请删去。"))
        found["metrics"] = self._metrics()
        found["industry"] = self._industry()
        found["budget"] = self._budget()
        found["deadline"] = self._read("date", "deadline")
        found["trl"] = self._read("trl", "trl")
        found["modes"] = self._modes()
        found["region"] = self._region()
        found["ipc"] = self._text("ipc")
        found["confidential"] = self._confidential()
        if found["deadline"] is not None:
            found["deadline"] = found["deadline"].isoformat()
        return found

    def _cell(self, name: str) -> Any:
        index = self.columns.get(name)
        return self.cells[index] if index is not None and index < len(self.cells) else None

    def _wrong(self, name: str, reason: str, mend: str) -> None:
        index = self.columns.get(name)
        title = self.header[index] if index is not None else rules.COLUMNS[name][0]
        self.remarks.append({"column": title, "index": index, "reason": reason, "mend": mend})

    def _read(self, kind: str, name: str) -> Any:
        found = tables.read_cell(kind, self._cell(name))
        if isinstance(found, tables.Misread):
            self._wrong(name, found.reason, found.mend)
            return "" if kind == "text" else None
        return found

    def _text(self, name: str) -> str:
        text = str(self._read("text", name)).replace("\x00", "")
        longest = rules.COLUMNS[name][2]
        if len(text) > longest:
            self._wrong(
                name,
                _("内容有 %(n)s 个字，上限是 %(most)s 个字。") % {"n": len(text), "most": longest},
                _("请缩短后再上传。"),
            )
            return text[:longest]
        return text

    def _metrics(self) -> list[dict[str, str]]:
        text = self._text("metrics")
        found = rules.metrics_of(text)
        data = NeedInput(title="x", metrics=found or ())
        problems = need_rules.wrong_with_details(data).get("metrics", [])
        if found is None or problems:
            mend = _("请写成“升温时间：30→≤10分钟”，多项用分号隔开。")
            self._wrong("metrics", problems[0] if problems else _("有一项读不出指标和数字。"), mend)
            return []
        return [
            {"metric": m.metric, "wanted": m.wanted, "now": m.now, "unit": m.unit} for m in found
        ]

    def _industry(self) -> str:
        text = self._text("industry").strip()
        if not text or reference.industry_known(text):
            return text
        names = {row.name: row.code for row in reference.industries()}
        if text not in names:
            self._wrong(
                "industry",
                _("“%(name)s”不在 GB/T 4754 中。") % {"name": text[:30]},
                _("请写大类代码（如 38）或完整名称（如 电气机械和器材制造业）。"),
            )
        return names.get(text, "")

    def _budget(self) -> str | None:
        index = self.columns.get("budget")
        title = self.header[index] if index is not None else ""
        found = tables.read_money(self._cell("budget"), in_wan="万" in title)
        if isinstance(found, tables.Misread):
            self._wrong("budget", found.reason, found.mend)
            return None
        return None if found is None else str(found)

    def _modes(self) -> list[str]:
        names = {str(label): value for value, label in LicenceMode.choices}
        codes, unknown = rules.chosen(self._text("modes"), names)
        if unknown:
            self._wrong(
                "modes",
                _("没有“%(name)s”这种方式。") % {"name": "、".join(unknown)[:40]},
                _("可以写：%(names)s。") % {"names": "、".join(names)},
            )
        return codes

    def _region(self) -> str:
        name = self._text("region").strip()
        if not name or reference.region_known(name):
            return name
        fits = [p.code for p in reference.provinces() if len(name) > 1 and p.name.startswith(name)]
        if len(fits) != 1:
            self._wrong(
                "region",
                _("没有“%(name)s”这个省级地区。") % {"name": name[:20]},
                _("请写如“上海”，或六位行政区划代码。"),
            )
            return ""
        return fits[0]

    def _confidential(self) -> bool:
        found = rules.yes(self._text("confidential"))
        if found is None:
            self._wrong("confidential", _("看不出是不是保密。"), _("请填“是”或“否”。"))
            return True
        return found


# --- taking in -------------------------------------------------------------------------------


@transaction.atomic
def take_list(*, import_id: int, open_now: bool, by: Actor, now: datetime) -> NeedImport:
    """Take in what can be taken in; at once if short, else by a worker."""
    batch = _locked(import_id, by)
    if batch.state != ImportState.CHECKED:
        raise Conflict(_("这份清单已经导入过，不能再导入一次。"), code="illegal-move")
    fresh = batch.rows.filter(verdict=RowVerdict.NEW).count()
    if not fresh:
        raise Conflict(_("没有可以导入的行。请按说明改好后重新上传。"), code="nothing-to-take")
    batch.state, batch.taken_at, batch.taken_by = ImportState.TAKING, now, by.key
    batch.open_now = open_now
    batch.save(update_fields=["state", "taken_at", "taken_by", "open_now"])
    audit.record("need_import.imported", subject=batch, by=by, at=now, changes={"rows": fresh})
    if fresh <= rules.INLINE_ROWS:
        _take_portion(batch, now=now)
        batch.refresh_from_db()
    else:
        transaction.on_commit(lambda: _nudge(batch.pk), robust=True)
    return batch


def _nudge(import_id: int) -> None:
    current_app.send_task(
        "matching.take_list", kwargs={"import_id": import_id}, ignore_result=True, retry=False
    )


def take_portion(*, import_id: int, now: datetime) -> bool:
    """The next rows of a list that is being taken in; whether any are left."""
    with transaction.atomic():
        rows = NeedImport.objects.select_for_update(of=("self",), skip_locked=True)
        batch = rows.filter(pk=import_id, state=ImportState.TAKING).first()
        return batch is not None and _take_portion(batch, now=now)


def unfinished_lists() -> list[int]:
    """Lists whose worker died or whose nudge was lost."""
    rows = NeedImport.objects.filter(state=ImportState.TAKING)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _take_portion(batch: NeedImport, *, now: datetime) -> bool:
    fresh = batch.rows.filter(verdict=RowVerdict.NEW).order_by("number")
    portion = list(fresh[: rules.PORTION])
    by, known = _taker(batch), _prints(batch.organisation_id)
    for row in portion:
        _take(row, batch, known, by=by, now=now)
    if fresh.exists():
        return True
    batch.state = ImportState.TAKEN
    batch.save(update_fields=["state"])
    taken = batch.rows.filter(verdict=RowVerdict.TAKEN).count()
    notices.notify(
        users=people.users_of([batch.taken_by]),
        kind="import.finished",
        key=f"need-import:{batch.pk}",
        title=_("需求清单已导入：%(n)s 条") % {"n": taken},
        body=_("需要修改的行可以下载，改好后再上传；已导入的不会重复。"),
        url=f"/needs/imports/{batch.pk}/",
        now=now,
    )
    return False


def _taker(batch: NeedImport) -> Actor:
    """Whoever took the list in, with the rights of this moment."""
    (user_id,) = people.users_of([batch.taken_by]) or {0}
    roles = people.roles_of([user_id]).get((user_id, batch.organisation_id), frozenset())
    return Actor(user_id=user_id, organisation_id=batch.organisation_id, roles=roles)


def _take(
    row: NeedImportRow, batch: NeedImport, known: set[str], *, by: Actor, now: datetime
) -> None:
    if row.print in known:
        row.verdict = RowVerdict.SAME
    else:
        try:
            with transaction.atomic():
                data = _input(row.values, ListType(batch.list_type))
                ready = batch.open_now and not need_problems(data)
                row.need = post_need(data=data, by=by, now=now, open_now=ready)
            row.verdict = RowVerdict.TAKEN
            known.add(row.print)
        except Invalid as problem:
            row.verdict = RowVerdict.REFUSED
            row.remarks = [
                {"column": "", "index": None, "reason": text, "mend": _("请改好后重新上传。")}
                for texts in (problem.fields.values() or [[problem.message]])
                for text in texts
            ]
        except DomainError as problem:
            row.verdict = RowVerdict.REFUSED
            row.remarks = [{"column": "", "index": None, "reason": problem.message, "mend": ""}]
    row.save(update_fields=["verdict", "need", "remarks"])


def _input(values: Mapping[str, Any], list_type: ListType) -> NeedInput:
    budget, deadline, industry = values["budget"], values["deadline"], values["industry"]
    parts = [part.strip() for part in values["ipc"].replace(";", "；").split("；")]
    return NeedInput(
        title=values["title"],
        problem=values["problem"],
        situation=values["situation"],
        targets=values["targets"],
        tried=values["tried"],
        limits=values["limits"],
        metrics=tuple(Metric(**row) for row in values["metrics"]),
        budget=None if budget is None else Decimal(budget),
        deadline=None if deadline is None else date.fromisoformat(deadline),
        industry_codes=(industry,) if industry else (),
        ipc=tuple(part for part in parts if part),
        trl=values["trl"],
        licence_modes=tuple(values["modes"]),
        region=values["region"],
        list_type=list_type,
        is_confidential=values["confidential"],
        released=need_rules.HARMLESS if values["confidential"] else (),
    )


# --- taking back -----------------------------------------------------------------------------


@transaction.atomic
def undo_list(*, import_id: int, by: Actor, now: datetime) -> NeedImport:
    """Remove the needs that a list brought in and nobody has touched or opened since."""
    batch = _locked(import_id, by)
    if batch.state != ImportState.TAKEN:
        raise Conflict(_("只有导入完成的清单可以撤销。"), code="illegal-move")
    rows = list(batch.rows.filter(verdict=RowVerdict.TAKEN).select_related("need"))
    removed: list[int] = []
    for row in rows:
        need = row.need
        if need is None or _untouched(need):
            removed += [need.pk] if need is not None else []
            row.verdict, row.need = RowVerdict.UNDONE, None
        else:
            row.verdict = RowVerdict.STAYS
            reason = _("导入后已经开放征集、修改过或有了匹配。")
            mend = _("不需要时，请打开这条需求，点“结束征集”。")
            row.remarks = [{"column": "", "index": None, "reason": reason, "mend": mend}]
    NeedImportRow.objects.bulk_update(rows, ["verdict", "need", "remarks"], batch_size=500)
    Need.objects.filter(pk__in=removed).delete()
    batch.state, batch.undone_at, batch.undone_by = ImportState.UNDONE, now, by.key
    batch.save(update_fields=["state", "undone_at", "undone_by"])
    changes = {"removed": len(removed), "stay": len(rows) - len(removed)}
    audit.record("need_import.undone", subject=batch, by=by, at=now, changes=changes)
    return batch


def _untouched(need: Need) -> bool:
    draft = need.status in {"draft", "refined"} and need.version == 1
    return draft and not Match.objects.filter(Q(need=need)).exists()


def _locked(import_id: int, by: Actor) -> NeedImport:
    rows = NeedImport.objects.visible_to(by).select_for_update(of=("self",))
    batch = rows.get(pk=import_id)
    require(by, Permission.POST_NEED, on=batch)
    return batch
