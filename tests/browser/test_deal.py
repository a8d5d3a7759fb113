"""One deal as its people see it: an exclusive licence from the inquiry to the settlement."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.people import Person, arrives

pytestmark = pytest.mark.browser

PATENT = "肺结节随访CT的弹性配准与体积倍增时间估计方法"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def takes(person: Person, deal: str, step: str, shot: str = "", **fields: str) -> None:
    """One step of the deal: fill, choose, upload, submit; the room comes back."""
    person.goes(f"{deal}{step}/")
    for name, value in fields.items():
        field = person.page.locator(f"main [name={name}]")
        if name == "file":
            contract = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": PDF}
            field.set_input_files(contract)  # type: ignore[arg-type]
        elif field.first.get_attribute("type") == "radio":
            person.page.check(f"main [name={name}][value={value}]")
        else:
            field.fill(value)
    if shot:
        person.shows(shot)
    person.page.locator("main form[method=post] button[type=submit]").last.click()
    person.page.wait_for_url(lambda url: url.split("#")[0].endswith(deal))


def test_an_exclusive_licence_from_inquiry_to_settlement(browser: Browser, site: str) -> None:
    office, second = arrives(browser, site, "pjyy"), arrives(browser, site, "pjyy2")
    firm = arrives(browser, site, "sme", width=1024)

    firm.goes(f"/patents/?q={PATENT}")
    firm.page.get_by_role("link", name=PATENT).first.click()
    firm.page.wait_for_load_state()
    firm.clicks("洽谈转让或许可")
    firm.page.check("main [name=kind][value=exclusive]")
    firm.fills(wish="用于本公司的随访软件，先在华东推广。").shows("deal-1-inquiry")
    firm.clicks("送达意向")
    deal = firm.page.url.removeprefix(site).split("#")[0]

    takes(office, deal, "answer", verdict="accept")
    takes(firm, deal, "propose", "deal-2-terms", mode="fixed", amount="80000", months="24")
    takes(office, deal, "verdict", "deal-3-verdict", verdict="accept")
    takes(office, deal, "sign", file="contract")
    takes(firm, deal, "sign", file="contract")
    takes(second, deal, "seal", "deal-4-seals", verdict="ok")
    takes(firm, deal, "register", number="2026990000001")
    takes(office, deal, "settle", amount="80000", note="回单 20261122")

    office.goes(deal).sees("已结清", "独占许可", "合同生效").shows("deal-5-settled")
    bureau = arrives(browser, site, "bureau", width=360)
    bureau.goes(deal).sees("已结清").shows("deal-6-bureau")
    assert "只有双方能看到" not in bureau.page.inner_text("main")
    for person in (office, second, firm, bureau):
        assert person.complaints == []
