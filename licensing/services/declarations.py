"""Open declarations 开放许可声明: drafted, declared, withdrawn."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import OpenDeclaration
from licensing.rules import fees, guards, moves
from licensing.services import documents
from licensing.services.fee_plans import write_plan
from licensing.services.ground import bind, locked, moved, patent, refuse, tell
from licensing.types import DeclarationTerms, Side
from listings import selectors as listings
from listings import services as encumbrances
from listings.types import Action, Blocker, EncumbranceKind, PatentCard, hard

TABLE, LABELS = moves.DECLARATION_MOVES, moves.DECLARATION_LABELS


@transaction.atomic
def draft_declaration(
    *, patent_id: int, terms: DeclarationTerms, by: Actor, now: datetime
) -> OpenDeclaration:
    """Begin a declaration on a patent that the actor's organisation manages."""
    card = listings.card(patent_id, viewer=by)
    require(by, Permission.DECLARE_OPEN, on=Side(card.organisation_id, card.region))
    if card.organisation_id is None or not card.number:
        raise Conflict(_("这件专利的专利号或管理单位待核实，核实后才能声明开放许可。"))
    declaration = OpenDeclaration(
        patent_id=patent_id,
        licensor_id=card.organisation_id,
        region=card.region,
        plan=write_plan(terms.parts, by=by, now=now),
        months=terms.months,
        remarks=terms.remarks.strip(),
        cap_reasons=terms.cap_reasons.strip(),
        created_at=now,
        created_by=by.key,
    )
    _name(declaration, card)
    message = _("这件专利已有一份进行中的开放许可声明，请在“我的开放许可”中继续办理。")
    declared = Conflict(message, code="already-declared")
    with refused_as(declared, by="one_open_declaration_per_patent"):
        declaration.save()
    audit.record("open_declaration.drafted", subject=declaration, by=by, at=now)
    return declaration


def _name(declaration: OpenDeclaration, card: PatentCard) -> None:
    """Write into the declaration what it must state of the patent."""
    declaration.patent_number = card.printed
    declaration.patent_title = card.title
    declaration.patentees = "、".join(card.holder_names)[:1000]


def _own(declaration_id: int, *, by: Actor) -> OpenDeclaration:
    """The declaration, locked, which the actor may see and may handle."""
    declaration = locked(OpenDeclaration.objects.visible_to(by), declaration_id)
    require(by, Permission.DECLARE_OPEN, on=declaration)
    return declaration


@transaction.atomic
def revise_declaration(
    *, declaration_id: int, terms: DeclarationTerms, revision: int, by: Actor, now: datetime
) -> OpenDeclaration:
    """Put other terms into a draft; Conflict when somebody else did so meanwhile."""
    declaration = _own(declaration_id, by=by)
    if declaration.status != moves.DeclarationStatus.DRAFT:
        raise Conflict(_("只有草稿可以修改。已公告的声明请先撤回，再重新声明。"))
    _check_revision(declaration, revision)
    declaration.plan = write_plan(terms.parts, by=by, now=now)
    declaration.months = terms.months
    declaration.remarks = terms.remarks.strip()
    declaration.cap_reasons = terms.cap_reasons.strip()
    declaration.revision += 1
    declaration.save(update_fields=["plan", "months", "remarks", "cap_reasons", "revision"])
    audit.record("open_declaration.revised", subject=declaration, by=by, at=now)
    return declaration


def _check_revision(declaration: OpenDeclaration, revision: int | None) -> None:
    if revision is not None and revision != declaration.revision:
        raise Conflict(
            _("这份声明刚被同事修改过，请刷新页面，核对最新内容后再操作。"),
            code="edited-meanwhile",
        )


@transaction.atomic
def approve_declaration(*, declaration_id: int, by: Actor, now: datetime) -> OpenDeclaration:
    """The holder's own approval: everything in it and about the patent must be in order."""
    declaration = _own(declaration_id, by=by)
    moved(TABLE, LABELS, declaration, "approve")
    card = patent(declaration.patent_id)
    refuse(_guards(declaration, card, now=now))
    _name(declaration, card)
    declaration.approved_at, declaration.approved_by = now, by.key
    declaration.save()
    audit.record("open_declaration.approved", subject=declaration, by=by, at=now)
    return declaration


def _guards(declaration: OpenDeclaration, card: PatentCard, *, now: datetime) -> list[Blocker]:
    """Everything against this declaration today: the patent's blockers and its own."""
    today = legal_day(now)
    found = guards.declaration_blockers(
        guards.DeclarationFacts(
            parts=declaration.plan.terms(),
            months=declaration.months,
            expires_on=card.expires_on or today,
            today=today,
            texts=(declaration.remarks, declaration.cap_reasons),
            cap_reasons=declaration.cap_reasons,
        )
    )
    return hard(listings.can(card.id, Action.DECLARE_OPEN, at=now)) + found


@transaction.atomic
def send_back_declaration(*, declaration_id: int, by: Actor, now: datetime) -> OpenDeclaration:
    """Open an approved or filed declaration for editing again."""
    declaration = _own(declaration_id, by=by)
    moved(TABLE, LABELS, declaration, "send_back")
    declaration.approved_at = declaration.approved_by = None
    declaration.filed_on = declaration.filed_at = declaration.filed_by = None
    declaration.save()
    audit.record("open_declaration.sent_back", subject=declaration, by=by, at=now)
    return declaration


