"""Correcting what is stored of a patent, without losing what another editor wrote meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Holder, Patent
from listings.rules import records
from listings.services import news
from listings.services import records as store
from listings.services.layers.library import settle_layer
from listings.services.locks import lock_patent, same_version
from listings.services.ownership.consents import note_on_paper
from listings.services.register.standing import settle
from listings.types import Consent, HolderInput


@transaction.atomic
def correct_patent(
    *,
    patent_id: int,
    changes: Mapping[str, Any],
    version: int | None,
    by: Actor,
    now: datetime,
) -> int:
    """Set these fields of the record anew; the new version.

    `version` is the one the editor read: if somebody else has saved since, Conflict
    ("edited-meanwhile") and nothing is changed.
    """
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    same_version(patent, version)
    if unknown := sorted(set(changes) - set(store.FIELDS)):
        raise Invalid(fields={name: ["这一项不能在这里修改。"] for name in unknown})
    record = store.cleaned(store.as_input(patent, changes), now=now)
    if patent.number and not record.fields["number"]:
        raise Invalid(fields={"number": ["已有申请号的专利不能再清空号码，请填写正确的申请号。"]})
    if record.fields["number"] != patent.number and patent.encumbrances.exists():
        raise Conflict(
            "这件专利已有许可、质押等记录，申请号不能再改；如确有错误，请联系平台管理员。",
            code="number-in-use",
        )
    written = store.write(patent, record.fields)
    if not written:
        return patent.version
    return _changed(patent, written, by=by, now=now)


def _changed(patent: Patent, written: Mapping[str, Any], *, by: Actor, now: datetime) -> int:
    """Store a corrected row and do what follows from it; the new version."""
    patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
    store.save(patent)
    settle(patent, by=by, now=now)
    settle_layer(patent, by=by, now=now)  # its readiness may have changed, and the layer with it
    audit.record("patent.corrected", subject=patent, by=by, at=now, changes=dict(written))
    news.tell("patent.changed", patent, by=by, now=now)
    return patent.version


@transaction.atomic
def set_holders(
    *,
    patent_id: int,
    holders: Sequence[HolderInput],
    version: int | None,
    by: Actor,
    now: datetime,
) -> int:
    """Replace the patentees; the new version of the patent."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    same_version(patent, version)
    kept, problems = records.clean_holders(tuple(holders))
    if not kept:
        problems = ["至少要有一位专利权人。"]
    if problems:
        raise Invalid(fields={"holders": problems})
    before = [row.name for row in patent.holders.all()]
    if not store.write_holders(patent, kept, manager_name=_manager_name(patent)):
        return patent.version
    return _changed(patent, {"holders": [before, [holder.name for holder in kept]]}, by=by, now=now)


def _manager_name(patent: Patent) -> str:
    if patent.organisation_id is None:
        return ""
    return people.organisation(patent.organisation_id).name


@transaction.atomic
def set_consent(
    *,
    patent_id: int,
    holder_id: int,
    consent: Consent,
    proof: UploadedFile[bytes] | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Note what a co-owner has agreed to in writing, with the paper as proof."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    holder = Holder.objects.filter(pk=holder_id, patent=patent).first()
    if holder is None:
        raise Missing("没有找到这位专利权人。")
    paper = None
    if proof is not None:
        paper = attachments.store(proof, purpose="co-owner-consent", by=by, now=now, field="proof")
    note_on_paper(patent, holder, Consent(consent), proof=paper, by=by, now=now)
    before, holder.consent = holder.consent, Consent(consent).value
    holder.save(update_fields=["consent"])
    settle_layer(patent, by=by, now=now)
    audit.record(
        "patent.consent_noted",
        subject=patent,
        by=by,
        at=now,
        changes={"holder": holder.name, "consent": [before, holder.consent]},
    )
