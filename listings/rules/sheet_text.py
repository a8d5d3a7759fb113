"""A sheet between its two forms: what people hand in, and the plain values that versions keep."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from listings.rules import records, sheets
from listings.types import Contrast, Gain, OfferInput, Route

LONGEST_TEXT = 5_000
LONGEST_CELL = 200
HIGHEST_PRICE = Decimal("9999999999999999.99")
PROSE = ("problem", "how", "benefit")
LINES = {"summary": 80, "maturity": 300, "contact": 200}


def problems(offer: OfferInput) -> dict[str, list[str]]:
    """Everything that cannot be stored, by field."""
    found: dict[str, list[str]] = {}
    for name in PROSE:
        length = len(records.prose(getattr(offer, name)))
        if length > LONGEST_TEXT:
            found[name] = [f"有 {length} 字，最多 {LONGEST_TEXT} 字，请精简。"]
    if len(records.tidy(offer.summary)) > LINES["summary"]:
        length = len(records.tidy(offer.summary))
        found["summary"] = [f"有 {length} 字，最多 {LINES['summary']} 字，请精简。"]
    price = offer.asking_price
    if price is not None and not (price.is_finite() and 0 <= price <= HIGHEST_PRICE):
        found["asking_price"] = ["意向价格应为不小于 0 的金额（元）。"]
    if offer.trl is not None and not 1 <= offer.trl <= 9:
        found["trl"] = ["技术成熟度是 1 到 9 级。"]
    for name, most, rows in (
        ("gains", sheets.MOST_GAINS, offer.gains),
        ("contrasts", sheets.MOST_CONTRASTS, offer.contrasts),
        ("scenes", sheets.MOST_SCENES, offer.scenes),
    ):
        if len(rows) > most:
            found[name] = [f"有 {len(rows)} 条，最多 {most} 条，请留下最要紧的。"]
    return found | _of_rows(offer)


def _of_rows(offer: OfferInput) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for gain in offer.gains:
        if not gain.quantity.strip():
            found.setdefault("gains", []).append("每条收益都要写明是什么指标，例如“每吨能耗”。")
        if not gain.value.is_finite() or abs(gain.value) >= Decimal(10) ** 15:
            found.setdefault("gains", []).append("收益的数值不能使用，请填一个普通的数字。")
    for row in offer.contrasts:
        if not (row.aspect.strip() and row.usual.strip() and row.ours.strip()):
            found.setdefault("contrasts", []).append(
                "每行对比要写全三格：比什么、常规方案、本方案。"
            )
    cells = [
        *((gain.quantity, gain.unit, gain.against) for gain in offer.gains),
        *((row.aspect, row.usual, row.ours) for row in offer.contrasts),
    ]
    if any(len(cell) > LONGEST_CELL for row in cells for cell in row):
        found.setdefault("contrasts", []).append(f"表格里一格最多 {LONGEST_CELL} 字，请精简。")
    if any(len(scene) > 60 for scene in offer.scenes):
        found["scenes"] = ["一个应用场景最多 60 字，请分行写。"]
    return found


def stored(offer: OfferInput) -> dict[str, Any]:
    """The sheet as versions keep it; `problems` has nothing against it."""
    return {
        **{name: records.prose(getattr(offer, name)) for name in PROSE},
        **{name: records.tidy(getattr(offer, name))[:most] for name, most in LINES.items()},
        "gains": [
            {
                "quantity": records.tidy(gain.quantity),
                "value": plain(gain.value),
                "unit": records.tidy(gain.unit),
                "against": records.tidy(gain.against),
            }
            for gain in offer.gains
        ],
        "contrasts": [
            {
                "aspect": records.tidy(row.aspect),
                "usual": records.tidy(row.usual),
                "ours": records.tidy(row.ours),
            }
            for row in offer.contrasts
        ],
        "scenes": list(dict.fromkeys(s for s in map(records.tidy, offer.scenes) if s)),
        "routes": [Route(route).value for route in dict.fromkeys(offer.routes)],
        "asking_price": None if offer.asking_price is None else f"{offer.asking_price:.2f}",
        "trl": offer.trl,
        "files": list(dict.fromkeys(offer.files)),
    }


def offer_of(content: Mapping[str, Any]) -> OfferInput:
    """The sheet that a stored text is."""
    price = content["asking_price"]
    return OfferInput(
        problem=content["problem"],
        how=content["how"],
        benefit=content["benefit"],
        maturity=content["maturity"],
        routes=tuple(Route(route) for route in content["routes"]),
        asking_price=None if price is None else Decimal(str(price)),
        contact=content["contact"],
        summary=content["summary"],
        gains=gains_of(content["gains"]),
        contrasts=contrasts_of(content["contrasts"]),
        scenes=tuple(content["scenes"]),
        trl=content["trl"],
        files=tuple(content["files"]),
    )


def gains_of(rows: list[dict[str, str]]) -> tuple[Gain, ...]:
    return tuple(
        Gain(row["quantity"], Decimal(row["value"]), row["unit"], row["against"]) for row in rows
    )


def contrasts_of(rows: list[dict[str, str]]) -> tuple[Contrast, ...]:
    return tuple(Contrast(row["aspect"], row["usual"], row["ours"]) for row in rows)


def plain(value: Decimal) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
