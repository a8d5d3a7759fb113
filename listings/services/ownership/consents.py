"""Asking co-owners for their consent, their answers, and what was given on paper."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.attachments.models import Attachment
from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import CoOwnerConsent, Holder, Patent
from listings.rules import consents, moves
from listings.rules.consents import ConsentStatus
from listings.rules.records import tidy
from listings.services.locks import lock_patent
from listings.types import Consent

SCOPES = {
    Consent.OPEN: "发布、开放许可和普通许可",
    Consent.ALL: "任何处置",
}
ANSWERING = (Role.OFFICE, Role.BROKER, Role.ENTERPRISE)  # who may answer, and so is told
NOT_FOUND = "没有找到这份征求意见，或者它不是给您当前单位的。"


@transaction.atomic
def ask_consent(
    *, patent_id: int, holder_id: int, scope: Consent, message: str = "", by: Actor, now: datetime
) -> int:
    """Ask a co-owning organisation that has an account; its members are told. The consent's id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    holder = _co_owner(patent, holder_id)
    if scope not in SCOPES:
        raise Invalid(fields={"scope": ["请选择要征求的范围。"]})
    organisation_id = _account_of(holder)
    if consents.covers(Consent(holder.consent), scope):
        raise Conflict(f"{holder.name} 已经同意，不用再征求。", code="consented")
    waiting = CoOwnerConsent.objects.filter(
        patent=patent, organisation_id=organisation_id, status=ConsentStatus.ASKED
    )
    if waiting.exists():
        raise Conflict("已经在征求这位共有人的意见，请等待答复。", code="asked")
    row = CoOwnerConsent.objects.create(
        patent=patent,
        holder_name=holder.name,
        organisation_id=organisation_id,
        asked_scope=scope,
        message=tidy(message)[:500],
        asked_at=now,
        asked_by=by.key,
    )
    audit.record(
        "consent.asked",
        subject=patent,
        by=by,
        at=now,
        changes={"holder": holder.name, "scope": scope.value},
    )
    _tell(
        organisation_id,
        f"consent-asked:{row.pk}",
        f"请答复是否同意{SCOPES[scope]}：{patent.title}",
        row,
        now,
    )
    return row.pk


def _co_owner(patent: Patent, holder_id: int) -> Holder:
    holder = Holder.objects.filter(pk=holder_id, patent=patent).first()
    if holder is None:
        raise Missing("没有找到这位专利权人。")
    if holder.organisation_id is not None and holder.organisation_id == patent.organisation_id:
        raise Conflict("管理单位自己不用征求意见。", code="own")
    return holder


def _account_of(holder: Holder) -> int:
    """The co-owner's organisation; one that bears exactly its name is linked now."""
    if holder.organisation_id is None:
        found = people.organisation_named(holder.name)
        if found is None:
            raise Conflict(
                "这位共有人在平台上没有账号，请取得书面同意后在这里登记并上传证明。",
                code="no-account",
            )
        holder.organisation_id = found.id
        holder.save(update_fields=["organisation"])
        return found.id
    return holder.organisation_id


