"""Guides with every element, large text without scripts, a gallery that leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve

from core.people.models import Membership
from core.templatetags import nav
from core.web.service_guides import GUIDES, POLICIES
from tests.factories import core as make

As = Callable[[Membership], Client]
pytestmark = pytest.mark.django_db
ELEMENTS = (
    "办理对象", "办理条件", "申请材料", "办理流程", "办理时限", "收费", "办理结果", "设定依据",
    "办理渠道与时间", "咨询与投诉",
)  # fmt: skip


@pytest.mark.parametrize("slug", GUIDES)
def test_a_guide_has_every_element_and_leads_somewhere(client: Client, slug: str) -> None:
    page = client.get(f"/services/{slug}/").content.decode()
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert [e for e in ELEMENTS if e not in headings] == []
    guide = GUIDES[slug]
    for lines in (guide.conditions, guide.materials, guide.steps, guide.term, guide.basis):
        assert lines
        assert all(str(line) in page for line in lines)
    assert f'href="{guide.path}"' in page


def test_every_service_named_in_the_index_and_the_footer(client: Client) -> None:
    page = client.get("/services/").content.decode()
    assert all(f'href="/services/{slug}/"' in page for slug in GUIDES)
    for path in ("/services/", "/policies/", "/help/privacy/", "/help/accessibility/"):
        assert f'href="{path}"' in page
    assert client.get("/services/no-such/").status_code == 404


def test_policies_lead_to_pages_that_are_there(client: Client) -> None:
    page = client.get("/policies/").content.decode()
    for _title, rows in POLICIES:
        for policy in rows:
            assert f'href="{policy.path}"' in page
            try:
                resolve(policy.path)
            except Resolver404:
                pytest.fail(policy.path)


def test_whom_to_ask_is_shown(client: Client, settings: object) -> None:
    settings.SITE_CONTACT = "021-12345678（工作日 9:00—17:00）"  # type: ignore[attr-defined]
    for path in ("/services/publish/", "/help/privacy/", "/help/accessibility/"):
        assert "021-12345678" in client.get(path).content.decode()


def test_large_text_is_switched_without_scripts_and_remembered(client: Client) -> None:
    assert 'class="large-text"' not in client.get("/help/").content.decode()
    on = client.post("/display/", {"large": "1", "next": "/patents/?q=膜"})
    assert on.headers["Location"] == "/patents/?q=膜" or "/patents/" in on.headers["Location"]
    assert 'class="large-text"' in client.get("/help/").content.decode()
    client.post("/display/", {"large": "0", "next": "/help/"})
    assert 'class="large-text"' not in client.get("/help/").content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_the_switch_leads_nowhere_else(client: Client, target: str) -> None:
    answer = client.post("/display/", {"large": "1", "next": target})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("cookie", ["", "2", "true", "<b>"])
def test_an_odd_cookie_is_no_wish(client: Client, cookie: str) -> None:
    client.cookies["large_text"] = cookie
    assert 'class="large-text"' not in client.get("/help/").content.decode()


# Frames of their own kind, or pieces that another component brings along.
FRAMES = {"standalone", "site_brand", "site_menu", "site_places", "site_search"}


def test_the_gallery_shows_every_component(client_as: As) -> None:
    nav._part.cache_clear()  # parts of the frame that an earlier page drew are not drawn again
    answer = client_as(make.sysadmin()).get("/gallery/")
    assert answer.status_code == 200
    shown = {
        str(template.name).split("/")[-1].removesuffix(".html")
        for template in answer.templates
        if template.name
    }
    folder: Path = settings.BASE_DIR / "templates/_components"
    assert {path.stem for path in folder.glob("*.html")} - FRAMES - shown == set()


def test_the_gallery_is_for_staff(client_as: As, client: Client) -> None:
    assert client_as(make.office()).get("/gallery/").status_code == 403
    assert client.get("/gallery/").status_code == 302
