"""Writing fee plans: for open declarations, and for whatever other contract agrees on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from core.errors import Invalid
from core.people.types import Actor
from licensing.models import FeePart, FeePlan
from licensing.rules import fees


def write_plan(
    parts: Sequence[fees.FeePart],
    *,
    by: Actor,
    now: datetime,
    currency: fees.Currency = fees.Currency.CNY,
    late_rate: Decimal | None = None,
) -> FeePlan:
    """A new plan of these parts; Invalid on the fee field when they make no sense.

    `late_rate` is the agreed yearly interest on late sums in percent; without it the law's holds.
    The caller checks who may agree on it: a plan alone binds nobody.
    """
    errors = fees.plan_errors(parts)
    if late_rate is not None and not 0 <= late_rate <= fees.HUNDRED:
        errors.append(_("逾期利率请填写 0 到 100 之间的年利率（%）；未约定则留空。"))
    if errors:
        raise Invalid(fields={"mode": errors})
    plan = FeePlan.objects.create(
        mode=fees.mode_of(parts),
        currency=currency,
        late_rate=late_rate,
        created_at=now,
        created_by=by.key,
    )
    FeePart.objects.bulk_create(
        FeePart(
            plan=plan,
            position=position,
            kind=part.kind,
            amount=part.amount,
            due_days=part.due_days,
            base=part.base or "",
            rate=part.rate,
            cap=part.cap,
            floor=part.floor,
            trigger=part.trigger,
            free_months=part.free_months,
            share=part.share,
            tiers=[[str(tier.above), str(tier.rate)] for tier in part.tiers],
            total_cap=part.total_cap,
            period_months=part.period_months,
        )
        for position, part in enumerate(parts, start=1)
    )
    return plan
