"""Reporting many outcomes from a list: judged first, then reported whole, never twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, allowed, require
from licensing.models import Outcome, OutcomeImport, OutcomeImportRow
from licensing.rules import outcome_imports as rules
from licensing.rules import outcomes
from licensing.rules.outcome_imports import ImportState, RowVerdict
from licensing.services.ground import locked
from licensing.services.outcomes import as_reported, facts, first_same
from licensing.types import OutcomeReport, Side
from listings import selectors as listings
from listings.selectors import tables
from listings.types import PatentCard


@transaction.atomic
def check_outcomes(
    *,
    content: bytes,
    file_name: str,
    by: Actor,
    now: datetime,
    evidence: UploadedFile[bytes] | None = None,
) -> OutcomeImport:
    """Judge every row of an uploaded list; nothing is reported yet."""
    require(by, Permission.REPORT_OUTCOME)
    if by.organisation_id is None:
        raise Invalid(fields={"file": [_("请先切换到要填报的机构。")]})
    table = tables.uploaded_table(content, most_rows=rules.MOST_ROWS, most_bytes=rules.MOST_BYTES)
    columns = rules.columns_of(table.header)
    if lacking := rules.missing(columns):
        names = "”“".join(lacking)
        message = _("没有找到“%(names)s”列。请下载模板，按模板的表头填写。") % {"names": names}
        raise Invalid(fields={"file": [message]})
    proof = (
        attachments.store(evidence, purpose="outcome", by=by, now=now, field="evidence")
        if evidence
        else None
    )
    batch = OutcomeImport.objects.create(
        organisation_id=by.organisation_id,
        file_name=file_name[:200] or "list",
        header=[title[:200] for title in table.header],
        evidence=proof,
        checked_at=now,
        checked_by=by.key,
    )
    readings = [
        _Reading(number, cells, columns, table.header, now=now) for number, cells in table.rows
    ]
    judged = _judge(readings, batch, by=by, now=now)
    OutcomeImportRow.objects.bulk_create([row for row, _new in judged], batch_size=500)
    audit.record("outcome_import.checked", subject=batch, by=by, at=now)
    return batch


@transaction.atomic
def take_outcomes(*, import_id: int, by: Actor, now: datetime) -> OutcomeImport:
    """Report what can be reported. A second time changes nothing."""
    batch = locked(OutcomeImport.objects.visible_to(by), import_id)
    require(by, Permission.REPORT_OUTCOME, on=batch)
    if batch.state == ImportState.TAKEN:
        return batch
    rows = list(batch.rows.filter(verdict=RowVerdict.NEW).order_by("number"))
    if not rows:
        raise Conflict(_("没有可以反馈的行。请按说明改好后重新上传。"), code="nothing-to-take")
    header = [str(title) for title in batch.header]
    columns = rules.columns_of(header)
    readings = [_Reading(row.number, row.cells, columns, header, now=now) for row in rows]
    # Judged again: what somebody reported since the dry run is not reported twice.
    fresh = []
    for row, (again, new) in zip(rows, _judge(readings, batch, by=by, now=now), strict=True):
        row.verdict, row.remarks, row.outcome_id = again.verdict, again.remarks, again.outcome_id
        if new is not None:
            fresh.append((row, new))
    _store([new for _row, new in fresh])
    for row, new in fresh:
        row.verdict, row.outcome = RowVerdict.TAKEN.value, new
    OutcomeImportRow.objects.bulk_update(rows, ["verdict", "remarks", "outcome"], batch_size=500)
    batch.state, batch.taken_at, batch.taken_by = ImportState.TAKEN.value, now, by.key
    batch.save(update_fields=["state", "taken_at", "taken_by"])
    _announce(batch, [new for _row, new in fresh], by=by, now=now)
    return batch


def _store(fresh: list[Outcome]) -> None:
    message = _("刚刚有人反馈了其中的几条，没有写入任何内容。请再点一次，已有的会自动跳过。")
    with refused_as(Conflict(message, code="already-reported"), by="outcome_once_per"):
        Outcome.objects.bulk_create(fresh, batch_size=500)


def _announce(batch: OutcomeImport, fresh: list[Outcome], *, by: Actor, now: datetime) -> None:
    audit.record("outcome_import.carried_out", subject=batch, by=by, at=now)
    audit.record_many("outcome.reported", subjects=fresh, by=by, at=now)
    outbox.emit_many("outcome.reported", [(row, facts(row)) for row in fresh], by=by, at=now)
    for region in sorted({row.region for row in fresh}):
        count = sum(row.region == region for row in fresh)
        notices.notify(
            users=people.bureau_members_for(region),
            kind="outcome.progress",
            key=f"outcomes-reported:{batch.pk}:{region}",
            title=_("%(n)d 条转化反馈待核验") % {"n": count},
            body=batch.file_name[:200],
            url="/outcomes/queue/",
            now=now,
        )


Judged = tuple[OutcomeImportRow, Outcome | None]


def _judge(
    readings: Sequence[_Reading], batch: OutcomeImport, *, by: Actor, now: datetime
) -> list[Judged]:
    """Each row with its verdict, and the report it would be when it is news."""
    cards = listings.cards_by_number({r.patent for r in readings if r.patent}, viewer=by)
    known: dict[int, list[Outcome]] = defaultdict(list)
    for row in Outcome.objects.filter(patent_id__in=[card.id for card in cards.values()]):
        known[row.patent_id].append(row)
    return [_judged(r, cards.get(r.patent), known, batch, by=by, now=now) for r in readings]


def _judged(
    said: _Reading,
    card: PatentCard | None,
    known: dict[int, list[Outcome]],
    batch: OutcomeImport,
    *,
    by: Actor,
    now: datetime,
) -> Judged:
    report = said.report(has_evidence=batch.evidence_id is not None)
    if said.patent and (card is None or not _may(by, card)):
        said.wrong("patent", _("本单位没有这件专利。"), _("请核对专利号，或先把专利录入专利库。"))
    row = OutcomeImportRow(
        batch=batch,
        number=said.number,
        verdict=RowVerdict.REFUSED.value,
        patent=said.patent,
        title=card.title[:500] if card else "",
        cells=said.plain_cells(),
        remarks=said.remarks,
    )
    if said.remarks or card is None or report is None:
        return row, None
    row.values = {"code": report.code, "happened_on": report.happened_on.isoformat()}
    outcome = as_reported(report, card, by=by, now=now)
    if not report.contract_number:
        outcome.evidence_id = batch.evidence_id
    if same := first_same(outcome, known[card.id]):
        row.verdict, row.outcome_id = RowVerdict.SAME.value, same.pk
        return row, None
    known[card.id].append(outcome)
    row.verdict = RowVerdict.NEW.value
    return row, outcome


def _may(by: Actor, card: PatentCard) -> bool:
    side = Side(card.organisation_id, card.region)
    return card.organisation_id is not None and allowed(by, Permission.REPORT_OUTCOME, on=side)


class _Reading:
    """One row being read: what it says, and what is wrong where."""

    def __init__(
        self,
        number: int,
        cells: Sequence[Any],
        columns: Mapping[str, int],
        header: Sequence[str],
        *,
        now: datetime,
    ) -> None:
        self.number, self.cells, self.columns, self.header = number, cells, columns, header
        self.now = now
        self.remarks: list[dict[str, Any]] = []
        self.patent = self._text("patent")
        if not self.patent and not self.remarks:
            self.wrong("patent", _("没有写专利号。"), _("请补上专利号；空行请删去。"))

    def report(self, *, has_evidence: bool) -> OutcomeReport | None:
        """The report this row makes; None when something is wrong."""
        code = rules.code_of(text := self._text("code"))
        if code is None:
            reason = _("不认识的转化方式“%(text)s”。") % {"text": text[:30]}
            self.wrong("code", reason, _("请写：%(names)s。") % {"names": rules.NAMED})
        day = self._day()
        amount = self._amount()
        contract = self._text("contract")
        report = OutcomeReport(
            patent_id=0,
            code=code or "",
            happened_on=day or date.min,
            contract_number=contract,
            counterparty=self._text("counterparty"),
            amount=amount,
            note=self._text("note"),
        )
        if code is not None:
            self._lacking(code, contract, has_evidence=has_evidence)
        return None if self.remarks or day is None else report

    def _lacking(self, code: str, contract: str, *, has_evidence: bool) -> None:
        found = outcomes.report_errors(
            code, has_licence=False, has_evidence=has_evidence, contract_number=contract
        )
        for name, messages in found.items():
            column = "contract" if name == "evidence" else name
            mend = _("可以填写合同编号，或随文件上传一份证明材料。") if name == "evidence" else ""
            self.wrong(column, messages[0], mend)

    def _day(self) -> date | None:
        day: date | None = self._read("date", "happened_on")
        if day is not None and day > legal_day(self.now):
            self.wrong("happened_on", _("发生日期不能晚于今天。"), _("请核对日期。"))
        elif day is None and not any(r["field"] == "happened_on" for r in self.remarks):
            self.wrong("happened_on", _("没有写发生日期。"), _("请写成 2026-03-01。"))
        return day

    def _amount(self) -> Decimal | None:
        index = self.columns.get("amount")
        title = self.header[index] if index is not None else ""
        found = tables.read_money(self._cell("amount"), in_wan="万" in title)
        if isinstance(found, tables.Misread):
            self.wrong("amount", found.reason, found.mend)
            return None
        if found is not None and found < 0:
            self.wrong("amount", _("金额不能为负数。"), _("请核对金额。"))
        return found

    def _cell(self, name: str) -> Any:
        index = self.columns.get(name)
        return self.cells[index] if index is not None and index < len(self.cells) else None

    def _read(self, kind: str, name: str) -> Any:
        found = tables.read_cell(kind, self._cell(name))
        if isinstance(found, tables.Misread):
            self.wrong(name, found.reason, found.mend)
            return "" if kind == "text" else None
        return found

    def _text(self, name: str) -> str:
        text = str(self._read("text", name) or "").replace("\x00", "").strip()
        longest = rules.COLUMNS[name][2]
        if len(text) > longest:
            reason = _("内容有 %(n)s 个字，上限是 %(most)s 个字。")
            self.wrong(name, reason % {"n": len(text), "most": longest}, _("请缩短后再上传。"))
        return text[:longest]

    def wrong(self, name: str, reason: str, mend: str) -> None:
        """Note what is wrong in a column, and what to do."""
        index = self.columns.get(name)
        title = self.header[index] if index is not None else rules.COLUMNS[name][0]
        self.remarks.append(
            {"field": name, "column": title, "index": index, "reason": reason, "mend": mend}
        )

    def plain_cells(self) -> list[Any]:
        """The cells as the reader gave them, which is JSON: a day of a workbook stays a day."""
        return [
            cell[:2_000].replace("\x00", "") if isinstance(cell, str) else cell
            for cell in self.cells
        ]
