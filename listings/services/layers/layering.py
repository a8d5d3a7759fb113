"""What people say of a patent's potential and its layer: screenings, overrides, a region's rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Governance, Permission, require
from listings.models import LayerOverride, LayerRule, Patent, Screening
from listings.rules import potential, records
from listings.services.layers.library import settle_layer
from listings.services.locks import lock_patent
from listings.types import Layer, PatentStatus

NOTICE = "library.layers"
LONGEST_OVERRIDE = timedelta(days=731)
SHORTEST_REASON = 4


@transaction.atomic
def screen(
    *,
    patent_id: int,
    marks: Mapping[str, int],
    note: str = "",
    family_size: int | None = None,
    cited_by: int | None = None,
    by: Actor,
    now: datetime,
) -> int:
    """Keep what the office thinks of its patent and score it anew; the screening's id.

    Family and citations are facts of the patent; None leaves what is known of them.
    """
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    problems = {
        code: [f"请为“{label}”打 1 到 5 分。"]
        for code, label in potential.SCREENED.items()
        if not 1 <= marks.get(code, 0) <= 5
    }
    for name, message in records.reach_problems(family_size, cited_by).items():
        problems[name] = [message]
    if problems:
        raise Invalid(fields=problems)
    row = Screening.objects.create(
        patent=patent,
        **{code: marks[code] for code in potential.SCREENED},
        note=records.tidy(note)[:500],
        screened_at=now,
        screened_by=by.key,
        screened_name=by.name[:120],
    )
    if family_size is not None or cited_by is not None:
        patent.family_size = patent.family_size if family_size is None else family_size
        patent.cited_by = patent.cited_by if cited_by is None else cited_by
        patent.save(update_fields=["family_size", "cited_by"])
    changes = {**{code: marks[code] for code in potential.SCREENED}, "note": row.note}
    audit.record("patent.screened", subject=patent, by=by, at=now, changes=changes)
    settle_layer(patent, by=by, now=now)
    return row.pk


@transaction.atomic
def override_layer(
    *, patent_id: int, layer: str, reason: str, until: date | None, by: Actor, now: datetime
) -> int:
    """Put a patent in a layer by hand until a day, whatever its score; the override's id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    reason, today = records.tidy(reason)[:300], legal_day(now)
    problems: dict[str, list[str]] = {}
    if layer not in {one.value for one in Layer}:
        problems["layer"] = ["请选择 A、B 或 C 层。"]
    if len(reason) < SHORTEST_REASON:
        problems["reason"] = ["请写明理由，供同事和主管部门查看。"]
    if until is None or not today <= until <= today + LONGEST_OVERRIDE:
        problems["until"] = ["有效期应在今天到两年之内，到期后恢复按得分分层。"]
    if problems or until is None:
        raise Invalid(fields=problems)
    if patent.status != PatentStatus.GRANTED:
        raise Conflict(
            "这件专利尚未授权或已经失效，只能留在 C 层；权利恢复后再调整。", code="not-in-force"
        )
    _end_live(patent, by=by, now=now)
    row = LayerOverride.objects.create(
        patent=patent,
        layer=layer,
        reason=reason,
        until=until,
        set_at=now,
        set_by=by.key,
        set_name=by.name[:120],
    )
    changes = {"layer": layer, "reason": reason, "until": until.isoformat()}
    audit.record("patent.layer_set", subject=patent, by=by, at=now, changes=changes)
    settle_layer(patent, by=by, now=now)
    said = f"{by.name or '平台'}将它调整到 {layer} 层，到 {until} 为止。理由：{reason}"
    _tell(patent, f"override:{row.pk}", "人工调整分层", said, by=by, now=now)
    return row.pk


