"""The pictures of the guides are what the platform shows.

Every page is opened and must say what the guide says it does; with PATENTOPS_GUIDE_PICTURES=1 the
pictures in docs/images/guide are taken anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.people import arrives
from tests.docs.pictures import FOLDER, PICTURES, Picture

pytestmark = pytest.mark.browser
WIDTH = 1024
TAKE = bool(os.environ.get("PATENTOPS_GUIDE_PICTURES"))
SHOWN = sorted(PICTURES, key=lambda picture: picture.login)
PEOPLE = [(login, list(rows)) for login, rows in groupby(SHOWN, key=lambda p: p.login)]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("login", "pictures"), PEOPLE, ids=[login or "all" for login, _ in PEOPLE])
def test_the_pages_of_the_guides(
    browser: Browser, visitor: Page, site: str, login: str, pictures: list[Picture]
) -> None:
    page = arrives(browser, site, login, WIDTH).page if login else visitor
    for picture in pictures:
        page.set_viewport_size({"width": WIDTH, "height": picture.height})
        answer = page.goto(site + picture.path)
        assert answer is not None
        assert answer.status == 200, picture
        if picture.follow:
            page.locator(
                f"main h2 a[href^='{picture.follow}'], main h3 a[href^='{picture.follow}']"
            ).first.click()
            page.wait_for_load_state()
        text = page.inner_text("body")
        assert all(words in text for words in picture.says), (picture, text[:500])
        if TAKE:
            FOLDER.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled")
