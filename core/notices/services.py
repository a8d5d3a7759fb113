"""Putting notices into people's bells, and marking them read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

from core.notices import selectors
from core.notices.models import Notice, NoticePreference
from core.people.types import Actor

log = logging.getLogger(__name__)

KINDS: dict[str, str] = {
    "match.pushed": "新的匹配推送",
    "gathering.progress": "活动报名、约见与提醒",
    "shortlist.progress": "服务机构的推荐清单",
    "lead.interest": "企业的合作意向与改进建议",
    "need.progress": "需求到期、完善建议与委托",
    "listing.changed": "挂牌与法律状态变化",
    "sheet.review": "推介表审核",
    "auction.progress": "拍卖与公示进展",
    "disclosure.progress": "发明披露与评估",
    "licence.progress": "许可办理进展",
    "pool.progress": "专利池申请、许可与分配",
    "deal.progress": "转让与许可洽谈进展",
    "dispute.progress": "合同纠纷与调解",
    "conduct.progress": "信用记录",
    "licence.deadline": "备案期限提醒",
    "outcome.progress": "转化反馈与核实",
    "income.progress": "收益分配",
    "pledge.progress": "质押登记与解除",
    "annuity.due": "年费提醒",
    "consent": "共有人同意",
    "library.layers": "专利分层、推广与复核",
    "import.finished": "批量导入结果",
    "claim.progress": "专利权属主张",
    "export.finished": "导出文件",
    "drive.progress": "盘点动员进展与提醒",
    "search.found": "保存的检索有新专利",
    "rating.progress": "服务评价与答复",
    "engine.progress": "匹配引擎的学习与版本",
    "account.progress": "入驻、成员与账户",
    "endpoint.progress": "开放平台：推送中断与停用",
    "system": "系统通知",
}


def channel(user_id: int) -> str:
    """The pub/sub channel on which an open page of this person listens."""
    return f"notices:{user_id}"


@dataclass(frozen=True, slots=True)
class Message:
    """One line for one person's bell."""

    user_id: int
    key: str
    title: str
    body: str = ""
    url: str = ""


def notify(
    *,
    users: Iterable[int],
    kind: str,
    key: str,
    title: str,
    now: datetime,
    body: str = "",
    url: str = "",
) -> list[int]:
    """Tell these people once, unless they switched the kind off; the ids of those told now.

    The unique (user, key) makes a repeat find nothing to do. Open pages hear after commit;
    if the channel is down they find the notice at their next look.
    """
    wanted = sorted(set(users))
    messages = [Message(user_id, key, title, body, url) for user_id in wanted]
    return [message.user_id for message in notify_each(messages, kind=kind, now=now)]


def notify_each(messages: Iterable[Message], *, kind: str, now: datetime) -> list[Message]:
    """The same for many messages of one kind, in four statements; those that were told now."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is not a kind of notice.")
    rows = {(message.user_id, message.key): message for message in messages}
    users = {user_id for user_id, _key in rows}
    off = selectors.switched_off(users, kind=kind)
    had = set(
        Notice.objects.filter(user_id__in=users, key__in={key for _user, key in rows}).values_list(
            "user_id", "key"
        )
    )
    fresh = [m for pair, m in rows.items() if m.user_id not in off and pair not in had]
    if not fresh:
        return []
    Notice.objects.bulk_create(
        [
            Notice(
                user_id=m.user_id,
                kind=kind,
                key=m.key,
                title=m.title[:200],
                body=m.body[:500],
                url=m.url,
                created_at=now,
            )
            for m in fresh
        ],
        ignore_conflicts=True,
        batch_size=1_000,
    )
    transaction.on_commit(lambda: _ring(fresh), robust=True)
    return fresh


def _ring(told: list[Message]) -> None:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            pipe = client.pipeline(transaction=False)
            for m in told:
                line = {"title": m.title, "body": m.body, "url": m.url}
                pipe.publish(channel(m.user_id), json.dumps(line, ensure_ascii=False))
            pipe.execute()
    except RedisError:
        log.warning("The notice channel is down; bells ring at the next page view.")


def mark_read(*, by: Actor, now: datetime, notice_id: int | None = None) -> int:
    """Mark one of the actor's notices, or all of them, as read; how many were unread."""
    if by.user_id is None:
        return 0
    rows = Notice.objects.filter(user_id=by.user_id, read_at__isnull=True)
    if notice_id is not None:
        rows = rows.filter(pk=notice_id)
    return rows.update(read_at=now)


@transaction.atomic
def set_preferences(*, by: Actor, off: Iterable[str]) -> None:
    """Replace the kinds of notice that the actor has switched off."""
    if by.user_id is None:
        return
    chosen = sorted(set(off) & KINDS.keys())
    NoticePreference.objects.filter(user_id=by.user_id).exclude(kind__in=chosen).delete()
    NoticePreference.objects.bulk_create(
        [NoticePreference(user_id=by.user_id, kind=kind) for kind in chosen],
        ignore_conflicts=True,
    )


def forget(*, about: str) -> int:
    """Delete everybody's notices whose keys begin so; how many. For what must be told no more."""
    return Notice.objects.filter(key__startswith=about).delete()[0]
