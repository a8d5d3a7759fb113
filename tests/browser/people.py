"""People at their browsers: each logs in once, in a window of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

PASSWORD = "patentops-2026"
TRIES = 14  # a limit of logins is counted over a minute
SHOTS = Path("test-results")


@dataclass
class Person:
    """Somebody with an account of the sample."""

    name: str
    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)

    def goes(self, path: str) -> Person:
        """Open an address; it must answer well."""
        answer = self.page.goto(self.site + path)
        assert answer is not None, path
        assert answer.status == 200, f"{self.name} {path}: {answer.status}"
        return self

    def clicks(self, words: str, *, exact: bool = False) -> Person:
        """Click the first visible button or link with these words."""
        either = self.page.get_by_role("button", name=words, exact=exact).or_(
            self.page.get_by_role("link", name=words, exact=exact)
        )
        either.locator("visible=true").first.click()
        self.page.wait_for_load_state()
        return self

    def fills(self, **fields: str) -> Person:
        """Fill fields of the main part by their names."""
        for name, value in fields.items():
            self.page.fill(f"main [name={name}]", value)
        return self

    def sees(self, *words: str) -> Person:
        """The page says so."""
        text = self.page.inner_text("main")
        for word in words:
            assert word in text, (
                f"{self.name} at {self.page.url} does not read {word!r}:\n{text[:800]}"
            )
        return self

    def shows(self, shot: str) -> Person:
        """Keep a picture, and refuse a page that is wider than the window."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{shot}.png", full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"
        return self


def arrives(browser: Browser, site: str, name: str, width: int = 1440) -> Person:
    """Log in as `name`@example.cn in a new window."""
    context = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": width, "height": 900}
    )
    context.set_default_timeout(15_000)
    person = Person(name, context.new_page(), site)
    person.page.on(
        "console",
        lambda message: person.complaints.append(message.text) if message.type == "error" else None,
    )
    person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
    for _ in range(TRIES):
        if _let_in(person):
            break
        person.page.wait_for_timeout(5_000)
        person.complaints.clear()
    person.page.wait_for_url(lambda url: "/login" not in url)
    return person


def _let_in(person: Person) -> bool:
    """Whether the login was taken: all of us come from one address, which may be told to wait."""
    person.goes("/accounts/login/")
    person.fills(login=f"{person.name}@example.cn", password=PASSWORD)
    with person.page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        person.page.click("main button[type=submit]")
    return bool(sent.value.status != 429)
