"""Every page in every role, found by its links: axe-core finds nothing against WCAG 2.2 A and AA,
nothing is wider than the window or cut off at 1440 px, at 200 % and at 360 px, no link is dead,
nothing complains, and no code stands where a word belongs. Each form is handed in empty as well:
what comes back says so, has the focus on what is wrong, and passes the same checks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.people import arrives
from tests.browser.walking import PHONE, WIDE, Walk, found_by_axe

pytestmark = pytest.mark.browser

# How many kinds of page each of them meets at the least: a walk that ends early has failed.
PEOPLE = {
    "office": 60,
    "sme": 40,
    "bureau": 40,
    "bank": 20,
    "exchange": 20,
    "auditor": 30,
    "admin": 20,
    "inventor": 20,
}


NOT_FORMS = "/gallery/"  # shows forms that nobody takes


def test_the_checks_see_faults(page: Page, site: str) -> None:
    """They can fail: words missing, a label missing, text cut off, a page too wide, a dead link."""
    page.goto(f"{site}/help/")
    walk = Walk(page, site)
    page.evaluate("""() => {
      const main = document.querySelector('main');
      main.append(document.createElement('img'), document.createElement('select'));
      const box = main.appendChild(document.createElement('p'));
      box.textContent = '一行写不下的汉字一行写不下的汉字';
      Object.assign(box.style, {width: '5em', height: '1.5em', overflow: 'hidden'});
      main.appendChild(document.createElement('div')).style.cssText = 'width: 2000px; height: 1em';
      main.append(document.createElement('table'));
      for (const way of ['/a/', '/b/']) {
        const link = main.appendChild(document.createElement('p')).appendChild(
          document.createElement('a'));
        link.href = way; link.textContent = '详情';
      }
      const dead = main.appendChild(document.createElement('a'));
      dead.href = '/no-such-page/'; dead.textContent = 'some_code';
    }""")
    walk.check("/help/", found_by_axe)
    said = " ".join(walk.wrong["/help/"])
    for fault in (
        "image-alt",
        "select-name",
        "cut off",
        "too wide",
        "shows some_code",
        "table without a name",
        "table without headers",
        "is said of 2 things",
    ):
        assert fault in said, fault
    assert not walk._opens("/no-such-page/", "/help/")
    assert "answers 404" in walk.wrong["/help/"][-1]


def walked(page: Page, site: str, done: set[str], *, but: str = "") -> Walk:
    """Walk and check everything that links lead to, `but` for kinds that begin so."""
    walk = Walk(page, site, done=done, but=but)
    for path in walk.pages():
        walk.check(path, found_by_axe)
        if not path.startswith(NOT_FORMS):
            walk.hand_in_empty(path, found_by_axe)
    return walk


@pytest.fixture(scope="module")
def done() -> set[str]:
    """Kinds of page that were looked at closely on a phone."""
    return set()


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_no_page_keeps_anybody_out(browser: Browser, site: str, name: str, done: set[str]) -> None:
    person = arrives(browser, site, name)
    walk = walked(person.page, site, done, but="/help/ /services/ /policies/")
    person.page.context.close()
    assert walk.wrong == {}
    assert len(walk.seen) >= PEOPLE[name], sorted(walk.seen)


def test_no_public_page_keeps_anybody_out(page: Page, site: str, done: set[str]) -> None:
    """Guides and help are the same for everybody, and looked at here alone."""
    walk = walked(page, site, done)
    assert walk.wrong == {}
    assert len(walk.seen) >= 25, sorted(walk.seen)


def test_large_text_fits_a_phone(page: Page, site: str) -> None:
    """The large-text mode, switched on without a script, breaks no first page of a section."""
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/help/accessibility/")
    page.locator("form[action='/display/'] button").first.click()
    assert "large-text" in (page.locator("html").get_attribute("class") or "")
    for path in ("/", "/patents/", "/patents/1/", "/needs/", "/open-licences/", "/help/"):
        page.goto(site + path)
        assert "large-text" in (page.locator("html").get_attribute("class") or "")
        assert page.evaluate(WIDE) <= 0, path
