"""A question to the board in words: on pages, in files and in notices alike."""

from __future__ import annotations

from django.http import QueryDict
from django.utils.translation import gettext as _

from core.errors import Invalid
from listings import filters
from listings.selectors.searching.search import BoardQuery


def parts(query: BoardQuery) -> list[str]:
    """What is asked, one condition each."""
    words = [_("检索词：%(text)s") % {"text": query.text}] if query.text else []
    return words + [
        f"{filters.TITLES[name]}：" + "、".join(str(filters.word_for(name, v)) for v in values)
        for name, values in query.chosen.items()
        if name in filters.TITLES
    ]


def described(query: BoardQuery) -> str:
    """The same as one sentence."""
    return "；".join(parts(query)) or _("全部在架专利")


def suggested_name(query: BoardQuery) -> str:
    """What somebody would call it."""
    words = [query.text] if query.text else []
    words += [str(filters.word_for(n, v)) for n, values in query.chosen.items() for v in values]
    return " ".join(words)[:40].strip()


def asked(data: QueryDict) -> BoardQuery:
    """The question of an address, or Invalid: what cannot be asked must not be kept silently."""
    found = filters.from_url(data)
    query = found.query()
    if found.form.errors:
        told = [str(message) for errors in found.form.errors.values() for message in errors]
        raise Invalid("有的筛选条件不能使用：" + " ".join(told), fields={"query": told})
    return query
