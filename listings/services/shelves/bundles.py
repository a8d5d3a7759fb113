"""Bundles 专利组合: several patents offered as one, as long as each of them may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings import types
from listings.models import Bundle, BundleMember, Listing
from listings.models.shelves import BundleStatus
from listings.rules import moves, records
from listings.rules import shelves as rules
from listings.rules.auctions import HIGHEST_PRICE
from listings.rules.moves import IllegalMove
from listings.selectors.register import legal
from listings.services.shelves import lineup
from listings.types import Action, Blocker, ListingStatus, Route

NOT_FOUND = "没有找到这个专利组合，可能已被撤回，或您无权查看。"
MOVE_NAMES = {"list": "上架", "suspend": "暂停", "resume": "恢复", "withdraw": "撤回"}
NOT_LISTED = Blocker("not-listed", "没有在架，请先发布挂牌。", "专利转化运用专项行动方案")
NO_CONSENT = Blocker(
    "no-consent", "由其他单位管理，还没有同意加入组合。", "专利法第十四条；民法典第八百六十条"
)
TOO_FEW = Blocker("too-few", "组合至少要有 2 件专利，请再加入。", "平台规则")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bundle as its office writes it."""

    title: str
    patents: str
    summary: str = ""
    routes: tuple[Route, ...] = ()
    price: Decimal | None = None
    contact: str = ""


def lock(bundle_id: int, *, by: Actor) -> Bundle:
    """The bundle's row, locked; Missing if the actor may not see it."""
    if not Bundle.objects.visible_to(by).filter(pk=bundle_id).exists():
        raise Missing(NOT_FOUND)
    return Bundle.objects.select_for_update(no_key=True).get(pk=bundle_id)


def _checked(draft: Draft) -> dict[str, Any]:
    problems: dict[str, list[str]] = {}
    title, price = records.tidy(draft.title)[:120], draft.price
    if not title:
        problems["title"] = ["请填写组合的名称。"]
    if price is not None and not (price.is_finite() and 0 <= price <= HIGHEST_PRICE):
        problems["price"] = ["整体报价应为不小于 0 的金额（元），面议就留空。"]
    if problems:
        raise Invalid(fields=problems)
    return {
        "title": title,
        "summary": records.prose(draft.summary)[:3_000],
        "routes": [Route(route).value for route in dict.fromkeys(draft.routes)],
        "price": price,
        "contact": records.tidy(draft.contact)[:200],
    }


