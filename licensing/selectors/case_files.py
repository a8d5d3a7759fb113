"""What a case file is made of: the audit trail and the records of a patent or a deal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from core.audit import words
from core.audit.selectors import trails_of
from core.days import begins
from core.errors import Missing
from core.money import yuan
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import CaseFile, Deal, Distribution, Licence, OpenDeclaration, Outcome
from licensing.rules import fees
from licensing.rules.case_files import Entry, EntryKind, in_order
from listings import selectors as listings
from listings.selectors.ownership import consents
from listings.selectors.trading import price_postings
from listings.types import Action, Blocker, PatentCard

Row = TypeVar("Row", bound=Model)
ACTIONS = {
    "ordinary": Action.LICENSE_ORDINARY,
    "sole": Action.LICENSE_SOLE,
    "exclusive": Action.LICENSE_EXCLUSIVE,
    "transfer": Action.TRANSFER,
}


def case_files(*, viewer: Actor) -> QuerySet[CaseFile]:
    """The case files this viewer may see, newest first, without their entries."""
    rows = CaseFile.objects.visible_to(viewer).defer("entries")
    return rows.select_related("organisation").order_by("-pk")


def case_file(case_file_id: int, *, viewer: Actor) -> CaseFile:
    """One case file; Missing when the viewer may not see it."""
    rows = CaseFile.objects.visible_to(viewer).select_related("organisation", "document", "deal")
    found = rows.filter(pk=case_file_id).first()
    if found is None:
        raise Missing("没有找到这份案卷，或您无权查看。")
    return found


def entries_for(card: PatentCard, organisation_id: int, deal: Deal | None) -> list[Entry]:
    """Everything the platform knows of the decisions on a patent, or on one deal about it.

    Whoever disposes of a licence only (a sub-licence) reads nothing of the patent's keeper.
    """
    patent_id, keeps = card.id, card.organisation_id == organisation_id
    deals = [deal] if deal else list(_of(Deal.objects.all(), patent_id, holder=organisation_id))
    licences = list(_of(Licence.objects.all(), patent_id, licensor=organisation_id))
    if deal:
        licences = [row for row in licences if row.pk in _licence_ids(deal)]
    declared = _of(OpenDeclaration.objects.all(), patent_id, licensor=organisation_id)
    declarations = [] if deal else list(declared)
    shared = Distribution.objects.filter(organisation_id=organisation_id)
    distributions = list(shared.filter(licence__in=licences) | shared.filter(deal__in=deals))
    if not deal:
        pooled = shared.filter(pool_licence__patents__entry__patent_id=patent_id)
        distributions += pooled.distinct()
    reported = _of(Outcome.objects.all(), patent_id, organisation=organisation_id)
    if deal:
        reported = reported.filter(Q(licence__in=licences) | Q(contract_number=deal.number))
    rows: list[Model] = [*deals, *licences, *declarations, *distributions, *reported]
    found = list(_trail(rows, patent_id if keeps else None))
    found += [e for row in deals for e in _deal(row)]
    found += [e for row in licences for e in _licence(row)]
    found += [e for row in declarations for e in _declaration(row)]
    found += [e for row in distributions for e in _distribution(row)]
    found += _postings(patent_id, organisation_id)
    found += _consents(patent_id) if keeps else []
    return in_order(found)


def _of(rows: QuerySet[Row], patent_id: int, **whose: int) -> QuerySet[Row]:
    ((role, organisation_id),) = whose.items()
    return rows.filter(patent_id=patent_id, **{f"{role}_id": organisation_id}).order_by("pk")


def _licence_ids(deal: Deal) -> set[int | None]:
    return set(deal.items.values_list("licence_id", flat=True))


def _trail(rows: Sequence[Model], patent_id: int | None) -> Iterator[Entry]:
    """What was done, by whom: from the audit trail, which nobody can rewrite."""
    pairs = [(row._meta.label_lower, str(row.pk)) for row in rows]
    if patent_id is not None:
        pairs.append(("listings.patent", str(patent_id)))
    found = list(trails_of(pairs))
    names = people.names_of(entry.actor_key for entry in found)
    for entry in found:
        yield Entry(
            at=entry.at,
            kind=EntryKind.DECISION,
            what=words.event(entry.event),
            who=names.get(entry.actor_key or "", ""),
            grounds=words.details(entry.changes),
            source=f"audit:{entry.pk}",
        )


def _guards(patent_id: int, action: Action, at: datetime, own: int | None) -> tuple[str, ...]:
    """What stood against the act that day by the register: none, or each with its article."""
    try:
        blockers: list[Blocker] = listings.can(patent_id, action, at=at, except_for=own)
    except Missing:
        return ("专利记录已不在库中",)
    said = tuple(f"{b.message}（{b.article}）" for b in blockers)
    return said or ("无限制：可以办理",)


def _deal(row: Deal) -> Iterator[Entry]:
    versions = list(row.versions.select_related("plan").prefetch_related("plan__parts"))
    names = people.names_of([v.proposed_by for v in versions])
    for version in versions:
        yield Entry(
            at=version.proposed_at,
            kind=EntryKind.PRICE,
            what=f"第 {version.version} 版条款：{version.get_kind_display()}",
            who=names.get(version.proposed_by or "", ""),
            grounds=(
                *fees.standard_lines(version.plan.terms()),
                f"结果：{version.get_status_display()}",
                *((f"说明：{version.answer_reason}",) if version.answer_reason else ()),
            ),
            source=f"terms:{version.pk}",
        )
    for paper in row.approvals.all():
        yield Entry(
            at=begins(paper.approved_on),
            kind=EntryKind.APPROVAL,
            what=paper.get_kind_display(),
            who=paper.authority,
            grounds=(f"文号 {paper.number}", f"文件校验码 {paper.attachment.sha256}"),
            source=f"approval:{paper.pk}",
        )
    if row.effective_on is not None:
        kind = versions[-1].kind if versions else "transfer"
        action = ACTIONS.get(kind, Action.TRANSFER)
        own = row.items.values_list("encumbrance_id", flat=True).first()
        at = begins(row.effective_on)
        grounds = _guards(row.patent_id, action, at, own)
        yield Entry(
            at, EntryKind.GUARD, f"{row.number}：合同生效日", "系统", grounds, f"deal:{row.pk}"
        )
    if row.settled_on is not None:
        yield Entry(
            begins(row.settled_on), EntryKind.MONEY, f"{row.number}：到账结清", "",
            (yuan(row.settled_amount or Decimal(0)), row.settled_note), f"settled:{row.pk}",
        )  # fmt: skip


def _licence(row: Licence) -> Iterator[Entry]:
    if row.effective_at is None:
        return
    action = ACTIONS.get(row.kind, Action.LICENSE_ORDINARY)
    guards = _guards(row.patent_id, action, row.effective_at, row.encumbrance_id)
    name = row.number or ""
    yield Entry(
        row.effective_at, EntryKind.GUARD, f"{name}：{row.get_kind_display()}生效", "系统", guards,
        f"licence:{row.pk}",
    )  # fmt: skip
    lines = tuple(fees.standard_lines(row.plan.terms()))
    yield Entry(
        row.effective_at, EntryKind.PRICE, f"{name}：许可费标准", "", lines, f"plan:{row.plan_id}"
    )
    for paid in row.payments.all():
        yield Entry(
            paid.paid_at, EntryKind.MONEY, f"{name}：到账 {yuan(paid.amount)}", "",
            (f"凭证 {paid.reference}",) if paid.reference else (), f"payment:{paid.pk}",
        )  # fmt: skip


def _declaration(row: OpenDeclaration) -> Iterator[Entry]:
    if row.announced_on is None:
        return
    own = row.encumbrance_id
    at = begins(row.announced_on)
    guards = _guards(row.patent_id, Action.DECLARE_OPEN, at, own)
    name = row.number or ""
    yield Entry(at, EntryKind.GUARD, f"{name}：开放许可公告", "系统", guards, f"declared:{row.pk}")
    lines = [*fees.standard_lines(row.plan.terms())]
    if row.cap_reasons:
        lines.append(f"费用较高的理由：{row.cap_reasons}")
    yield Entry(at, EntryKind.PRICE, f"{name}：公开标价", "", tuple(lines), f"plan:{row.plan_id}")


def _distribution(row: Distribution) -> Iterator[Entry]:
    if row.posted_on is None or row.posted_until is None:
        return
    grounds = (
        f"净收入 {yuan(row.net)}，奖励 {row.percent.normalize():f}%",
        f"下限 {row.floor.normalize():f}%（{row.floor_article}）",
        f"利益冲突声明：{row.conflict}",
        f"异议 {row.objections.count()} 件",
    )
    until = f"至 {row.posted_until:%Y-%m-%d}"
    yield Entry(
        begins(row.posted_on), EntryKind.POSTING, f"{row.number}：收益分配公示{until}", "", grounds,
        f"distribution:{row.pk}",
    )  # fmt: skip


def _postings(patent_id: int, organisation_id: int) -> list[Entry]:
    rows = price_postings.postings(viewer=Actor.system(), current=False).filter(
        patent_id=patent_id, organisation_id=organisation_id
    )
    return [
        Entry(
            row.posted_at,
            EntryKind.POSTING,
            f"协议价格公示：{row.counterparty}，{yuan(row.price)}",
            "",
            (
                f"{row.starts_on} 至 {row.ends_on}",
                f"状态：{row.get_status_display()}",
                row.summary[:300],
            ),
            f"posting:{row.pk}",
        )
        for row in rows
        if row.posted_at is not None
    ]


def _consents(patent_id: int) -> list[Entry]:
    try:
        rows = consents.history(patent_id, viewer=Actor.system())
    except Missing:
        return []
    return [
        Entry(
            row.asked_at,
            EntryKind.APPROVAL,
            f"共有人{row.holder_name}：{row.get_status_display()}",
            row.holder_name,
            tuple(text for text in (row.message, row.answer) if text),
            f"consent:{row.pk}",
        )
        for row in rows
    ]
