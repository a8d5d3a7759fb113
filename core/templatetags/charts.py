"""Small charts drawn on the server: plain SVG attributes, a table beside each, no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template

register = template.Library()

BAR_HEIGHT, BAR_GAP, LABEL, VALUE, WIDTH = 18, 12, 150, 70, 640
LINE_WIDTH, LINE_HEIGHT, PAD = 640, 180, 34


@register.inclusion_tag("_components/chart_bars.html")
def bar_chart(
    rows: Iterable[Mapping[str, Any]], title: str = "", unit: str = "", limit: int = 12
) -> dict[str, Any]:
    """Horizontal bars for ranks: rows of {label, value, url?, target?}."""
    taken = list(rows)[:limit]
    top = max((float(max(r["value"], r.get("target") or 0)) for r in taken), default=0) or 1
    room = WIDTH - LABEL - VALUE
    bars = []
    for position, row in enumerate(taken):
        y = position * (BAR_HEIGHT + BAR_GAP)
        width = round(float(row["value"]) / top * room, 1)
        target = row.get("target")
        bars.append(
            {
                **row,
                "y": y,
                "text_y": y + 14,
                "width": width,
                "value_x": LABEL + width + 8,
                "target_x": LABEL + round(float(target) / top * room, 1) if target else None,
                "target_y2": y + BAR_HEIGHT + 3,
            }
        )
    return {
        "title": title,
        "unit": unit,
        "bars": bars,
        "label_x": LABEL - 10,
        "bar_x": LABEL,
        "bar_height": BAR_HEIGHT,
        "width": WIDTH,
        "height": max(1, len(bars)) * (BAR_HEIGHT + BAR_GAP),
    }


@register.inclusion_tag("_components/chart_line.html")
def line_chart(
    points: Sequence[Mapping[str, Any]], title: str = "", unit: str = ""
) -> dict[str, Any]:
    """One line over time: points of {label, value}; first, last and highest carry their number."""
    values = [float(p["value"]) for p in points]
    top = max(values, default=0) or 1
    step = (LINE_WIDTH - 2 * PAD) / max(1, len(values) - 1)
    base = LINE_HEIGHT - PAD
    every = max(1, -(-len(values) // 6))
    marked = {0, len(values) - 1, values.index(max(values))} if values else set()
    dots = []
    for position, (point, value) in enumerate(zip(points, values, strict=True)):
        y = round(base - value / top * (base - PAD), 1)
        dots.append(
            {
                **point,
                "x": round(PAD + position * step, 1),
                "y": y,
                "text_y": y - 9,
                "marked": position in marked,
                "ticked": position % every == 0,
            }
        )
    line = " ".join(f"{d['x']},{d['y']}" for d in dots)
    area = f"{PAD},{base} {line} {dots[-1]['x']},{base}" if dots else ""
    return {
        "title": title,
        "unit": unit,
        "points": dots,
        "line": line,
        "area": area,
        "width": LINE_WIDTH,
        "height": LINE_HEIGHT,
        "base": base,
        "left": PAD,
        "right": LINE_WIDTH - PAD,
        "label_y": LINE_HEIGHT - 10,
    }