@transaction.atomic
def make_bundle(*, draft: Draft, by: Actor, now: datetime) -> int:
    """A draft of the actor's organisation. Its id."""
    require(by, Permission.PUBLISH_LISTING)
    if by.organisation_id is None:
        raise Invalid(fields={"title": ["组合属于单位，请先切换到您任职的单位。"]})
    row = Bundle.objects.create(
        organisation_id=by.organisation_id,
        region=people.organisation(by.organisation_id).region,
        created_at=now,
        created_by=by.key,
        changed_at=now,
        **_checked(draft),
    )
    _fill(row, draft, by=by, now=now)
    audit.record("bundle.drafted", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def edit_bundle(
    *, bundle_id: int, draft: Draft, version: int | None, by: Actor, now: datetime
) -> None:
    """Replace a draft, or a suspended bundle that is being mended."""
    row = lock(bundle_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    if row.status not in (BundleStatus.DRAFT, BundleStatus.SUSPENDED):
        raise Conflict("在架的组合不能直接修改：请先暂停，改好再恢复。", code="on-the-board")
    if version is not None and version != row.version:
        raise Conflict(
            "这个组合刚被其他人修改过，您的修改没有保存。请刷新页面查看后再提交。",
            code="edited-meanwhile",
        )
    terms = (row.price, row.routes)
    for name, value in _checked(draft).items():
        setattr(row, name, value)
    row.version, row.changed_at = row.version + 1, now
    row.save()
    before = set(row.members.values_list("patent_id", flat=True))
    if terms != (row.price, row.routes):  # others agreed to other terms
        row.members.update(consented_at=None, consented_by=None)
    _fill(row, draft, by=by, now=now)
    audit.record("bundle.edited", subject=row, by=by, at=now)
    if gone := before - set(row.members.values_list("patent_id", flat=True)):
        _tell("bundle.reduced", row, by=by, now=now, patent_ids=sorted(gone))


def _fill(row: Bundle, draft: Draft, *, by: Actor, now: datetime) -> None:
    """Replace the members; consents already given stay. Other holders are asked."""
    wanted = lineup.read(draft.patents, by=by)
    if len(wanted) > rules.MOST_MEMBERS:
        raise Invalid(fields={"patents": [f"组合最多 {rules.MOST_MEMBERS} 件专利。"]})
    given = {m.patent_id: (m.consented_at, m.consented_by) for m in row.members.all()}
    row.members.all().delete()
    BundleMember.objects.bulk_create(
        BundleMember(
            bundle=row,
            patent_id=pk,
            position=place,
            note=note,
            consented_at=given.get(pk, (None, None))[0],
            consented_by=given.get(pk, (None, None))[1],
        )
        for place, (pk, note) in enumerate(wanted)
    )
    _ask_for_consent(row, now=now)


def _ask_for_consent(row: Bundle, *, now: datetime) -> None:
    waiting = (
        row.members.filter(consented_at__isnull=True, patent__organisation_id__isnull=False)
        .exclude(patent__organisation_id=row.organisation_id)
        .values_list("patent__organisation_id", flat=True)
    )
    for organisation_id in set(waiting):
        notices.notify(
            users=people.members(organisation_id, Role.OFFICE),
            kind="listing.changed",
            key=f"bundle:{row.pk}:consent:{organisation_id}:{row.version}",
            title=f"请确认是否同意加入专利组合：{row.title}",
            url=f"/library/bundles/{row.pk}/",
            now=now,
        )


@transaction.atomic
def consent_to_bundle(*, bundle_id: int, patent_id: int, by: Actor, now: datetime) -> None:
    """The office that manages a member agrees to offer it within the bundle."""
    row = lock(bundle_id, by=by)
    member = row.members.select_related("patent").filter(patent_id=patent_id).first()
    if member is None:
        raise Missing("这个组合里没有这件专利。")
    require(by, Permission.PUBLISH_LISTING, on=member.patent)
    if member.consented_at is None:
        member.consented_at, member.consented_by = now, by.key
        member.save(update_fields=["consented_at", "consented_by"])
        audit.record(
            "bundle.consented", subject=row, by=by, at=now, changes={"patent_id": patent_id}
        )
        _tell_office(
            row,
            f"已同意加入组合：{member.patent.title[:60]}",
            f"consented:{patent_id}:{row.version}",
            now=now,
        )


def blockers(row: Bundle, *, at: datetime) -> list[Blocker]:
    """Every reason why the bundle may not be offered as it is."""
    members = list(
        row.members.select_related("patent").defer("patent__embedding", "patent__search")
    )
    ids = [member.patent_id for member in members]
    found = [TOO_FEW] if len(ids) < rules.FEWEST_MEMBERS else []
    listed = set(
        Listing.objects.filter(patent_id__in=ids, status=ListingStatus.LISTED).values_list(
            "patent_id", flat=True
        )
    )
    against = legal.can_many(ids, Action.PUBLISH, at=at)
    for member in members:
        these = list(against.get(member.patent_id, []))
        if member.patent_id not in listed:
            these.append(NOT_LISTED)
        foreign = member.patent.organisation_id != row.organisation_id
        if foreign and member.consented_at is None:
            these.append(NO_CONSENT)
        name = member.patent.title[:24]
        found += [replace(b, message=f"“{name}”：{b.message}") for b in these]
    return found


def _move(row: Bundle, name: str, *, now: datetime, fields: Sequence[str] = ()) -> None:
    try:
        row.status = moves.after(rules.BUNDLE_MOVES, row.status, name)
    except IllegalMove as illegal:
        said = BundleStatus(illegal.status).label
        raise Conflict(
            f"这个组合现在是“{said}”，不能{MOVE_NAMES[name]}。请刷新后查看。", code="illegal-move"
        ) from illegal
    row.changed_at, row.version = now, row.version + 1
    row.save(update_fields=["status", "changed_at", "version", *fields])


def _refuse_if_blocked(row: Bundle, *, now: datetime) -> None:
    found = blockers(row, at=now)
    if refusing := types.hard(found):
        raise Conflict(
            "现在还不能上架：" + "".join(b.message for b in refusing),
            code="blocked",
            blockers=found,
        )


@transaction.atomic
def list_bundle(*, bundle_id: int, by: Actor, now: datetime) -> None:
    """Offer it; a suspended one again."""
    row = lock(bundle_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    _refuse_if_blocked(row, now=now)
    again = row.status == BundleStatus.SUSPENDED
    row.listed_at, row.listed_by, row.suspended_because = now, by.key, ""
    fields = ("listed_at", "listed_by", "suspended_because")
    _move(row, "resume" if again else "list", now=now, fields=fields)
    audit.record("bundle.listed", subject=row, by=by, at=now)
    _tell("bundle.listed", row, by=by, now=now)


@transaction.atomic
def suspend_bundle(*, bundle_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Take it down for the time being."""
    row = lock(bundle_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    _suspend(row, records.tidy(reason)[:500] or "牵头单位暂停", by=by, now=now)


def _suspend(row: Bundle, reason: str, *, by: Actor, now: datetime) -> None:
    row.suspended_because = reason
    _move(row, "suspend", now=now, fields=("suspended_because",))
    audit.record("bundle.suspended", subject=row, by=by, at=now, changes={"reason": reason})
    _tell("bundle.suspended", row, by=by, now=now, reason=reason)


@transaction.atomic
def withdraw_bundle(*, bundle_id: int, by: Actor, now: datetime) -> None:
    """End it."""
    row = lock(bundle_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    was_public = row.listed_at is not None
    _move(row, "withdraw", now=now)
    audit.record("bundle.withdrawn", subject=row, by=by, at=now)
    if was_public:
        _tell("bundle.withdrawn", row, by=by, now=now)


@transaction.atomic
def suspend_bundles_of(*, patent_id: int, by: Actor, now: datetime) -> int:
    """Take down every listed bundle that a patent's change makes impossible; how many."""
    found = Bundle.objects.filter(members__patent_id=patent_id, status=BundleStatus.LISTED)
    done = 0
    for pk in list(found.values_list("pk", flat=True)):
        row = Bundle.objects.select_for_update(no_key=True).get(pk=pk)
        against = types.hard(blockers(row, at=now))
        if row.status == BundleStatus.LISTED and against:
            reason = "".join(blocker.message for blocker in against)[:500]
            _suspend(row, reason, by=by, now=now)
            _tell_office(row, f"专利组合已暂停：{row.title}", f"suspended:{row.version}", now=now)
            done += 1
    return done


def _tell(name: str, row: Bundle, *, by: Actor, now: datetime, **extra: Any) -> None:
    payload = {
        "bundle_id": row.pk,
        "patent_ids": list(row.members.values_list("patent_id", flat=True)),
        "organisation_id": row.organisation_id,
        "region": row.region,
        **extra,
    }
    outbox.emit(name, subject=row, by=by, at=now, payload=payload)


def _tell_office(row: Bundle, title: str, what: str, *, now: datetime) -> None:
    notices.notify(
        users=people.members(row.organisation_id, Role.OFFICE),
        kind="listing.changed",
        key=f"bundle:{row.pk}:{what}",
        title=title,
        body=row.suspended_because[:200],
        url=f"/library/bundles/{row.pk}/",
        now=now,
    )
