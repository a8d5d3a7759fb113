"""The users' guides: the papers of docs/guide, as pages beside the short help of each role."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

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
ITEM = re.compile(r"( *)(\d+\.|-) +(.*)")
SPAN = re.compile(
    r"!\[(?P<alt>[^\]]*)\]\((?P<src>[^)\s]+)\)|\[(?P<words>[^\]]*)\]\((?P<to>[^)\s]+)\)"
    r"|\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`"
)


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
    """The HTML of what our guides are written in: headings, lists, code, links, pictures."""
    lines = text.strip("\n").splitlines()
    out: list[str] = []
    while lines:
        line = lines[0]
        if not line.strip():
            lines.pop(0)
        elif line.startswith("```"):
            end = lines.index("```", 1)
            out.append(f'<pre tabindex="0"><code>{_safe(chr(10).join(lines[1:end]))}</code></pre>')
            del lines[: end + 1]
        elif line.startswith("## "):
            out.append(f"<h2>{_spans(lines.pop(0)[3:])}</h2>")
        elif ITEM.match(line):
            out.append(_list(lines))
        else:
            out.append(f"<p>{_spans(_joined(_taken(lines)))}</p>")
    return mark_safe("".join(out))  # every piece went through _safe


def _taken(lines: list[str]) -> list[str]:
    """The lines of one paragraph, taken off the front."""
    taken = [lines.pop(0)]
    while (
        lines
        and lines[0].strip()
        and not re.match(r"```|## ", lines[0])
        and not ITEM.match(lines[0])
    ):
        taken.append(lines.pop(0))
    return taken


def _list(lines: list[str]) -> str:
    """One list with the lists inside it, taken off the front."""
    first = ITEM.match(lines[0])
    assert first is not None
    depth, tag = len(first[1]), "ul" if first[2] == "-" else "ol"
    start = "" if tag == "ul" or first[2] == "1." else f' start="{first[2][:-1]}"'
    items: list[str] = []
    while lines and (item := ITEM.match(lines[0])) and len(item[1]) >= depth:
        if len(item[1]) > depth:
            items[-1] += _list(lines)
            continue
        words = [item[3], *_taken(lines)[1:]]
        items.append(_spans(_joined(words)))
    body = "".join(f"<li>{item}</li>" for item in items)
    return f"<{tag}{start}>{body}</{tag}>"


def _joined(lines: list[str]) -> str:
    """One line of several: Chinese runs on without a space, words of letters keep one."""
    whole = lines[0].strip()
    for line in lines[1:]:
        gap = " " if whole[-1:].isascii() and line.strip()[:1].isascii() else ""
        whole += gap + line.strip()
    return whole


def _spans(text: str) -> str:
    out, at = "", 0
    for found in SPAN.finditer(text):
        out += _safe(text[at : found.start()]) + _span(found)
        at = found.end()
    return out + _safe(text[at:])


def _span(found: re.Match[str]) -> str:
    if found["bold"]:
        return f"<strong>{_spans(found['bold'])}</strong>"
    if found["code"]:
        return f"<code>{_safe(found['code'])}</code>"
    if found["src"]:
        source = _safe(static("guide/" + found["src"].removeprefix(PICTURES)))
        size = 'width="1024" height="680" loading="lazy"'
        return f'<img src="{source}" alt="{_safe(found["alt"])}" {size}>'
    return f'<a href="{_safe(_address(found["to"]))}">{_spans(found["words"])}</a>'


def _address(target: str) -> str:
    """Where a link of the paper leads on the platform."""
    slug = target.removesuffix(".md")
    return reverse("core:manual", args=[slug]) if slug in NAMES else target


def _safe(text: str) -> str:
    return str(conditional_escape(text))


urlpatterns = [path("help/guide/<slug:slug>/", manual, name="manual")]
