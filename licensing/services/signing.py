"""From agreed terms to a binding contract: posting, approvals, signed copies, seals checked."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import (
    Deal,
    DealApproval,
    DealItem,
    SignedCopy,
)
from licensing.rules import deal_kinds, fees
from licensing.rules import deals as rules
from licensing.rules.deal_kinds import Effect
from licensing.rules.deals import DealKind, Party
from licensing.selectors import deals as selectors
from licensing.services.deal_ground import (
    advance,
    agreed,
    be_among,
    emit,
    holder_only,
    locked_deal,
    move,
    need,
    party_of,
    refuse_guards,
    tell_parties,
    url_of,
)
from licensing.services.granting import license_patents
from licensing.services.ground import tell
from licensing.services.outcomes import report_deal
from licensing.services.rivals import hold_or_refuse
from listings.selectors.trading import price_postings as postings
from listings.services.trading import price_postings
from listings.types import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

EXCLUDING = deal_kinds.TRANSFERS | {DealKind.SOLE, DealKind.EXCLUSIVE}


@transaction.atomic
def post_price(*, deal_id: int, summary: str, days: int | None, by: Actor, now: datetime) -> Deal:
    """The holder posts the agreed price of each patent (TL18), for the region's days at least."""
    row = locked_deal(deal_id, by=by)
    holder_only(row, by=by)
    be_among(row, frozenset({rules.DealStatus.AGREED}), "公示")
    if not row.needs_posting:
        raise Conflict("这笔洽谈不需要公示，可以直接签约。", code="no-posting-needed")
    waiting = [i for i in row.items.all() if i.posting_id is None and i.side == Party.HOLDER]
    if not waiting:
        raise Conflict("公示已经在进行。", code="already-posted")
    said = need(summary, "summary", "请写明成果的简要情况和定价过程，公示页会显示。")
    version = agreed(row)
    parts, whole = version.plan.terms(), rules.price(version.as_rule())
    shares = {p.patent_id: p.share for p in version.patents.all() if p.share is not None}
    note = f"组合整体价格 {fees.money_text(whole)}，这一件分摊；{fees.price_text(parts)}"
    for item in waiting:
        item.posting_id = price_postings.post_agreed(
            patent_id=item.patent_id,
            route=_route(row, parts),
            counterparty=people.organisation(row.taker_id).name,
            price=shares.get(item.patent_id, whole),
            price_note=(note if item.patent_id in shares else fees.price_text(parts))[:300],
            summary=said,
            days=days or postings.posting_days(row.region),
            by=by,
            now=now,
        )
        item.save(update_fields=["posting"])
    advance(row, now=now)
    audit.record("deal.price_posted", subject=row, by=by, at=now)
    tell_parties(row, Party.TAKER, key=f"posting:{version.version}", title="成果转化公示开始",
                 body="公示期满且没有成立的异议后可以签约。", now=now)  # fmt: skip
    return row


def _route(row: Deal, parts: Sequence[fees.FeePart]) -> Route:
    if row.effect is Effect.TRANSFER:
        equity = any(part.kind is fees.PartKind.EQUITY for part in parts)
        return Route.EQUITY if equity else Route.TRANSFER
    return Route(rules.KINDS[DealKind(row.kind)].right)


@transaction.atomic
def follow_posting(*, posting_id: int, completed: bool, on: date, now: datetime) -> None:
    """A posting of one of our patents ended: its days passed, or it was taken back."""
    by = Actor.system()
    found = DealItem.objects.filter(posting_id=posting_id, posted_on=None).first()
    if found is None:
        return
    row = locked_deal(found.deal_id, by=by)
    item = row.items.filter(posting_id=posting_id, posted_on=None).first()
    if item is None or row.status != rules.DealStatus.AGREED:
        return
    if not completed:
        item.posting = None
        item.save(update_fields=["posting"])
        advance(row, now=now)
        tell_parties(row, *Party, key=f"posting-ended:{posting_id}", title="公示被撤回",
                     body="请双方商议：重新公示，或重新商定条款。", now=now)  # fmt: skip
        return
    item.posted_on = on
    item.save(update_fields=["posted_on"])
    if row.items.filter(posted_on=None, side=Party.HOLDER).exists():
        advance(row, now=now)
        return
    row.posted_on = on
    move(row, "post")
    advance(row, now=now, fields=("posted_on",))
    audit.record("deal.posting_over", subject=row, by=by, at=now)
    tell_parties(row, *Party, key=f"posted:{posting_id}", title="公示期满，可以签约",
                 body="请上传已签字盖章的合同。", now=now)  # fmt: skip


