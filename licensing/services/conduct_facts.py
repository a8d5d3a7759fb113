"""What the platform itself notes of parties: read off sums due and endings, once each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from core.days import legal_day
from core.people.types import Actor
from licensing.models import ConductNote, Document, Licence, PaymentDue, Termination
from licensing.rules import conduct as rules
from licensing.rules import fees
from licensing.rules.conduct import ConductKind, ConductStatus
from licensing.rules.moves import LicenceStatus
from licensing.rules.terminations import Ground, TerminationStatus
from licensing.selectors.disputed import with_dispute
from licensing.selectors.royalties import with_paid
from licensing.services import conduct_of_deals
from licensing.services.conduct import Fact, strike, write_note
from licensing.services.ground import locked
from licensing.services.registrations import licence_record

SYSTEM = Actor.system()
FARTHEST = 400  # days after which what was late is no longer looked for
SETTLEMENT = "settlement"


def note_facts(*, now: datetime) -> int:
    """Late sums, broken settlements, endings for breach, licences kept to the end; how many."""
    today = legal_day(now)
    made = sum(_late(pk, today=today, now=now) for pk in _late_sums(today))
    made += sum(_ended(pk, now=now) for pk in _endings(today))
    made += sum(_kept(pk, now=now) for pk in _kept_licences(today))
    made += conduct_of_deals.note_facts(now=now)
    return made + _paid_in_time(now=now)


def _late_sums(today: date) -> list[int]:
    """Dunned, still open so long after, in no dispute, not noted yet."""
    last = today - timedelta(days=rules.LATE_DAYS)
    letters = Document.objects.filter(due=OuterRef("pk"), kind=Document.Kind.DUNNING)
    noted = ConductNote.objects.filter(due=OuterRef("pk"))
    rows = PaymentDue.objects.filter(
        Exists(letters),
        ~Exists(noted),
        due_on__lte=last,
        due_on__gte=today - timedelta(days=FARTHEST),
    )
    found: Any = with_dispute(with_paid(rows)).filter(open_sum__gt=0, disputed=False)
    found = found.exclude(licence__status=LicenceStatus.VOID)
    return list(found.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _late(due_id: int, *, today: date, now: datetime) -> int:
    seen = PaymentDue.objects.select_related("licence__plan").get(pk=due_id)
    licence = locked(Licence.objects.all(), seen.licence_id)
    due: Any = with_paid(PaymentDue.objects.filter(pk=due_id)).get()
    if due.open_sum <= 0 or ConductNote.objects.filter(due=due).exists():
        return 0
    total = fees.exact_text(due.open_sum, licence.plan.currency)
    agreed = due.kind == SETTLEMENT
    kind = ConductKind.BROKE if agreed else ConductKind.LATE
    fact = Fact(
        kind,
        due.due_on,
        f"{due.get_kind_display()}应在 {due.due_on:%Y-%m-%d} 前支付，经催告到 {today:%Y-%m-%d} "
        f"仍有 {total} 未付。",
        f"平台应付款与催款函，许可 {licence.number}",
    )
    write_note(licence_record(licence), licence.licensee_id, fact, by=SYSTEM, now=now, due=due)
    return 1


def _endings(today: date) -> list[int]:
    """Licences that ended by notice for the other side's fault, to which nobody objected."""
    noted = ConductNote.objects.filter(termination=OuterRef("pk"))
    rows = Termination.objects.filter(
        ~Exists(noted),
        status=TerminationStatus.DONE,
        ground__in=sorted([Ground.BREACH.value, Ground.NON_PAYMENT.value]),
        answer="",
        effective_on__gte=today - timedelta(days=FARTHEST),
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _ended(termination_id: int, *, now: datetime) -> int:
    row = locked(Termination.objects.all(), termination_id)
    if ConductNote.objects.filter(termination=row).exists():
        return 0
    licence = row.licence
    at_fault = licence.licensee_id if row.side == "licensor" else licence.licensor_id
    fact = Fact(
        ConductKind.BROKE,
        row.effective_on,
        f"许可因“{row.get_ground_display()}”经对方通知，自 {row.effective_on:%Y-%m-%d} 起终止，"
        "期间没有补救，也没有提出异议。",
        f"平台终止记录，许可 {licence.number}",
    )
    write_note(licence_record(licence), at_fault, fact, by=SYSTEM, now=now, termination=row)
    return 1


def _kept_licences(today: date) -> list[int]:
    """Licences that ran to their last day with every sum paid, and nothing noted against them."""
    due = with_paid(PaymentDue.objects.filter(licence=OuterRef("pk"))).filter(open_sum__gt=0)
    noted = ConductNote.objects.filter(licence=OuterRef("pk"))
    early = Termination.objects.filter(licence=OuterRef("pk"), status=TerminationStatus.DONE)
    rows = Licence.objects.filter(
        ~Exists(due),
        ~Exists(noted),
        ~Exists(early),
        status=LicenceStatus.ENDED,
        payments__isnull=False,
        ends_on__lt=today,
        ends_on__gte=today - timedelta(days=FARTHEST),
    )
    return list(rows.order_by("pk").values_list("pk", flat=True).distinct())


@transaction.atomic
def _kept(licence_id: int, *, now: datetime) -> int:
    licence = locked(Licence.objects.all(), licence_id)
    if ConductNote.objects.filter(licence=licence).exists() or licence.ends_on is None:
        return 0
    fact = Fact(
        ConductKind.PERFORMED,
        licence.ends_on,
        f"许可履行到 {licence.ends_on:%Y-%m-%d} 期满，各期款项全部付清。",
        f"平台付款记录，许可 {licence.number}",
    )
    write_note(licence_record(licence), licence.licensee_id, fact, by=SYSTEM, now=now)
    return 1


def _paid_in_time(*, now: datetime) -> int:
    """What was paid while the party still had time to answer is struck before it ever counted."""
    rows = ConductNote.objects.filter(status=ConductStatus.TOLD, due__isnull=False)
    done = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        done += _strike_paid(pk, now=now)
    return done


@transaction.atomic
def _strike_paid(pk: int, *, now: datetime) -> int:
    row = locked(ConductNote.objects.all(), pk)
    due: Any = with_dispute(with_paid(PaymentDue.objects.filter(pk=row.due_id or 0))).first()
    if row.status != ConductStatus.TOLD or due is None:
        return 0
    if due.open_sum > 0 and not due.disputed:
        return 0
    why = "款项有争议正在处理，记录撤销。" if due.disputed else "生效以前已经付清，记录撤销。"
    strike(row, why, by=SYSTEM, now=now)
    return 1
