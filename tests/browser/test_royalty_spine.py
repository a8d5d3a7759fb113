"""The spine's sibling: an open licence that bears a royalty, from the plan to the statement."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser

from tests.browser.people import arrives

pytestmark = pytest.mark.browser


def test_from_a_composed_plan_to_a_settled_royalty(browser: Browser, site: str) -> None:
    office, firm = arrives(browser, site, "office"), arrives(browser, site, "sme")
    now = datetime.now()

    # The office puts the plan together and sees what it would cost before it declares.
    office.goes("/open-licences/declare/")
    link = office.page.get_by_role("link", name=re.compile("^选择")).first
    patent_id = re.search(r"/(\d+)/$", link.get_attribute("href") or "")[1]  # type: ignore[index]
    office.goes(f"/fee-plans/patent/{patent_id}/").clicks("提成", exact=True)
    office.page.select_option("main [name=p1-base]", "net_sales")
    office.page.select_option("main [name=p1-period_months]", "1")
    office.page.fill("main [name=p1-rate]", "3")
    with office.page.expect_response("**/fee-plans/**"):  # the what-if table follows by itself
        office.page.fill("main [name=sales]", "12,000,000")
        office.page.press("main [name=sales]", "Tab")
    office.page.get_by_text("期内合计", exact=True).wait_for()
    office.sees("按净销售额的 3% 付提成", "360,000").shows("royalty-01-plan")
    office.clicks("存为草稿，下一步").fills(months="36").clicks("下一步：核对内容")
    announced = (now - timedelta(days=50)).strftime("%Y-%m-%d")
    office.fills(filed_on=announced, announced_on=announced).page.check("main [name=sure]")
    office.clicks("声明开放许可", exact=True).sees("声明文书")

    # The firm served its notice 45 days ago: the licence runs, and its first month is over.
    declaration = re.search(r"/open-licences/(\d+)/", office.page.url)[1]  # type: ignore[index]
    firm.goes(f"/open-licences/{declaration}/take/").page.check("main [name=accept]")
    firm.fills(served_at=(now - timedelta(days=45)).strftime("%Y-%m-%dT%H:%M"))
    firm.page.locator("main form button[type=submit]").last.click()
    firm.page.wait_for_url(re.compile(r"/licences/\d+/$"))
    licence = re.search(r"/licences/(\d+)/", firm.page.url)[1]  # type: ignore[index]

    # It reports, the office agrees, the sum falls due, is paid, and the statement says so.
    firm.goes(f"/licences/{licence}/royalties/").clicks("申报这一期").fills(amount="1000000")
    firm.page.locator("main form button[type=submit]").last.click()
    firm.sees("待核对").shows("royalty-02-reported")
    office.goes(f"/licences/{licence}/royalties/").clicks("确认申报").sees("30,000")
    office.shows("royalty-03-accepted")
    firm.goes(f"/licences/{licence}/pay/").fills(reference="20261122000777")
    firm.page.locator("main form button[type=submit]").last.click()
    firm.page.wait_for_url(re.compile(r"/licences/\d+/$"))
    firm.goes(f"/licences/{licence}/statement/").sees("已付清", "1,000,000 × 3% = 30,000")
    firm.shows("royalty-04-statement")
    for person in (office, firm):
        assert person.complaints == [], f"{person.name}: {person.complaints}"
