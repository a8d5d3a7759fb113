"""The users' guides: the papers of docs/guide, as pages beside the short help of each role."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token

from core.web.types import Request

FOLDER = Path(settings.BASE_DIR) / "docs" / "guide"
PICTURES = "../images/guide/"
# In the order of docs/guide/README.md, with their names in the list beside the text.
NAMES = {
    "searcher": _("找专利的人"),
    "enterprise": _("企业"),
    "office": _("供给方"),
    "inventor": _("发明人"),
    "bank": _("金融机构"),
    "bureau": _("主管部门"),
    "exchange": _("交易机构"),
    "api": _("接口入门"),
    "account": _("入驻、成员与账户安全"),
}


@require_GET
def manual(request: Request, slug: str) -> HttpResponse:
    """One guide, whole, with its pictures."""
    if slug not in NAMES:
        raise Http404
    context = {"name": NAMES[slug], "text": read(slug), "guide": slug, "manuals": NAMES}
    return render(request, "core/help/manual.html", context)


@cache
def read(slug: str) -> SafeString:
    """The guide below its title; read once, since it changes only with the release."""
    _title, _newline, text = (FOLDER / f"{slug}.md").read_text("utf-8").partition("\n")
    return rendered(text)


def rendered(text: str) -> SafeString:
    """The HTML of a guide (CommonMark); its links and pictures lead to where they are served."""
    tokens = PAPER.parse(text)
    for token in chain(tokens, *(token.children or () for token in tokens)):
        if token.type == "link_open":
            token.attrs["href"] = _address(str(token.attrs["href"]))
        elif token.type == "image":
            source = static("guide/" + str(token.attrs["src"]).removeprefix(PICTURES))
            token.attrs |= {"src": source, "width": 1024, "height": 680, "loading": "lazy"}
    # The library escapes every text, and html in a paper is text.
    return mark_safe(str(PAPER.renderer.render(tokens, PAPER.options, {})))


def _address(target: str) -> str:
    """Where a link of the paper leads on the platform."""
    slug = target.removesuffix(".md")
    return reverse("core:manual", args=[slug]) if slug in NAMES else target


def _line_end(_: object, tokens: Sequence[Token], place: int, *_more: object) -> str:
    """Chinese runs on without a space, words of letters keep one."""
    before = next((t.content for t in reversed(tokens[:place]) if t.content), "")
    after = next((t.content for t in tokens[place + 1 :] if t.content), "")
    return " " if before[-1:].isascii() and after[:1].isascii() else ""


def _listing(_: object, tokens: Sequence[Token], place: int, *_more: object) -> str:
    """Code that may be wider than the page: the keyboard must reach it to scroll."""
    return f'<pre tabindex="0"><code>{escapeHtml(tokens[place].content)}</code></pre>\n'


PAPER = MarkdownIt("commonmark", {"html": False})
PAPER.add_render_rule("softbreak", _line_end)
PAPER.add_render_rule("fence", _listing)


urlpatterns = [path("help/guide/<slug:slug>/", manual, name="manual")]
