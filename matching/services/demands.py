"""Commands on needs and subscriptions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Governance, Permission, require
from core.reference import ipc as ipc_rules
from core.reference import selectors as reference
from matching import rules
from matching.models import Lead, Need, Subscription
from matching.models.demands import divisions
from matching.rules import needs as need_rules
from matching.rules import revisions
from matching.services.need_texts import keep_own, tell_client
from matching.types import (
    EndingInput,
    ListType,
    NeedInput,
    NeedStatus,
    SubscriptionInput,
    SubscriptionStatus,
    Visibility,
)


class _Owner:
    """The organisation a demand is to belong to, as `require` reads it."""

    def __init__(self, organisation_id: int) -> None:
        self.organisation_id = organisation_id

    def governed_by(self) -> Governance:
        return Governance(organisations=frozenset({self.organisation_id}))


def _owner(by: Actor, organisation_id: int | None, permission: Permission) -> int:
    """The organisation acted for, or the mandator named; the actor must act for it."""
    chosen = by.organisation_id if organisation_id is None else organisation_id
    require(by, permission)
    if chosen is None:
        raise Invalid(fields={"organisation_id": ["请指明代表哪个机构。"]})
    require(by, permission, on=_Owner(chosen))
    return chosen


# --- needs -----------------------------------------------------------------------------------


@transaction.atomic
def post_need(
    *,
    data: NeedInput,
    by: Actor,
    now: datetime,
    organisation_id: int | None = None,
    open_now: bool = False,
    is_sample: bool = False,
) -> Need:
    """Keep a need; refined when it says enough, and open at once if asked for."""
    owner = _owner(by, organisation_id, Permission.POST_NEED)
    may_publish(data.list_type, by)
    fields = _need_fields(data, owner, ahead_of=timezone.localdate(now))
    need = Need(
        organisation_id=owner,
        status=NeedStatus.DRAFT if rules.lacking(data) else NeedStatus.REFINED,
        is_sample=is_sample,
        created_at=now,
        created_by=by.key,
        changed_at=now,
        **fields,
    )
    need.save(force_insert=True)
    audit.record("need.posted", subject=need, by=by, at=now)
    if owner != by.organisation_id and by.organisation_id is not None:
        tell_client(need, by=by, now=now)
    return open_need(need_id=need.pk, by=by, now=now) if open_now else need


@transaction.atomic
def edit_need(*, need_id: int, data: NeedInput, version: int, by: Actor, now: datetime) -> Need:
    """Change what a need says; Conflict when somebody else has changed it meanwhile."""
    need = locked_need(need_id, by)
    _same_version(need.version, version)
    is_owner(need, by)
    before = revisions.kept(as_input(need))
    apply_edit(need, data, by=by, now=now)
    keep_own(need, before, revisions.kept(as_input(need)), by=by, now=now)
    return need


def is_owner(need: Need, by: Actor) -> None:
    """An agent proposes; only consented text goes live."""
    if not by.is_system and by.organisation_id != need.organisation_id:
        raise Conflict(
            _("这是委托方的需求：请提交完善建议，对方同意后生效；开放、续期和结束由对方办理。"),
            code="agent-proposes",
        )


def apply_edit(need: Need, data: NeedInput, *, by: Actor, now: datetime) -> None:
    """Write a new text over a locked need, and have it matched anew when it is live."""
    if need.status in {NeedStatus.SOLVED, NeedStatus.CLOSED}:
        raise Conflict(_("这条需求已经结束，不能再修改；可重新开放后修改。"), code="need-ended")
    lacking = rules.lacking(data)
    if lacking and need.status in rules.LIVE_NEED:
        raise Invalid(_("需求正在征集中，修改后仍须完整。"), fields=lacking)
    if data.list_type != need.list_type:
        may_publish(data.list_type, by)
    fields = check_need(data, need.organisation_id, now=now, kept=need)
    changes = {
        name: [str(getattr(need, name)), str(value)]
        for name, value in fields.items()
        if getattr(need, name) != value
    }
    for name, value in fields.items():
        setattr(need, name, value)
    if need.status in rules.LIVE_NEED and "deadline" in changes:
        need.expires_on = expiry_of(need, now=now)
    if need.status == NeedStatus.DRAFT and not lacking:
        need.status = rules.after(rules.NEED_MOVES, need.status, "refine")
    elif need.status == NeedStatus.REFINED and lacking:
        need.status = rules.after(rules.NEED_MOVES, need.status, "unrefine")
    need.version += 1
    need.changed_at = now
    need.save()
    audit.record("need.edited", subject=need, by=by, at=now, changes=changes)
    if need.status in rules.LIVE_NEED:
        _emit_need("need.changed", need, by=by, now=now)


def check_need(
    data: NeedInput, organisation_id: int, *, now: datetime, kept: Need
) -> dict[str, Any]:
    """The columns of an edited need, or Invalid; nothing is written."""
    ahead = None if data.deadline == kept.deadline else timezone.localdate(now)
    return _need_fields(data, organisation_id, ahead_of=ahead)


@transaction.atomic
def open_need(*, need_id: int, by: Actor, now: datetime) -> Need:
    """Ask for solutions: matched from now on, and on the board as far as its visibility goes."""
    need = locked_need(need_id, by)
    is_owner(need, by)
    if need.status == NeedStatus.DRAFT:
        raise Invalid(_("需求还不完整，请先补充再开放征集。"), fields=rules.lacking(as_input(need)))
    move = "open" if need.status == NeedStatus.REFINED else "reopen"
    _move_need(need, move)
    need.opened_at, need.opened_by = now, by.key
    need.ended_at = need.ended_by = None
    need.ending, need.ending_note, need.ending_patent_id = "", "", None
    need.expires_on = expiry_of(need, now=now)
    need.changed_at = now
    need.version += 1
    need.save()
    audit.record("need.opened", subject=need, by=by, at=now)
    _emit_need("need.opened", need, by=by, now=now)
    return need


def expiry_of(need: Need, *, now: datetime) -> date:
    """The last day on which a need stands from now on, as its region has it."""
    months = people.region_setting("need.months", need.region, default=need_rules.MONTHS)
    today = timezone.localdate(now)
    return need_rules.expiry(today=today, deadline=need.deadline, months=int(months))


def close_need(*, need_id: int, by: Actor, now: datetime, said: EndingInput | None = None) -> Need:
    """Stop asking, whatever came of it."""
    return _end_need(need_id, "close", said, by=by, now=now)


def solve_need(*, need_id: int, by: Actor, now: datetime, said: EndingInput | None = None) -> Need:
    """Stop asking because it is solved, and by what if that is said."""
    return _end_need(need_id, "solve", said, by=by, now=now)


def finish_need(*, need_id: int, said: EndingInput, by: Actor, now: datetime) -> Need:
    """Stop asking and say how it ended; the ending decides whether it counts as solved."""
    return _end_need(need_id, need_rules.move_of(said.ending), said, by=by, now=now)


@transaction.atomic
def _end_need(
    need_id: int, move: str, said: EndingInput | None, *, by: Actor, now: datetime
) -> Need:
    need = locked_need(need_id, by)
    is_owner(need, by)
    was_live = need.status in rules.LIVE_NEED
    if move == "close" and need.status == NeedStatus.DRAFT and not need.problem:
        need.problem = need.title  # a closed row must say something; a draft may not have
    _move_need(need, move)
    if said is not None:
        _say_ending(need, said, move)
    need.ended_at, need.ended_by = now, by.key
    need.changed_at = now
    need.version += 1
    need.save()
    past = {"close": "closed", "solve": "solved"}[move]
    changes = {"ending": need.ending} if need.ending else {}
    audit.record(f"need.{past}", subject=need, by=by, at=now, changes=changes)
    if was_live:
        _emit_need("need.closed", need, by=by, now=now)
    return need


def _say_ending(need: Need, said: EndingInput, move: str) -> None:
    problems = need_rules.wrong_with_ending(said.ending, move=move, patent_id=said.patent_id)
    if len(said.note) > need_rules.LONGEST_NOTE:
        problems["note"] = [_("说明最多 %(n)s 个字。") % {"n": need_rules.LONGEST_NOTE}]
    if said.patent_id is not None and not problems:
        met = Lead.objects.filter(organisation_id=need.organisation_id, patent_id=said.patent_id)
        if not (met.exists() or need.matches.filter(patent_id=said.patent_id).exists()):
            problems["patent_id"] = [_("这件专利没有推荐给过贵单位，请从列表中选择。")]
    if problems:
        raise Invalid(fields=problems)
    need.ending, need.ending_note = said.ending, said.note.strip()
    need.ending_patent_id = said.patent_id


def locked_need(need_id: int, by: Actor) -> Need:
    """The actor's own need, locked; DoesNotExist when it may not know of it."""
    need = Need.objects.visible_to(by).select_for_update(of=("self",)).get(pk=need_id)
    require(by, Permission.POST_NEED, on=need)
    return need


