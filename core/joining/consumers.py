"""Who hears that somebody wants to take part, and what came of it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from core import letters
from core.joining import services
from core.joining.models import JoinApplication
from core.joining.rules import Decider, Status
from core.notices.services import notify
from core.outbox.registry import Event, consumer
from core.people import selectors as people
from core.people.models import User
from core.people.types import Role


def _row(event: Event) -> JoinApplication | None:
    return JoinApplication.objects.filter(pk=event.payload["application_id"]).first()


@consumer("joining.asked", name="core.joining_letter")
def send_letter(event: Event, *, now: datetime) -> None:
    """To a new address the link to confirm; to one with an account, that it has one."""
    row = _row(event)
    if row is None or row.status != Status.UNCONFIRMED:
        return
    if User.objects.filter(email=row.email).exists():
        letters.send(to=row.email, subject="您已经有账户", template="joining_known", name=row.name)
        services.drop(JoinApplication.objects.filter(pk=row.pk))
        return
    path = reverse("core:joining-confirm", args=[services.link_of(row.pk)])
    letters.send(
        to=row.email,
        subject="请确认邮箱，完成入驻申请",
        template="joining_confirm",
        name=row.name,
        link=f"{settings.PUBLIC_URL}{path}",
    )


@consumer("joining.pending", name="core.joining_queue")
def tell_deciders(event: Event, *, now: datetime) -> None:
    """A notice to those who answer; the applicant learns who that is, not their names."""
    row = _row(event)
    if row is None or row.status != Status.PENDING:
        return
    ours = row.decider == Decider.MEMBERS
    if ours:
        deciders = people.administrators(row.organisation_id or 0)
    else:
        deciders = people.bureau_members_for(row.region) or people.users_with(Role.SYSADMIN)
    notify(
        users=deciders,
        kind="account.progress",
        key=f"joining:{row.pk}:{event.id}",
        title=f"{row.person}申请加入本单位" if ours else f"入驻申请：{row.name}",
        body="请核对材料后答复。",
        url=reverse("core:joining", args=[row.pk]),
        now=now,
    )
    if ours and row.applicant_id:
        notify(
            users=[row.applicant_id],
            kind="account.progress",
            key=f"joining:{row.pk}:led",
            title="您的申请已转给本单位的管理员",
            body="这家机构已经入驻，由机构自己的管理员答复。也可以直接请同事邀请您。",
            url=reverse("core:joining", args=[row.pk]),
            now=now,
        )


@consumer("joining.answered", name="core.joining_answer")
def tell_applicant(event: Event, *, now: datetime) -> None:
    """A notice and a letter: in, not in, or what is missing."""
    row = _row(event)
    if row is None or row.applicant is None or row.status in (Status.PENDING, Status.WITHDRAWN):
        return
    title = {
        Status.APPROVED: f"欢迎入驻：{row.name}",
        Status.REFUSED: f"入驻申请未通过：{row.name}",
        Status.MORE_NEEDED: f"入驻申请需要补充材料：{row.name}",
    }[Status(row.status)]
    url = reverse("core:joining", args=[row.pk])
    notify(
        users=[row.applicant_id or 0],
        kind="account.progress",
        key=f"joining:{row.pk}:{event.id}",
        title=title,
        body=row.note[:300],
        url="/" if row.status == Status.APPROVED else url,
        now=now,
    )
    letters.send(
        to=row.applicant.email,
        subject=title,
        template="joining_answer",
        row=row,
        link=f"{settings.PUBLIC_URL}{url}",
    )
