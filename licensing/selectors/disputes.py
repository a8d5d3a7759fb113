"""Questions about disputes: what runs, what it holds, who may mediate, what waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from core.days import legal_day
from core.errors import Missing
from core.money import exact_sum
from core.people import selectors as people
from core.people.models import OrganisationKind
from core.people.selectors import OrganisationCard
from core.people.types import Actor
from core.permissions import Permission, allowed
from licensing.models import (
    Dispute,
    DisputePaper,
    DisputeProposal,
    DisputeSession,
    Licence,
    PoolLicence,
)
from licensing.models.disputes import LINES, NO_LINE
from licensing.rules import disputes as rules
from licensing.rules import fees, reports
from licensing.rules import terminations as endings
from licensing.rules.deals import Party
from licensing.rules.disputes import DisputeStatus, ProposalStatus
from licensing.selectors.disputed import OPEN_STATES, concerns, rested_before
from licensing.selectors.offsets import waiting_for
from licensing.selectors.pool_royalties import covered, open_sums
from licensing.selectors.royalties import with_paid

NOT_FOUND = "没有找到这起纠纷，或您无权查看。"
MEDIATOR_KINDS = (OrganisationKind.BUREAU, OrganisationKind.EXCHANGE, OrganisationKind.AGENCY)
MOST = 200


def side_of(row: Any, actor: Actor) -> str:
    """The side whose affairs the actor handles; "" for nobody's, or both."""
    mine = [p.value for p in Party if row.organisation_of(p) in actor.acts_for]
    return mine[0] if len(mine) == 1 else ""


def is_mediator(row: Dispute, actor: Actor) -> bool:
    """Whether the actor belongs to the mediator that was named."""
    return row.mediator_id is not None and actor.organisation_id == row.mediator_id


def is_inside(row: Dispute, actor: Actor) -> bool:
    """Whether the actor reads papers, minutes and proposals: they are between these three."""
    return bool(side_of(row, actor)) or is_mediator(row, actor)


def disputes(*, viewer: Actor, status: str = "") -> QuerySet[Dispute]:
    """The disputes this viewer may see, newest first."""
    rows = Dispute.objects.visible_to(viewer).select_related("holder", "taker", "mediator")
    return (rows.filter(status=status) if status else rows).order_by("-pk")


