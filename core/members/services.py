"""Commands of those who run an organisation: invite, appoint, remove. And: accept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.core.signing import BadSignature, Signer
from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.members import selectors
from core.members.models import Invitation, InvitationStatus
from core.outbox import services as outbox
from core.people.models import Membership, Organisation, User
from core.people.types import Actor, Role
from core.permissions import Permission, require

_links = Signer(salt="core.members")
ROLE_WORDS = "请至少选择一个适合本机构的角色。"


def _organisation(by: Actor) -> Organisation:
    """The organisation acted for, locked: its people are changed by one at a time."""
    require(by, Permission.MANAGE_MEMBERS)
    return Organisation.objects.select_for_update().get(pk=by.organisation_id or 0)


def _fitting(roles: Iterable[str], organisation: Organisation, by: Actor) -> list[str]:
    wanted = sorted(set(roles))
    fit = {role.value for role in selectors.roles_to_give(organisation.kind, viewer=by)}
    if not wanted or set(wanted) - fit:
        raise Invalid(fields={"roles": [ROLE_WORDS]})
    return wanted


@transaction.atomic
def invite(
    *, email: str, roles: Iterable[str], administrator: bool = False, by: Actor, now: datetime
) -> int:
    """Owe a letter with a link to that address. Its id.

    Whether the address has an account is not said: only that it is no colleague's already.
    """
    organisation = _organisation(by)
    address = email.strip().lower()
    if organisation.memberships.filter(user__email=address).exists():
        raise Conflict("这个邮箱已经是本机构的成员，可以直接修改角色。", code="member-already")
    if organisation.invitations.filter(email=address, status=InvitationStatus.PENDING).exists():
        raise Conflict("已经邀请过这个邮箱，可以重发或撤销原来的邀请。", code="invited-already")
    row = Invitation.objects.create(
        organisation=organisation,
        email=address,
        roles=_fitting(roles, organisation, by),
        administrator=administrator,
        region=by.region if by.has(Role.BUREAU) else "",
        invited_at=now,
        invited_by=by.key,
        expires_at=now + timedelta(days=selectors.DAYS),
    )
    audit.record("member.invited", subject=row, by=by, at=now, changes={"roles": row.roles})
    _send(row, by=by, now=now)
    return row.pk


def _send(row: Invitation, *, by: Actor, now: datetime) -> None:
    payload = {"invitation_id": row.pk, "edition": row.edition}
    outbox.emit("member.invited", subject=row, by=by, at=now, payload=payload)


def _pending(invitation_id: int, by: Actor) -> Invitation:
    rows = Invitation.objects.filter(organisation_id=by.organisation_id or 0)
    row = rows.select_for_update(of=("self",)).get(pk=invitation_id)
    require(by, Permission.MANAGE_MEMBERS, on=row)
    if row.status != InvitationStatus.PENDING:
        raise Conflict("这份邀请已经接受或撤销。", code="invitation-over")
    return row


@transaction.atomic
def resend(*, invitation_id: int, by: Actor, now: datetime) -> None:
    """Send it anew; the old letter's link no longer works."""
    row = _pending(invitation_id, by)
    row.edition += 1
    row.expires_at = now + timedelta(days=selectors.DAYS)
    row.save(update_fields=["edition", "expires_at"])
    audit.record("member.invited_again", subject=row, by=by, at=now)
    _send(row, by=by, now=now)


@transaction.atomic
def revoke(*, invitation_id: int, by: Actor, now: datetime) -> None:
    """Take it back; its link no longer works."""
    row = _pending(invitation_id, by)
    row.status = InvitationStatus.REVOKED
    row.save(update_fields=["status"])
    audit.record("member.invitation_revoked", subject=row, by=by, at=now)


def link_of(row: Invitation) -> str:
    """The secret of the newest letter."""
    return _links.sign(f"{row.pk}.{row.edition}")


def behind(link: str, *, now: datetime) -> Invitation:
    """The invitation that a link stands for; Missing when it is used, old, replaced or forged."""
    gone = Missing("这个邀请链接已经用过、过期或被撤销，请让同事重发邀请。")
    try:
        pk, edition = map(int, _links.unsign(link).split("."))
    except (BadSignature, ValueError):
        raise gone from None
    row = Invitation.objects.select_related("organisation").filter(pk=pk, edition=edition).first()
    if row is None or not row.stands(now):
        raise gone
    return row


def has_account(row: Invitation) -> bool:
    """Whether the invited address already logs in here; for the holder of its link only."""
    return User.objects.filter(email=row.email).exists()


@transaction.atomic
def accept_as_new(*, link: str, display_name: str, password_hash: str, now: datetime) -> int:
    """Open the account that the letter was sent to, and appoint it. The user's id."""
    row = behind(link, now=now)
    if has_account(row):
        raise Conflict("这个邮箱已经有账户，请登录后接受邀请。", code="email-taken")
    user = User.objects.create(
        email=row.email, display_name=display_name.strip(), password=password_hash
    )
    EmailAddress.objects.create(user=user, email=row.email, verified=True, primary=True)
    by = Actor(user_id=user.pk, name=str(user))
    audit.record("user.registered", subject=user, by=by, at=now)
    _accept(row.pk, user, by=by, now=now)
    return user.pk


