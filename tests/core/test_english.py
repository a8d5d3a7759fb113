"""English is whole on public pages: what a visitor reaches by links shows no Chinese of ours, and
every string of the templates behind those pages is in the catalogue, whichever branch it is in."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from tests.core.test_language import SAMPLE_WORDS

TEMPLATES: Path = settings.BASE_DIR / "templates"
HANZI = re.compile(r"[\u4e00-\u9fff]+")
LINK = re.compile(r'href="(/[^"#]*)')
NOT_PAGES = re.compile(r"\.(?:pdf|csv|xlsx|xml|atom|ics|txt)$|^/(?:static|admin|api|media)/")
# Pages behind a row, which an empty database does not show.
DETAILS = (
    "listings/patent.html", "listings/similar.html", "listings/collection.html",
    "listings/bundle.html", "listings/auction.html", "licensing/declaration.html",
    "licensing/pool.html", "matching/need.html", "matching/gathering.html",
)  # fmt: skip
SAID = re.compile(r"{%\s*trans(?:late)?\s+\"([^\"]+)\"|_\(\"([^\"]+)\"\)")
BLOCK = re.compile(
    r"{%\s*blocktrans(?:late)?\b([^%]*)%}(.*?)(?:{%\s*plural\s*%}.*?)?{%\s*endblocktrans(?:late)?\s*%}",
    re.S,
)
PART = re.compile(r'{%\s*(?:include|extends)\s+"([^"#]+)')


def reached(client: Client) -> tuple[dict[str, str], set[str]]:
    """Every page that a visitor reaches by links, and the templates that drew them."""
    pages: dict[str, str] = {}
    drawn: set[str] = set()
    waiting = deque(["/"])
    queued = {"/"}
    while waiting and len(pages) < 80:
        path = waiting.popleft()
        answer = client.get(path)
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        pages[path] = answer.content.decode()
        drawn |= {"".join(t.name.split("\0")) for t in answer.templates if t.name}
        for link in LINK.findall(pages[path]):
            plain = link.split("?")[0].replace("&amp;", "&")
            if plain not in queued and not NOT_PAGES.search(plain):
                queued.add(plain)
                waiting.append(plain)
    return pages, drawn


def strings(name: str, seen: set[str]) -> set[str]:
    """Every string for translation in a template and in what it includes."""
    path = TEMPLATES / name
    if name in seen or not path.exists():
        return set()
    seen.add(name)
    text = path.read_text("utf-8")
    found = {a or b for a, b in SAID.findall(text)}
    found |= {re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", body) for _head, body in BLOCK.findall(text)}
    for part in PART.findall(text):
        found |= strings(part, seen)
    return {words for words in found if HANZI.search(words)}


@pytest.mark.django_db
def test_public_pages_are_whole_in_english(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    pages, drawn = reached(client)
    assert len(pages) >= 25, sorted(pages)
    left: dict[str, list[str]] = {}
    for path, page in pages.items():
        ours = re.sub(r'<div lang="zh-CN">.*?</div>', "", page.split("<main", 1)[1], flags=re.S)
        text = re.sub(r"<[^>]+>", " ", ours)  # the step-by-step guides are Chinese, and marked so
        if found := [words for words in HANZI.findall(text) if words not in SAMPLE_WORDS]:
            left[path] = found[:5]
    assert left == {}
    seen: set[str] = set()
    wanted = {words for name in sorted(drawn | set(DETAILS)) for words in strings(name, seen)}
    with translation.override("en"):
        asked = {words: re.sub(r"%(?!\()", "%%", words) for words in wanted}
        missing = {words for words, msgid in asked.items() if gettext(msgid) == msgid}
    assert sorted(missing - SAMPLE_WORDS) == []
