"""Talking about a deal: inquiry, answer, messages, versions of the terms, agreement, end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid, NotAllowed
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from core.reference import selectors as reference
from licensing.models import (
    Deal,
    DealItem,
    DealMessage,
    Licence,
    TermsFile,
    TermsPatent,
    TermsVersion,
)
from licensing.rules import deals as rules
from licensing.rules.bundle_deals import split_evenly
from licensing.rules.deal_kinds import ASKED_OF_HOLDER, EXCHANGEABLE
from licensing.rules.deals import DealKind, DealStatus, Party, Terms, TermsStatus
from licensing.rules.moves import IN_FORCE
from licensing.selectors import bundle_deals
from licensing.selectors import deals as selectors
from licensing.services.deal_ground import (
    advance,
    be_among,
    emit,
    holder_only,
    locked_deal,
    move,
    need,
    party_of,
    refuse_guards,
    tell_parties,
)
from licensing.services.fee_plans import write_plan
from licensing.services.ground import moved
from listings import selectors as listings
from listings.services.trading import price_postings
from listings.types import WHOLE_COUNTRY, PatentCard

File = UploadedFile[bytes]
OVER = frozenset({*rules.CLOSED_DEALS, DealStatus.SETTLED})
STOPPED = "洽谈条款重新商定，公示撤回"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is asked for as one."""

    id: int
    title: str
    size: int

    @property
    def heading(self) -> str:
        """What its deal is called in lists and notices."""
        return f"专利组合“{self.title}”（{self.size} 件）"


@transaction.atomic
def inquire(
    *,
    patent_id: int,
    kind: str,
    wish: str,
    by: Actor,
    now: datetime,
    taker_id: int | None = None,
    match_id: int | None = None,
) -> Deal:
    """A firm asks the keeper of a listed patent for it, or for a right in it."""
    taker_id = taker_of(by, taker_id)
    card = listings.card(patent_id, viewer=by)
    require(by, Permission.OPEN_DEAL)
    if kind not in ASKED_OF_HOLDER:
        raise Invalid(fields={"kind": ["请选择想要的方式。分许可请用许可编号向被许可人询问。"]})
    wish = need(wish, "wish", "请写明想用在哪里、希望怎样合作。")
    holder_id = _refuse_inquiry(card, taker_id)
    return open_talk(card, holder_id, taker_id, kind, wish, match_id=match_id, by=by, now=now)


@transaction.atomic
def inquire_under(
    *, licence_number: str, wish: str, by: Actor, now: datetime, taker_id: int | None = None
) -> Deal:
    """A firm asks a licensee for a sub-licence 分许可, by the number of the licensee's licence.

    Whoever knows the number has it from a party; all that does not lead to one that allows it
    gets the same answer.
    """
    taker_id = taker_of(by, taker_id)
    require(by, Permission.OPEN_DEAL)
    wish = need(wish, "wish", "请写明想用在哪里、希望怎样合作。")
    number = licence_number.strip().upper()
    head = Licence.objects.filter(number=number, status__in=sorted(IN_FORCE)).first()
    item = DealItem.objects.filter(licence=head, deal__agreed_terms__sublicensing=True).first()
    if head is None or item is None:
        said = (
            "没有这个编号的有效许可，或合同没有约定可以分许可（民法典第八百六十七条）。请核对编号。"
        )
        raise Invalid(fields={"licence_number": [said]})
    if head.licensee_id == taker_id:
        raise Conflict("这是本单位自己的许可，不需要分许可。", code="own-licence")
    card = listings.card(head.patent_id, viewer=Actor.system())
    if card.organisation_id == taker_id:
        raise Conflict("这是本单位自己的专利，不需要询价。", code="own-patent")
    kind = DealKind.SUBLICENCE.value
    return open_talk(card, head.licensee_id, taker_id, kind, wish, under=head, by=by, now=now)


