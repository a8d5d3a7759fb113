"""After the contract: register, settle, and the deal that an auction opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.days import legal_day
from core.errors import Invalid
from core.people.types import Actor
from licensing.models import Deal, DealItem
from licensing.rules import deal_kinds, effect, fees
from licensing.rules import deals as rules
from licensing.rules.deal_kinds import Effect
from licensing.rules.deals import DealKind, DealStatus, Party, Terms, TermsStatus
from licensing.rules.moves import LicenceStatus
from licensing.services.deal_ground import (
    advance,
    agreed,
    emit,
    holder_only,
    locked_deal,
    move,
    party_of,
    tell_parties,
)
from licensing.services.deals import end_for_auction, pin, store_new, write_version
from licensing.services.ground import tell
from licensing.services.outcomes import report_deal
from licensing.services.taking import file_licence
from listings import selectors as listings
from listings import services as library
from listings.types import PatentCard

SYSTEM = Actor.system()
TRANSFERS = sorted(deal_kinds.TRANSFERS)
KIND_OF = {
    action.value: kind for kind, action in rules.ACTIONS.items() if kind in deal_kinds.EXCHANGEABLE
}


@transaction.atomic
def register_deal(
    *, deal_id: int, number: str, registered_on: date, by: Actor, now: datetime
) -> Deal:
    """Either side notes the register's number and day; a transfer takes effect by it."""
    row = locked_deal(deal_id, by=by)
    party_of(row, by=by)
    move(row, "register")
    number = number.strip()
    errors: dict[str, list[str]] = {}
    if not number or len(number) > 40:
        errors["number"] = ["请填写登记（备案）编号，最多 40 个字符。"]
    if registered_on > legal_day(now):
        errors["registered_on"] = ["登记日不能晚于今天。"]
    elif row.effective_on and registered_on < row.effective_on:
        errors["registered_on"] = ["登记日不能早于合同生效日。"]
    if errors:
        raise Invalid(fields=errors)
    if row.is_licence:
        _file(row, number, registered_on, by=by, now=now)
    elif row.effect is Effect.TRANSFER:
        _transfer(row, number, registered_on, by=by, now=now)
    _note_registered(row, number, registered_on, by=by, now=now)
    return row


def _file(row: Deal, number: str, on: date, *, by: Actor, now: datetime) -> None:
    for item in row.items.select_related("licence").order_by("position"):
        if item.licence and item.licence.status == LicenceStatus.EFFECTIVE:
            file_licence(
                licence_id=item.licence.pk, filing_number=number, filed_on=on, by=by, now=now
            )


def _transfer(row: Deal, number: str, on: date, *, by: Actor, now: datetime) -> None:
    """The register has it: from here on the taker holds the patents (PL10)."""
    items = list(row.items.all())
    library.hold_patents([item.patent_id for item in items])
    row.items.update(holds_transfer=False)
    for item in sorted(items, key=lambda item: item.patent_id):
        library.register_transfer(
            patent_id=item.patent_id,
            from_id=row.holder_id,
            to_id=row.taker_id,
            registered_on=on,
            reference=number,
            by=by,
            now=now,
        )


def _note_registered(row: Deal, number: str, on: date, *, by: Actor, now: datetime) -> None:
    row.register_number, row.registered_on = number, on
    row.registered_at, row.registered_by = now, by.key
    fields = ("register_number", "registered_on", "registered_at", "registered_by")
    advance(row, now=now, fields=fields)
    emit("deal.registered", row, by=by, now=now)
    _report(row, now=now)
    tell_parties(row, *Party, key="registered", title=row.get_status_display(),
                 body=f"编号 {number}，{on:%Y-%m-%d}。", now=now)  # fmt: skip


def _report(row: Deal, *, now: datetime) -> None:
    """The platform reports the outcome once the deal stands where its kind proves one."""
    if rules.KINDS[DealKind(row.kind)].reported != row.status or row.is_licence:
        return
    version = agreed(row)
    copy = version.copies.filter(side=Party.HOLDER, rejected_at=None).first()
    report_deal(row, version, evidence=copy.attachment if copy else None, now=now)


@transaction.atomic
def follow_filing(*, licence_id: int, now: datetime) -> None:
    """A licence of a deal was filed on its own page: once all are, the deal is registered."""
    item = DealItem.objects.filter(licence_id=licence_id).first()
    if item is None:
        return
    row = locked_deal(item.deal_id, by=SYSTEM)
    licences = [i.licence for i in row.items.select_related("licence")]
    if row.status != DealStatus.SIGNED or any(x is None or x.filed_on is None for x in licences):
        return
    first = licences[0]
    if first is None or first.filed_on is None:
        return
    move(row, "register")
    _note_registered(row, first.filing_number, first.filed_on, by=SYSTEM, now=now)


