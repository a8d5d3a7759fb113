"""Commands: ask to take part, confirm the address, answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.joining import rules
from core.joining.models import JoinApplication
from core.joining.rules import NOT_BY_ASKING, OPEN, Decider, Status
from core.outbox import services as outbox
from core.people import rules as codes
from core.people import selectors as people
from core.people.models import Membership, Organisation, OrganisationKind, User
from core.people.types import Actor, Role
from core.permissions import Permission, require
from core.reference.selectors import region_known

_links = TimestampSigner(salt="core.joining")


@dataclass(frozen=True, slots=True)
class Paper:
    """What is asked of an organisation that wants to take part."""

    name: str
    uscc: str
    kind: str
    region: str
    person: str
    phone: str = ""
    remark: str = ""


def _checked(paper: Paper) -> dict[str, str]:
    """The paper's facts as stored; Invalid names what cannot be."""
    wrong: dict[str, list[str]] = {}
    if problem := codes.uscc_error(paper.uscc):
        wrong["uscc"] = [problem]
    if paper.kind not in OrganisationKind.values or paper.kind in NOT_BY_ASKING:
        wrong["kind"] = ["请选择机构类型；主管部门由平台管理员开通。"]
    if len(paper.region) != 6 or not region_known(paper.region):
        wrong["region"] = ["找不到这个行政区划，请填写六位代码，或写全省、市、区（县）名称。"]
    if not paper.name.strip():
        wrong["name"] = ["请填写机构全称，与营业执照或登记证书一致。"]
    if wrong:
        raise Invalid(fields=wrong)
    return {
        "name": " ".join(paper.name.split()),
        "uscc": codes.clean_uscc(paper.uscc),
        "kind": paper.kind,
        "region": paper.region,
        "person": paper.person.strip(),
        "phone": paper.phone.strip(),
        "remark": paper.remark.strip(),
    }


@transaction.atomic
def ask_as_stranger(
    *,
    paper: Paper,
    email: str,
    password_hash: str,
    evidence: UploadedFile[bytes],
    by: Actor,
    now: datetime,
) -> int:
    """Keep what a visitor wrote, and owe a letter to that address. Its id.

    Whether the address or the code is known here is not looked at: the same is done, in the same
    time, for all. The letter says it, and only its owner reads that.
    """
    facts = _checked(paper)
    kept = attachments.store(evidence, purpose="joining", by=by, now=now, field="evidence")
    row = JoinApplication.objects.create(
        **facts,
        email=email.strip().lower(),
        password_hash=password_hash,
        evidence=kept,
        status=Status.UNCONFIRMED,
        created_at=now,
    )
    audit.record("joining.asked", subject=row, by=by, at=now)
    outbox.emit("joining.asked", subject=row, by=by, at=now, payload={"application_id": row.pk})
    return row.pk


@transaction.atomic
def ask_as_user(*, paper: Paper, evidence: UploadedFile[bytes], by: Actor, now: datetime) -> int:
    """Somebody with an account asks for (another) organisation. Its id."""
    if by.user_id is None:
        raise NotAllowed("请先登录，再提交申请。", code="login-required")
    facts = _checked(paper)
    user = User.objects.select_for_update().get(pk=by.user_id)
    if user.memberships.filter(organisation__uscc=facts["uscc"]).exists():
        raise Conflict("您已经是这家机构的成员，请在右上角切换身份。", code="member-already")
    if user.joinings.filter(uscc=facts["uscc"], status__in=OPEN).exists():
        raise Conflict("您已经提交过这家机构的申请，请等待答复，或先撤回。", code="asked-already")
    kept = attachments.store(evidence, purpose="joining", by=by, now=now, field="evidence")
    row = JoinApplication.objects.create(
        **facts,
        email=user.email,
        evidence=kept,
        applicant=user,
        status=Status.PENDING,
        created_at=now,
        confirmed_at=now,
        **_addressed_to(facts["uscc"]),
    )
    audit.record("joining.asked", subject=row, by=by, at=now)
    _tell("joining.pending", row, by=by, now=now)
    return row.pk


def _addressed_to(uscc: str) -> dict[str, Any]:
    """Who answers: those who run the organisation of this code, else the bureau."""
    here = Organisation.objects.filter(uscc=uscc).first()
    if here is None:
        return {"decider": Decider.BUREAU, "organisation": None}
    run = people.administrators(here.pk)
    return {"decider": Decider.MEMBERS if run else Decider.BUREAU, "organisation": here}