def dispute(dispute_id: int, *, viewer: Actor) -> Dispute:
    """One dispute; Missing when the viewer may not see it."""
    lines = ("licence", "deal", "pool_licence", *LINES, "document")
    found = disputes(viewer=viewer).select_related(*lines).filter(pk=dispute_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def session(session_id: int, *, viewer: Actor) -> DisputeSession:
    """One session; Missing for whoever does not read its minutes."""
    rows = DisputeSession.objects.select_related("dispute")
    found = rows.filter(pk=session_id, dispute__in=Dispute.objects.visible_to(viewer)).first()
    if found is None or not is_inside(found.dispute, viewer):
        raise Missing("没有找到这次调解会，或您无权查看。")
    return found


def paper(dispute_id: int, paper_id: int, *, viewer: Actor) -> DisputePaper:
    """One paper of it; Missing for whoever is not inside."""
    row = dispute(dispute_id, viewer=viewer)
    found = row.papers.select_related("attachment").filter(pk=paper_id).first()
    if found is None or not is_inside(row, viewer):
        raise Missing("没有找到这份材料，或您无权查看。")
    return found


def waiting_proposal(row: Dispute) -> DisputeProposal | None:
    """The proposal that waits for an answer."""
    return row.proposals.filter(status=ProposalStatus.PROPOSED).first()


def on_contract(*, viewer: Actor, **contract: int) -> list[Dispute]:
    """The disputes of one contract (`deal_id`, `licence_id`, `pool_licence_id`), newest first."""
    return list(Dispute.objects.visible_to(viewer).filter(**contract).order_by("-pk")[:MOST])


# --- what it is about -----------------------------------------------------------------------------


def lines_for(licence: Licence) -> list[tuple[str, str]]:
    """What a dispute on this licence may be about: open sums, live reports, running endings."""
    found = [
        (f"due-{due.pk}", f"款项：{due.get_kind_display()}，应付日 {due.due_on:%Y-%m-%d}，"
         f"未付 {exact_sum(due.open_sum)}")
        for due in with_paid(licence.dues.all()).filter(open_sum__gt=0).order_by("due_on", "pk")
    ]  # fmt: skip
    live = licence.royalty_reports.exclude(status=reports.ReportStatus.REPLACED)
    found += [(f"report-{r.pk}", f"提成申报：{r}，{r.get_status_display()}") for r in live]
    running = licence.terminations.filter(status__in=sorted(s.value for s in endings.OPEN))
    found += [
        (f"termination-{t.pk}", f"终止：{t.get_ground_display()}，{t.get_status_display()}")
        for t in running
    ]
    return found


def lines_of_pool(licence: PoolLicence) -> list[tuple[str, str]]:
    """The same of a licence of a pool: open sums and live reports."""
    found = [
        (f"pool_due-{due.pk}", f"款项：{due.get_kind_display()}，应付日 {due.due_on:%Y-%m-%d}，"
         f"未付 {exact_sum(left)}")
        for due, left in open_sums(licence)
    ]  # fmt: skip
    live = licence.royalty_reports.exclude(status=reports.ReportStatus.REPLACED)
    return found + [
        (f"pool_report-{r.pk}", f"提成申报：{r}，{r.get_status_display()}") for r in live
    ]


def line_of(contract: Licence | PoolLicence, line: str, pk: int) -> Any:
    """The line named, if it is this contract's; None otherwise."""
    rows: dict[str, Any] = (
        {
            "due": contract.dues,
            "report": contract.royalty_reports,
            "termination": contract.terminations,
        }
        if isinstance(contract, Licence)
        else {
            "pool_due": contract.dues.filter(amount__gt=0),
            "pool_report": contract.royalty_reports,
        }
    )
    return rows[line].filter(pk=pk).first() if line in rows else None


def _same_matter(row: Dispute) -> QuerySet[Dispute]:
    for line in LINES:
        if (pk := getattr(row, f"{line}_id")) is not None:
            return Dispute.objects.filter(**{f"{line}_id": pk})
    whole = Dispute.objects.filter(NO_LINE, topic=row.topic)
    return whole.filter(licence=row.licence, deal=row.deal, pool_licence=row.pool_licence)


def open_twin(row: Dispute) -> Dispute | None:
    """A dispute about the same that still runs."""
    return _same_matter(row).filter(status__in=OPEN_STATES).first()


def disputed_before(row: Dispute) -> bool:
    """Whether the same was disputed already: the line, or every sum that it is about."""
    if _same_matter(row).exists():
        return True
    if row.due_id is not None:
        return rested_before(row.due_id)
    if row.pool_licence is not None:
        return _rested_in_pool(row, row.pool_licence)
    if row.report is None:
        return False
    sums = list(row.report.reasons.values_list("due_id", flat=True))
    return bool(sums) and all(rested_before(pk) for pk in sums)


def _rested_in_pool(row: Dispute, licence: PoolLicence) -> bool:
    """Whether every sum it is about rested already."""
    known = {"due_id": row.pool_due_id, "report_id": row.pool_report_id}
    rested = [one.still.rests for one in covered(licence) if concerns(one.due, **known)]
    return bool(rested) and all(rested)


def first_day(row: Dispute, *, now: datetime) -> date | None:
    """The last day to answer what is opened now."""
    setting = people.region_setting("dispute.days", row.region, default={})
    return rules.due_by(setting, DisputeStatus.OPENED, legal_day(now))


def days_left(row: Dispute, *, now: datetime) -> int | None:
    """How many days its state still has; None when it is over."""
    return (row.due_by - legal_day(now)).days if row.is_open and row.due_by else None


def disputed_sums(row: Dispute) -> list[int]:
    """The sums it is about that are still open."""
    if row.pool_licence is not None:
        known = {"due_id": row.pool_due_id, "report_id": row.pool_report_id}
        return [due.pk for due, _left in open_sums(row.pool_licence) if concerns(due, **known)]
    if row.licence is None or not row.has_sum:
        return []
    which = Q(pk=row.due_id) if row.due_id else Q(reason__report_id=row.report_id)
    rows = with_paid(row.licence.dues.filter(which | Q(reason__late_due_id=row.due_id or 0)))
    return list(rows.filter(open_sum__gt=0).values_list("pk", flat=True))


def money_lines(made: DisputeProposal, row: Dispute) -> list[str]:
    """What a proposal does to the money, in words."""
    found = []
    if made.releases:
        found.append(f"争议款项不再支付：{row.line_text}。")
    if made.amount is not None and made.pay_by is not None:
        payer = row.label(made.payer)
        total = fees.exact_text(made.amount, row.currency)
        found.append(f"{payer}在 {made.pay_by:%Y-%m-%d} 前支付 {total}。")
    return found


# --- who mediates, what waits ---------------------------------------------------------------------


def mediators(row: Dispute, *, on: date) -> list[OrganisationCard]:
    """Who can mediate: bureaus of its region, exchanges, agencies; nobody's agent, no party."""
    found = people.organisations_in("", MEDIATOR_KINDS, limit=MOST)
    parties = {row.holder_id, row.taker_id}
    agents = people.agents_of(parties, on=on)
    return [
        card
        for card in found
        if card.id not in parties | agents
        and (card.kind != OrganisationKind.BUREAU or _covers(card.region, row.region))
    ]


def _covers(bureau: str, region: str) -> bool:
    prefix = bureau
    while prefix.endswith("00"):
        prefix = prefix[:-2]
    return region.startswith(prefix)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many disputes wait for the actor, and since when the oldest does."""

    count: int = 0
    since: datetime | None = None


def _mine(viewer: Actor) -> Q:
    """What waits for one's own organisations as parties."""
    own = viewer.acts_for
    by_holder, by_taker = Q(taker_id__in=own), Q(holder_id__in=own)  # the one that did not ask
    opened = Q(status=DisputeStatus.OPENED)
    asked = Q(status=DisputeStatus.REQUESTED)
    return (
        opened & (Q(side="holder") & by_holder | Q(side="taker") & by_taker)
        | asked & (Q(mediation_side="holder") & by_holder | Q(mediation_side="taker") & by_taker)
        | Q(status__in=OPEN_STATES, pk__in=_to_answer(viewer))
        | Q(pk__in=waiting_for(viewer))
    )


def _to_answer(viewer: Actor) -> QuerySet[Any]:
    own = viewer.acts_for
    rows = DisputeProposal.objects.filter(
        Q(dispute__holder_id__in=own, holder_at=None) | Q(dispute__taker_id__in=own, taker_at=None),
        status=ProposalStatus.PROPOSED,
    )
    return rows.values("dispute_id")


def waiting_rows(*, viewer: Actor) -> QuerySet[Dispute]:
    """What this actor has to do: as a party, as the bureau that names, as the mediator."""
    waits = Q(pk__in=[])
    if viewer.acts_for and allowed(viewer, Permission.RUN_DISPUTE):
        waits |= _mine(viewer)
    if allowed(viewer, Permission.NAME_MEDIATOR):
        waits |= Q(status=DisputeStatus.ACCEPTED, region__startswith=viewer.region)
    if viewer.organisation_id is not None and allowed(viewer, Permission.MEDIATE_DISPUTE):
        waits |= Q(status=DisputeStatus.MEDIATING, mediator_id=viewer.organisation_id)
    return disputes(viewer=viewer).filter(waits)


def disputes_waiting(*, viewer: Actor) -> Waiting:
    """The same as a number."""
    found = waiting_rows(viewer=viewer).order_by().aggregate(n=Count("pk"), since=Min("opened_at"))
    return Waiting(found["n"], found["since"])
