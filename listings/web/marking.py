"""Show where a query's words stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

HAN = re.compile(r"[\u3400-\u9fff]+")
WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")


def terms(query: str) -> list[str]:
    """The runs of the query, and of long Chinese runs the bigrams as well."""
    runs = [run.lower() for run in WORD.findall(query)][:20]
    pairs = [a + b for run in runs if HAN.fullmatch(run) for a, b in pairwise(run)]
    return list(dict.fromkeys([*runs, *pairs]))


def spans(text: str, found: Iterable[str]) -> list[tuple[int, int]]:
    """Where the terms stand, merged where they touch."""
    low = text.lower()
    if len(low) != len(text):
        low = text
    places: list[tuple[int, int]] = []
    for term in found:
        start = low.find(term)
        while start >= 0 and len(places) < 200:
            places.append((start, start + len(term)))
            start = low.find(term, start + len(term))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def marked(text: str, query: str) -> SafeString:
    """The text as safe HTML with the query's words in <mark>."""
    return render(text, spans(text, terms(query)))


def render(text: str, places: Sequence[tuple[int, int]]) -> SafeString:
    parts: list[str] = []
    at = 0
    for start, end in places:
        parts += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
        at = end
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # every piece was escaped above


def snippet(text: str, query: str, width: int = 120) -> SafeString:
    """A stretch of the text around the first match, marked; its beginning when nothing matches."""
    places = spans(text, terms(query)) if query else []
    first = places[0][0] if places else 0
    start = max(0, first - width // 3) if first > width // 2 else 0
    cut = text[start : start + width]
    head, tail = "…" if start else "", "…" if start + width < len(text) else ""
    inside = [
        (max(0, a - start), min(len(cut), b - start))
        for a, b in places
        if a < start + width and b > start
    ]
    return mark_safe(head + render(cut, inside) + tail)
