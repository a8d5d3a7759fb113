"""Credit 预存款: money that no sum due took up, used for the next ones, or paid back.

What came in too much, twice or in advance, and what a corrected report no longer owes, stands to
the licensee's credit. It is used for the oldest sum due first, the oldest credit first, and never
for more than is open. What is left can be paid back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from licensing.rules.fees import LARGEST, Currency, exact_text, yuan
from licensing.rules.royalties import Line

AHEAD_DAYS = 30  # what falls due later is not paid early out of somebody's credit
ZERO = Decimal(0)


class CreditKind(StrEnum):
    """Where a credit comes from."""

    RECEIVED = "received"
    CORRECTION = "correction"


CREDIT_LABELS: Mapping[CreditKind, str] = {
    CreditKind.RECEIVED: "到账",
    CreditKind.CORRECTION: "更正退差",
}


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a credit goes to a sum due."""

    credit: int
    due: int
    amount: Decimal


def spread(
    credits: Sequence[tuple[int, Decimal]], dues: Sequence[tuple[int, Decimal]]
) -> list[Share]:
    """What of each credit goes to which sum, both oldest first; nothing is made or lost."""
    ids = [pk for pk, _left in credits]
    left = [amount for _pk, amount in credits]
    found: list[Share] = []
    for due, open_sum in dues:
        still = open_sum
        for index, pk in enumerate(ids):
            amount = min(left[index], still)
            if amount > 0:
                found.append(Share(pk, due, amount))
                left[index] -= amount
                still -= amount
    return found


def drawn(credits: Sequence[tuple[int, Decimal]], amount: Decimal) -> list[tuple[int, Decimal]]:
    """So much of these credits, oldest first, as a repayment takes it."""
    return [(share.credit, share.amount) for share in spread(credits, [(0, amount)])]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in; rate, source and day where its currency is not the plan's."""

    amount: Decimal
    currency: str
    rate: Decimal | None = None
    source: str = ""
    rate_on: date | None = None


def converted(receipt: Receipt, *, plan_currency: str) -> Line:
    """What came in, in the plan's currency, with the rate, its source and its day."""
    amount, text = receipt.amount, exact_text(receipt.amount, receipt.currency)
    if receipt.currency == plan_currency:
        return Line("到账", text, amount)
    rate = receipt.rate or Decimal(1)
    turned = yuan(amount * rate)
    formula = f"{text} × {rate.normalize():f} = {exact_text(turned, plan_currency)}"
    basis = f"汇率来源：{receipt.source.strip()}，{receipt.rate_on:%Y-%m-%d}；按分四舍五入"
    return Line("外币折算", formula, turned, basis)


def receipt_errors(receipt: Receipt, *, plan_currency: str, today: date) -> dict[str, list[str]]:
    """What is wrong with a sum that came in."""
    errors: dict[str, list[str]] = {}
    amount, rate = receipt.amount, receipt.rate
    if not 0 < amount <= LARGEST or amount != yuan(amount):
        errors["amount"] = ["请填写大于 0、最多两位小数的金额。"]
    if receipt.currency not in list(Currency):
        errors["currency"] = ["请选择币种。"]
    if receipt.currency == plan_currency:
        return errors
    if rate is None or not 0 < rate <= 10_000:
        errors["exchange_rate"] = ["请填写汇率：1 单位付款币种折合多少合同币种。"]
    elif yuan(amount * rate) <= 0:
        errors["amount"] = ["折算后不足 1 分，请核对金额和汇率。"]
    elif yuan(amount * rate) > LARGEST:
        errors["amount"] = ["折算后的金额过大，请核对金额和汇率。"]
    if not receipt.source.strip():
        errors["rate_source"] = ["请写明汇率来源，例如：中国外汇交易中心人民币汇率中间价。"]
    if receipt.rate_on is None:
        errors["rate_on"] = ["请填写汇率日期。"]
    elif receipt.rate_on > today:
        errors["rate_on"] = ["汇率日期不能晚于今天。"]
    return errors