@transaction.atomic
def discard_declaration(*, declaration_id: int, by: Actor, now: datetime) -> OpenDeclaration:
    """Give up a declaration that was never announced."""
    declaration = _own(declaration_id, by=by)
    moved(TABLE, LABELS, declaration, "discard")
    declaration.closed_at, declaration.closed_by = now, by.key
    declaration.save(update_fields=["status", "closed_at", "closed_by"])
    audit.record("open_declaration.discarded", subject=declaration, by=by, at=now)
    return declaration


@transaction.atomic
def file_declaration(
    *, declaration_id: int, filed_on: date, by: Actor, now: datetime
) -> OpenDeclaration:
    """Note the day on which the declaration was handed to the administration."""
    declaration = _own(declaration_id, by=by)
    moved(TABLE, LABELS, declaration, "file")
    if filed_on > legal_day(now):
        raise Invalid(fields={"filed_on": [_("提交日不能晚于今天。")]})
    declaration.filed_on, declaration.filed_at, declaration.filed_by = filed_on, now, by.key
    declaration.save()
    audit.record("open_declaration.filed", subject=declaration, by=by, at=now)
    return declaration


@transaction.atomic
def announce_declaration(
    *, declaration_id: int, announced_on: date, by: Actor, now: datetime
) -> OpenDeclaration:
    """Note the announcement: from that day anyone may take the licence, and the patent is bound."""
    declaration = _own(declaration_id, by=by)
    moved(TABLE, LABELS, declaration, "announce")
    if announced_on > legal_day(now):
        raise Invalid(fields={"announced_on": [_("公告日不能晚于今天。")]})
    if declaration.filed_on and announced_on < declaration.filed_on:
        raise Invalid(fields={"announced_on": [_("公告日不能早于提交日。")]})
    card = patent(declaration.patent_id)
    refuse(_guards(declaration, card, now=now))
    declaration.encumbrance_id = bind(
        patent_id=declaration.patent_id,
        kind=EncumbranceKind.OPEN_DECLARATION,
        starts_on=announced_on,
        ends_on=card.expires_on - timedelta(days=1) if card.expires_on else None,
        reference=f"declaration:{declaration.pk}",
        party_id=None,
        by=by,
        now=now,
    )
    declaration.announced_on, declaration.announced_at = announced_on, now
    declaration.announced_by = by.key
    declaration.number = f"KF{announced_on:%Y}{declaration.pk:08d}"
    declaration.save()
    documents.issue_declaration(declaration, by=by, now=now)
    audit.record("open_declaration.announced", subject=declaration, by=by, at=now)
    outbox.emit(
        "open_declaration.announced",
        subject=declaration,
        by=by,
        at=now,
        payload=_facts(declaration) | {"fee": fees.price_text(declaration.plan.terms())},
    )
    return declaration


@transaction.atomic
def declare(
    *,
    declaration_id: int,
    filed_on: date,
    announced_on: date,
    revision: int | None,
    by: Actor,
    now: datetime,
) -> OpenDeclaration:
    """All three steps of a draft at once, for an office that enters what has already happened."""
    _check_revision(_own(declaration_id, by=by), revision)
    approve_declaration(declaration_id=declaration_id, by=by, now=now)
    file_declaration(declaration_id=declaration_id, filed_on=filed_on, by=by, now=now)
    return announce_declaration(
        declaration_id=declaration_id, announced_on=announced_on, by=by, now=now
    )


@transaction.atomic
def withdraw_declaration(
    *, declaration_id: int, reason: str, by: Actor, now: datetime
) -> OpenDeclaration:
    """Take the offer back, with a reason. Licences given before survive (PL50)."""
    declaration = _own(declaration_id, by=by)
    moved(TABLE, LABELS, declaration, "withdraw")
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明撤回理由。")]})
    declaration.closed_at, declaration.closed_by = now, by.key
    declaration.closed_reason = reason.strip()
    declaration.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
    if declaration.encumbrance_id is not None:
        encumbrances.release(
            encumbrance_id=declaration.encumbrance_id,
            ended_on=legal_day(now),
            reason=_("开放许可声明撤回"),
            by=by,
            now=now,
        )
    audit.record("open_declaration.withdrawn", subject=declaration, by=by, at=now)
    outbox.emit(
        "open_declaration.withdrawn",
        subject=declaration,
        by=by,
        at=now,
        payload=_facts(declaration),
    )
    waiting = declaration.licences.filter(status=moves.LicenceStatus.NOTICED)
    for licence_id, licensee_id in waiting.values_list("pk", "licensee_id"):
        tell(
            [licensee_id],
            kind="licence.progress",
            key=f"declaration-withdrawn:{declaration.pk}",
            title=_("开放许可声明 %(number)s 已撤回") % {"number": declaration.number},
            body=_("撤回之前已付清的，许可照常生效；撤回之后付款不再取得许可。"),
            url=f"/licences/{licence_id}/",
            now=now,
        )
    return declaration


def _facts(declaration: OpenDeclaration) -> dict[str, object]:
    """What every event of a declaration carries."""
    return {
        "declaration_id": declaration.pk,
        "patent_id": declaration.patent_id,
        "licensor_id": declaration.licensor_id,
        "region": declaration.region,
    }