def _move_need(need: Need, move: str) -> None:
    try:
        need.status = rules.after(rules.NEED_MOVES, need.status, move)
    except rules.IllegalMove:
        raise Conflict(
            _("需求现在是“%(status)s”，不能这样办理；请刷新页面查看最新状态。")
            % {"status": need.get_status_display()},
            code="illegal-move",
        ) from None


def _emit_need(name: str, need: Need, *, by: Actor, now: datetime) -> None:
    payload = {
        "need_id": need.pk,
        "organisation_id": need.organisation_id,
        "visibility": need.visibility,
        "region": need.region,
    }
    outbox.emit(name, subject=need, by=by, at=now, payload=payload)


def as_input(need: Need) -> NeedInput:
    """What a need says now, as it would come in."""
    return NeedInput(
        title=need.title,
        situation=need.situation,
        problem=need.problem,
        targets=need.targets,
        budget=need.budget,
        deadline=need.deadline,
        industry_codes=tuple(need.industry_codes),
        ipc=tuple(need.ipc),
        trl=need.trl,
        licence_modes=tuple(need.licence_modes),
        region=need.region,
        visibility=Visibility(need.visibility),
        tried=need.tried,
        limits=need.limits,
        metrics=need.targets_with_numbers,
        list_type=ListType(need.list_type),
        is_confidential=need.is_confidential,
        released=tuple(need.released),
    )