@transaction.atomic
def settle_deal(
    *, deal_id: int, amount: Decimal, settled_on: date, note: str, by: Actor, now: datetime
) -> Deal:
    """The holder notes what was received; royalties to come are reported on the licence."""
    row = locked_deal(deal_id, by=by)
    holder_only(row, by=by)
    move(row, "settle")
    errors: dict[str, list[str]] = {}
    if amount < 0 or amount > fees.LARGEST or amount != fees.yuan(amount):
        errors["amount"] = ["请填写不小于 0、最多两位小数的金额（元）。"]
    if settled_on > legal_day(now):
        errors["settled_on"] = ["结清日不能晚于今天。"]
    elif row.effective_on and settled_on < row.effective_on:
        errors["settled_on"] = ["结清日不能早于合同生效日。"]
    if row.effect is Effect.WORK and not note.strip():
        errors["note"] = ["请填写验收单号；成果按合同验收后才能结清（民法典第八百四十五条）。"]
    elif amount > 0 and not note.strip():
        errors["note"] = ["请填写到账凭证号，例如银行回单号。"]
    if errors:
        raise Invalid(fields=errors)
    row.settled_amount, row.settled_on, row.settled_note = amount, settled_on, note.strip()[:200]
    row.settled_at, row.settled_by = now, by.key
    fields = ("settled_amount", "settled_on", "settled_note", "settled_at", "settled_by")
    advance(row, now=now, fields=fields)
    emit("deal.settled", row, by=by, now=now)
    _report(row, now=now)
    tell_parties(row, Party.TAKER, key="settled", title="权利人已登记结清",
                 body=f"到账 {fees.money_text(amount)}。", now=now)  # fmt: skip
    return row


@transaction.atomic
def open_from_auction(
    *,
    auction_id: int,
    patent_ids: Sequence[int],
    holder_id: int,
    buyer_id: int,
    region: str,
    right: str,
    price: Decimal,
    months: int | None,
    sign_by: str,
    now: datetime,
) -> Deal | None:
    """The winner of an auction and its seller owe each other a contract at the awarded price.

    The award is offer and acceptance in one, so the terms are agreed from the start; what was
    posted and approved for the auction is not asked again (TL18). Once per auction.
    """
    kind = KIND_OF.get(right)
    if kind is None or holder_id == buyer_id or Deal.objects.filter(auction_id=auction_id).exists():
        return None
    cards = listings.cards(patent_ids, viewer=SYSTEM)
    first = cards[patent_ids[0]]
    _end_earlier(first.id, buyer_id, now=now)
    part = fees.FeePart(fees.PartKind.LUMP, amount=price)
    parts = (part,) if price > 0 else (fees.FeePart(fees.PartKind.FREE_UNTIL),)
    row = Deal(
        patent_id=first.id,
        patent_number=first.printed,
        patent_title=first.title,
        holder_id=holder_id,
        taker_id=buyer_id,
        region=region,
        kind=kind.value,
        status=DealStatus.NEGOTIATING.value,
        origin=Deal.Origin.AUCTION,
        auction_id=auction_id,
        wish=f"拍卖成交，请在 {sign_by} 前签订合同。",
        opened_at=now,
        opened_by=SYSTEM.key,
        waits_for=rules.Waits.BOTH.value,
        next_step="propose",
        waiting_since=now,
    )
    store_new(row, now=now)
    terms = rules.whole(Terms(kind=kind, patents=tuple(patent_ids), parts=parts, months=months))
    _agree_award(row, terms, cards, now=now)
    return row


def _agree_award(row: Deal, terms: Terms, cards: dict[int, PatentCard], *, now: datetime) -> None:
    """What was awarded is version 1, accepted; both sides hear that they owe each other a paper."""
    version = write_version(row, terms, cards, number=1, side=Party.HOLDER, by=SYSTEM, now=now)
    version.status, version.answered_at = TermsStatus.ACCEPTED.value, now
    version.answered_by = SYSTEM.key
    version.save(update_fields=["status", "answered_at", "answered_by"])
    move(row, "agree")
    pin(row, version, by=SYSTEM, now=now)
    emit("deal.opened", row, by=SYSTEM, now=now)
    tell_parties(row, *Party, key="opened", title="拍卖成交，请办理签约", body=row.wish, now=now)


def _end_earlier(patent_id: int, taker_id: int, *, now: datetime) -> None:
    open_states = sorted(s.value for s in rules.OPEN_DEALS)
    rows = Deal.objects.select_for_update(of=("self",)).filter(
        patent_id=patent_id, taker_id=taker_id, status__in=open_states
    )
    for row in rows:
        end_for_auction(row, now=now)


def remind_of_registration(*, now: datetime) -> int:
    """Ring both sides of signed transfers 60 and 80 days old that no register has, and when late.

    Licences ring by their own filing clock. Each alarm once, however often this runs.
    """
    today, rung = legal_day(now), 0
    rows = Deal.objects.filter(status=DealStatus.SIGNED, kind__in=TRANSFERS).order_by("pk")
    for row in rows.iterator():
        if row.effective_on is None:
            continue
        deadline = effect.filing_deadline(row.effective_on)
        reached = [str(days) for days in effect.alarms_due(row.effective_on, today)]
        if today > deadline:
            reached.append("late")
        for alarm in reached[-1:]:
            rung += 1
            tell(
                [row.holder_id, row.taker_id],
                kind="licence.deadline",
                key=f"deal-register:{row.pk}:{alarm}",
                title="转让登记已超过三个月"
                if alarm == "late"
                else f"转让登记提醒：签约已满 {alarm} 天",
                body=f"{row.patent_title[:60]} 的转让自登记之日起生效（专利法第十条）。",
                url=f"/deals/{row.pk}/",
                now=now,
            )
    return rung
