"""Letters and notices about belonging to an organisation."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from core import letters
from core.members import services
from core.members.models import Invitation, InvitationStatus
from core.notices.services import notify
from core.outbox.registry import Event, consumer
from core.people import selectors as people


@consumer("member.invited", name="core.invitation_letter")
def send_invitation(event: Event, *, now: datetime) -> None:
    """The letter with the link, unless a newer one was asked for meanwhile."""
    rows = Invitation.objects.select_related("organisation")
    row = rows.filter(pk=event.payload["invitation_id"], edition=event.payload["edition"]).first()
    if row is None or row.status != InvitationStatus.PENDING:
        return
    path = reverse("core:member-accept", args=[services.link_of(row)])
    letters.send(
        to=row.email,
        subject=f"{row.organisation.name}邀请您加入",
        template="invitation",
        row=row,
        link=f"{settings.PUBLIC_URL}{path}",
    )


@consumer("member.joined", name="core.member_joined")
def tell_administrators(event: Event, *, now: datetime) -> None:
    """Those who run the organisation hear that the invitation was accepted."""
    row = Invitation.objects.filter(pk=event.payload["invitation_id"]).first()
    if row is None:
        return
    notify(
        users=people.administrators(row.organisation_id),
        kind="account.progress",
        key=f"joined:{row.pk}",
        title=f"{row.email} 已接受邀请，加入本机构",
        url=reverse("core:members"),
        now=now,
    )


@consumer("member.changed", name="core.member_changed")
def tell_member(event: Event, *, now: datetime) -> None:
    """Whose roles were changed, or who was removed, hears it from the platform."""
    if event.actor_key.startswith(f"user:{event.payload['user_id']}/"):
        return
    name = people.organisation(event.payload["organisation_id"]).name
    gone = not event.payload["roles"]
    notify(
        users=[event.payload["user_id"]],
        kind="account.progress",
        key=f"member:{event.id}",
        title=f"您不再是{name}的成员" if gone else f"您在{name}的角色有变化",
        body="如有疑问，请联系该机构的管理员。",
        url="/acting-as/",
        now=now,
    )