def link_of(application_id: int) -> str:
    """The secret of a letter: proves that its reader owns the address."""
    return _links.sign(str(application_id))


def _behind(link: str) -> int:
    try:
        return int(_links.unsign(link, max_age=timedelta(days=rules.CONFIRM_DAYS)))
    except (BadSignature, ValueError):
        raise Missing("这个确认链接无效或已经过期，请重新提交申请。") from None


def waiting_for(link: str) -> JoinApplication:
    """The application that a letter's link confirms; Missing when it is used up."""
    row = JoinApplication.objects.filter(pk=_behind(link), status=Status.UNCONFIRMED).first()
    if row is None:
        raise Missing("这个确认链接已经用过或已经过期。已经确认的，请直接登录查看进展。")
    return row


@transaction.atomic
def confirm(*, link: str, by: Actor, now: datetime) -> int:
    """The owner of the address says yes: the account is opened, the application goes on. Its id.

    Other unconfirmed applications of the same address are dropped: their password is not theirs.
    """
    pk = waiting_for(link).pk
    row = JoinApplication.objects.select_for_update(of=("self",)).get(pk=pk)
    if row.status != Status.UNCONFIRMED:
        raise Conflict("已经确认过了，请直接登录。", code="confirmed-already")
    if User.objects.filter(email=row.email).exists():
        raise Conflict("这个邮箱已经有账户，请登录后在“机构入驻”里提交。", code="email-taken")
    user = User.objects.create(email=row.email, display_name=row.person, password=row.password_hash)
    EmailAddress.objects.create(user=user, email=row.email, verified=True, primary=True)
    person = Actor(user_id=user.pk, name=row.person)
    audit.record("user.registered", subject=user, by=person, at=now)
    row.applicant, row.password_hash = user, ""
    row.status, row.confirmed_at = Status.PENDING, now
    for name, value in _addressed_to(row.uscc).items():
        setattr(row, name, value)
    row.save()
    audit.record("joining.confirmed", subject=row, by=person, at=now)
    drop(JoinApplication.objects.filter(email=row.email, status=Status.UNCONFIRMED))
    _tell("joining.pending", row, by=person, now=now)
    return row.pk


def drop(rows: Any) -> int:
    """Forget applications that nobody confirmed, with their files; how many."""
    evidence = list(rows.values_list("evidence_id", flat=True))
    rows.delete()
    attachments.discard(evidence)
    return len(evidence)


@transaction.atomic
def forget_unconfirmed(*, now: datetime) -> int:
    """Drop what nobody confirmed in time (PIPL art. 19: kept no longer than needed); how many."""
    before = now - timedelta(days=rules.CONFIRM_DAYS)
    old = JoinApplication.objects.filter(status=Status.UNCONFIRMED, created_at__lt=before)
    return drop(old)


def _tell(event: str, row: JoinApplication, *, by: Actor, now: datetime) -> None:
    outbox.emit(event, subject=row, by=by, at=now, payload={"application_id": row.pk})


def _locked(application_id: int, by: Actor) -> JoinApplication:
    rows = JoinApplication.objects.visible_to(by).select_for_update(of=("self",))
    return rows.get(pk=application_id)


def _move(row: JoinApplication, move: str) -> None:
    after = rules.after(row.status, move)
    if after is None:
        raise Conflict(
            f"这份申请现在是“{row.get_status_display()}”，不能这样办理。请刷新页面。",
            code="illegal-move",
        )
    row.status = after


def _require_decider(row: JoinApplication, by: Actor) -> None:
    if row.decider == Decider.MEMBERS:
        require(by, Permission.MANAGE_MEMBERS, on=row)
    else:
        require(by, Permission.REVIEW_JOINING, on=None if by.has(Role.SYSADMIN) else row)


