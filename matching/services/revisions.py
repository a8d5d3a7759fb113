"""Refining a need under a mandate: an agent proposes, the firm consents or says why not."""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid, NotAllowed
from core.notices import services as notices
from core.people import selectors as people
from core.people import services as people_services
from core.people.types import Actor, Role
from core.permissions import Permission, require
from matching.models import NeedRevision
from matching.rules import revisions as rules
from matching.services.demands import apply_edit, as_input, check_need, locked_need
from matching.services.need_texts import next_number
from matching.types import NeedInput, NeedStatus, RevisionState

ENDED = frozenset({NeedStatus.SOLVED.value, NeedStatus.CLOSED.value})


# --- mandates --------------------------------------------------------------------------------


@transaction.atomic
def give_mandate(
    *, agent_id: int, starts_on: date, ends_on: date | None, by: Actor, now: datetime
) -> int:
    """Empower a broker's organisation to refine one's needs, from a day until revoked."""
    require(by, Permission.POST_NEED)
    problems: dict[str, list[str]] = {}
    if by.organisation_id is None or agent_id == by.organisation_id:
        problems["agent"] = [_("不能委托自己，请选择服务机构。")]
    elif not people.members(agent_id, Role.BROKER):
        problems["agent"] = [_("这家机构在平台上没有技术经纪人，请核对名称或换一家。")]
    if ends_on is not None and ends_on < starts_on:
        problems["ends_on"] = [_("截止日不能早于开始日。")]
    if problems:
        raise Invalid(fields=problems)
    assert by.organisation_id is not None
    mandate_id = people_services.give_mandate(
        principal_id=by.organisation_id,
        agent_id=agent_id,
        starts_on=starts_on,
        ends_on=ends_on,
        by=by,
        now=now,
    )
    _bell(
        people.members(agent_id, Role.BROKER),
        key=f"mandate:{mandate_id}",
        title=_("%(firm)s 委托贵单位完善需求")
        % {"firm": people.organisation(by.organisation_id).name},
        body=_("在“我的需求”里可以看到对方的需求，提出完善建议；对方同意后才生效。"),
        url="/needs/mine/",
        now=now,
    )
    return mandate_id


@transaction.atomic
def revoke_mandate(*, mandate_id: int, by: Actor, now: datetime) -> None:
    """End it at once; what the agent proposed and nobody decided on is withdrawn."""
    require(by, Permission.POST_NEED)
    principal_id, agent_id = people_services.revoke_mandate(mandate_id=mandate_id, by=by, now=now)
    waiting = NeedRevision.objects.select_for_update(of=("self",)).filter(
        need__organisation_id=principal_id, agent_id=agent_id, state=RevisionState.PROPOSED
    )
    for row in waiting:
        _close(row, RevisionState.WITHDRAWN, by=by, now=now)
    _bell(
        people.members(agent_id, Role.BROKER),
        key=f"mandate-end:{mandate_id}",
        title=_("%(firm)s 撤销了委托") % {"firm": people.organisation(principal_id).name},
        body=_("没有决定的完善建议已撤回。"),
        url="/needs/mine/",
        now=now,
    )


# --- proposals -------------------------------------------------------------------------------


