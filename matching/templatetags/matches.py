"""Marks in a text what both sides of a match share."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from listings.types import PatentCard
from matching.selectors import MatchCard
from matching.selectors.explaining import marks
from matching.web import words

register = template.Library()


@register.filter
def marked(text: str, words: Iterable[str]) -> SafeString:
    """The text as safe HTML with these words in <mark>, longest first."""
    parts: list[str] = []
    at = 0
    for start, end in marks(text, tuple(words)):
        parts += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
        at = end
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # every piece was escaped above


@register.filter
def price_words(patent: PatentCard) -> str:
    """What is asked for it, as people say it."""
    return words.price_of(patent)


@register.filter
def why_lines(card: MatchCard) -> list[str]:
    """Why a match is one, a line for each bar: points, in what, and the words both sides share."""
    lines = []
    for item in card.bars:
        shown = words.bar(item)
        line = f"{shown['label']} {shown['shown']} 分"
        if shown["detail"]:
            line += f"：{shown['detail']}"
        if shown["words"]:
            line += f"（{'、'.join(shown['words'])}）"
        lines.append(line)
    return lines
