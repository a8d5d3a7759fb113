"""A disclosure from the inventor's draft to the application number.

Its content stays out of the audit trail and out of events: only who did which step, and when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import (
    Disclosure,
    DisclosureContributor,
    DisclosureFile,
    DisclosurePublication,
    Patent,
)
from listings.models.disclosures import DisclosureStatus
from listings.rules import disclosures as rules
from listings.rules import numbers, records, verdicts
from listings.rules.disclosures import Decision, DisclosureInput
from listings.selectors import disclosures as reading
from listings.services.disclosure_numbers import next_number
from listings.services.locks import same_version

TEXTS = ("title", "novelty", "problem", "how", "results", "funding_project")
MOVE_NAMES = {
    "submit": "提交",
    "withdraw": "撤回",
    "take": "受理",
    "send_back": "退回补充",
    "decide": "作出决定",
    "apply": "登记申请号",
}


# The inventor


@transaction.atomic
def draft_disclosure(
    *, data: DisclosureInput, is_sample: bool = False, by: Actor, now: datetime
) -> int:
    """Begin a disclosure; nobody else sees it before it is handed in. Its id."""
    require(by, Permission.DISCLOSE)
    if by.user_id is None or by.organisation_id is None:
        raise NotAllowed("请先切换到您所在单位的身份，再披露发明。", code="person-only")
    _refuse(rules.unstorable(data))
    row = Disclosure.objects.create(
        organisation_id=by.organisation_id,
        inventor_id=by.user_id,
        created_at=now,
        changed_at=now,
        is_sample=is_sample,
        **_texts(data),
    )
    _put_rows(row, data)
    audit.record("disclosure.drafted", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def edit_disclosure(
    *, disclosure_id: int, data: DisclosureInput, version: int | None, by: Actor, now: datetime
) -> int:
    """Replace what a draft says; its new version."""
    row = _own(disclosure_id, by=by)
    same_version(row, version)
    if row.status != DisclosureStatus.DRAFT:
        raise Conflict(
            f"这份披露现在是“{row.get_status_display()}”，不能直接修改；"
            "需要改时请联系技术转移办公室退回补充。",
            code="illegal-move",
        )
    _refuse(rules.unstorable(data))
    for name, value in _texts(data).items():
        setattr(row, name, value)
    row.version, row.changed_at = row.version + 1, now
    row.save()
    _put_rows(row, data)
    audit.record("disclosure.edited", subject=row, by=by, at=now)
    return row.version


@transaction.atomic
def submit_disclosure(*, disclosure_id: int, by: Actor, now: datetime) -> None:
    """Hand it to the office of the same house; Invalid with everything that is still missing."""
    row = _own(disclosure_id, by=by)
    if row.status == DisclosureStatus.DRAFT:
        _refuse(rules.unfinished(reading.data_of(row)))
    row.number = row.number or next_number(organisation_id=row.organisation_id, day=legal_day(now))
    row.submitted_at, row.returned_because = now, ""
    _move(row, "submit", now=now)
    audit.record("disclosure.submitted", subject=row, by=by, at=now)
    office = people.members(row.organisation_id, Role.OFFICE)
    _tell(
        [user for user in office if user != by.user_id],
        row,
        f"收到发明披露 {row.number}",
        f"{by.name or '发明人'}提交了一份发明披露，请受理并评估。",
        now=now,
    )


@transaction.atomic
def withdraw_disclosure(*, disclosure_id: int, by: Actor, now: datetime) -> None:
    """Take it back before the office has taken it up."""
    row = _own(disclosure_id, by=by)
    _move(row, "withdraw", now=now)
    audit.record("disclosure.withdrawn", subject=row, by=by, at=now)


@transaction.atomic
def add_disclosure_file(
    *, disclosure_id: int, file: UploadedFile[bytes], by: Actor, now: datetime
) -> int:
    """Put a supporting file to a draft. Its id."""
    row = _own(disclosure_id, by=by)
    _draft_only(row)
    if row.files.count() >= rules.MOST_FILES:
        raise Invalid(fields={"file": [f"最多放 {rules.MOST_FILES} 个附件，请先移除一个。"]})
    kept = attachments.store(file, purpose="disclosure", by=by, now=now)
    added = DisclosureFile.objects.create(
        disclosure=row, attachment=kept, added_at=now, added_by=by.key
    )
    audit.record("disclosure.file_added", subject=row, by=by, at=now)
    return added.pk


@transaction.atomic
def remove_disclosure_file(*, disclosure_id: int, file_id: int, by: Actor, now: datetime) -> None:
    """Take a supporting file off a draft."""
    row = _own(disclosure_id, by=by)
    _draft_only(row)
    gone, _ = DisclosureFile.objects.filter(disclosure=row, pk=file_id).delete()
    if gone:
        audit.record("disclosure.file_removed", subject=row, by=by, at=now)


# The office


@transaction.atomic
def take_disclosure(*, disclosure_id: int, by: Actor, now: datetime) -> None:
    """Take it up for evaluation; the inventor hears who did."""
    row = _of_office(disclosure_id, by=by)
    row.taken_at, row.taken_by = now, by.key
    _move(row, "take", now=now)
    audit.record("disclosure.taken", subject=row, by=by, at=now)
    _tell_inventor(row, f"{row.number} 已受理", f"由{by.name or '办公室'}评估。", by=by, now=now)


@transaction.atomic
def send_back_disclosure(*, disclosure_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Ask the inventor for more; it is a draft again."""
    row = _of_office(disclosure_id, by=by)
    said = reason.strip()[:1000]
    if not said:
        raise Invalid(fields={"reason": ["请写明要补充什么，发明人才知道怎样改。"]})
    row.returned_because = said
    _move(row, "send_back", now=now)
    audit.record("disclosure.sent_back", subject=row, by=by, at=now)
    _tell_inventor(row, f"{row.number} 需要补充", said, by=by, now=now)


