"""What time and the register do to licences: filing alarms, term ends, lapsed patents."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.people.types import Actor
from licensing.models import Licence, OpenDeclaration
from licensing.rules import effect, moves
from licensing.services.declarations import withdraw_declaration
from licensing.services.granting import end_sublicences
from licensing.services.ground import licence_url, moved, patent, tell
from listings.types import PatentStatus

TABLE, LABELS = moves.LICENCE_MOVES, moves.LICENCE_LABELS
SYSTEM = Actor.system()  # the register and the calendar act, and nobody in person


def remind_of_filing(*, now: datetime) -> int:
    """Ring both parties of licences 60 and 80 days old that are not filed, and when it is late.

    Each alarm once, however often this runs; a day missed is caught up on the next.
    """
    today = legal_day(now)
    waiting = Licence.objects.filter(
        status=moves.LicenceStatus.EFFECTIVE, starts_on__isnull=False
    ).order_by("pk")
    rung = 0
    for licence in waiting.iterator():
        starts_on = licence.starts_on
        assert starts_on is not None  # asked above
        deadline = effect.filing_deadline(starts_on)
        reached = [str(days) for days in effect.alarms_due(starts_on, today)]
        if today > deadline:
            reached.append("late")
        for alarm in reached[-1:]:
            rung += 1
            _ring(licence, alarm, deadline, now=now)
    return rung


def _ring(licence: Licence, alarm: str, deadline: date, *, now: datetime) -> None:
    late = alarm == "late"
    title = _("许可备案已超过期限") if late else _("许可备案期限提醒：生效已满 %(days)s 天")
    tell(
        [licence.licensor_id, licence.licensee_id],
        kind="licence.deadline",
        key=f"licence-filing:{licence.pk}:{alarm}",
        title=title if late else title % {"days": alarm},
        body=_("%(title)s 应在 %(day)s 前备案，任何一方均可办理。")
        % {"title": licence.patent_title, "day": f"{deadline:%Y-%m-%d}"},
        url=licence_url(licence),
        now=now,
    )


def end_expired_licences(*, now: datetime, limit: int = 1_000) -> int:
    """End the licences whose last day has passed; how many."""
    today = legal_day(now)
    ended = 0
    over = Q(status__in=[s.value for s in moves.IN_FORCE], ends_on__lt=today)
    for pk in Licence.objects.filter(over).order_by("pk").values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            licence = Licence.objects.select_for_update(of=("self",)).filter(over, pk=pk).first()
            if licence is None:
                continue
            moved(TABLE, LABELS, licence, "end")
            licence.closed_at, licence.closed_by = now, SYSTEM.key
            licence.closed_reason = _("许可期限届满")
            licence.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
            audit.record("licence.ended", subject=licence, by=SYSTEM, at=now)
            end_sublicences(licence, now=now)
            ended += 1
    return ended


def follow_register(*, patent_id: int, on: date, turn: str, now: datetime) -> int:
    """Bring the marks in line with what the register says today; how many rows changed.

    It asks instead of believing the event: events may arrive late or in another order. `turn`
    names the turn in the patent's life: one bell per person for it, whichever room rings it.
    """
    if patent(patent_id).status == PatentStatus.GRANTED:
        return note_restoration(patent_id=patent_id, turn=turn, now=now)
    return note_lapse(patent_id=patent_id, lapsed_on=on, turn=turn, now=now)


def _key_of(turn: str) -> str:
    return f"standing:{turn}"  # as listings.services.register.watchers has it


@transaction.atomic
def note_lapse(*, patent_id: int, lapsed_on: date, turn: str, now: datetime) -> int:
    """The patent is no longer in force: mark what rests on it and tell both parties.

    Licences stay as they are (what was performed is not reopened); pages show 专利已失效.
    """
    declarations = OpenDeclaration.objects.filter(
        patent_id=patent_id,
        status__in=[s.value for s in moves.OPEN_DECLARATIONS],
        patent_lapsed_on__isnull=True,
    )
    licences = Licence.objects.live().filter(patent_id=patent_id, patent_lapsed_on__isnull=True)
    bound = list(licences.select_for_update().order_by("pk"))
    offered = list(declarations.select_for_update().order_by("pk"))
    for licence in bound:
        tell(
            [licence.licensor_id, licence.licensee_id],
            kind="licence.progress",
            key=_key_of(turn),
            title=_("专利已失效：%(title)s") % {"title": licence.patent_title},
            body=_(
                "许可所依据的专利权已不再有效，挂牌和开放许可已暂停。"
                "请双方核对并协商后续款项；权利恢复时会再通知。"
            ),
            url=licence_url(licence),
            now=now,
        )
    for declaration in offered:
        tell(
            [declaration.licensor_id],
            kind="licence.progress",
            key=_key_of(turn),
            title=_("开放许可已暂停，专利已失效：%(title)s") % {"title": declaration.patent_title},
            body=_("挂牌也已暂停。仍想保留的，请尽快请求恢复权利，恢复后登记“专利权的恢复”。"),
            url=f"/open-licences/{declaration.pk}/",
            now=now,
        )
    Licence.objects.filter(pk__in=[row.pk for row in bound]).update(patent_lapsed_on=lapsed_on)
    OpenDeclaration.objects.filter(pk__in=[row.pk for row in offered]).update(
        patent_lapsed_on=lapsed_on
    )
    audit.record_many("licensing.patent_lapsed", subjects=[*bound, *offered], by=SYSTEM, at=now)
    return len(bound) + len(offered)


@transaction.atomic
def note_restoration(*, patent_id: int, turn: str, now: datetime) -> int:
    """The patent is in force again: take the marks off and tell both parties."""
    marked = {"patent_id": patent_id, "patent_lapsed_on__isnull": False}
    bound = list(Licence.objects.filter(**marked).select_for_update().order_by("pk"))
    offered = list(OpenDeclaration.objects.filter(**marked).select_for_update().order_by("pk"))
    for licence in bound:
        tell(
            [licence.licensor_id, licence.licensee_id],
            kind="licence.progress",
            key=_key_of(turn),
            title=_("专利权已恢复：%(title)s") % {"title": licence.patent_title},
            body=_("许可照常有效，款项按约定继续履行；权利人重新挂牌后，开放许可也会恢复。"),
            url=licence_url(licence),
            now=now,
        )
    Licence.objects.filter(pk__in=[row.pk for row in bound]).update(patent_lapsed_on=None)
    OpenDeclaration.objects.filter(pk__in=[row.pk for row in offered]).update(patent_lapsed_on=None)
    audit.record_many("licensing.patent_restored", subjects=[*bound, *offered], by=SYSTEM, at=now)
    return len(bound) + len(offered)


def end_by_register(sort: str, pk: int, *, ended_on: date, now: datetime) -> None:
    """The register cancelled what a licence or a declaration of ours had bound the patent with."""
    if sort == "declaration":
        declaration = OpenDeclaration.objects.filter(pk=pk).first()
        if declaration and declaration.status == moves.DeclarationStatus.ANNOUNCED:
            withdraw_declaration(
                declaration_id=pk,
                reason=_("公报登记了声明的撤回（%(day)s）") % {"day": f"{ended_on:%Y-%m-%d}"},
                by=SYSTEM,
                now=now,
            )
    elif sort == "licence":
        _end_licence(pk, ended_on=ended_on, now=now)


@transaction.atomic
def _end_licence(pk: int, *, ended_on: date, now: datetime) -> None:
    live = Q(status__in=[s.value for s in moves.IN_FORCE])
    licence = Licence.objects.select_for_update(of=("self",)).filter(live, pk=pk).first()
    if licence is None:
        return
    moved(TABLE, LABELS, licence, "end")
    day = f"{ended_on:%Y-%m-%d}"
    licence.closed_at, licence.closed_by = now, SYSTEM.key
    licence.closed_reason = _("许可备案已注销（公报，%(day)s）") % {"day": day}
    licence.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
    audit.record("licence.ended", subject=licence, by=SYSTEM, at=now, changes={"ended_on": day})
    end_sublicences(licence, now=now)
    tell(
        [licence.licensor_id, licence.licensee_id],
        kind="licence.progress",
        key=f"licence-cancelled:{licence.pk}",
        title=_("许可备案已注销：%(title)s") % {"title": licence.patent_title},
        body=_("公报登记备案自 %(day)s 起注销，许可已终止。请双方核对；有误的请向登记机构更正。")
        % {"day": day},
        url=licence_url(licence),
        now=now,
    )
