"""The guides of docs/guide are pages of the platform, whole, with their pictures."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from core.web import manuals


def test_every_guide_is_listed() -> None:
    papers = {paper.stem for paper in manuals.FOLDER.glob("*.md")} - {"README"}
    assert papers == set(manuals.NAMES)


@pytest.mark.parametrize("slug", sorted(manuals.NAMES))
def test_a_guide_is_rendered_whole(slug: str) -> None:
    html = str(manuals.read(slug))
    text = re.sub(r"<pre.*?</pre>|<[^>]+>", "", html, flags=re.S)
    assert not re.search(r"\*\*|`|\]\(|^#|!\[", text, re.M)
    paper = (manuals.FOLDER / f"{slug}.md").read_text("utf-8")
    assert html.count("<h2>") == len(re.findall(r"^## ", paper, re.M))
    assert html.count("<img ") == paper.count("![")
    assert html.count("<li>") == len(re.findall(r"^ *(?:\d+\.|-) ", paper, re.M))
    for source in re.findall(r'src="/static/([^"]+)"', html):
        assert finders.find(source), source


@pytest.mark.django_db
@pytest.mark.parametrize("slug", sorted(manuals.NAMES))
def test_links_between_guides_stay_on_the_platform(client: Client, slug: str) -> None:
    page = client.get(f"/help/guide/{slug}/")
    assert page.status_code == 200
    assert re.findall(r'href="[^"]*\.md[^"]*"', page.content.decode()) == []


@pytest.mark.django_db
def test_no_other_paper_is_shown(client: Client) -> None:
    for slug in ("README", "readme", "security", "nothing"):
        assert client.get(f"/help/guide/{slug}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("topic", ["office", "enterprise", "bank", "bureau", "exchange"])
def test_the_short_help_leads_to_the_whole_guide(client: Client, topic: str) -> None:
    page = client.get(f"/help/{topic}/").content.decode()
    assert page.split("<article", 1)[1].count(f'href="/help/guide/{topic}/"') == 1


def test_what_our_guides_are_written_in() -> None:
    made = manuals.rendered(
        "一行\n接着 and\nmore\n\n1. **甲**：`a<b`\n   续\n   - 子一\n   - 子二\n2. 乙\n\n"
        "段\n\n4. 丁\n\n## 题\n```\ncurl -d '<x>'\n\nend\n```\n"
        "[账户](account.md)、[库](/library/)<b>"
    )
    assert made == (
        "<p>一行接着 and more</p>\n<ol>\n<li><strong>甲</strong>：<code>a&lt;b</code>续\n"
        "<ul>\n<li>子一</li>\n<li>子二</li>\n</ul>\n</li>\n<li>乙</li>\n</ol>\n<p>段</p>\n"
        '<ol start="4">\n<li>丁</li>\n</ol>\n<h2>题</h2>\n'
        "<pre tabindex=\"0\"><code>curl -d '&lt;x&gt;'\n\nend\n</code></pre>\n"
        '<p><a href="/help/guide/account/">账户</a>、<a href="/library/">库</a>&lt;b&gt;</p>\n'
    )
