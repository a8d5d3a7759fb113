"""Commands on people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, NotAllowed
from core.people import rules
from core.people import selectors as people
from core.people.models import Mandate, Membership, Organisation, User
from core.people.types import Actor, Role
from core.permissions import Permission, require


@transaction.atomic
def set_recommendations(*, wanted: bool, by: Actor, now: datetime) -> None:
    """Switch personal recommendations on or off for the actor (PIPL art. 24)."""
    if by.user_id is None:
        raise NotAllowed("请先登录，再修改推荐设置。", code="login-required")
    user = User.objects.select_for_update().get(pk=by.user_id)
    if user.wants_recommendations == wanted:
        return
    user.wants_recommendations = wanted
    user.save(update_fields=["wants_recommendations"])
    audit.record("user.recommendations", subject=user, by=by, at=now, changes={"wanted": wanted})


LONGEST_NAME = 60


@transaction.atomic
def set_name(*, name: str, by: Actor, now: datetime) -> None:
    """Correct one's own name (PIPL art. 46); what was signed under the old one keeps it."""
    if by.user_id is None:
        raise NotAllowed("请先登录，再修改姓名。", code="login-required")
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or "@" in name:
        raise Invalid(
            fields={"display_name": [f"请填写姓名，不超过 {LONGEST_NAME} 个字，不要写邮箱。"]}
        )
    user = User.objects.select_for_update().get(pk=by.user_id)
    if user.display_name == name:
        return
    user.display_name = name
    user.save(update_fields=["display_name"])
    audit.record("user.renamed", subject=user, by=by, at=now)


@transaction.atomic
def register_organisation(
    *,
    name: str,
    kind: str,
    uscc: str | None,
    region: str,
    industry_codes: Sequence[str] = (),
    tags: Sequence[str] = (),
    is_sample: bool = False,
    by: Actor,
    now: datetime,
) -> int:
    """Enter an organisation. Its id; Conflict when its code is taken."""
    require(by, Permission.EDIT_SETTINGS)
    code = rules.clean_uscc(uscc) if uscc else None
    if code and (problem := rules.uscc_error(code)):
        raise Invalid(fields={"uscc": [problem]})
    if code and Organisation.objects.filter(uscc=code).exists():
        raise Conflict("这个统一社会信用代码已经登记过，请在机构列表中查找。", code="uscc-taken")
    row = Organisation.objects.create(
        name=name,
        kind=kind,
        uscc=code,
        region=region,
        industry_codes=list(industry_codes),
        tags=list(tags),
        is_sample=is_sample,
    )
    audit.record("organisation.registered", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def register_user(
    *,
    email: str,
    display_name: str,
    password_hash: str,
    is_superuser: bool = False,
    by: Actor,
    now: datetime,
) -> int:
    """Open an account; `password_hash` comes from `make_password`. Its id."""
    require(by, Permission.EDIT_SETTINGS)
    email = email.strip().lower()
    if User.objects.filter(email=email).exists():
        raise Conflict("这个电子邮箱已经有账号，请直接登录或找回密码。", code="email-taken")
    row = User.objects.create(
        email=email,
        display_name=display_name,
        password=password_hash,
        is_staff=is_superuser,
        is_superuser=is_superuser,
    )
    audit.record("user.registered", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def appoint(
    *,
    user_id: int,
    organisation_id: int,
    role: Role,
    region: str = "",
    is_default: bool = False,
    by: Actor,
    now: datetime,
) -> int:
    """Let a person act in an organisation in a role; doing it twice is doing it once. Its id.

    Whoever comes first runs the organisation here, until they appoint others.
    """
    require(by, Permission.EDIT_SETTINGS)
    others = people.administrators(organisation_id)
    row, created = Membership.objects.get_or_create(
        user_id=user_id,
        organisation_id=organisation_id,
        role=role.value,
        defaults={
            "region": region,
            "is_default": is_default,
            "is_administrator": others in ([], [user_id]),
        },
    )
    if created:
        audit.record(
            "membership.appointed", subject=row, by=by, at=now, changes={"role": role.value}
        )
    return row.pk


@transaction.atomic
def give_mandate(
    *,
    principal_id: int,
    agent_id: int,
    starts_on: date,
    ends_on: date | None = None,
    by: Actor,
    now: datetime,
) -> int:
    """Let one organisation act for another, as the principal (or the platform) says. Its id."""
    if not by.is_system and by.organisation_id != principal_id:
        raise NotAllowed("只有委托方可以授予委托。", code="principal-only")
    live = Mandate.objects.filter(
        principal_id=principal_id, agent_id=agent_id, revoked_at__isnull=True
    )
    if live.exists():
        raise Conflict("这项委托已经存在，需要修改时请先撤销。", code="mandate-exists")
    row = Mandate.objects.create(
        principal_id=principal_id, agent_id=agent_id, starts_on=starts_on, ends_on=ends_on
    )
    audit.record("mandate.given", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def revoke_mandate(*, mandate_id: int, by: Actor, now: datetime) -> tuple[int, int]:
    """End a mandate at once; only its principal may. Who gave it and who held it."""
    rows = Mandate.objects.select_for_update(of=("self",))
    row = rows.get(pk=mandate_id, principal_id=by.organisation_id or 0)
    if row.revoked_at is not None:
        raise Conflict("这项委托已经撤销。", code="mandate-revoked")
    row.revoked_at, row.revoked_by = now, by.key
    row.save(update_fields=["revoked_at", "revoked_by"])
    audit.record("mandate.revoked", subject=row, by=by, at=now)
    return row.principal_id, row.agent_id


def note_sign_in(*, by: Actor, now: datetime, ways: Sequence[str]) -> None:
    """Somebody signed in, by these ways: password, totp, recovery_codes, a provider."""
    user = User.objects.get(pk=by.user_id or 0)
    audit.record("user.signed_in", subject=user, by=by, at=now, changes={"ways": [*ways]})


@transaction.atomic
def note_sign_out(*, by: Actor, now: datetime, everywhere: bool) -> None:
    """Somebody signed a device of theirs out; `everywhere` voids all sessions made so far."""
    user = User.objects.select_for_update().get(pk=by.user_id or 0)
    if everywhere:
        user.session_epoch += 1
        user.save(update_fields=["session_epoch"])
    audit.record("user.signed_out", subject=user, by=by, at=now, changes={"everywhere": everywhere})
