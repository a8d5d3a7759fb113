"""The first page in a real browser: nothing foreign, nothing refused by the security policy."""

from __future__ import annotations

from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.people import arrives

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


def test_open_pages_keep_no_connection_of_the_database(browser: Browser, site: str) -> None:
    """More people with a page open than the pools have connections, and others are served."""
    person = arrives(browser, site, "sme")
    cookies = {cookie["name"]: cookie["value"] for cookie in person.page.context.cookies()}
    person.page.context.close()
    with ExitStack() as stack:
        client = stack.enter_context(
            httpx.Client(
                base_url=site, cookies=cookies, timeout=20,
                limits=httpx.Limits(max_connections=None),
            )
        )  # fmt: skip
        for _ in range(60):
            stream = stack.enter_context(client.stream("GET", "/events/"))
            assert "event: unread" in "".join(next(stream.iter_text()))
        assert client.get("/patents/").status_code == 200
        assert client.get("/notices/").status_code == 200