def open_talk(
    card: PatentCard,
    holder_id: int,
    taker_id: int,
    kind: str,
    wish: str,
    *,
    by: Actor,
    now: datetime,
    match_id: int | None = None,
    under: Licence | None = None,
    bundle: Bundle | None = None,
) -> Deal:
    """The new deal, stored; the holder hears of it."""
    origin = Deal.Origin.MATCH if match_id else Deal.Origin.PATENT
    row = Deal(
        patent_id=card.id,
        patent_number=card.printed,
        patent_title=bundle.heading if bundle else card.title,
        bundle_id=bundle.id if bundle else None,
        bundle_title=bundle.title if bundle else "",
        holder_id=holder_id,
        taker_id=taker_id,
        region=people.organisation(holder_id).region if under else card.region,
        kind=kind,
        under=under,
        origin=Deal.Origin.BUNDLE if bundle else origin,
        match_id=match_id,
        wish=wish,
        opened_at=now,
        opened_by=by.key,
        waits_for=rules.Waits.HOLDER.value,
        next_step="answer",
        waiting_since=now,
    )
    store_new(row, now=now)
    emit("deal.opened", row, by=by, now=now)
    tell_parties(
        row,
        Party.HOLDER,
        key="opened",
        title=f"收到{row.get_kind_display()}意向",
        body=wish,
        now=now,
    )
    return row


def taker_of(by: Actor, asked: int | None) -> int:
    """The firm that asks: the actor's own, or one that gave it a mandate."""
    own = None if by.has(Role.BROKER) else by.organisation_id
    chosen = asked if asked is not None else own
    if chosen is None or chosen not in by.acts_for:
        raise NotAllowed("请先登录，并以本企业（或委托您的企业）的身份询价。", code="no-taker")
    return chosen


def _refuse_inquiry(card: PatentCard, taker_id: int) -> int:
    """Conflict when nothing can be asked; else the keeper's id."""
    if card.organisation_id == taker_id:
        raise Conflict("这是本单位自己的专利，不需要询价。", code="own-patent")
    if card.organisation_id is None or not card.is_public:
        raise Conflict("这件专利没有在架，暂时不能询价。请看其他专利。", code="not-listed")
    return card.organisation_id


def store_new(row: Deal, *, now: datetime) -> None:
    """Save a new deal with its number; Conflict when the firm talks about this patent already."""
    what = "这个组合" if row.bundle_id else "这件专利"
    asked = Conflict(
        f"贵单位对{what}已有一笔进行中的洽谈，请在“洽谈”中继续。", code="already-asked"
    )
    with refused_as(asked, by="one_open_deal_per"):
        row.save()
    row.number = f"QT{legal_day(now):%Y}{row.pk:08d}"
    row.save(update_fields=["number"])


@transaction.atomic
def answer_inquiry(*, deal_id: int, accept: bool, reason: str, by: Actor, now: datetime) -> Deal:
    """The holder takes the inquiry up, or declines it with a reason."""
    row = locked_deal(deal_id, by=by)
    holder_only(row, by=by)
    move(row, "take_up" if accept else "decline")
    if not accept:
        _end(row, need(reason, "reason", "请写明不接受的理由，对方会看到。"), by=by, now=now)
        return row
    advance(row, now=now)
    audit.record("deal.taken_up", subject=row, by=by, at=now)
    tell_parties(
        row,
        Party.TAKER,
        key="taken-up",
        title="权利人已接受洽谈",
        body=reason.strip() or "可以提出条款了。",
        now=now,
    )
    return row


