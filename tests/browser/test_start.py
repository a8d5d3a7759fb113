"""The first page in a real browser: nothing foreign, nothing refused by the security policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/accounts/login/"])
def test_a_page_loads_without_complaint_and_only_from_here(
    page: Page, site: str, path: str
) -> None:
    complaints: list[str] = []
    addresses: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))
    answer = page.goto(f"{site}{path}")
    page.wait_for_load_state("load")
    assert answer is not None
    assert answer.status == 200
    assert complaints == []
    assert [a for a in addresses if not a.startswith((site, "data:"))] == []
    assert page.locator("html").get_attribute("lang") == "zh-CN"
