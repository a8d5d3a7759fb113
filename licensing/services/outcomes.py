"""Reporting 转化反馈 what became of a patent, and verifying it: two persons, never one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from licensing.models import Deal, Licence, Outcome, OutcomeRevision, PoolEntry, TermsVersion
from licensing.rules import moves, outcomes
from licensing.rules.deals import DealKind, Party, fixed_sum, outcome_code
from licensing.rules.facts import Fact, plain, same_fact
from licensing.services.ground import locked, moved, patent, tell
from licensing.types import OutcomeReport, Side
from listings import selectors as listings
from listings import services as board
from listings.types import PatentCard

if TYPE_CHECKING:
    from core.attachments.models import Attachment

KEPT = (
    "code", "happened_on", "contract_number", "counterparty", "amount", "note", "evidence",
    "status", "reported_at", "reported_by", "decided_at", "decided_by", "decision_reason",
)  # fmt: skip
TABLE, LABELS = moves.OUTCOME_MOVES, moves.OUTCOME_LABELS


@transaction.atomic
def report_outcome(
    *, report: OutcomeReport, by: Actor, now: datetime, evidence: UploadedFile[bytes] | None = None
) -> Outcome:
    """A holder reports an outcome of its patent, with what proves it."""
    card = listings.card(report.patent_id, viewer=by)
    require(by, Permission.REPORT_OUTCOME, on=Side(card.organisation_id, card.region))
    refuse_incomplete(report, has_evidence=evidence is not None, now=now)
    outcome = as_reported(report, card, by=by, now=now)
    if known := known_fact(outcome):
        raise already(known)
    if evidence:
        outcome.evidence = attachments.store(
            evidence, purpose="outcome", by=by, now=now, field="evidence"
        )
    store(outcome)
    announce_report(outcome, by=by, now=now)
    return outcome


def refuse_incomplete(report: OutcomeReport, *, has_evidence: bool, now: datetime) -> None:
    """Invalid with everything a report lacks, by field."""
    errors = outcomes.report_errors(
        report.code,
        has_licence=False,
        has_evidence=has_evidence,
        contract_number=report.contract_number,
    )
    if report.happened_on > legal_day(now):
        errors["happened_on"] = [_("发生日期不能晚于今天。")]
    if report.amount is not None and report.amount < 0:
        errors["amount"] = [_("金额不能为负数。")]
    if errors:
        raise Invalid(fields=errors)


def as_reported(report: OutcomeReport, card: PatentCard, *, by: Actor, now: datetime) -> Outcome:
    """The row of a report, not stored yet."""
    assert card.organisation_id is not None  # of such a patent nobody may report
    outcome = Outcome(
        patent_id=card.id,
        organisation_id=card.organisation_id,
        region=card.region,
        patent_number=card.printed,
        patent_title=card.title,
        reported_at=now,
        reported_by=by.key,
        reported_user_id=by.user_id,
    )
    say(outcome, report)
    return outcome


def say(outcome: Outcome, report: OutcomeReport) -> None:
    """Put the words of a report on its row, and which fact they speak of."""
    outcome.code, outcome.happened_on = report.code, report.happened_on
    outcome.contract_number = report.contract_number.strip()
    outcome.counterparty = report.counterparty.strip()
    outcome.amount, outcome.note = report.amount, report.note.strip()
    outcome.fact = outcome.fact_said().key


def known_fact(outcome: Outcome) -> Outcome | None:
    """The report that says the same already, if there is one."""
    return first_same(outcome, Outcome.objects.filter(patent_id=outcome.patent_id))


def first_same(outcome: Outcome, rows: Iterable[Outcome]) -> Outcome | None:
    """The first of these that speaks of the same fact and was not taken back."""
    for row in rows:
        if (
            (row.pk is None or row.pk != outcome.pk)  # unsaved ones: other rows of one list
            and (row.patent_id, row.code) == (outcome.patent_id, outcome.code)
            and row.status != moves.OutcomeStatus.WITHDRAWN
            and same_fact(row.fact_said(), outcome.fact_said())
        ):
            return row
    return None


def already(known: Outcome) -> Conflict:
    """The refusal that says where the fact is reported already."""
    message = _(
        "这件专利的这项转化（%(day)s，%(status)s）已经反馈过，请勿重复填报；"
        "内容有变化的，请打开原记录更正。"
    )
    day, status = known.happened_on.isoformat(), known.get_status_display()
    return Conflict(message % {"day": day, "status": status}, code="already-reported")


def store(outcome: Outcome) -> None:
    """Write it; Conflict when somebody reported the same fact in between."""
    message = _("这件专利的这项转化（同一合同）已经反馈过，请勿重复填报。")
    with refused_as(Conflict(message, code="already-reported"), by="outcome_once_per"):
        outcome.save()


def report_open_licence(licence: Licence, *, now: datetime) -> Outcome:
    """The platform reports 已达成开放许可 by itself: the licence is its proof."""
    day = legal_day(licence.effective_at or now)
    outcome, created = Outcome.objects.get_or_create(
        licence=licence,
        code=outcomes.Code.OPEN_LICENCE,
        defaults={
            "patent_id": licence.patent_id,
            "organisation_id": licence.licensor_id,
            "region": licence.region,
            "patent_number": licence.patent_number,
            "patent_title": licence.patent_title,
            "happened_on": day,
            "counterparty": people.organisation(licence.licensee_id).name,
            "contract_number": licence.number or "",
            "fact": plain(licence.number or ""),
            "reported_at": now,
            "reported_by": Actor.system().key,
        },
    )
    if created:
        announce_report(outcome, by=Actor.system(), now=now)
    return outcome


def report_deal(
    deal: Deal, version: TermsVersion, *, evidence: Attachment | None, now: datetime
) -> None:
    """The platform reports what a signed licence or a registered transfer made of each patent."""
    code = outcome_code(DealKind(version.kind), version.plan.terms())
    names = {pk: people.organisation(pk).name for pk in (deal.holder_id, deal.taker_id)}
    whole = fixed_sum(version.plan.terms())
    shares = {p.patent_id: p.share for p in version.patents.all() if p.share is not None}
    for item in deal.items.select_related("licence").order_by("position"):
        own, other = deal.holder_id, deal.taker_id
        if item.side == Party.TAKER:  # a cross-licence is each side's outcome
            own, other = other, own
        happened_on = deal.registered_on or deal.effective_on or legal_day(now)
        said = Fact(happened_on, deal.number or "", names[other], automatic=True)
        if _adopted(item.patent_id, code.value, said, item.licence, now=now):
            continue
        standing = Outcome.objects.exclude(status=moves.OutcomeStatus.WITHDRAWN)
        outcome, created = standing.get_or_create(
            patent_id=item.patent_id,
            code=code.value,
            contract_number=deal.number or "",
            defaults={
                "organisation_id": own,
                "region": deal.region,
                "patent_number": item.patent_number,
                "patent_title": item.patent_title,
                "happened_on": happened_on,
                "fact": said.key,
                "licence": item.licence,
                "evidence": evidence,
                "counterparty": names[other],
                "amount": shares.get(item.patent_id, whole if item.position == 1 else None),
                "reported_at": now,
                "reported_by": Actor.system().key,
            },
        )
        if created:
            announce_report(outcome, by=Actor.system(), now=now)


def _adopted(
    patent_id: int, code: str, said: Fact, licence: Licence | None, *, now: datetime
) -> bool:
    """Whether the holder reported this fact by hand before; its report then names the licence.

    One that was sent back waits for the bureau again: now the deal proves it.
    """
    rows = Outcome.objects.select_for_update().filter(
        patent_id=patent_id, code=code, licence__isnull=True
    )
    known = [
        row
        for row in rows.exclude(status=moves.OutcomeStatus.WITHDRAWN)
        if not row.is_automatic and same_fact(row.fact_said(), said)
    ]
    if not known:
        return False
    rejected, system = moves.OutcomeStatus.REJECTED, Actor.system()
    row = min(known, key=lambda one: (one.status == rejected, one.pk))
    was_rejected = row.status == rejected
    if was_rejected:
        keep_wording(row, row.decision_reason, by=system, now=now)
        moved(TABLE, LABELS, row, "report_again")
        reported_anew(row, by=system, now=now)
    row.licence = licence
    row.save()
    audit.record("outcome.met_its_deal", subject=row, by=system, at=now)
    if was_rejected:
        announce_report(row, by=system, now=now)
    return True


def report_pool_entry(entry: PoolEntry, *, now: datetime) -> None:
    """The platform reports 已参与专利池运营 when a patent is admitted: the entry is its proof."""
    number = f"{entry.pool.number}-{entry.pk}"
    said = Fact(legal_day(now), number, entry.pool.name, automatic=True)
    outcome, created = Outcome.objects.get_or_create(
        patent_id=entry.patent_id,
        code=outcomes.Code.POOL.value,
        contract_number=number,
        defaults={
            "organisation_id": entry.holder_id,
            "region": patent(entry.patent_id).region,
            "patent_number": entry.patent_number,
            "patent_title": entry.patent_title,
            "happened_on": legal_day(now),
            "fact": said.key,
            "counterparty": entry.pool.name,
            "reported_at": now,
            "reported_by": Actor.system().key,
        },
    )
    if created:
        announce_report(outcome, by=Actor.system(), now=now)


def announce_report(outcome: Outcome, *, by: Actor, now: datetime) -> None:
    """Tell the bureau, and everyone who listens."""
    audit.record("outcome.reported", subject=outcome, by=by, at=now)
    outbox.emit("outcome.reported", subject=outcome, by=by, at=now, payload=facts(outcome))
    notices.notify(
        users=people.bureau_members_for(outcome.region),
        kind="outcome.progress",
        key=f"outcome-reported:{outcome.pk}:{outcome.reported_at.isoformat()}",
        title=_("转化反馈待核验：%(label)s") % {"label": outcome.label},
        body=f"{outcome.patent_number} {outcome.patent_title}"[:200],
        url=f"/outcomes/{outcome.pk}/",
        now=now,
    )


def facts(outcome: Outcome) -> dict[str, object]:
    """What every event of an outcome carries."""
    return {
        "outcome_id": outcome.pk,
        "patent_id": outcome.patent_id,
        "licence_id": outcome.licence_id,
        "licensor_id": outcome.organisation_id,
        "code": outcome.code,
        "status": outcome.status,
        "region": outcome.region,
    }


@transaction.atomic
def verify_outcome(*, outcome_id: int, by: Actor, now: datetime, reason: str = "") -> Outcome:
    """The bureau finds the report true: from now on it counts."""
    _hold_patent(outcome_id, by=by)
    outcome = _decide(outcome_id, "verify", reason, by=by, now=now)
    kind = outcomes.OUTCOMES.get(outcome.code)
    if kind and kind.takes_off_board:
        # Sold or licensed exclusively: there is nothing left to offer. Open licences stay up.
        board.mark_converted(patent_id=outcome.patent_id, by=Actor.system(), now=now)
    return outcome


def _hold_patent(outcome_id: int, *, by: Actor) -> None:
    """The patent before its outcome, as signing locks them: else the two wait for each other."""
    seen = Outcome.objects.visible_to(by).filter(pk=outcome_id).first()
    kind = outcomes.OUTCOMES.get(seen.code) if seen else None
    if seen and kind and kind.takes_off_board:
        require(by, Permission.VERIFY_OUTCOME, on=seen)
        board.hold_patents([seen.patent_id])


@transaction.atomic
def reject_outcome(*, outcome_id: int, reason: str, by: Actor, now: datetime) -> Outcome:
    """The bureau sends the report back, saying what is missing."""
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明退回原因，填报单位会看到。")]})
    return _decide(outcome_id, "reject", reason, by=by, now=now)


def _decide(outcome_id: int, move: str, reason: str, *, by: Actor, now: datetime) -> Outcome:
    outcome = locked(Outcome.objects.visible_to(by), outcome_id)
    require(by, Permission.VERIFY_OUTCOME, on=outcome)
    if by.user_id is not None and by.user_id == outcome.reported_user_id:
        raise Conflict(_("填报人不能核验自己的反馈，请由另一位工作人员核验。"), code="two-persons")
    licence = outcome.licence
    contested = licence and licence.contests.filter(status=moves.ContestStatus.RAISED).exists()
    if move == "verify" and contested:
        raise Conflict(_("这项许可有待处理的异议，处理完毕后再核验。"), code="contested")
    moved(TABLE, LABELS, outcome, move)
    _write_decision(outcome, reason, by=by, now=now)
    if move == "verify":
        offer_rating(
            service="outcome",
            reference=f"outcome:{outcome.pk}",
            title=f"转化反馈核验：{outcome.label} · {outcome.patent_title}",
            url=f"/outcomes/{outcome.pk}/",
            organisation_id=outcome.organisation_id,
            region=outcome.region,
            now=now,
        )
    tell(
        [outcome.organisation_id],
        kind="outcome.progress",
        key=f"outcome-decided:{outcome.pk}:{now.isoformat()}",
        title=_("转化反馈%(status)s：%(label)s")
        % {"status": outcome.get_status_display(), "label": outcome.label},
        body=outcome.decision_reason[:200],
        url=f"/outcomes/{outcome.pk}/",
        now=now,
    )
    return outcome


def _write_decision(outcome: Outcome, reason: str, *, by: Actor, now: datetime) -> None:
    outcome.decided_at, outcome.decided_by = now, by.key
    outcome.decided_user_id, outcome.decision_reason = by.user_id, reason.strip()
    outcome.save(
        update_fields=[
            "status", "decided_at", "decided_by", "decided_user_id", "decision_reason"
        ]
    )  # fmt: skip
    audit.record(f"outcome.{outcome.status}", subject=outcome, by=by, at=now)
    outbox.emit("outcome.verified", subject=outcome, by=by, at=now, payload=facts(outcome))


@transaction.atomic
def report_again(
    *,
    outcome_id: int,
    by: Actor,
    now: datetime,
    note: str = "",
    contract_number: str = "",
    evidence: UploadedFile[bytes] | None = None,
) -> Outcome:
    """The holder mends a report that was sent back."""
    outcome = locked(Outcome.objects.visible_to(by), outcome_id)
    require(by, Permission.REPORT_OUTCOME, on=Side(outcome.organisation_id, outcome.region))
    if outcome.licence_id is not None:
        raise Conflict(_("由许可自动生成的反馈随许可变化，不能手工重新填报。"))
    before = outcome.status
    moved(TABLE, LABELS, outcome, "report_again")  # refuses what was not sent back, first
    after, outcome.status = outcome.status, before
    keep_wording(outcome, outcome.decision_reason, by=by, now=now)
    outcome.status = after
    if evidence:
        outcome.evidence = attachments.store(
            evidence, purpose="outcome", by=by, now=now, field="evidence"
        )
    outcome.contract_number = contract_number.strip() or outcome.contract_number
    outcome.note = note.strip() or outcome.note
    outcome.fact = outcome.fact_said().key
    reported_anew(outcome, by=by, now=now)
    store(outcome)
    announce_report(outcome, by=by, now=now)
    return outcome


def reported_anew(outcome: Outcome, *, by: Actor, now: datetime) -> None:
    """What was decided on the earlier wording no longer holds; it stays in the history."""
    outcome.reported_at, outcome.reported_by = now, by.key
    outcome.reported_user_id = by.user_id
    outcome.decided_at = outcome.decided_by = outcome.decided_user_id = None
    outcome.decision_reason = ""


def keep_wording(outcome: Outcome, reason: str, *, by: Actor, now: datetime) -> OutcomeRevision:
    """Keep what the locked outcome says now, before it is rewritten."""
    return OutcomeRevision.objects.create(
        outcome=outcome,
        number=outcome.revisions.count() + 1,
        **{name: getattr(outcome, name) for name in KEPT},
        reason=reason,
        replaced_at=now,
        replaced_by=by.key,
    )


def annul_outcomes(licence: Licence, *, by: Actor, now: datetime) -> None:
    """What rested on a licence that turned out void no longer counts."""
    for outcome in licence.outcomes.select_for_update().exclude(
        status=moves.OutcomeStatus.REJECTED
    ):
        moved(TABLE, LABELS, outcome, "annul")
        _write_decision(outcome, _("所依据的许可因异议成立而失效"), by=by, now=now)