def _need_fields(data: NeedInput, organisation_id: int, *, ahead_of: date | None) -> dict[str, Any]:
    """The columns of a need; a deadline that is new must not be past already."""
    problems = rules.wrong_with_need(data) | need_rules.wrong_with_details(data)
    if ahead_of is not None and data.deadline is not None and data.deadline < ahead_of:
        problems["deadline"] = [_("期望完成日已经过去，请改成今天或以后的日期。")]
    symbols = _symbols(data.ipc, problems)
    industries = _industries(data.industry_codes, problems)
    region = data.region or people.organisation(organisation_id).region
    if region and not reference.region_known(region):
        problems["region"] = [_("行政区划代码 %(code)s 不在 GB/T 2260 中。") % {"code": region}]
    if problems:
        raise Invalid(fields=problems)
    return {
        "title": data.title.strip(),
        "situation": data.situation.strip(),
        "problem": data.problem.strip(),
        "targets": data.targets.strip(),
        "budget": data.budget,
        "deadline": data.deadline,
        "industry_codes": industries,
        "industry_divisions": divisions(industries),
        "ipc": symbols,
        "trl": data.trl,
        "licence_modes": list(data.licence_modes),
        "region": region.ljust(6, "0") if region else "",
        "visibility": data.visibility,
        "tried": data.tried.strip(),
        "limits": data.limits.strip(),
        "metrics": [asdict(row) for row in data.metrics],
        "list_type": data.list_type,
        "is_confidential": data.is_confidential,
        "released": need_rules.released_of(data),
    }


def may_publish(list_type: ListType, by: Actor) -> None:
    """Lists for a whole industry or scenario come from a body that speaks for it."""
    if list_type in need_rules.SHARED_LISTS:
        require(by, Permission.PUBLISH_NEED_LIST)


def _symbols(symbols: tuple[str, ...], problems: dict[str, list[str]]) -> list[str]:
    """IPC symbols in their one spelling; a malformed one is a problem, an unknown one is not."""
    found: list[str] = []
    for text in symbols:
        if len(text.strip()) <= 4 and reference.ipc_known(text):
            found.append(text.strip().upper())
            continue
        try:
            found.append(ipc_rules.parse(text).printed)
        except ipc_rules.IpcError as wrong:
            problems.setdefault("ipc", []).append(f"{wrong.message}{wrong.mend}")
    return list(dict.fromkeys(found))


def _industries(codes: tuple[str, ...], problems: dict[str, list[str]]) -> list[str]:
    for code in codes:
        if not reference.industry_known(code):
            problems.setdefault("industry_codes", []).append(
                _("行业代码 %(code)s 不在 GB/T 4754 中，请从列表中选择。") % {"code": code}
            )
    return list(dict.fromkeys(code.strip().upper() for code in codes))


# --- subscriptions ---------------------------------------------------------------------------


