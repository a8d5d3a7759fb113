"""Claims on patents that another office keeps: opened, argued, settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import Holder, ImportBatch, Patent, PatentClaim
from listings.models.claims import ClaimState
from listings.rules import disputes as rules
from listings.rules import numbers, records
from listings.rules.moves import IllegalMove
from listings.services import news
from listings.services.locks import lock_patent
from listings.services.patents.keeping import change_keeper
from listings.services.patents.registering import Stock
from listings.types import HolderKind

LONGEST = 2_000
KIND = "claim.progress"


@transaction.atomic
def open_claim(*, number: str, grounds: str, by: Actor, now: datetime) -> int:
    """Say that a patent which another office registered is one's own; the claim's id."""
    require(by, Permission.IMPORT_STOCK)
    if by.organisation_id is None:
        raise Invalid("您的账户还没有加入任何单位，不能提出权属主张。")
    require(by, Permission.IMPORT_STOCK, on=Stock(by.organisation_id))
    try:
        canonical = numbers.parse(number).canonical
    except numbers.NumberError as error:
        raise Invalid(fields={"number": [str(error)]}) from error
    patent = Patent.objects.kept().filter(office="CN", number=canonical).first()
    if patent is None or patent.organisation_id is None:
        raise Invalid(fields={"number": ["库里没有这件专利，请直接登记或导入，不需要主张。"]})
    if patent.organisation_id == by.organisation_id:
        raise Invalid(fields={"number": ["这件专利已经登记在本单位名下。"]})
    said = _said(grounds, "grounds")
    lock_patent(patent.pk)  # two colleagues at once: the second one finds the claim
    found = open_many([(patent.pk, None)], batch=None, grounds=said, by=by, now=now)
    if not found:
        raise Conflict(
            "这件专利的权属主张已在处理，或者已裁定维持现登记单位。请在权属主张页面查看。",
            code="claimed-already",
        )
    return found[0].pk


def open_many(
    wanted: Iterable[tuple[int, int | None]],
    *,
    batch: ImportBatch | None,
    grounds: str = "",
    by: Actor,
    now: datetime,
) -> list[PatentClaim]:
    """Open a claim for each (patent, row of the batch) that has none yet; those opened."""
    claimant_id = batch.organisation_id if batch else by.organisation_id
    assert claimant_id is not None  # whoever imports or claims acts for an organisation
    rows = dict(wanted)
    patents = {p.pk: p for p in Patent.objects.kept().filter(pk__in=rows).order_by("pk")}
    known = set(
        PatentClaim.objects.filter(
            patent_id__in=rows, claimant_id=claimant_id, state__in=rules.ONCE_ONLY
        ).values_list("patent_id", flat=True)
    )
    fresh = [
        PatentClaim(
            patent=patent,
            claimant_id=claimant_id,
            holder_id=patent.organisation_id,
            batch=batch,
            row=rows[pk],
            grounds=grounds,
            opened_at=now,
            opened_by=by.key,
        )
        for pk, patent in patents.items()
        if pk not in known and patent.organisation_id not in {None, claimant_id}
    ]
    claims = PatentClaim.objects.bulk_create(fresh)
    audit.record_many("claim.raised", subjects=claims, by=by, at=now)
    _tell_holders(claims, now=now)
    return claims


def _tell_holders(claims: list[PatentClaim], *, now: datetime) -> None:
    """One notice to each office for all that is claimed of it at once, and one to its bureau."""
    against: dict[int, list[PatentClaim]] = defaultdict(list)
    for claim in claims:
        against[claim.holder_id].append(claim)
    for holder_id, theirs in against.items():
        claimant = people.organisation(theirs[0].claimant_id).name
        first = theirs[0]
        several = f"等 {len(theirs)} 件专利" if len(theirs) > 1 else ""
        for users, what in (
            (people.members(holder_id, Role.OFFICE), "请答复：同意移交，或说明理由等待裁定。"),
            (people.bureau_members_for(first.patent.region)[:20], "双方协商不成时请裁定。"),
        ):
            _notify(
                users,
                f"claims:{first.pk}",
                "有单位对专利提出权属主张",
                f"{claimant}主张“{first.patent.title[:40]}”{several}归其所有。{what}",
                "/library/claims/",
                now=now,
            )


def _notify(users: list[int], key: str, title: str, body: str, url: str, *, now: datetime) -> None:
    notices.notify(users=users, kind=KIND, key=key, title=title, body=body, url=url, now=now)


def _locked(claim_id: int, *, by: Actor) -> PatentClaim:
    claim = (
        PatentClaim.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("patent", "claimant", "holder")
        .defer("patent__embedding", "patent__search")
        .filter(pk=claim_id)
        .first()
    )
    if claim is None:
        raise Missing("没有找到这项权属主张，或您无权查看。")
    return claim


def _said(text: str, name: str) -> str:
    said = records.prose(text)
    if len(said) > LONGEST:
        raise Invalid(fields={name: [f"最多 {LONGEST} 字，请精简；证明材料可在线下提交。"]})
    return said


@transaction.atomic
def argue(*, claim_id: int, text: str, by: Actor, now: datetime) -> None:
    """The claimant's grounds, or the holder's answer, while the claim is open."""
    claim = _locked(claim_id, by=by)
    side = "grounds" if claim.claimant_id in by.acts_for else "answer"
    party = claim.claimant_id if side == "grounds" else claim.holder_id
    require(by, Permission.IMPORT_STOCK, on=Stock(party))
    if claim.state != ClaimState.OPEN:
        raise _settled(claim)
    setattr(claim, side, _said(text, "text"))
    claim.save(update_fields=[side])
    audit.record("claim.argued", subject=claim, by=by, at=now, changes={"side": side})


def _settled(claim: PatentClaim) -> Conflict:
    word = ClaimState(claim.state).label
    return Conflict(f"这项权属主张已经处理（{word}），不能再改。请刷新页面。", code="settled")


@transaction.atomic
def settle_claim(*, claim_id: int, move: str, reason: str, by: Actor, now: datetime) -> None:
    """Withdraw, concede, or decide a claim; only then does anything move."""
    if move not in rules.MOVES:
        raise Invalid("请选择一种处理办法。", code="move")
    claim = _locked(claim_id, by=by)
    _require_side(claim, rules.side_of(move), by=by)
    said = records.tidy(reason)[:500]
    if rules.side_of(move) == "authority" and not said:
        raise Invalid(fields={"reason": ["请写明依据，双方都会看到。"]})
    try:
        claim.state = rules.after(claim.state, move)
    except IllegalMove as illegal:
        raise _settled(claim) from illegal
    claim.reason, claim.settled_at, claim.settled_by = said, now, by.key
    claim.save(update_fields=["state", "reason", "settled_at", "settled_by"])
    audit.record(f"claim.{claim.state}", subject=claim, by=by, at=now, changes={"reason": said})
    if claim.state in rules.HANDED_OVER:
        _hand_over(claim, by=by, now=now)
    elif claim.state == ClaimState.SHARED:
        _share(claim, by=by, now=now)
    _tell_both(claim, now=now)


def _require_side(claim: PatentClaim, side: str, *, by: Actor) -> None:
    if side == "authority":
        require(by, Permission.SETTLE_CLAIM, on=None if by.has(Role.SYSADMIN) else claim)
        return
    party = claim.claimant_id if side == "claimant" else claim.holder_id
    require(by, Permission.IMPORT_STOCK, on=Stock(party))


def _hand_over(claim: PatentClaim, *, by: Actor, now: datetime) -> None:
    """The patent changes its keeper. What binds it stays; its offer comes off the board."""
    patent = lock_patent(claim.patent_id)
    if patent.organisation_id != claim.holder_id:
        raise Conflict("这件专利的登记单位已经变了，请刷新后重新核对。", code="moved-meanwhile")
    change_keeper(
        patent,
        to_id=claim.claimant_id,
        because="另一项主张已使登记单位变更，仍有异议请重新提出。",
        change={"claim": claim.pk},
        by=by,
        now=now,
    )


def _share(claim: PatentClaim, *, by: Actor, now: datetime) -> None:
    """The claimant stands among the patentees, and sees the patent from now on."""
    patent = lock_patent(claim.patent_id)
    claimant = people.organisation(claim.claimant_id)
    linked = patent.holders.filter(name=claimant.name).update(organisation_id=claimant.id)
    if not linked:
        last = patent.holders.order_by("-position").values_list("position", flat=True).first()
        Holder.objects.create(
            patent=patent,
            position=0 if last is None else last + 1,
            name=claimant.name,
            kind=HolderKind.ORGANISATION.value,
            organisation_id=claimant.id,
        )
    patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
    patent.save(update_fields=["version", "changed_at", "indexed_at"])
    audit.record(
        "patent.corrected", subject=patent, by=by, at=now, changes={"co_owner": claimant.name}
    )
    news.tell("patent.changed", patent, by=by, now=now)


def _tell_both(claim: PatentClaim, *, now: datetime) -> None:
    users = people.members(claim.claimant_id, Role.OFFICE)
    users += people.members(claim.holder_id, Role.OFFICE)
    word = ClaimState(claim.state).label
    told = f"“{claim.patent.title[:40]}”：{word}。{claim.reason}"
    _notify(
        users,
        f"claim:{claim.pk}:{claim.state}",
        "权属主张有了结果",
        told,
        f"/library/claims/{claim.pk}/",
        now=now,
    )
