"""Copies are built beside the pages; people hear what became of their requests."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from core import letters
from core.notices.services import notify
from core.outbox.registry import Event, consumer
from core.people import selectors as people
from core.people.types import Actor, Role
from core.privacy import services, texts
from core.privacy.models import ErasureRequest, ErasureStatus


@consumer("personal.copy_asked", name="core.personal_copy")
def build(event: Event, *, now: datetime) -> None:
    """Write the copy and say that it is there."""
    row = services.build_copy(copy_id=event.payload["copy_id"], now=now)
    if row is not None:
        notify(
            users=[row.user_id],
            kind="account.progress",
            key=f"copy:{row.pk}",
            title="您的个人信息副本已经准备好",
            body="七天内可以下载，之后自动删除。",
            url=reverse("core:privacy"),
            now=now,
        )


@consumer("personal.erased", name=texts.FORGET)
def forget(event: Event, *, now: datetime) -> None:
    """Take the forgotten person out of this room's texts."""
    texts.forget(erasure_id=event.payload["erasure_id"])


@consumer("personal.erasure", name="core.erasure_news")
def tell(event: Event, *, now: datetime) -> None:
    """Administrators hear of a request, the person of a refusal."""
    row = (
        ErasureRequest.objects.select_related("user").filter(pk=event.payload["erasure_id"]).first()
    )
    if row is None or row.status != event.payload["status"]:
        return
    if row.status == ErasureStatus.APPROVED:
        address = services.erase(erasure_id=row.pk, by=Actor.system(), now=now)
        if address:
            letters.send(to=address, subject="账户已注销", template="erasure_done", row=row)
    elif row.status == ErasureStatus.ASKED:
        notify(
            users=[pk for pk in people.users_with(Role.SYSADMIN) if pk != row.user_id],
            kind="account.progress",
            key=f"erasure:{row.pk}",
            title="有人申请注销账户、删除个人信息",
            body="请在十五天内处理。",
            url=reverse("core:erasures"),
            now=now,
        )
    elif row.status == ErasureStatus.REFUSED:
        letters.send(
            to=row.user.email, subject="注销申请未通过", template="erasure_refused", row=row
        )