@transaction.atomic
def evaluate_disclosure(
    *, disclosure_id: int, scores: verdicts.Scores, by: Actor, now: datetime
) -> verdicts.Verdict:
    """Store the scores and the verdict they lead to; repeated until the office decides."""
    row = _of_office(disclosure_id, by=by)
    if row.status != DisclosureStatus.EVALUATING:
        raise _illegal(row, "评估")
    _refuse(verdicts.problems(scores))
    notes = rules.novelty_notes(
        reading.data_of(row).publications, today=reading.judged_on(row, now)
    )
    region = people.organisation(row.organisation_id).region
    found = verdicts.verdict(
        scores, novelty_lost=any(note.lost for note in notes), rule=reading.rule_for(region)
    )
    row.scores, row.verdict = asdict(scores), _stored(found)
    row.evaluated_at, row.evaluated_by = now, by.key
    row.version, row.changed_at = row.version + 1, now
    row.save()
    changes = {"grade": found.grade, "points": str(found.points), "route": found.route.value}
    audit.record("disclosure.evaluated", subject=row, by=by, at=now, changes=changes)
    return found


def _stored(found: verdicts.Verdict) -> dict[str, Any]:
    return {
        "points": str(found.points),
        "grade": found.grade,
        "route": found.route.value,
        "role": found.role,
        "mode": found.mode,
        "parts": [asdict(part) | {"points": str(part.points)} for part in found.parts],
        "reasons": list(found.reasons),
        "rule_version": found.rule_version,
    }


@transaction.atomic
def decide_disclosure(
    *, disclosure_id: int, decision: Decision, reason: str = "", by: Actor, now: datetime
) -> None:
    """The office's word. Differing from the verdict needs a reason."""
    row = _of_office(disclosure_id, by=by)
    if row.status == DisclosureStatus.EVALUATING and not row.verdict:
        raise Conflict("还没有评分，请先填写评估表，再作决定。", code="not-evaluated")
    said = reason.strip()[:1000]
    advised = (row.verdict or {}).get("route")
    if row.status == DisclosureStatus.EVALUATING and decision.value != advised and not said:
        words = verdicts.ROUTE_WORDS[Decision(str(advised))]
        raise Invalid(fields={"reason": [f"决定与评估建议（{words}）不同，请写明理由。"]})
    row.decision, row.decision_reason = decision.value, said
    row.decided_at, row.decided_by = now, by.key
    _move(row, "decide", now=now)
    changes = {"decision": decision.value, "advised": advised}
    audit.record("disclosure.decided", subject=row, by=by, at=now, changes=changes)
    body = said or "；".join((row.verdict or {}).get("reasons", [])[:1])
    words = verdicts.ROUTE_WORDS[decision]
    _tell_inventor(row, f"{row.number} 评估决定：{words}", body, by=by, now=now)


@transaction.atomic
def record_application(*, disclosure_id: int, number: str, by: Actor, now: datetime) -> int | None:
    """Note the application number; the patent's id where it is in the stock already."""
    row = _of_office(disclosure_id, by=by)
    if row.status == DisclosureStatus.DECIDED and row.decision != Decision.FILE:
        raise Conflict("这份披露的决定不是申请专利，不能登记申请号。", code="not-to-be-filed")
    try:
        canonical = numbers.parse(number).canonical
    except numbers.NumberError as error:
        raise Invalid(fields={"number": [f"申请号不能使用：{error}"]}) from error
    row.application_number = canonical
    row.filed_at, row.filed_by = now, by.key
    row.patent = _patent_of(row)
    _move(row, "apply", now=now)
    audit.record(
        "disclosure.applied", subject=row, by=by, at=now, changes={"patent": row.patent_id}
    )
    _tell_inventor(row, f"{row.number} 已提交专利申请", f"申请号 {canonical}。", by=by, now=now)
    return row.patent_id


def _patent_of(row: Disclosure) -> Patent | None:
    return (
        Patent.objects.kept()
        .filter(organisation_id=row.organisation_id, office="CN", number=row.application_number)
        .first()
    )


