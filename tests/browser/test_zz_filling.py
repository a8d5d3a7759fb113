"""Last of all: the rest of the sample loads beside running pages, whole, and a second time not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from patentops.sample.content import volumes
from tests.runner.installation import Installation

pytestmark = pytest.mark.browser


def test_the_rest_of_the_sample_loads_and_shows(installation: Installation, page: Page) -> None:
    counted = "SELECT count(*) FROM listings_patent WHERE is_sample"
    [(before,)] = installation.query("app", counted)  # the heart, and what other tests took in
    done = installation.manage("load_sample", "--rest")
    assert done.returncode == 0, done.stderr
    rest = sum(len(book.patents) for book in volumes())
    assert installation.query("app", counted) == [(before + rest,)]
    again = installation.manage("load_sample", "--rest")
    assert "没有变化" in again.stdout
    newest = min(
        (p for book in volumes() for p in book.patents if p.offer), key=lambda p: p.listed_days_ago
    )
    page.goto(f"/patents/?q={newest.title}")
    expect(page.locator("main")).to_contain_text(newest.title)