@transaction.atomic
def accept(*, link: str, by: Actor, now: datetime) -> int:
    """Whoever owns the invited address and is logged in joins. The organisation's id."""
    row = behind(link, now=now)
    user = User.objects.filter(pk=by.user_id or 0).first()
    if user is None or user.email != row.email:
        raise NotAllowed("这份邀请是发给另一个邮箱的，请用那个邮箱的账户登录后接受。")
    _accept(row.pk, user, by=by, now=now)
    return row.organisation_id


def _accept(invitation_id: int, user: User, *, by: Actor, now: datetime) -> None:
    row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation_id)
    if not row.stands(now):
        raise Missing("这个邀请链接已经用过、过期或被撤销，请让同事重发邀请。")
    row.status, row.accepted_at, row.accepted_by = InvitationStatus.ACCEPTED, now, user
    row.save(update_fields=["status", "accepted_at", "accepted_by"])
    has_default = user.memberships.filter(is_default=True).exists()
    _appoint(
        user.pk, row.organisation_id, row.roles, administrator=row.administrator,
        region=row.region, default=not has_default,
    )  # fmt: skip
    audit.record("member.joined", subject=user, by=by, at=now, changes={"roles": row.roles})
    payload = {"invitation_id": row.pk, "user_id": user.pk}
    outbox.emit("member.joined", subject=row, by=by, at=now, payload=payload)


def _appoint(
    user_id: int,
    organisation_id: int,
    roles: Iterable[str],
    *,
    administrator: bool,
    region: str,
    default: bool,
) -> None:
    """Make these the person's roles in the organisation; what stays keeps its region."""
    rows = Membership.objects.filter(user_id=user_id, organisation_id=organisation_id)
    wanted = sorted(set(roles))
    default = default or rows.filter(is_default=True).exists()
    rows.exclude(role__in=wanted).delete()
    kept = set(rows.values_list("role", flat=True))
    for role in wanted:
        if role not in kept:
            overseen = region if role == Role.BUREAU else ""
            Membership.objects.create(
                user_id=user_id, organisation_id=organisation_id, role=role, region=overseen
            )
    rows.update(is_administrator=administrator)
    if default and not rows.filter(is_default=True).exists():
        first = rows.order_by("pk").values("pk")[:1]
        Membership.objects.filter(pk__in=first).update(is_default=True)


def _keeps_an_administrator(organisation: Organisation, without: int) -> None:
    others = organisation.memberships.filter(is_administrator=True, user__is_active=True)
    if not others.exclude(user_id=without).exists():
        raise Conflict(
            "这是最后一名管理员。请先把另一位成员设为管理员，再修改或移除。",
            code="last-administrator",
        )


@transaction.atomic
def set_roles(
    *, user_id: int, roles: Iterable[str], administrator: bool, by: Actor, now: datetime
) -> None:
    """Change what a colleague is; the last administrator stays one."""
    organisation = _organisation(by)
    member = selectors.member(user_id, viewer=by)
    if member is None:
        raise Missing("本机构没有这位成员。")
    wanted = _fitting_or_held(roles, member.roles, organisation, by)
    if member.administrator and not administrator:
        _keeps_an_administrator(organisation, user_id)
    _appoint(
        user_id, organisation.pk, wanted, administrator=administrator,
        region=by.region if by.has(Role.BUREAU) else "", default=False,
    )  # fmt: skip
    user = User.objects.get(pk=user_id)
    changes = {"roles": wanted, "administrator": administrator}
    audit.record("member.roles_set", subject=user, by=by, at=now, changes=changes)
    payload = {"user_id": user_id, "organisation_id": organisation.pk, "roles": wanted}
    outbox.emit("member.changed", subject=user, by=by, at=now, payload=payload)


def _fitting_or_held(
    roles: Iterable[str], held: Iterable[str], organisation: Organisation, by: Actor
) -> list[str]:
    """New roles must fit; one that the person holds already may stay."""
    wanted = sorted(set(roles))
    added = sorted(set(wanted) - set(held))
    if not wanted or added:
        _fitting(added, organisation, by)
    return wanted


@transaction.atomic
def remove(*, user_id: int, by: Actor, now: datetime) -> None:
    """Somebody no longer belongs: an administrator says so, or they leave themselves."""
    if by.organisation_id is None:
        raise Missing("您没有加入任何机构。")
    organisation = Organisation.objects.select_for_update().get(pk=by.organisation_id)
    if user_id != by.user_id:
        require(by, Permission.MANAGE_MEMBERS)
    member = selectors.member(user_id, viewer=by)
    if member is None:
        raise Missing("本机构没有这位成员。")
    if member.administrator:
        _keeps_an_administrator(organisation, user_id)
    organisation.memberships.filter(user_id=user_id).delete()
    user = User.objects.get(pk=user_id)
    audit.record("member.removed", subject=user, by=by, at=now)
    payload = {"user_id": user_id, "organisation_id": organisation.pk, "roles": []}
    outbox.emit("member.changed", subject=user, by=by, at=now, payload=payload)