@transaction.atomic
def record_approval(
    *,
    deal_id: int,
    kind: str,
    authority: str,
    number: str,
    approved_on: date,
    file: UploadedFile[bytes] | None,
    by: Actor,
    now: datetime,
) -> DealApproval:
    """The holder notes a paper from outside, with its file."""
    row = locked_deal(deal_id, by=by)
    holder_only(row, by=by)
    be_among(row, rules.BEFORE_SIGNING, "登记批准文件")
    errors: dict[str, list[str]] = {}
    if kind not in list(rules.ApprovalKind):
        errors["kind"] = ["请选择批准的种类。"]
    for name, said, most in (("authority", authority, 120), ("number", number, 80)):
        if not said.strip() or len(said.strip()) > most:
            errors[name] = [f"请填写，最多 {most} 个字。"]
    if approved_on > legal_day(now):
        errors["approved_on"] = ["批准日期不能晚于今天。"]
    if file is None:
        errors["file"] = ["请上传批准文件。"]
    if errors or file is None:
        raise Invalid(fields=errors)
    if row.approvals.filter(kind=kind).exists():
        raise Conflict("这项批准已经登记过。", code="already-recorded")
    found = DealApproval.objects.create(
        deal=row,
        kind=kind,
        authority=authority.strip(),
        number=number.strip(),
        approved_on=approved_on,
        attachment=attachments.store(file, purpose="deal-approval", by=by, now=now),
        recorded_at=now,
        recorded_by=by.key,
    )
    advance(row, now=now)
    audit.record("deal.approval_recorded", subject=row, by=by, at=now, changes={"kind": kind})
    return found