@transaction.atomic
def propose_revision(
    *, need_id: int, data: NeedInput, note: str, by: Actor, now: datetime
) -> NeedRevision:
    """An agent's text for a client's need; nothing changes until the client consents."""
    need = locked_need(need_id, by)
    if need.organisation_id == by.organisation_id or by.organisation_id is None:
        raise Conflict(_("这是贵单位自己的需求，直接修改即可。"), code="own-need")
    if need.status in ENDED:
        raise Conflict(_("这条需求已经结束，不能再提建议。"), code="need-ended")
    before, on = rules.kept(as_input(need)), as_input(need)
    content = rules.kept(data)
    check_need(rules.restored(content, on), need.organisation_id, now=now, kept=need)
    if not rules.changed(before, content):
        raise Invalid(fields={"note": [_("内容和现在的一样，没有可以提交的修改。")]})
    if not note.strip() or len(note) > rules.LONGEST_NOTE:
        raise Invalid(fields={"note": [_("请用一两句话说明改了什么、为什么（1,000 字以内）。")]})
    try:
        with transaction.atomic():
            row = NeedRevision.objects.create(
                need=need,
                number=next_number(need),
                state=RevisionState.PROPOSED,
                before=before,
                content=content,
                base_version=need.version,
                agent_id=by.organisation_id,
                note=note.strip(),
                proposed_at=now,
                proposed_by=by.key,
            )
    except IntegrityError:
        raise Conflict(
            _("已经有一条建议在等企业决定，请等对方答复，或先撤回它。"), code="proposal-open"
        ) from None
    audit.record("need_revision.proposed", subject=row, by=by, at=now)
    _bell(
        people.members(need.organisation_id),
        key=f"revision:{row.pk}",
        title=_("技术经纪对需求提出完善建议：%(title)s") % {"title": need.title},
        body=_("改动处已标出。您同意之后才会生效；不同意请说明理由。"),
        url=f"/needs/revisions/{row.pk}/",
        now=now,
    )
    return row


@transaction.atomic
def answer_revision(
    *, revision_id: int, agrees: bool, reason: str = "", by: Actor, now: datetime
) -> NeedRevision:
    """The owner's word: agreed, the text is the need's from now on and is matched anew."""
    row = _locked(revision_id, by)
    if row.need.organisation_id != by.organisation_id:
        raise NotAllowed(_("只有需求所属的企业可以决定是否采纳。"))
    if not agrees and not reason.strip():
        raise Invalid(fields={"reason": [_("请写明不同意的理由，对方会据此修改。")]})
    if len(reason) > rules.LONGEST_NOTE:
        raise Invalid(fields={"reason": [_("理由最多 1,000 字。")]})
    row.reason = reason.strip()
    if agrees:
        need = locked_need(row.need_id, by)
        if need.version != row.base_version:
            raise Conflict(
                _("提出建议之后这条需求又改过，两边对不上。请对方按现在的内容重新提出。"),
                code="edited-meanwhile",
            )
        apply_edit(need, rules.restored(row.content, as_input(need)), by=by, now=now)
    state = RevisionState.AGREED if agrees else RevisionState.REFUSED
    _close(row, state, by=by, now=now)
    _bell(
        people.users_of([row.proposed_by]),
        key=f"revision-answer:{row.pk}",
        title=(_("企业同意了完善建议：%(title)s") if agrees else _("企业没有采纳建议：%(title)s"))
        % {"title": row.need.title},
        body=row.reason,
        url=f"/needs/revisions/{row.pk}/",
        now=now,
    )
    return row


@transaction.atomic
def withdraw_revision(*, revision_id: int, by: Actor, now: datetime) -> NeedRevision:
    """The agent takes its own proposal back."""
    row = _locked(revision_id, by)
    if row.agent_id != by.organisation_id:
        raise NotAllowed(_("只有提出建议的机构可以撤回。"))
    return _close(row, RevisionState.WITHDRAWN, by=by, now=now)


def _locked(revision_id: int, by: Actor) -> NeedRevision:
    rows = NeedRevision.objects.visible_to(by).select_for_update(of=("self",))
    row = rows.select_related("need").get(pk=revision_id)
    require(by, Permission.POST_NEED, on=row.need)
    if row.state != RevisionState.PROPOSED:
        raise Conflict(
            _("这条建议已经是“%(state)s”，请刷新页面查看。") % {"state": row.get_state_display()},
            code="illegal-move",
        )
    return row


def _close(row: NeedRevision, state: RevisionState, *, by: Actor, now: datetime) -> NeedRevision:
    row.state, row.decided_at, row.decided_by = state, now, by.key
    row.save(update_fields=["state", "decided_at", "decided_by", "reason"])
    changes = {"reason": row.reason} if row.reason else {}
    audit.record(f"need_revision.{state.value}", subject=row, by=by, at=now, changes=changes)
    return row


def _bell(users: object, *, key: str, title: str, body: str, url: str, now: datetime) -> None:
    notices.notify(
        users=users,  # type: ignore[arg-type]
        kind="need.progress",
        key=key,
        title=title,
        body=body,
        url=url,
        now=now,
    )