@transaction.atomic
def answer_consent(
    *,
    consent_id: int,
    agreed: bool,
    scope: Consent = Consent.NONE,
    answer: str = "",
    proof: UploadedFile[bytes] | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Agree, to what was asked or to less or more, or refuse. Whoever asked is told."""
    row, patent = _locked(consent_id, by=by)
    require(by, Permission.ANSWER_CONSENT, on=row)
    if agreed and scope not in SCOPES:
        raise Invalid(fields={"scope": ["请选择同意的范围。"]})
    said = tidy(answer)[:500]
    if not agreed and not said:
        raise Invalid(fields={"answer": ["不同意的，请写明理由，对方好与您商量。"]})
    _move(row, "agree" if agreed else "refuse")
    row.given_scope = scope if agreed else Consent.NONE
    row.answer, row.answered_at, row.answered_by = said, now, by.key
    if proof is not None:
        row.proof = attachments.store(
            proof, purpose="co-owner-consent", by=by, now=now, field="proof"
        )
    row.save()
    if agreed:
        _set(patent, row, Consent(row.given_scope))
    audit.record(
        "consent.agreed" if agreed else "consent.refused",
        subject=patent,
        by=by,
        at=now,
        changes={"holder": row.holder_name, "scope": str(row.given_scope)},
    )
    words = f"同意{SCOPES[scope]}" if agreed else "不同意"
    _tell(
        patent.organisation_id,
        f"consent-answered:{row.pk}",
        f"{row.holder_name}{words}：{patent.title}",
        row,
        now,
    )


@transaction.atomic
def withdraw_consent(*, consent_id: int, reason: str, by: Actor, now: datetime) -> None:
    """A co-owner takes its consent back; what was concluded under it stays."""
    row, patent = _locked(consent_id, by=by)
    require(by, Permission.ANSWER_CONSENT, on=row)
    _end(row, "withdraw", reason, by=by, now=now)
    _set(patent, row, Consent.NONE)
    audit.record(
        "consent.withdrawn",
        subject=patent,
        by=by,
        at=now,
        changes={"holder": row.holder_name, "reason": row.ended_because},
    )
    _say_taken_back(patent, row.holder_name, row.organisation_id, row.ended_because, by=by, now=now)
    _tell(
        patent.organisation_id,
        f"consent-withdrawn:{row.pk}",
        f"{row.holder_name}撤回了同意：{patent.title}",
        row,
        now,
    )


@transaction.atomic
def cancel_consent(*, consent_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Whoever asked does not want to know any more."""
    row, patent = _locked(consent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    _end(row, "cancel", reason, by=by, now=now)
    audit.record(
        "consent.cancelled", subject=patent, by=by, at=now, changes={"holder": row.holder_name}
    )
    _tell(
        row.organisation_id,
        f"consent-cancelled:{row.pk}",
        f"不用再答复是否同意，对方已取消征求：{patent.title}",
        row,
        now,
    )


def _locked(consent_id: int, *, by: Actor) -> tuple[CoOwnerConsent, Patent]:
    seen = CoOwnerConsent.objects.visible_to(by).filter(pk=consent_id).first()
    if seen is None:
        raise Missing(NOT_FOUND)
    patent = lock_patent(seen.patent_id)
    return CoOwnerConsent.objects.select_for_update().get(pk=consent_id), patent


def _move(row: CoOwnerConsent, move: str) -> None:
    try:
        row.status = moves.after(consents.CONSENT_MOVES, row.status, move)
    except moves.IllegalMove as illegal:
        raise Conflict(
            "这份征求意见已经有了结果，不能再这样办理，请刷新页面。", code="illegal-move"
        ) from illegal


def _end(row: CoOwnerConsent, move: str, reason: str, *, by: Actor, now: datetime) -> None:
    said = tidy(reason)[:300]
    if not said:
        raise Invalid(fields={"reason": ["请写明原因。"]})
    _move(row, move)
    row.ended_at, row.ended_by, row.ended_because = now, by.key, said
    row.save()


def _set(patent: Patent, row: CoOwnerConsent, consent: Consent) -> None:
    """What `can` reads; a co-owner that left the list meanwhile changes nothing."""
    holders = Holder.objects.filter(patent=patent)
    if row.organisation_id is not None:
        holders.filter(organisation_id=row.organisation_id).update(consent=consent)
    else:
        holders.filter(name=row.holder_name).update(consent=consent)


def note_on_paper(
    patent: Patent,
    holder: Holder,
    consent: Consent,
    *,
    proof: Attachment | None,
    by: Actor,
    now: datetime,
) -> None:
    """Keep what was given, or taken back, on paper beside what was answered on the platform.

    What a co-owner has said on the platform itself, nobody else can turn around.
    """
    if holder.organisation_id is not None and consent is not Consent.NONE:
        last = (
            CoOwnerConsent.objects.filter(
                patent=patent, organisation_id=holder.organisation_id, answered_at__isnull=False
            )
            .order_by("-answered_at", "-pk")
            .first()
        )
        if last and last.status in (ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN):
            raise Conflict(
                f"{holder.name} 已在平台上答复不同意或撤回同意，请通过平台重新征求。",
                code="answered-otherwise",
            )
    standing = CoOwnerConsent.objects.filter(
        patent=patent, holder_name=holder.name, organisation=None, status=ConsentStatus.AGREED
    )
    for row in standing:
        row.status = ConsentStatus.WITHDRAWN
        row.ended_at, row.ended_by, row.ended_because = now, by.key, "重新登记"
        row.save()
    if consent is Consent.NONE:
        if holder.consent != Consent.NONE:
            _say_taken_back(
                patent,
                holder.name,
                holder.organisation_id,
                "书面撤回，由管理单位登记",
                by=by,
                now=now,
            )
        return
    CoOwnerConsent.objects.create(
        patent=patent,
        holder_name=holder.name,
        status=ConsentStatus.AGREED,
        asked_scope=consent,
        given_scope=consent,
        proof=proof,
        asked_at=now,
        asked_by=by.key,
        answered_at=now,
        answered_by=by.key,
    )


def _say_taken_back(
    patent: Patent,
    name: str,
    co_owner_id: int | None,
    reason: str,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Rooms above hear of it: something may stand on that consent."""
    payload = {
        "patent_id": patent.pk,
        "organisation_id": patent.organisation_id,
        "holder_name": name,
        "co_owner_id": co_owner_id,
        "reason": reason,
    }
    outbox.emit("consent.withdrawn", subject=patent, by=by, at=now, payload=payload)


def _tell(
    organisation_id: int | None, key: str, title: str, row: CoOwnerConsent, now: datetime
) -> None:
    if organisation_id is None:
        return
    notices.notify(
        users=people.members(organisation_id, *ANSWERING),
        kind="consent",
        key=key,
        title=title,
        body=row.ended_because or row.answer or row.message,
        url=f"/consents/{row.pk}/",
        now=now,
    )