@transaction.atomic
def supply(
    *,
    application_id: int,
    remark: str,
    evidence: UploadedFile[bytes] | None,
    by: Actor,
    now: datetime,
) -> None:
    """The applicant adds what was asked for."""
    row = _locked(application_id, by)
    if row.applicant_id != by.user_id:
        raise NotAllowed("只有申请人可以补充材料。")
    _move(row, "supply")
    row.remark = remark.strip()
    if evidence is not None:
        row.evidence = attachments.store(
            evidence, purpose="joining", by=by, now=now, field="evidence"
        )
    row.save(update_fields=["status", "remark", "evidence"])
    audit.record("joining.supplied", subject=row, by=by, at=now)
    _tell("joining.pending", row, by=by, now=now)


@transaction.atomic
def withdraw(*, application_id: int, by: Actor, now: datetime) -> None:
    """The applicant takes it back."""
    row = _locked(application_id, by)
    if row.applicant_id != by.user_id:
        raise NotAllowed("只有申请人可以撤回申请。")
    _move(row, "withdraw")
    row.save(update_fields=["status"])
    audit.record("joining.withdrawn", subject=row, by=by, at=now)


@transaction.atomic
def ask_for_more(*, application_id: int, note: str, by: Actor, now: datetime) -> None:
    """Say what is missing; the applicant adds it and it comes back."""
    row = _locked(application_id, by)
    _require_decider(row, by)
    _move(row, "ask")
    row.note = note.strip()
    row.save(update_fields=["status", "note"])
    audit.record("joining.asked_back", subject=row, by=by, at=now, changes={"note": row.note})
    _tell("joining.answered", row, by=by, now=now)


@transaction.atomic
def refuse(*, application_id: int, note: str, by: Actor, now: datetime) -> None:
    """Say no, and why."""
    row = _locked(application_id, by)
    _require_decider(row, by)
    _move(row, "refuse")
    _decide(row, note, by=by, now=now)
    audit.record("joining.turned_down", subject=row, by=by, at=now, changes={"note": row.note})
    _tell("joining.answered", row, by=by, now=now)


@transaction.atomic
def approve(*, application_id: int, note: str = "", by: Actor, now: datetime) -> int:
    """Let them in: the organisation is entered if it is not here, the person appointed. Its id.

    Others who asked with the same code now ask the organisation's own people.
    """
    row = _locked(application_id, by)
    _require_decider(row, by)
    _move(row, "approve")
    organisation = row.organisation or _entered(row, by=by, now=now)
    row.organisation = organisation
    _decide(row, note, by=by, now=now)
    membership, created = Membership.objects.get_or_create(
        user_id=row.applicant_id or 0,
        organisation=organisation,
        role=rules.first_role(organisation.kind).value,
        defaults={
            "is_default": not Membership.objects.filter(
                user_id=row.applicant_id or 0, is_default=True
            ).exists(),
            "is_administrator": not people.administrators(organisation.pk),
        },
    )
    if created:
        audit.record(
            "membership.appointed",
            subject=membership,
            by=by,
            at=now,
            changes={"role": membership.role},
        )
    audit.record("joining.let_in", subject=row, by=by, at=now)
    _tell("joining.answered", row, by=by, now=now)
    _lead_twins(row, organisation, by=by, now=now)
    return organisation.pk


def _entered(row: JoinApplication, *, by: Actor, now: datetime) -> Organisation:
    """The organisation of this code: as it was entered meanwhile, or now."""
    facts: Mapping[str, str] = {"name": row.name, "kind": row.kind, "region": row.region}
    organisation, created = Organisation.objects.get_or_create(uscc=row.uscc, defaults=facts)
    if created:
        audit.record("organisation.registered", subject=organisation, by=by, at=now)
    return organisation


def _decide(row: JoinApplication, note: str, *, by: Actor, now: datetime) -> None:
    row.note, row.decided_at, row.decided_by = note.strip(), now, by.key
    row.save(update_fields=["status", "note", "decided_at", "decided_by", "organisation"])


def _lead_twins(
    row: JoinApplication, organisation: Organisation, *, by: Actor, now: datetime
) -> None:
    others = JoinApplication.objects.filter(
        uscc=row.uscc, status__in=OPEN, decider=Decider.BUREAU
    ).exclude(pk=row.pk)
    for other in others.select_for_update(of=("self",)):
        other.decider, other.organisation = Decider.MEMBERS, organisation
        other.status = Status.PENDING
        other.save(update_fields=["decider", "organisation", "status"])
        audit.record("joining.led", subject=other, by=by, at=now)
        _tell("joining.pending", other, by=by, now=now)