@transaction.atomic
def upload_contract(
    *, deal_id: int, file: UploadedFile[bytes] | None, by: Actor, now: datetime
) -> SignedCopy:
    """A side hands in the contract as it signed it, once nothing stands against signing."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    be_among(row, rules.BEFORE_SIGNING, "上传合同")
    version = agreed(row)
    refuse_guards(row, version.as_rule(), signing=True, now=now)
    if version.copies.filter(side=side, rejected_at=None).exists():
        raise Conflict("本方的已签合同已经上传。需要更换时，请联系权利人退回。", code="uploaded")
    if file is None:
        raise Invalid(fields={"file": ["请选择已签字盖章的合同扫描件。"]})
    copy = SignedCopy.objects.create(
        terms=version,
        side=side.value,
        attachment=attachments.store(file, purpose="deal-contract", by=by, now=now),
        uploaded_at=now,
        uploaded_by=by.key,
        uploaded_user_id=by.user_id,
    )
    if side is Party.HOLDER:
        row.holder_signer_id = by.user_id
    advance(row, now=now, fields=("holder_signer_id",))
    audit.record("deal.contract_uploaded", subject=row, by=by, at=now, changes={"side": side.value})
    tell_parties(row, rules.other(side), key=f"copy:{copy.pk}", title="对方已上传签署的合同",
                 body=f"下一步：{row.step_text}", now=now)  # fmt: skip
    return copy


@transaction.atomic
def reject_contract(*, deal_id: int, side: str, reason: str, by: Actor, now: datetime) -> Deal:
    """The holder finds a copy wanting; its side uploads another."""
    row = locked_deal(deal_id, by=by)
    holder_only(row, by=by)
    be_among(row, rules.BEFORE_SIGNING, "退回合同")
    said = need(reason, "reason", "请写明退回的原因，上传的一方会看到。")
    copy = agreed(row).copies.filter(side=side, rejected_at=None).first()
    if copy is None:
        raise Conflict("这一方还没有上传合同。", code="no-copy")
    copy.rejected_at, copy.rejected_by, copy.rejected_reason = now, by.key, said
    copy.save(update_fields=["rejected_at", "rejected_by", "rejected_reason"])
    if side == Party.HOLDER:
        row.holder_signer_id = None
    advance(row, now=now, fields=("holder_signer_id",))
    audit.record("deal.contract_rejected", subject=row, by=by, at=now, changes={"side": side})
    tell_parties(row, Party(side), key=f"copy-rejected:{copy.pk}", title="合同被退回，请重新上传",
                 body=said, now=now)  # fmt: skip
    return row


@transaction.atomic
def confirm_seals(*, deal_id: int, by: Actor, now: datetime) -> Deal:
    """A second person of the holder finds the seals in order; the contract binds from here on."""
    row = locked_deal(deal_id, by=by)
    holder_only(row, by=by)
    move(row, "sign")
    version = agreed(row)
    copies = {copy.side: copy for copy in version.copies.filter(rejected_at=None)}
    if missing := [rules.PARTY_LABELS[p] for p in Party if p.value not in copies]:
        raise Conflict(f"{'、'.join(missing)}还没有上传已签合同。", code="unsigned")
    if by.user_id is None or by.user_id == copies[Party.HOLDER.value].uploaded_user_id:
        raise Conflict(
            "上传合同的人不能自己核对印章，请由本单位的另一位工作人员核对。", code="two-persons"
        )
    terms = version.as_rule()
    hold_or_refuse(row, terms, now=now)
    refuse_guards(row, terms, signing=True, now=now)
    row.effective_on = legal_day(now)
    if row.is_licence:
        license_patents(row, version, by=by, now=now)
    elif row.effect is Effect.TRANSFER:
        _hold_transfer(row)
    row.sealed_at, row.sealed_by, row.sealed_user_id = now, by.key, by.user_id
    fields = ("sealed_at", "sealed_by", "sealed_user_id", "effective_on", "ends_on")
    advance(row, now=now, fields=fields)
    emit("deal.signed", row, by=by, now=now)
    if rules.KINDS[DealKind(version.kind)].reported == row.status:
        report_deal(row, version, evidence=copies[Party.HOLDER.value].attachment, now=now)
    tell_parties(
        row, *Party, key="signed", title="合同已生效", body=f"下一步：{row.step_text}", now=now
    )
    return row


def _hold_transfer(row: Deal) -> None:
    """The transfer is in progress until the register has it; the database holds one at a time."""
    try:
        with transaction.atomic():
            row.items.update(holds_transfer=True)
    except IntegrityError as problem:
        raise Conflict("这件专利的另一份转让合同已签，正在办理登记。", code="overlap") from problem


def tell_rivals(*, deal_id: int, now: datetime) -> None:
    """Those who still talk about the same patents learn that something was signed.

    Told by a worker: a page may not see what others talk about.
    """
    row = Deal.objects.filter(pk=deal_id, kind__in=sorted(EXCLUDING)).first()
    if row is None:
        return
    patents = row.items.filter(side=Party.HOLDER.value).values_list("patent_id", flat=True)
    for other in selectors.open_deals_on(patents, but=row.pk):
        tell(
            [other.holder_id, other.taker_id],
            kind="deal.progress",
            key=f"deal:{other.pk}:rival:{row.pk}",
            title=f"同一专利已签订{row.get_kind_display()}合同：{other.patent_title[:60]}",
            body="请核对这笔洽谈是否还能继续，不能继续的请终止。",
            url=url_of(other),
            now=now,
        )
