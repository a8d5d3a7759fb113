"""What people print: the words and figures of a page on A4, without what can only be clicked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.browser.people import arrives
from tests.browser.walking import WIDE

pytestmark = pytest.mark.browser

PAPER: ViewportSize = {"width": 673, "height": 971}  # A4 within its margins, at 96 dots an inch
PRINTED = {
    "office": ("/", "/patents/1/", "/library/portfolio/", "/open-licences/mine/", "/help/office/"),
    "sme": ("/matches/", "/open-licences/"),
    "bureau": ("/oversight/", "/outcomes/"),
    "bank": ("/pledges/records/",),
}
# What stands on paper all the same: links and buttons lead nowhere there, bars are not read.
CLICKED = """() => [...document.querySelectorAll(
  '.site-header, .site-footer, .workbench, .btn, .pagination, .breadcrumbs, .facets')]
  .filter(e => e.getClientRects().length).map(e => e.outerHTML.slice(0, 90))"""
# Light words on what was a dark ground: backgrounds are not printed.
PALE = """() => [...document.querySelectorAll('main *')].filter(e => {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) return false;
  if (!e.getClientRects().length || e.closest('svg')) return false;
  const [r, g, b] = getComputedStyle(e).color.match(/[\\d.]+/g).map(Number);
  return Math.min(r, g, b) > 200;
}).map(e => e.outerHTML.slice(0, 90))"""


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_page_is_fit_for_paper(browser: Browser, site: str, name: str) -> None:
    page = arrives(browser, site, name).page
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    for path in PRINTED[name]:
        answer = page.goto(site + path)
        assert answer is not None, path
        assert answer.ok, path
        assert page.locator("main h1").first.is_visible(), path
        assert page.evaluate(CLICKED) == [], path
        assert page.evaluate(PALE) == [], path
        assert page.evaluate(WIDE) <= 0, path
    page.context.close()