@transaction.atomic
def subscribe(
    *,
    data: SubscriptionInput,
    by: Actor,
    now: datetime,
    organisation_id: int | None = None,
    is_sample: bool = False,
) -> Subscription:
    """Keep a profile of what the firm wants pushed; it is matched from now on."""
    owner = _owner(by, organisation_id, Permission.SUBSCRIBE)
    row = Subscription(
        organisation_id=owner,
        is_sample=is_sample,
        created_at=now,
        created_by=by.key,
        changed_at=now,
        **_subscription_fields(data),
    )
    row.save(force_insert=True)
    audit.record("subscription.made", subject=row, by=by, at=now)
    emit_subscription(row, by=by, now=now)
    return row


@transaction.atomic
def edit_subscription(
    *, subscription_id: int, data: SubscriptionInput, version: int, by: Actor, now: datetime
) -> Subscription:
    """Change a profile; Conflict when somebody else has changed it meanwhile."""
    row = _locked_subscription(subscription_id, by)
    _same_version(row.version, version)
    for name, value in _subscription_fields(data).items():
        setattr(row, name, value)
    row.version += 1
    row.changed_at = now
    row.save()
    audit.record("subscription.edited", subject=row, by=by, at=now)
    emit_subscription(row, by=by, now=now)
    return row


def pause_subscription(*, subscription_id: int, by: Actor, now: datetime) -> Subscription:
    """Stop matching and pushing for it."""
    return _move_subscription(subscription_id, "pause", by=by, now=now)


def resume_subscription(*, subscription_id: int, by: Actor, now: datetime) -> Subscription:
    """Match and push for it again."""
    return _move_subscription(subscription_id, "resume", by=by, now=now)


@transaction.atomic
def _move_subscription(
    subscription_id: int, move: str, *, by: Actor, now: datetime
) -> Subscription:
    row = _locked_subscription(subscription_id, by)
    try:
        row.status = rules.after(rules.SUBSCRIPTION_MOVES, row.status, move)
    except rules.IllegalMove:
        raise Conflict(
            _("订阅现在是“%(status)s”，请刷新页面查看最新状态。")
            % {"status": row.get_status_display()},
            code="illegal-move",
        ) from None
    paused = row.status == SubscriptionStatus.PAUSED
    row.paused_at, row.paused_by = (now, by.key) if paused else (None, None)
    row.version += 1
    row.changed_at = now
    row.save()
    audit.record(f"subscription.{row.status}", subject=row, by=by, at=now)
    emit_subscription(row, by=by, now=now)
    return row


def _locked_subscription(subscription_id: int, by: Actor) -> Subscription:
    row = (
        Subscription.objects.visible_to(by).select_for_update(of=("self",)).get(pk=subscription_id)
    )
    require(by, Permission.SUBSCRIBE, on=row)
    return row


def profile_of(row: Subscription) -> SubscriptionInput:
    """What a subscription asks for now, as it would come in."""
    return SubscriptionInput(
        name=row.name,
        text=row.text,
        keywords=tuple(row.keywords),
        industry_codes=tuple(row.industry_codes),
        ipc=tuple(row.ipc),
        regions=tuple(row.regions),
        price_cap=row.price_cap,
        licence_modes=tuple(row.licence_modes),
        min_score=row.min_score,
        bell=row.bell,
    )


def emit_subscription(row: Subscription, *, by: Actor, now: datetime) -> None:
    payload = {
        "subscription_id": row.pk,
        "organisation_id": row.organisation_id,
        "status": row.status,
    }
    outbox.emit("subscription.changed", subject=row, by=by, at=now, payload=payload)


def _subscription_fields(data: SubscriptionInput) -> dict[str, Any]:
    problems = rules.wrong_with_subscription(data)
    symbols = _symbols(data.ipc, problems)
    industries = _industries(data.industry_codes, problems)
    for code in data.regions:
        if not reference.region_known(code):
            problems.setdefault("regions", []).append(
                _("行政区划代码 %(code)s 不在 GB/T 2260 中。") % {"code": code}
            )
    if problems:
        raise Invalid(fields=problems)
    return {
        "name": data.name.strip(),
        "text": data.text.strip(),
        "keywords": list(dict.fromkeys(word.strip() for word in data.keywords if word.strip())),
        "industry_codes": industries,
        "ipc": symbols,
        "regions": list(dict.fromkeys(data.regions)),
        "price_cap": data.price_cap,
        "licence_modes": list(data.licence_modes),
        "min_score": data.min_score,
        "bell": data.bell,
    }


def _same_version(stored: int, seen: int) -> None:
    if stored != seen:
        raise Conflict(
            _("您打开页面后，其他人已修改过这条内容。请刷新查看最新内容，再把您的修改填上。"),
            code="edited-meanwhile",
        )
