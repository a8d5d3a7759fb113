"""axe-core finds nothing against WCAG 2.2 A and AA on any role's main pages, large and small."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.people import arrives
from tests.browser.test_pages import PAGES, VISITED

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE: ViewportSize = {"width": 360, "height": 800}
LAPTOP: ViewportSize = {"width": 1440, "height": 900}


def found_by_axe(page: Page) -> list[str]:
    """What axe objects to; it enters beside the page's own security policy, not through it."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setBypassCSP", {"enabled": True})
    page.evaluate(AXE)
    violations = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(found => found.violations)", RULES
    )
    session.detach()
    return [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in violations]


def test_axe_sees_a_fault(page: Page, site: str) -> None:
    """The check can fail: an image without words and a field without a label are found."""
    page.goto(f"{site}/help/")
    page.evaluate(
        "document.querySelector('main').append("
        "document.createElement('img'), document.createElement('select'))"
    )
    assert {line.split(":")[0] for line in found_by_axe(page)} >= {"image-alt", "select-name"}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_workbench_keeps_nobody_out(browser: Browser, site: str, name: str) -> None:
    person = arrives(browser, site, name)
    wrong = {}
    for number, path in enumerate(PAGES[name]):
        person.page.set_viewport_size(LAPTOP if number % 2 else PHONE)
        person.goes(path)
        if found := found_by_axe(person.page):
            wrong[path] = found
    person.page.context.close()
    assert wrong == {}


@pytest.mark.parametrize("path", VISITED)
def test_a_public_page_keeps_nobody_out(page: Page, site: str, path: str) -> None:
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)
        page.goto(site + path)
        assert found_by_axe(page) == [], size
