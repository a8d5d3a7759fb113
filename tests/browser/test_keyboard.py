"""The main journeys by keyboard alone: Tab, Space, arrows, Enter; focus is always to be seen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.people import arrives

pytestmark = pytest.mark.browser

MOST = 140  # Tab presses before a page counts as a trap
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const host = e.closest('.site-search, .search-bar') || e;
  const ring = [e, host].some(x => {
    const s = getComputedStyle(x);
    return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
  });
  return {
    text: ((e.getAttribute('aria-label') || '') + ' ' + (e.innerText || e.value || '')).trim(),
    name: e.getAttribute('name') || '', href: e.getAttribute('href') || '', ring,
    seen: box.width > 0 && box.height > 0 && style.visibility !== 'hidden',
    main: !!e.closest('main'),
  };
}"""


class Keys:
    """Somebody without a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, *, text: str = "", name: str = "", href: str = "", main: bool = True) -> None:
        """Tab until the thing has focus; wherever focus stops on the way it must be visible."""
        for _ in range(MOST):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUSED)
            if at is None:
                continue
            assert at["seen"], f"{self.page.url}: focus goes to something unseen: {at}"
            assert at["ring"], f"{self.page.url}: focus is not to be seen: {at}"
            fits = (
                (not text or text in at["text"])
                and (not name or at["name"] == name)
                and (not href or re.search(href, at["href"]))
                and (not main or at["main"])
            )
            if fits:
                return
        raise AssertionError(f"{self.page.url}: no way by keyboard to {text}{name}{href}")

    def enters(self) -> None:
        """Follow the link or press the button that has focus."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def types(self, name: str, words: str) -> None:
        self.tab_to(name=name)
        self.page.keyboard.insert_text(words)


def test_the_first_stop_skips_to_the_content(page: Page, site: str) -> None:
    page.goto(f"{site}/patents/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')")


def test_search_patent_favourite(browser: Browser, site: str) -> None:
    person = arrives(browser, site, "sme")
    keys = Keys(person.page)
    person.goes("/patents/")
    keys.types("q", "传感器")
    keys.page.keyboard.press("Enter")
    keys.page.wait_for_url(lambda url: "q=" in url)
    keys.tab_to(href=r"^/patents/\d+/")
    keys.enters()
    keys.page.wait_for_url(re.compile(r"/patents/\d+/"))
    keys.tab_to(text="收藏")
    keys.page.keyboard.press("Enter")
    keys.page.get_by_role("button", name=re.compile("已收藏|取消收藏")).first.wait_for()
    person.page.context.close()


def test_write_a_need(browser: Browser, site: str) -> None:
    person = arrives(browser, site, "sme")
    keys = Keys(person.page)
    person.goes("/needs/new/")
    keys.types("title", "只用键盘写下的需求：泵轴密封渗漏")
    keys.types("problem", "化工泵轴端密封每两个月渗漏一次，停机更换影响连续生产。")
    keys.tab_to(text="先存草稿")
    keys.enters()
    keys.page.wait_for_url(re.compile(r"/needs/\d+/"))
    person.sees("只用键盘写下的需求")
    person.page.context.close()


def test_take_an_open_licence(browser: Browser, site: str) -> None:
    person = arrives(browser, site, "sme2")
    keys = Keys(person.page)
    person.goes("/open-licences/")
    keys.tab_to(href=r"^/open-licences/\d+/")
    keys.enters()
    keys.tab_to(text="取得许可")
    keys.enters()
    keys.tab_to(name="accept")
    keys.page.keyboard.press("Space")
    keys.tab_to(text="接受条件")
    keys.enters()
    keys.page.wait_for_url(re.compile(r"/licences/\d+/"))
    person.page.context.close()


def test_open_an_upload(browser: Browser, site: str) -> None:
    person = arrives(browser, site, "office")
    keys = Keys(person.page)
    person.goes("/library/")
    keys.tab_to(href=r"^/library/imports/new/")
    keys.enters()
    with keys.page.expect_file_chooser() as chosen:
        keys.tab_to(name="file")
        keys.page.keyboard.press("Enter")
    chosen.value.set_files(
        {"name": "空.csv", "mimeType": "text/csv", "buffer": "专利号,名称\n".encode()}
    )
    keys.tab_to(text="上传")
    keys.enters()
    assert "没有" in keys.page.inner_text("main") or "数据" in keys.page.inner_text("main")
    person.page.context.close()


def test_from_a_number_to_its_rows(browser: Browser, site: str) -> None:
    person = arrives(browser, site, "bureau")
    keys = Keys(person.page)
    person.goes("/oversight/")
    keys.tab_to(href=r"^/oversight/metrics/listed/")
    keys.enters()
    keys.page.wait_for_url("**/oversight/metrics/listed/**")
    keys.tab_to(href=r"^/(?:library/)?patents/\d+/")
    keys.enters()
    keys.page.wait_for_url(re.compile(r"/patents/\d+/"))
    person.page.context.close()


def test_menus_open_and_close(browser: Browser, site: str) -> None:
    person = arrives(browser, site, "office")
    keys = Keys(person.page)
    keys.tab_to(text="账户菜单", main=False)
    keys.page.keyboard.press("Enter")
    keys.tab_to(text="切换身份", main=False)
    keys.page.keyboard.press("Escape")
    assert keys.page.evaluate("document.querySelectorAll('details.menu[open]').length") == 0
    person.page.context.close()
