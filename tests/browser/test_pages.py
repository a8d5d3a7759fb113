"""The main pages in every role, on a laptop and on a phone: none complains, none is too wide, none
shows a code where a word belongs; and the first view is light and comes from here alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.people import arrives

pytestmark = pytest.mark.browser

PAGES = {
    "office": [
        "/",
        "/library/",
        "/library/imports/new/",
        "/open-licences/mine/",
        "/outcomes/",
        "/library/portfolio/",
        "/library/annuities/",
        "/library/events/",
        "/library/sheets/",
        "/library/promotion/",
        "/library/candidates/",
        "/disclosures/",
    ],
    "inventor": ["/", "/disclosures/"],
    "sme": [
        "/",
        "/matches/",
        "/needs/mine/",
        "/subscriptions/",
        "/licences/",
        "/favourites/",
        "/searches/",
        "/auctions/",
    ],
    "bureau": [
        "/",
        "/oversight/",
        "/oversight/metrics/listed/",
        "/outcomes/",
        "/drives/",
        "/oversight/layers/",
    ],
    "bank": ["/", "/pledges/records/", "/pledges/check/", "/pledges/record/"],
    "exchange": ["/", "/open-platform/console/", "/open-platform/"],
    "auditor": ["/", "/audit/", "/oversight/"],
    "admin": ["/", "/notices/", "/acting-as/"],
}
VISITED = [
    "/",
    "/patents/",
    "/patents/1/",
    "/needs/",
    "/open-licences/",
    "/help/",
    "/pledges/",
    "/collections/",
    "/bundles/",
    "/auctions/",
]
# A snake_case or kebab-case code; the audit trail and the open platform show codes on purpose.
CODE = re.compile(r"\b[a-z]{3,}(?:[_-][a-z]{3,})+\b")
SHOWS_CODES = ("/audit/", "/open-platform/", "/oversight/metrics/")


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_workbench_is_sound(browser: Browser, site: str, name: str, width: int) -> None:
    person = arrives(browser, site, name, width)
    for path in PAGES[name]:
        person.goes(path)
        wide = person.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide for {name}"
        if not path.startswith(SHOWS_CODES):
            assert CODE.findall(person.page.inner_text("main")) == [], path
    assert person.complaints == []
    person.page.context.close()


@pytest.mark.parametrize("path", VISITED)
def test_a_first_view_is_light_and_from_here(page: Page, site: str, path: str) -> None:
    sizes: dict[str, int] = {}
    page.on(
        "requestfinished",
        lambda request: sizes.__setitem__(request.url, request.sizes()["responseBodySize"]),
    )
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto(site + path, wait_until="networkidle")
    assert complaints == []
    assert [url for url in sizes if not url.startswith((site, "data:"))] == []
    assert len(sizes) <= 12, sorted(sizes)
    assert sum(sizes.values()) <= 200 * 1024, sizes
