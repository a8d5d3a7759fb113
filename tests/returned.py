"""What a page must say whose form came back with errors (GB/T 37668, WCAG 3.3.1, 3.3.3, 4.1.3)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

ENGLISH = re.compile(r"\b(?:This field|Enter a|Select a|Ensure this|required\.)")


@dataclass
class _Page(HTMLParser):
    """The ids of a page, what points to them, its title and the text of its summary."""

    ids: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, list[str]]] = field(default_factory=list)  # name, what describes it
    links: list[str] = field(default_factory=list)
    title: str = ""
    summary: dict[str, str | None] | None = None
    _groups: list[str] = field(default_factory=list)
    _inside: int = 0
    _in_title: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("id"):
            self.ids[str(known["id"])] += 1
        if tag == "fieldset":
            self._groups.append(known.get("aria-describedby") or "")
        if known.get("aria-invalid") == "true":
            said = [known.get("aria-describedby") or "", *self._groups]
            self.wrong.append((known.get("name") or "", " ".join(said).split()))
        if self._inside and tag == "a" and (known.get("href") or "").startswith("#"):
            self.links.append(str(known["href"])[1:])
        if tag == "div":
            if self._inside or known.get("id") == "error-summary":
                self._inside += 1
            if known.get("id") == "error-summary":
                self.summary = known
        self._in_title = self._in_title or (tag == "title" and not self.title)

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._inside:
            self._inside -= 1
        if tag == "title":
            self._in_title = False
        if tag == "fieldset" and self._groups:
            self._groups.pop()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def faults(content: str) -> list[str]:
    """What is wrong with a page whose form came back; nothing when it helps as it should."""
    page = _Page()
    page.feed(content)
    found = [f"id {name} stands {n} times" for name, n in page.ids.items() if n > 1]
    if page.summary is None:
        found.append("no summary of errors")
    elif 'role="alert"' not in content or page.summary.get("tabindex") != "-1":
        found.append("the summary is not announced or cannot take the focus")
    if "<!doctype html" in content[:200].lower() and not page.title.strip().startswith("有误"):
        found.append(f"the title does not say it: {page.title.strip()[:40]}")
    found += [f"the summary leads to no #{name}" for name in page.links if name not in page.ids]
    found += [
        f"{name} is wrong and says nowhere why"
        for name, told in page.wrong
        if not any(place.endswith("_error") and place in page.ids for place in told)
    ]
    if said := ENGLISH.search(re.sub(r"<script.*?</script>", "", content, flags=re.S)):
        found.append(f"English: {said.group()}")
    return found