@transaction.atomic
def send_message(
    *, deal_id: int, text: str, by: Actor, now: datetime, file: File | None = None
) -> DealMessage:
    """Write to the other side."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    if row.status in OVER:
        raise Conflict("这笔洽谈已经结束，不能再发消息。", code="closed")
    if not text.strip() and file is None:
        raise Invalid(fields={"text": ["请写点什么，或选择一个文件。"]})
    said = need(text, "text", "", longest=4000) if text.strip() else ""
    message = DealMessage.objects.create(
        deal=row,
        side=side.value,
        text=said,
        attachment=keep(file, by=by, now=now),
        sent_at=now,
        sent_by=by.key,
    )
    audit.record("deal.message_sent", subject=row, by=by, at=now)
    tell_parties(
        row,
        rules.other(side),
        key=f"message:{message.pk}",
        title="收到洽谈消息",
        body=said or "对方发来一个文件。",
        now=now,
    )
    return message


def keep(file: File | None, *, by: Actor, now: datetime, field: str = "file"):  # type: ignore[no-untyped-def]
    """The attachment of a file, if there is one."""
    return attachments.store(file, purpose="deal", by=by, now=now, field=field) if file else None


@transaction.atomic
def propose_terms(
    *,
    deal_id: int,
    terms: Terms,
    by: Actor,
    now: datetime,
    files: Sequence[File] = (),
    seen_version: int | None = None,
) -> TermsVersion:
    """Put a version to the other side; it takes the place of any that still waits."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    be_among(row, frozenset({DealStatus.NEGOTIATING}), "提出条款")
    last = row.versions.aggregate(last=Max("version"))["last"] or 0
    if seen_version is not None and seen_version != last:
        raise Conflict(
            "对方刚刚提出了新的一版，您的这一版没有提交。请先看对方的版本。",
            code="edited-meanwhile",
        )
    terms = _with_shares(row, rules.whole(terms))
    cards = _check(row, terms, files)
    for waiting in row.versions.filter(status=TermsStatus.PROPOSED):
        answer(waiting, "replace", by=by, now=now)
    version = write_version(row, terms, cards, number=last + 1, side=side, by=by, now=now)
    for file in files:
        TermsFile.objects.create(
            terms=version, attachment=keep(file, by=by, now=now, field="files")
        )
    advance(row, now=now)
    audit.record(
        "deal.terms_proposed", subject=row, by=by, at=now, changes={"version": version.version}
    )
    tell_parties(
        row,
        rules.other(side),
        key=f"terms:{version.version}",
        title=f"对方提出第 {version.version} 版条款",
        body="请接受，或说明理由并提出另一版。",
        now=now,
    )
    return version


def _check(row: Deal, terms: Terms, files: Sequence[File]) -> dict[int, PatentCard]:
    """The patents of the terms, or Invalid with everything wrong."""
    found = rules.terms_errors(terms)
    if terms.kind != row.kind and not {terms.kind, DealKind(row.kind)} <= EXCHANGEABLE:
        found["kind"] = ["这笔洽谈的方式不能改换，请另提意向。"]
    cards = listings.cards((*terms.patents, *terms.counter), viewer=Actor.system())
    if row.bundle_id and set(terms.patents) != set(bundle_deals.standing_ids(row)):
        found["patents"] = ["组合作为一个整体洽谈，请写上现有的全部成员；去掉的另行登记。"]
    foreign = [i for i in terms.patents if i not in cards or not _kept(cards[i], row)]
    if any(i not in cards or cards[i].organisation_id != row.taker_id for i in terms.counter):
        found.setdefault("counter", []).append("对方许可的专利须由需求方管理，请核对专利号。")
    if foreign or row.patent_id not in terms.patents:
        found.setdefault("patents", []).append(
            "专利须由对方单位管理，并包含询价的这一件，请重新选择。"
        )
    if not _territory_known(terms.territory):
        found["territory"] = ["地域请选全国，或从列表中选择省级行政区。"]
    if len(files) > rules.MOST_FILES:
        found["files"] = [f"一次最多 {rules.MOST_FILES} 个文件。"]
    if found:
        raise Invalid(fields=found)
    return cards


def _with_shares(row: Deal, terms: Terms) -> Terms:
    """The price of a bundle is split; evenly to the fen where the parties say nothing."""
    total = rules.fixed_sum(terms.parts)
    if row.bundle_id is None or terms.shares or not total or not terms.patents:
        return terms
    return replace(terms, shares=split_evenly(total, len(terms.patents)))