@transaction.atomic
def link_disclosures(*, patent_id: int, by: Actor, now: datetime) -> int:
    """A patent came into the stock: disclosures that wait for its number point to it now."""
    patent = Patent.objects.kept().filter(pk=patent_id, number__isnull=False).first()
    if patent is None or patent.organisation_id is None:
        return 0
    rows = Disclosure.objects.select_for_update().filter(
        application_number=patent.number,
        organisation_id=patent.organisation_id,
        patent__isnull=True,
        status=DisclosureStatus.FILED,
    )
    for row in rows:
        row.patent, row.changed_at, row.version = patent, now, row.version + 1
        row.save(update_fields=["patent", "changed_at", "version"])
        audit.record("disclosure.linked", subject=row, by=by, at=now, changes={"patent": patent_id})
        _tell_inventor(row, f"{row.number} 已进入专利库", "申请已登记在库，可查看状态。", by=by,
                       now=now)  # fmt: skip
    return len(rows)


def link_arrivals(*, patent_ids: Iterable[int], by: Actor, now: datetime) -> int:
    """The same for a portion of an import; nearly always nobody waits for any of them."""
    numbers = Patent.objects.kept().filter(pk__in=list(patent_ids), number__isnull=False)
    waiting = Disclosure.objects.filter(patent__isnull=True, status=DisclosureStatus.FILED)
    awaited = waiting.filter(application_number__in=numbers.values("number"))
    wanted = numbers.filter(number__in=list(awaited.values_list("application_number", flat=True)))
    return sum(
        link_disclosures(patent_id=pk, by=by, now=now)
        for pk in wanted.order_by("pk").values_list("pk", flat=True)
    )


# Common steps


def _lock(disclosure_id: int, by: Actor) -> Disclosure:
    if not Disclosure.objects.visible_to(by).filter(pk=disclosure_id).exists():
        raise Missing(reading.NOT_FOUND)
    return Disclosure.objects.select_for_update().get(pk=disclosure_id)


def _own(disclosure_id: int, *, by: Actor) -> Disclosure:
    """A disclosure of the actor's own, locked."""
    row = _lock(disclosure_id, by)
    require(by, Permission.DISCLOSE, on=row)
    if not by.is_system and row.inventor_id != by.user_id:
        raise NotAllowed("只有披露人自己可以修改、提交或撤回。请联系披露人。")
    return row


def _of_office(disclosure_id: int, *, by: Actor) -> Disclosure:
    """A disclosure that the actor may judge, locked; nobody judges their own."""
    row = _lock(disclosure_id, by)
    require(by, Permission.EVALUATE_DISCLOSURE, on=row)
    if not by.is_system and row.inventor_id == by.user_id:
        raise NotAllowed("自己的披露要由办公室的另一位同事评估。", code="four-eyes")
    return row


def _draft_only(row: Disclosure) -> None:
    if row.status != DisclosureStatus.DRAFT:
        raise _illegal(row, "修改附件")


def _illegal(row: Disclosure, what: str) -> Conflict:
    return Conflict(
        f"这份披露现在是“{row.get_status_display()}”，不能{what}。请刷新后查看。",
        code="illegal-move",
    )


def _move(row: Disclosure, move: str, *, now: datetime) -> None:
    sources, target = rules.MOVES[move]
    if row.status not in sources:
        raise _illegal(row, MOVE_NAMES[move])
    row.status = target.value
    row.version, row.changed_at = row.version + 1, now
    row.save()


def _texts(data: DisclosureInput) -> dict[str, str]:
    found = {name: records.prose(getattr(data, name)) for name in TEXTS}
    found["title"] = records.tidy(data.title)[:200]
    found["funding_project"] = records.tidy(data.funding_project)[:300]
    return found


def _put_rows(row: Disclosure, data: DisclosureInput) -> None:
    row.contributors.all().delete()
    row.publications.all().delete()
    DisclosureContributor.objects.bulk_create(
        DisclosureContributor(
            disclosure=row,
            position=place,
            name=records.tidy(person.name)[:60],
            share=person.share,
            employer=records.tidy(person.employer)[:200],
        )
        for place, person in enumerate(data.contributors)
    )
    DisclosurePublication.objects.bulk_create(
        DisclosurePublication(
            disclosure=row, kind=p.kind.value, on=p.on, where=records.tidy(p.where)[:200]
        )
        for p in data.publications
    )


def _refuse(problems: dict[str, list[str]]) -> None:
    if problems:
        raise Invalid(fields=problems)


def _tell(users: Iterable[int], row: Disclosure, title: str, body: str, *, now: datetime) -> None:
    notices.notify(
        users=users,
        kind="disclosure.progress",
        key=f"disclosure:{row.pk}:{row.version}",
        title=title,
        body=body,
        url=f"/disclosures/{row.pk}/",
        now=now,
    )


def _tell_inventor(row: Disclosure, title: str, body: str, *, by: Actor, now: datetime) -> None:
    if row.inventor_id != by.user_id:
        _tell([row.inventor_id], row, title, body, now=now)
