"""What a firm probably needs, from what it let the platform use. Plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from matching.types import SubscriptionInput

NOTICE_VERSION = "2026-11"  # of the explanation that was consented to
KEPT_FOR = timedelta(days=180)  # how long a reading is remembered
NAME = "自动画像"
USES = ("industries", "products", "patents")
LONGEST_PRODUCTS = 1_000
MOST_TITLES = 12
MOST_CLASSES = 5


def profile(
    *,
    products: str,
    industries: Sequence[str],
    own: Sequence[tuple[str, Sequence[str]]],
    read: Sequence[tuple[str, Sequence[str]]],
) -> SubscriptionInput | None:
    """What to match for; None when there is nothing to go by. Patents are (title, IPC subclasses).

    What people read lately weighs twice what the firm holds.
    """
    titles = [title for title, _classes in [*read, *own]][:MOST_TITLES]
    text = "\n".join(part for part in (products.strip(), "；".join(dict.fromkeys(titles))) if part)
    counts: Counter[str] = Counter()
    for weight, rows in ((2, read), (1, own)):
        for _title, classes in rows:
            counts.update(dict.fromkeys(classes, weight))
    ranked = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))[:MOST_CLASSES]
    if not text and not ranked:
        return None
    return SubscriptionInput(
        name=NAME,
        text=text[:2_000],
        industry_codes=tuple(industries)[:10],
        ipc=tuple(ranked),
    )


def wrong_with_uses(uses: Sequence[str], products: str, *, agreed: bool) -> dict[str, list[str]]:
    """Why a consent cannot be recorded, by field."""
    problems: dict[str, list[str]] = {}
    if not agreed:
        problems["agreed"] = ["请先阅读说明并勾选同意；不同意不影响其他功能。"]
    if set(uses) - set(USES):
        problems["uses"] = ["没有这一项，请从列表中选择。"]
    if len(products) > LONGEST_PRODUCTS:
        problems["products"] = [f"最多 {LONGEST_PRODUCTS} 个字。"]
    return problems