def _kept(card: PatentCard, row: Deal) -> bool:
    if row.under_id:
        return card.id == row.patent_id
    return card.organisation_id == row.holder_id


def _territory_known(territory: str) -> bool:
    known = {region.code[:2] for region in reference.provinces()}
    return territory == WHOLE_COUNTRY or known.issuperset(territory.split(","))


def write_version(
    row: Deal,
    terms: Terms,
    cards: dict[int, PatentCard],
    *,
    number: int,
    side: Party,
    by: Actor,
    now: datetime,
) -> TermsVersion:
    """Store a version with its plan and its patents."""
    version = TermsVersion.objects.create(
        deal=row,
        version=number,
        side=side.value,
        kind=terms.kind.value,
        territory=terms.territory,
        modes=list(terms.modes),
        field_of_use=terms.field_of_use.strip()[:200],
        months=terms.months,
        sublicensing=terms.sublicensing,
        foreign=terms.foreign,
        plan=write_plan(terms.parts, by=by, now=now),
        remarks=terms.remarks.strip()[:4000],
        particulars=dict(terms.particulars),
        proposed_at=now,
        proposed_by=by.key,
    )
    TermsPatent.objects.bulk_create(
        TermsPatent(
            terms=version,
            patent_id=patent_id,
            position=position,
            side=(Party.HOLDER if position <= len(terms.patents) else Party.TAKER).value,
            patent_number=cards[patent_id].printed,
            patent_title=cards[patent_id].title,
            share=terms.shares[position - 1] if position <= len(terms.shares) else None,
        )
        for position, patent_id in enumerate((*terms.patents, *terms.counter), start=1)
    )
    return version


def answer(version: TermsVersion, how: str, *, by: Actor, now: datetime, reason: str = "") -> None:
    """Close a version that waits."""
    moved(rules.TERMS_MOVES, rules.TERMS_LABELS, version, how)
    version.answered_at, version.answered_by, version.answer_reason = now, by.key, reason
    version.save(update_fields=["status", "answered_at", "answered_by", "answer_reason"])


@transaction.atomic
def answer_terms(
    *, deal_id: int, version: int, accept: bool, reason: str, by: Actor, now: datetime
) -> Deal:
    """The other side accepts the version, which pins it, or refuses it with a reason."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    be_among(row, frozenset({DealStatus.NEGOTIATING}), "答复条款")
    asked = row.versions.filter(version=version).first()
    if asked is None:
        raise Invalid(fields={"version": ["没有这一版条款，请刷新页面。"]})
    if asked.side == side:
        raise Conflict("这一版是本方提出的，要由对方答复。", code="own-proposal")
    if not accept:
        said = need(reason, "reason", "请写明不接受的理由，对方会看到。")
        answer(asked, "refuse", reason=said, by=by, now=now)
        advance(row, now=now)
        audit.record("deal.terms_refused", subject=row, by=by, at=now, changes={"version": version})
        tell_parties(
            row, rules.other(side), key=f"refused:{version}", body=said, now=now,
            title=f"对方没有接受第 {version} 版条款",
        )  # fmt: skip
        return row
    terms = _whole_version(asked.pk).as_rule()
    refuse_guards(row, terms, signing=False, now=now)
    answer(asked, "accept", reason=reason.strip()[:2000], by=by, now=now)
    agree(row, asked, by=by, now=now)
    tell_parties(
        row, rules.other(side), key=f"agreed:{version}", now=now, title="条款已谈妥",
        body=f"对方接受了第 {version} 版条款。下一步：{row.step_text}",
    )  # fmt: skip
    return row


def _whole_version(pk: int) -> TermsVersion:
    rows = TermsVersion.objects.select_related("plan")
    return rows.prefetch_related("plan__parts", "patents").get(pk=pk)


def agree(row: Deal, version: TermsVersion, *, by: Actor, now: datetime) -> None:
    """Pin the version, and note its patents."""
    move(row, "agree")
    pin(row, version, by=by, now=now)
    emit("deal.agreed", row, by=by, now=now)


def pin(row: Deal, version: TermsVersion, *, by: Actor, now: datetime) -> None:
    """From here on the deal is about this version."""
    row.agreed_terms, row.agreed_at, row.agreed_by = version, now, by.key
    row.kind, row.posted_on, row.holder_signer_id = version.kind, None, None
    row.needs_posting = selectors.needs_posting(row)
    DealItem.objects.bulk_create(
        DealItem(
            deal=row,
            patent_id=named.patent_id,
            position=named.position,
            side=named.side,
            patent_number=named.patent_number,
            patent_title=named.patent_title,
        )
        for named in version.patents.all()
    )
    fields = ("agreed_terms", "agreed_at", "agreed_by", "kind", "posted_on", "holder_signer_id")
    advance(row, now=now, fields=(*fields, "needs_posting"))


@transaction.atomic
def reopen_deal(*, deal_id: int, reason: str, by: Actor, now: datetime) -> Deal:
    """Either side goes back to talking before anything is signed; the version stays readable."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    said = need(reason, "reason", "请写明为什么要重新商定，对方会看到。")
    unpin(row, said, by=by, now=now)
    tell_parties(
        row, rules.other(side), key=f"reopened:{now.isoformat()}", title="对方要求重新商定条款",
        body=said, now=now,
    )  # fmt: skip
    return row