@transaction.atomic
def revoke_override(*, patent_id: int, by: Actor, now: datetime) -> None:
    """Let the score decide again. Conflict where nobody has overridden it."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    row = _end_live(patent, by=by, now=now)
    if row is None:
        raise Conflict("这件专利现在没有人工分层，不需要撤销。", code="no-override")
    audit.record("patent.layer_freed", subject=patent, by=by, at=now)
    settle_layer(patent, by=by, now=now)
    said = f"{by.name or '平台'}撤销了人工分层，现按得分列 {patent.layer} 层。"
    _tell(patent, f"override-revoked:{row.pk}", "人工分层已撤销", said, by=by, now=now)


def _end_live(patent: Patent, *, by: Actor, now: datetime) -> LayerOverride | None:
    row = LayerOverride.objects.filter(patent=patent, ended_at__isnull=True).first()
    if row is not None:
        row.ended_at, row.ended_by = now, by.key
        row.save(update_fields=["ended_at", "ended_by"])
    return row


@transaction.atomic
def end_overrides(*, now: datetime, limit: int = 200) -> int:
    """The clock's: overrides whose last day has passed end, and the office hears; how many."""
    by, today = Actor.system(), legal_day(now)
    rows = list(
        LayerOverride.objects.select_for_update(of=("self", "patent"), skip_locked=True)
        .filter(ended_at__isnull=True, until__lt=today)
        .select_related("patent")
        .order_by("pk")[:limit]
    )
    for row in rows:
        row.ended_at, row.ended_by = now, by.key
        row.save(update_fields=["ended_at", "ended_by"])
        audit.record("patent.layer_freed", subject=row.patent, by=by, at=now)
        settle_layer(row.patent, by=by, now=now)
        said = f"人工分层已到期（{row.until}），现按得分列 {row.patent.layer} 层。"
        _tell(row.patent, f"override-over:{row.pk}", "人工分层到期", said, by=by, now=now)
    return len(rows)


def _tell(patent: Patent, key: str, what: str, body: str, *, by: Actor, now: datetime) -> None:
    """The office's other people hear; whoever did it knows."""
    if patent.organisation_id is None:
        return
    users = people.members(patent.organisation_id, Role.OFFICE)
    notices.notify(
        users=[user for user in users if user != by.user_id],
        kind=NOTICE,
        key=key,
        title=f"{what}：{patent.title}"[:200],
        body=body,
        url=reverse("listings:library-patent", args=[patent.pk]) + "#potential",
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A region as something that is governed."""

    region: str

    def governed_by(self) -> Governance:
        return Governance(region=self.region)


@transaction.atomic
def set_rule(
    *,
    region: str,
    valid_from: date,
    weights: Mapping[str, int],
    a_from: int,
    b_from: int,
    neutral: int,
    evidence: int,
    reason: str,
    by: Actor,
    now: datetime,
) -> int:
    """Weights and thresholds of a region from a day on; its id. The sweep then scores its patents.

    A rule is added, never changed: what was scored under it can be looked up for ever.
    """
    require(by, Permission.SET_LAYER_RULE)
    if by.has(Role.BUREAU):
        require(by, Permission.SET_LAYER_RULE, on=Place(region))
    marks = {"a_from": a_from, "b_from": b_from, "neutral": neutral, "evidence": evidence}
    reason = records.tidy(reason)[:300]
    problems = potential.problems(weights, **marks)
    problems |= _rule_problems(region, valid_from, reason, today=legal_day(now))
    if problems:
        raise Invalid(fields=problems)
    facts = {"region": region, "reason": reason, **marks}
    weighed = {code: weights[code] for code in potential.WEIGHTS}
    try:
        with transaction.atomic():
            row = LayerRule.objects.create(
                valid_from=valid_from, created_at=now, created_by=by.key, **weighed, **facts
            )
    except IntegrityError as clash:
        raise Conflict(
            "这个地区已有同一天生效的规则，请另选生效日。", code="rule-that-day"
        ) from clash
    changes = {**facts, "valid_from": valid_from.isoformat(), "weights": dict(weights)}
    audit.record("layer_rule.set", subject=row, by=by, at=now, changes=changes)
    return row.pk


def _rule_problems(
    region: str, valid_from: date, reason: str, *, today: date
) -> dict[str, list[str]]:
    """What is wrong with where, from when and why a rule is to hold, by field."""
    found: dict[str, list[str]] = {}
    if re.fullmatch("([0-9]{2}){0,3}", region) is None:
        found["region"] = ["行政区划前缀应为 2、4 或 6 位数字，全国留空。"]
    if valid_from < today:
        found["valid_from"] = ["生效日不能早于今天：已经评过的分不能倒着改。"]
    if len(reason) < SHORTEST_REASON:
        found["reason"] = ["请写明依据，例如文件名和文号。"]
    return found
