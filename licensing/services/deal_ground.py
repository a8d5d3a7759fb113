"""What every command on a deal begins or ends with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.audit import services as audit
from core.errors import Conflict, Invalid, NotAllowed
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Deal, TermsVersion
from licensing.rules import deals as rules
from licensing.rules.deals import Party
from licensing.selectors import deals as selectors
from licensing.services.ground import locked, moved, refuse, tell
from listings.types import hard


def locked_deal(deal_id: int, *, by: Actor) -> Deal:
    """The deal, locked; Missing when the actor may not see it."""
    return locked(Deal.objects.visible_to(by), deal_id)


def party_of(row: Deal, *, by: Actor) -> Party:
    """The side the actor acts for. Nobody acts for both: an agent has one master (CC168)."""
    require(by, Permission.NEGOTIATE_DEAL, on=row)
    mine = [p for p in Party if row.side(p).organisation_id in by.acts_for]
    if len(mine) != 1:
        raise NotAllowed(
            "您同时受双方委托，不能代表双方办理同一笔洽谈（民法典第一百六十八条）。"
            "请由其中一方自己办理。",
            code="both-sides",
        )
    return mine[0]


def holder_only(row: Deal, *, by: Actor) -> None:
    """Let the holder's people pass."""
    require(by, Permission.CLOSE_DEAL, on=row.side(Party.HOLDER))
    party_of(row, by=by)


def move(row: Deal, name: str) -> None:
    """Put the status where the move leads, or Conflict in words."""
    moved(rules.DEAL_MOVES, rules.DEAL_LABELS, row, name)


def be_among(row: Deal, states: frozenset[rules.DealStatus], what: str) -> None:
    """Conflict unless the deal stands in one of these."""
    if row.status not in states:
        label = rules.DEAL_LABELS[rules.DealStatus(row.status)]
        raise Conflict(
            f"这笔洽谈现在是“{label}”，不能{what}。请刷新页面查看最新状态。", code="illegal-move"
        )


def need(text: str, field: str, message: str, *, longest: int = 2000) -> str:
    """The text, or Invalid on its field when there is none or too much."""
    said = text.strip()
    if not said:
        raise Invalid(fields={field: [message]})
    if len(said) > longest:
        raise Invalid(fields={field: [f"最多 {longest} 个字，现在有 {len(said)} 个字。"]})
    return said


def agreed(row: Deal) -> TermsVersion:
    """The version the deal is pinned to."""
    if row.agreed_terms_id is None:
        raise Conflict("双方还没有谈妥条款。", code="not-agreed")
    return (
        TermsVersion.objects.select_related("plan")
        .prefetch_related("plan__parts", "patents")
        .get(pk=row.agreed_terms_id)
    )


def refuse_guards(row: Deal, terms: rules.Terms, *, signing: bool, now: datetime) -> None:
    """Conflict with every hard reason against the deal, or nothing."""
    refuse(hard(selectors.guards(row, terms, at=now, signing=signing)))


def advance(row: Deal, *, now: datetime, fields: Sequence[str] = ()) -> None:
    """Work out whose turn it is, and save."""
    versions = row.versions.order_by("version")
    proposal = versions.filter(status=rules.TermsStatus.PROPOSED).first()
    version = versions.filter(pk=row.agreed_terms_id or 0).prefetch_related("copies").first()
    items = list(row.items.all())
    found = rules.next_step(
        rules.Progress(
            status=rules.DealStatus(row.status),
            proposal_by=proposal.side if proposal else "",
            needs_posting=row.needs_posting and row.posted_on is None,
            posting_runs=any(i.posting_id and i.posted_on is None for i in items),
            missing_approvals=_approvals_missing(row, version),
            signed=frozenset(selectors.copies_of(version)),
        )
    )
    if (row.waits_for, row.next_step) != (found.waits.value, found.step):
        row.waits_for, row.next_step, row.waiting_since = found.waits.value, found.step, now
    row.save(
        update_fields=["status", "waits_for", "next_step", "waiting_since", *dict.fromkeys(fields)]
    )


def _approvals_missing(row: Deal, version: TermsVersion | None) -> bool:
    if version is None or not version.foreign:
        return False
    have = set(row.approvals.values_list("kind", flat=True))
    return rules.ApprovalKind.FOREIGN.value not in have


def facts(row: Deal) -> dict[str, object]:
    """What every event of a deal carries."""
    patents = [item.patent_id for item in row.items.all()] or [row.patent_id]
    return {
        "deal_id": row.pk,
        "patent_ids": patents,
        "holder_id": row.holder_id,
        "taker_id": row.taker_id,
        "region": row.region,
        "kind": row.kind,
        "status": row.status,
    }


def emit(name: str, row: Deal, *, by: Actor, now: datetime) -> None:
    """An audit entry of that name, and the event owed to whoever listens."""
    audit.record("deal.asked" if name == "deal.opened" else name, subject=row, by=by, at=now)
    outbox.emit(name, subject=row, by=by, at=now, payload=facts(row))


def url_of(row: Deal) -> str:
    """Where the parties find it."""
    return f"/deals/{row.pk}/"


def tell_parties(
    row: Deal, *sides: Party, key: str, title: str, now: datetime, body: str = ""
) -> None:
    """Ring the bell of these sides."""
    tell(
        [row.holder_id if side is Party.HOLDER else row.taker_id for side in sides],
        kind="deal.progress",
        key=f"deal:{row.pk}:{key}",
        title=f"{title}：{row.patent_title[:60]}",
        body=body[:200],
        url=url_of(row),
        now=now,
    )
