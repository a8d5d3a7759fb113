"""Who paid for an invention, who works it, and what its inventors were granted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import (
    FundingDeclaration,
    InventorRight,
    Patent,
    UnworkedReason,
    Working,
)
from listings.rules import inventors as rules
from listings.rules.inventors import InventorRightKind
from listings.rules.records import tidy
from listings.rules.working import WorkingKind
from listings.services import news
from listings.services.locks import lock_patent
from listings.types import Consent

USE_YEARS = "inventors.use_years"


@transaction.atomic
def declare_funding(
    *,
    patent_id: int,
    is_funded: bool,
    funder: str = "",
    project_number: str = "",
    project_name: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Declare which public project paid for the invention, or that none did."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    said = {
        "funder": tidy(funder)[:120],
        "project_number": tidy(project_number)[:80],
        "project_name": tidy(project_name)[:200],
    }
    if is_funded and (missing := [name for name in ("funder", "project_number") if not said[name]]):
        words = {"funder": "请填写资助机构。", "project_number": "请填写项目编号。"}
        raise Invalid(fields={name: [words[name]] for name in missing})
    if not is_funded:
        said = dict.fromkeys(said, "")
    FundingDeclaration.objects.filter(patent=patent, replaced_at=None).update(replaced_at=now)
    FundingDeclaration.objects.create(
        patent=patent, is_funded=is_funded, declared_at=now, declared_by=by.key, **said
    )
    before = patent.funding_project
    patent.funding_project = " ".join(part for part in said.values() if part)[:300]
    patent.version, patent.changed_at = patent.version + 1, now
    patent.save(update_fields=["funding_project", "version", "changed_at"])
    audit.record(
        "patent.funding_declared",
        subject=patent,
        by=by,
        at=now,
        changes={"is_funded": is_funded, "funding_project": [before, patent.funding_project]},
    )
    news.tell("patent.changed", patent, by=by, now=now)


@transaction.atomic
def state_working(
    *, patent_id: int, kind: WorkingKind, since: date, note: str = "", by: Actor, now: datetime
) -> int:
    """State that the patent is worked. The record's id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    if since > legal_day(now):
        raise Invalid(fields={"since": ["实施起始日还没有到，请核对。"]})
    if not tidy(note):
        raise Invalid(fields={"note": ["请写明由谁、在什么产品或工艺上实施。"]})
    row = Working.objects.create(
        patent=patent,
        kind=WorkingKind(kind),
        since=since,
        note=tidy(note)[:300],
        stated_at=now,
        stated_by=by.key,
    )
    audit.record(
        "patent.working_stated",
        subject=patent,
        by=by,
        at=now,
        changes={"kind": str(kind), "since": since.isoformat(), "note": row.note},
    )
    return row.pk


def hear_working(
    *, patent_id: int, kind: WorkingKind, since: date, reference: str, note: str, now: datetime
) -> bool:
    """Note what another room reported, once for each reference; whether it was new."""
    if not Patent.objects.filter(pk=patent_id).exists():
        return False
    taken_back = Working.objects.filter(reference=reference, withdrawn_at__isnull=False)
    if taken_back.update(kind=kind, since=since, withdrawn_at=None, withdrawn_by=None):
        return True
    try:
        with transaction.atomic():
            Working.objects.create(
                patent_id=patent_id,
                kind=kind,
                since=since,
                note=note,
                source="platform",
                reference=reference,
                stated_at=now,
                stated_by=Actor.system().key,
            )
    except IntegrityError:
        return False
    return True


def unhear_working(*, reference: str, now: datetime) -> bool:
    """What another room reported no longer holds; whether it was noted here."""
    rows = Working.objects.filter(reference=reference, source="platform", withdrawn_at=None)
    return bool(rows.update(withdrawn_at=now, withdrawn_by=Actor.system().key))


