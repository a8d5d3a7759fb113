"""A co-owner takes its consent back: what it leaves standing, and who is told what to do."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from core.days import legal_day
from licensing.models import OpenDeclaration
from licensing.rules import co_owners as rules
from licensing.rules import moves
from licensing.selectors.co_owners import all_doubted, days_of
from licensing.services.ground import tell


def follow_consent(
    *, patent_id: int, holder_name: str, co_owner_id: int | None, turn: str, now: datetime
) -> None:
    """Both sides hear what becomes of the declaration; hearing of it again rings nobody."""
    states = sorted(s.value for s in moves.OPEN_DECLARATIONS)
    row = OpenDeclaration.objects.filter(patent_id=patent_id, status__in=states).first()
    if row is None:
        return
    key, url = f"declaration-consent:{row.pk}:{turn}", f"/open-licences/{row.pk}/"
    title = _("%(who)s撤回了对开放许可的同意：%(title)s") % {
        "who": holder_name,
        "title": row.patent_title[:80],
    }
    if row.status != moves.DeclarationStatus.ANNOUNCED:
        body = _("这份声明还没有公告，重新取得全体共有人同意之前不能公告。")
        tell([row.licensor_id], kind="consent", key=key, title=title, body=body, url=url, now=now)
        return
    day = rules.decide_by(legal_day(now), days_of(row.region))
    body = rules.STANDS + _("请在 %(day)s 前与共有人商定：撤回声明，或重新取得同意。") % {
        "day": day.isoformat()
    }
    tell([row.licensor_id], kind="consent", key=key, title=title, body=body, url=url, now=now)
    if co_owner_id is not None:
        tell(
            [co_owner_id],
            kind="consent",
            key=f"{key}:co-owner",
            title=_("开放许可声明 %(number)s 继续有效") % {"number": row.number},
            body=rules.STANDS + _("已请声明单位在 %(day)s 前答复您。") % {"day": day.isoformat()},
            url=url,
            now=now,
        )


def remind_of_consents(*, now: datetime) -> int:
    """Once the days are over without a decision, both sides are told where it goes from here."""
    today = legal_day(now)
    late = [one for one in all_doubted() if one.decide_by < today]
    rows = OpenDeclaration.objects.in_bulk([one.declaration_id for one in late])
    for one in late:
        row = rows[one.declaration_id]
        sides = {row.licensor_id} | ({one.co_owner_id} if one.co_owner_id else set())
        tell(
            sorted(sides),
            kind="consent",
            key=f"declaration-consent-late:{row.pk}:{one.at.isoformat()}",
            title=_("共有人撤回同意后逾期未决定：%(title)s") % {"title": row.patent_title[:80]},
            body=_(
                "声明仍然有效。共有人之间协商不成的，可以申请专利主管部门调解，"
                "或者向人民法院起诉（专利法第十四条）。"
            ),
            url=f"/open-licences/{row.pk}/",
            now=now,
        )
    return len(late)
