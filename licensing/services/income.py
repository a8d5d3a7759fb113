"""Dividing income 收益分配: drafted, posted in-house, approved by another person, paid, proven."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid
from core.money import portions, yuan
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import (
    Deal,
    Distribution,
    DistributionPerson,
    IncomeRule,
    Licence,
    PoolLicence,
)
from licensing.rules import income as rules
from licensing.rules.deal_kinds import TRANSFERS
from licensing.rules.income import Floor, IncomePlan, IncomeStatus
from licensing.selectors import income as questions
from licensing.services.documents import issue_income
from licensing.services.ground import locked, moved, tell
from licensing.types import IncomeSource, Side

TABLE, LABELS = rules.INCOME_MOVES, rules.INCOME_LABELS


@transaction.atomic
def record_rule(
    *,
    title: str,
    agreed_on: date,
    percent: Decimal,
    paper: UploadedFile[bytes] | None,
    by: Actor,
    now: datetime,
) -> IncomeRule:
    """Keep what the institution laid down or agreed on, with its paper; it is never changed."""
    require(by, Permission.DISTRIBUTE_INCOME)
    errors: dict[str, list[str]] = {}
    if not title.strip():
        errors["title"] = [_("请填写规定或约定的名称。")]
    if not 0 < percent <= rules.WHOLE:
        errors["percent"] = [_("请填写大于 0、不超过 100 的比例。")]
    if agreed_on > legal_day(now):
        errors["agreed_on"] = [_("日期不能晚于今天。")]
    if paper is None:
        errors["paper"] = [_("请上传规定或约定的文本。")]
    if errors or paper is None or by.organisation_id is None:
        raise Invalid(fields=errors or {"title": [_("请先切换到本单位身份。")]})
    rule = IncomeRule(
        organisation_id=by.organisation_id,
        title=title.strip(),
        agreed_on=agreed_on,
        percent=percent,
        paper=attachments.store(paper, purpose="income_rule", by=by, now=now, field="paper"),
        recorded_at=now,
        recorded_by=by.key,
    )
    known = Conflict(_("这份规定已经登记过。"), code="already-recorded")
    with refused_as(known, by="income_rule_once"):
        rule.save()
    audit.record("income_rule.recorded", subject=rule, by=by, at=now)
    return rule


@transaction.atomic
def draft_income(
    *,
    plan: IncomePlan,
    by: Actor,
    now: datetime,
    licence_id: int | None = None,
    deal_id: int | None = None,
    pool_licence_id: int | None = None,
    patent_id: int | None = None,
) -> Distribution:
    """Begin to divide the income of one licence, one transfer, or one share of a pool licence.

    `patent_id` says of which patent, where one contract is about a bundle.
    """
    require(by, Permission.DISTRIBUTE_INCOME)
    if sum(pk is not None for pk in (licence_id, deal_id, pool_licence_id)) != 1:
        raise Invalid(fields={"source": [_("请选择一项许可、一项转让或一项池许可。")]})
    row = Distribution(patent_id=patent_id, drafted_at=now, drafted_by=by.key)
    if licence_id is not None:
        licence = locked(Licence.objects.visible_to(by), licence_id)
        row.licence, row.organisation_id, row.region = licence, licence.licensor_id, licence.region
    elif deal_id is not None:
        _of_deal(row, locked(Deal.objects.visible_to(by), deal_id))
    elif pool_licence_id is not None:
        _of_pool(row, locked(PoolLicence.objects.visible_to(by), pool_licence_id), by=by)
    require(by, Permission.DISTRIBUTE_INCOME, on=row)
    _write(row, plan, by=by, now=now)
    row.number = f"SY{legal_day(now):%Y}{row.pk:08d}"
    row.save(update_fields=["number"])
    audit.record("income.drafted", subject=row, by=by, at=now)
    return row


def _of_deal(row: Distribution, deal: Deal) -> None:
    if deal.kind not in TRANSFERS:  # else one payment could be divided twice
        message = _("只有转让和作价入股按洽谈分配；许可的收入请选择那项许可。")
        raise Invalid(fields={"source": [message]})
    row.deal, row.organisation_id, row.region = deal, deal.holder_id, deal.region


def _of_pool(row: Distribution, licence: PoolLicence, *, by: Actor) -> None:
    """Its share is the holder's own: the floor is that of its region, not of the pool's."""
    own = by.organisation_id or 0
    row.organisation_id = questions.source_of_pool(licence, own).organisation_id
    row.pool_licence, row.region = licence, people.organisation(own).region


@transaction.atomic
def revise_income(
    *, distribution_id: int, plan: IncomePlan, by: Actor, now: datetime
) -> Distribution:
    """Write a draft anew."""
    row = _own(distribution_id, by=by)
    if row.status != IncomeStatus.DRAFT:
        raise Conflict(_("公示后不能修改；确有错误的，请先撤回公示。"), code="illegal-move")
    _lock_source(row)
    row.drafted_at, row.drafted_by = now, by.key
    _write(row, plan, by=by, now=now)
    audit.record("income.revised", subject=row, by=by, at=now)
    return row


def _lock_source(row: Distribution) -> None:
    """Whoever divides the same income waits here."""
    if row.licence_id is not None:
        Licence.objects.select_for_update(of=("self",)).get(pk=row.licence_id)
    elif row.deal_id is not None:
        Deal.objects.select_for_update(of=("self",)).get(pk=row.deal_id)
    elif row.pool_licence_id is not None:
        PoolLicence.objects.select_for_update(of=("self",)).get(pk=row.pool_licence_id)


def _source(row: Distribution) -> IncomeSource:
    if row.licence is not None:
        found = questions.sources_of_licence(row.licence, without=row.pk)
    elif row.deal is not None:
        found = questions.sources_of_deal(row.deal, without=row.pk)
    elif row.pool_licence is not None:
        found = [questions.source_of_pool(row.pool_licence, row.organisation_id, without=row.pk)]
    else:
        raise ValueError("A distribution is of a licence, a deal or a share of a pool.")
    chosen = next((source for source in found if source.part == row.patent_id), None)
    if chosen is None:
        message = (
            _("这笔收入属于一个专利组合，请选择分配其中哪一件专利的部分。")
            if row.patent_id is None
            else _("这件专利不在这笔收入里，请核对。")
        )
        raise Invalid(fields={"patent_id": [message]})
    return chosen


def _write(row: Distribution, plan: IncomePlan, *, by: Actor, now: datetime) -> None:
    source = _source(row)
    floor, rule = questions.floor_for(row.organisation_id, row.region, source.kind)
    refuse_wrong(plan, available=source.available, floor=floor)
    accounts = people.members_by_mail(row.organisation_id, [p.account for p in plan.persons])
    unknown = [p.account for p in plan.persons if p.account and p.account.lower() not in accounts]
    if unknown:
        message = _("本单位没有账号 %(names)s，请核对，或留空。")
        raise Invalid(fields={"persons": [message % {"names": "、".join(unknown)}]})
    row.patent_number, row.patent_title = source.patent_number, source.patent_title
    row.kind = source.kind.value
    row.gross, row.net, row.percent = plan.gross, plan.net, plan.percent
    row.deductions = {k: f"{plan.deductions.get(k, Decimal(0)):.2f}" for k in rules.DEDUCTIONS}
    row.deduction_note, row.conflict = plan.deduction_note.strip(), plan.conflict.strip()
    row.tax_note = plan.tax_note.strip()
    row.floor, row.floor_article, row.rule = floor.percent, floor.article, rule
    row.award = rules.award(plan.net, plan.percent)
    row.save()
    row.persons.all().delete()
    amounts = portions(row.award, [p.share for p in plan.persons])
    DistributionPerson.objects.bulk_create(
        DistributionPerson(
            distribution=row,
            position=place,
            name=person.name,
            user_id=accounts.get(person.account.lower()),
            role=person.role.value,
            share=person.share,
            amount=amount,
            conflict=person.conflict,
        )
        for place, (person, amount) in enumerate(zip(plan.persons, amounts, strict=True), start=1)
    )


def refuse_wrong(plan: IncomePlan, *, available: Decimal, floor: Floor) -> None:
    """Invalid with everything that is wrong with a plan, by field."""
    errors = rules.problems(
        gross=plan.gross,
        deductions=plan.deductions,
        percent=plan.percent,
        persons=plan.persons,
        available=available,
        floor=floor,
    )
    if not plan.conflict.strip():
        errors["conflict"] = [_("请声明参与决定的人与分配对象有无利益关系；没有请写“无”。")]
    if errors:
        raise Invalid(fields=errors)


@transaction.atomic
def post_income(*, distribution_id: int, by: Actor, now: datetime) -> Distribution:
    """Post it in-house 公示 for the days of the region; everyone with a share is told."""
    row = _own(distribution_id, by=by)
    _lock_source(row)
    floor, _rule = questions.floor_for(row.organisation_id, row.region, rules.IncomeKind(row.kind))
    if row.percent < floor.percent:
        message = _("比例低于现在的下限 %(n)s%%（%(article)s），请修改后再公示。")
        said = {"n": f"{floor.percent.normalize():f}", "article": floor.article}
        raise Conflict(message % said, code="below-floor")
    if row.gross > _source(row).available:
        raise Conflict(_("到账款不足以分配，请核对后修改。"), code="not-received")
    moved(TABLE, LABELS, row, "post")
    today = legal_day(now)
    row.posted_at, row.posted_by, row.posted_on = now, by.key, today
    row.posted_until = today + timedelta(days=questions.posting_days(row.region) - 1)
    row.save()
    audit.record("income.posting_started", subject=row, by=by, at=now)
    _emit("income.posted", row, by=by, now=now)
    tell(
        [row.organisation_id],
        kind="income.progress",
        key=f"income-posted:{row.pk}:{now.isoformat()}",
        title=_("收益分配公示：%(title)s") % {"title": row.patent_title[:60]},
        body=_("公示至 %(day)s，有异议请在此前提出。") % {"day": row.posted_until.isoformat()},
        url=url_of(row),
        now=now,
    )
    return row


@transaction.atomic
def take_back_income(
    *, distribution_id: int, reason: str, by: Actor, now: datetime
) -> Distribution:
    """End the posting to write it anew; it is then posted for the whole time again."""
    row = _own(distribution_id, by=by)
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明撤回公示的原因。")]})
    to_draft(row, reason, by=by, now=now)
    return row


def to_draft(row: Distribution, reason: str, *, by: Actor, now: datetime) -> None:
    """The locked posting becomes a draft again."""
    moved(TABLE, LABELS, row, "take_back")
    row.closed_reason = reason.strip()[:500]
    row.posted_at = row.posted_by = row.posted_on = row.posted_until = None
    row.save()
    audit.record("income.taken_back", subject=row, by=by, at=now)


@transaction.atomic
def approve_income(*, distribution_id: int, by: Actor, now: datetime) -> Distribution:
    """Another person approves it once the posting is over and every objection is answered."""
    row = _own(distribution_id, by=by)
    if row.status == IncomeStatus.POSTED and row.posted_until is not None:
        if legal_day(now) <= row.posted_until:
            message = _("公示到 %(day)s 为止，期满后才能批准。")
            raise Conflict(message % {"day": row.posted_until.isoformat()}, code="still-posted")
        if row.objections.filter(status=rules.ObjectionStatus.OPEN).exists():
            raise Conflict(_("还有异议没有处理，处理完毕后再批准。"), code="objection-open")
    refuse_involved(row, by=by)
    if people.users_of([row.drafted_by, row.posted_by]) & {by.user_id}:
        raise Conflict(_("拟定或公示的人不能批准，请由另一位工作人员批准。"), code="two-persons")
    moved(TABLE, LABELS, row, "approve")
    row.approved_at, row.approved_by = now, by.key
    row.document = issue_income(row, by=by, now=now)
    row.save()
    audit.record("income.approved", subject=row, by=by, at=now)
    _emit("income.approved", row, by=by, now=now)
    _tell_persons(row, _("收益分配已批准"), key="approved", now=now)
    return row


def refuse_involved(row: Distribution, *, by: Actor) -> None:
    """Nobody decides on a share of their own."""
    if row.persons.filter(user_id=by.user_id).exists():
        raise Conflict(
            _("您是分配对象，不能办理这一步，请由没有利益关系的人办理。"), code="involved"
        )


@transaction.atomic
def pay_person(
    *,
    distribution_id: int,
    person_id: int,
    paid_on: date,
    by: Actor,
    now: datetime,
    reference: str = "",
    proof: UploadedFile[bytes] | None = None,
) -> Distribution:
    """Note that one person was paid, with its proof; with the last one all is paid."""
    row = _own(distribution_id, by=by)
    if row.status != IncomeStatus.APPROVED:
        raise Conflict(_("批准之后才能登记发放。"), code="illegal-move")
    person = row.persons.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise Invalid(fields={"person_id": [_("没有这位分配对象。")]})
    if person.paid_at is not None:
        raise Conflict(_("这一笔已经登记发放，不能重复登记。"), code="already-paid")
    _check_payment(row, paid_on, reference, proof, now=now)
    person.paid_on, person.reference, person.paid_at = paid_on, reference.strip()[:80], now
    person.paid_by = by.key
    if proof:
        person.proof = attachments.store(
            proof, purpose="income_payment", by=by, now=now, field="proof"
        )
    person.save()
    audit.record("income.person_paid", subject=row, by=by, at=now, changes={"person": person.pk})
    _tell_persons(row, _("收益已发放"), key=f"paid:{person.pk}", now=now, only=[person])
    if not row.persons.filter(paid_at__isnull=True).exists():
        moved(TABLE, LABELS, row, "pay")
        row.save(update_fields=["status"])
        audit.record("income.paid", subject=row, by=by, at=now)
        _emit("income.paid", row, by=by, now=now)
    return row


def _check_payment(
    row: Distribution,
    paid_on: date,
    reference: str,
    proof: UploadedFile[bytes] | None,
    *,
    now: datetime,
) -> None:
    errors: dict[str, list[str]] = {}
    if paid_on > legal_day(now):
        errors["paid_on"] = [_("发放日不能晚于今天。")]
    elif row.approved_at is not None and paid_on < legal_day(row.approved_at):
        errors["paid_on"] = [_("发放日不能早于批准日。")]
    if not reference.strip() and proof is None:
        errors["reference"] = [_("请填写凭证号，或上传发放凭证。")]
    if errors:
        raise Invalid(fields=errors)


@transaction.atomic
def cancel_income(*, distribution_id: int, reason: str, by: Actor, now: datetime) -> Distribution:
    """Drop it before approval; its income may be divided anew."""
    row = _own(distribution_id, by=by)
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明作废原因。")]})
    moved(TABLE, LABELS, row, "cancel")
    row.closed_reason = reason.strip()[:500]
    row.save(update_fields=["status", "closed_reason"])
    audit.record("income.cancelled", subject=row, by=by, at=now)
    return row


def _own(distribution_id: int, *, by: Actor) -> Distribution:
    row = locked(Distribution.objects.visible_to(by), distribution_id)
    require(by, Permission.DISTRIBUTE_INCOME, on=Side(row.organisation_id))
    return row


def _emit(event: str, row: Distribution, *, by: Actor, now: datetime) -> None:
    facts = {
        "distribution_id": row.pk,
        "organisation_id": row.organisation_id,
        "region": row.region,
        "patent_number": row.patent_number,
        "status": row.status,
    }
    outbox.emit(event, subject=row, by=by, at=now, payload=facts)


def _tell_persons(
    row: Distribution,
    title: str,
    *,
    key: str,
    now: datetime,
    only: Sequence[DistributionPerson] | None = None,
) -> None:
    for person in row.persons.all() if only is None else only:
        if person.user_id is not None:
            notices.notify(
                users=[person.user_id],
                kind="income.progress",
                key=f"income-{key}:{row.pk}",
                title=title,
                body=f"{row.patent_title[:80]}：{yuan(person.amount)}",
                url=url_of(row),
                now=now,
            )


def url_of(row: Distribution) -> str:
    """Where it is read."""
    return f"/income/{row.pk}/"