def unpin(row: Deal, reason: str, *, by: Actor, now: datetime) -> None:
    """Back to talking: the deal is about no version any more, and its postings stop."""
    move(row, "reopen")
    for version in row.versions.filter(status=TermsStatus.ACCEPTED):
        answer(version, "replace", reason=reason, by=by, now=now)
    _stop_postings(row, STOPPED, now=now)
    row.items.all().delete()
    row.agreed_terms = row.agreed_at = row.agreed_by = None
    row.needs_posting, row.posted_on, row.holder_signer_id = False, None, None
    fields = ("agreed_terms", "agreed_at", "agreed_by", "needs_posting", "posted_on")
    advance(row, now=now, fields=(*fields, "holder_signer_id"))
    audit.record("deal.reopened", subject=row, by=by, at=now, changes={"reason": reason})


def _stop_postings(row: Deal, reason: str, *, now: datetime) -> None:
    running = [i.posting_id for i in row.items.all() if i.posting_id and i.posted_on is None]
    row.items.update(posting=None)  # first: the event of the withdrawal finds nothing of ours
    for posting_id in running:
        price_postings.withdraw_posting(
            posting_id=posting_id, reason=reason, by=Actor.system(), now=now
        )


@transaction.atomic
def withdraw_deal(*, deal_id: int, reason: str, by: Actor, now: datetime) -> Deal:
    """Either side ends the talk before a contract is signed, with a reason."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    said = need(reason, "reason", "请写明终止的原因，对方会看到。")
    move(row, "withdraw")
    _stop_postings(row, "洽谈终止，公示撤回", now=now)
    _end(row, said, by=by, now=now, told=rules.other(side))
    return row


def _end(row: Deal, reason: str, *, by: Actor, now: datetime, told: Party = Party.TAKER) -> None:
    for version in row.versions.filter(status=TermsStatus.PROPOSED):
        answer(version, "replace", by=by, now=now)
    row.closed_at, row.closed_by, row.closed_reason = now, by.key, reason
    advance(row, now=now, fields=("closed_at", "closed_by", "closed_reason"))
    emit("deal.closed", row, by=by, now=now)
    tell_parties(row, told, key="closed", title=row.get_status_display(), body=reason, now=now)


def end_for_auction(row: Deal, *, now: datetime) -> None:
    """The firm won the same patent at an auction: what it talked about goes on there."""
    move(row, "withdraw")
    _stop_postings(row, "专利已拍卖成交，公示撤回", now=now)
    reason = "这件专利已由拍卖成交，转入拍卖成交的洽谈继续办理。"
    _end(row, reason, by=Actor.system(), now=now)