@transaction.atomic
def withdraw_working(*, working_id: int, by: Actor, now: datetime) -> int:
    """Take a statement of its keeper back; the patent's id."""
    seen = Working.objects.filter(pk=working_id).first()
    if seen is None:
        raise Missing("没有找到这条实施记录。")
    patent = lock_patent(seen.patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    row = Working.objects.select_for_update().get(pk=working_id)
    if row.source != "office":
        raise Conflict("这条记录来自平台核实的许可或转化结果，不能撤回。", code="not-own")
    if row.withdrawn_at is not None:
        raise Conflict("这条记录已经撤回。", code="withdrawn")
    row.withdrawn_at, row.withdrawn_by = now, by.key
    row.save(update_fields=["withdrawn_at", "withdrawn_by"])
    audit.record("patent.working_withdrawn", subject=patent, by=by, at=now)
    return patent.pk


@transaction.atomic
def explain_unworked(*, patent_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Say why a funded patent is not worked; a later reason replaces it."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    said = tidy(reason)[:500]
    if not said:
        raise Invalid(fields={"reason": ["请写明未实施的理由。"]})
    UnworkedReason.objects.filter(patent=patent, replaced_at=None).update(replaced_at=now)
    UnworkedReason.objects.create(patent=patent, reason=said, stated_at=now, stated_by=by.key)
    audit.record(
        "patent.unworked_explained", subject=patent, by=by, at=now, changes={"reason": said}
    )


@transaction.atomic
def grant_right(
    *,
    patent_id: int,
    kind: InventorRightKind,
    inventors: Sequence[str],
    share: Decimal | None,
    starts_on: date,
    ends_on: date | None,
    consent: Consent = Consent.NONE,
    agreement: UploadedFile[bytes] | None = None,
    note: str = "",
    by: Actor,
    now: datetime,
) -> int:
    """Record that inventors were granted a share, or long-term use. The right's id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    names = list(dict.fromkeys(name for given in inventors if (name := tidy(given)[:60])))
    row = InventorRight(
        patent=patent,
        kind=kind,
        inventors=names,
        share=share,
        starts_on=starts_on,
        ends_on=ends_on,
        consent=consent,
        note=tidy(note)[:300],
        granted_at=now,
        granted_by=by.key,
    )
    _refuse_unlawful(row)
    if agreement is not None:
        row.agreement = attachments.store(
            agreement, purpose="inventor-right", by=by, now=now, field="agreement"
        )
    row.save()
    audit.record("patent.right_granted", subject=patent, by=by, at=now, changes=_terms(row))
    news.tell("patent.changed", patent, by=by, now=now)
    return row.pk


def _refuse_unlawful(row: InventorRight) -> None:
    """Invalid with everything that stands against granting it."""
    patent = row.patent
    wrong = rules.problems(
        kind=InventorRightKind(row.kind),
        inventors=row.inventors,
        share=row.share,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        taken=_taken(patent, row.inventors),
        expires_on=patent.expires_on,
        least_years=int(people.region_setting(USE_YEARS, patent.region, default=rules.LEAST_YEARS)),
    )
    if wrong:
        raise Invalid(fields=wrong)


def _terms(row: InventorRight) -> dict[str, Any]:
    """What was granted, for the audit trail."""
    return {
        "kind": str(row.kind),
        "inventors": row.inventors,
        "share": str(row.share) if row.share is not None else None,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat() if row.ends_on else None,
    }


def _taken(patent: Patent, names: Sequence[str]) -> Decimal:
    """What others own: co-owners with a share, and inventors granted one before."""
    shares = [
        share
        for name, share, organisation_id in patent.holders.values_list(
            "name", "share", "organisation_id"
        )
        if share and name not in names and organisation_id != patent.organisation_id
    ]
    granted = InventorRight.objects.filter(
        patent=patent, kind=InventorRightKind.OWNERSHIP, ended_on=None
    ).values_list("share", flat=True)
    return sum([*shares, *(share for share in granted if share)], Decimal(0))


@transaction.atomic
def end_right(*, right_id: int, ended_on: date, reason: str, by: Actor, now: datetime) -> int:
    """A granted right ends; the patent's id."""
    seen = InventorRight.objects.filter(pk=right_id).first()
    if seen is None:
        raise Missing("没有找到这项赋权。")
    patent = lock_patent(seen.patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    row = InventorRight.objects.select_for_update().get(pk=right_id)
    problems = {}
    if not tidy(reason):
        problems["reason"] = ["请写明终止的原因。"]
    if ended_on < row.starts_on or ended_on > legal_day(now):
        problems["ended_on"] = ["终止日应当在起始日之后、今天之前。"]
    if problems:
        raise Invalid(fields=problems)
    if row.ended_on is not None:
        raise Conflict("这项赋权已经终止。", code="ended")
    row.ended_on, row.ended_by, row.ended_because = ended_on, by.key, tidy(reason)[:200]
    row.save(update_fields=["ended_on", "ended_by", "ended_because"])
    audit.record(
        "patent.right_ended", subject=patent, by=by, at=now, changes={"reason": row.ended_because}
    )
    news.tell("patent.changed", patent, by=by, now=now)
    return patent.pk
