"""Letters that call for a sum: the payment notice 付款通知书, and the reminder 催款函 once late.

Sums of licences, of pool licences and of settlements are called for alike: each says in an
`Owed` what its letters say, and `call_for` issues whatever the day asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.db import refused_as
from core.errors import Conflict
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Document, PaymentDue
from licensing.rules import fees, reports
from licensing.services.documents import issue

REMINDER_DAYS, DUNNING_DAYS = [7], [1, 15, 30]
FARTHEST = 400  # days after which nobody is reminded by the platform any more
FIXED = "按付费方案的定额款项"


@dataclass(frozen=True, slots=True)
class Owed:
    """A sum as its letters say it; `of` is the column by which a paper belongs to it."""

    number: str  # of the contract
    position: int
    heads: Mapping[str, object]  # which contract, and between whom
    kind: str
    amount: Decimal
    currency: str
    due_on: date
    of: Mapping[str, Any]
    standard: Sequence[str] = ()
    lines: Sequence[Mapping[str, str]] = ()
    late: str = "逾期利息按合同或法律计算。"

    def content(self) -> dict[str, object]:
        """What every letter about it says."""
        said: dict[str, object] = {
            **self.heads,
            "款项": self.kind,
            "应付金额": fees.exact_text(self.amount, self.currency),
            "应付日": f"{self.due_on:%Y-%m-%d}",
        }
        if self.standard:
            said["付费标准"] = list(self.standard)
        how = "；".join(f"{line['label']}：{line['formula']}" for line in self.lines)
        return said | {"怎样算出": how or FIXED}


def owed_of(due: PaymentDue) -> Owed:
    """A sum of a licence."""
    licence = due.licence
    parties = people.organisations([licence.licensor_id, licence.licensee_id])
    reason = getattr(due, "reason", None)
    return Owed(
        number=licence.number or "",
        position=due.position,
        heads={
            "许可编号": licence.number,
            "专利": f"{licence.patent_number} {licence.patent_title}",
            "收款方（许可人）": parties[licence.licensor_id].name,
            "付款方（被许可人）": parties[licence.licensee_id].name,
        },
        kind=due.get_kind_display(),
        amount=due.amount,
        currency=licence.plan.currency,
        due_on=due.due_on,
        of={"due": due},
        standard=fees.standard_lines(licence.plan.terms()),
        lines=reason.explanation if reason else (),
        late="逾期利息按合同或法律计算，见对账单。",
    )


def issue_invoice(owed: Owed, *, by: Actor, now: datetime) -> Document:
    """The payment notice of a sum; the one that is there when there is one."""
    kind = Document.Kind.INVOICE
    if known := Document.objects.filter(**owed.of, kind=kind).first():
        return known
    number = f"{owed.number}-T{owed.position:02d}"
    content = {"通知书编号": number, **owed.content()}
    content["说明"] = "本通知书不是税务发票；发票由收款方另行开具。"
    made = Document(kind=kind, number=number, **owed.of)
    return (
        made
        if _first(made, content, by=by, now=now)
        else Document.objects.get(kind=kind, number=number)
    )


def issue_dunning(owed: Owed, *, step: int, outstanding: Decimal, by: Actor, now: datetime) -> bool:
    """The reminder of so many days late; whether it is new."""
    kind = Document.Kind.DUNNING
    number = f"{owed.number}-C{owed.position:02d}-{step}"
    if Document.objects.filter(number=number, kind=kind).exists():
        return False
    content: dict[str, object] = {"催款函编号": number, **owed.content()}
    content["尚未支付"] = fees.exact_text(outstanding, owed.currency)
    content["逾期"] = f"已逾期 {step} 天或以上，请立即支付；{owed.late}"
    return _first(Document(kind=kind, number=number, **owed.of), content, by=by, now=now)


def _first(made: Document, content: dict[str, object], *, by: Actor, now: datetime) -> bool:
    """Issue it; False when another run of the daily task did so at the same moment."""
    there = Conflict("这份通知刚刚已经开具。", code="issued")
    try:
        with refused_as(there, by="document_number_once"):
            issue(made, content, by=by, now=now)
    except Conflict:
        return False
    return True


def step_reached(due_on: date, *, region: str, today: date) -> str:
    """The last step of reminding and dunning that a sum has reached, by the days of its region."""
    reached = reports.reminders_due(
        due_on,
        today,
        before=people.region_setting("fees.reminder_days", region, default=REMINDER_DAYS),
        after=people.region_setting("fees.dunning_days", region, default=DUNNING_DAYS),
    )
    return reached[-1] if reached else ""


def call_for(owed: Owed, step: str, *, outstanding: Decimal, by: Actor, now: datetime) -> bool:
    """Issue what this step asks for; whether it is a reminder that was not sent before."""
    if not step.startswith("late"):
        issue_invoice(owed, by=by, now=now)
        return False
    return issue_dunning(
        owed, step=int(step.removeprefix("late-")), outstanding=outstanding, by=by, now=now
    )
