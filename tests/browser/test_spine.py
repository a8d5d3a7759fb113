"""The spine, walked as people walk it: from an upload to the bureau's number and the exchange.

One office, one firm, one bureau, one exchange; a real browser for each; pictures kept in
test-results/. Everything starts from files and forms: nothing is put into the database by hand.
"""

from __future__ import annotations

import json
import re
import threading
import time
from base64 import b64encode
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser
from standardwebhooks import Webhook

from listings.rules import numbers
from tests.browser.people import Person, arrives

pytestmark = pytest.mark.browser

TITLE = "一种高速公路隧道衬砌裂缝的巡检图像拼接与量测方法"
ABSTRACT = (
    "本发明公开了一种高速公路隧道衬砌裂缝的巡检图像拼接与量测方法，在巡检车行进中以环形线阵相机"
    "采集衬砌图像，结合里程编码器消除车速变化造成的拉伸，按环向特征拼接为展开图，用轻量分割网络"
    "提取裂缝并换算为宽度与长度，结果按里程入库，可与上一次巡检比较裂缝的发展。"
)
NEED = {
    "title": "隧道衬砌裂缝人工巡检太慢，想用车载图像自动量测",
    "problem": "养护隧道三十多座，夜间封道人工看衬砌裂缝，一座要四小时，宽度靠塞尺，漏检多。",
    "situation": "已有巡检车，车速每小时二十公里，想装相机边走边拍，把衬砌拼成展开图。",
    "targets": "裂缝宽度误差不超过零点二毫米，一座隧道半小时出结果，能和上次巡检比较发展。",
}


def sheet(folder: Path) -> Path:
    """A stock list with one good patent and one whose check digit is wrong."""
    good = numbers.mint(2021, "1", 9_912_345)
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    rows = [
        "专利号,名称,摘要,专利权人,IPC,申请日,授权日,年费缴至,技术成熟度",
        f"ZL{good},{TITLE},{ABSTRACT},示例·东海理工大学,G06T 7/13,2021-03-15,2023/6/9,2027-03-14,7",
        f"ZL{wrong},一种号码抄错的方法,,示例·东海理工大学,G06T 7/00,2021年3月15日,,,5",
    ]
    path = folder / "存量专利.csv"
    path.write_bytes("\r\n".join(rows).encode("gb18030"))
    return path


class Inbox(ThreadingHTTPServer):
    """An exchange's webhook address on this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.messages: list[tuple[dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Hook(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def inbox() -> Any:
    server = Inbox()
    yield server
    server.shutdown()
    server.server_close()


def until(check: Any, seconds: float = 30) -> Any:
    """What `check()` answers once it answers something true."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.3)
    return found


def number_of(bureau: Person, code: str) -> int:
    """A number on the bureau's page, which must equal the rows behind it."""
    bureau.goes(f"/oversight/metrics/{code}/")
    heading = bureau.page.inner_text("h1")
    number = int(re.sub(r"\D", "", heading.rsplit("·", 1)[1]))
    assert bureau.page.locator("main tbody tr").count() == min(number, 50)
    return number


def test_from_an_upload_to_the_bureaus_number_and_the_exchange(
    browser: Browser, site: str, tmp_path: Path, inbox: Inbox
) -> None:
    office = arrives(browser, site, "office")
    firm = arrives(browser, site, "sme")
    bureau = arrives(browser, site, "bureau")
    exchange = arrives(browser, site, "exchange")

    # The exchange gets a key and says where it wants to be called.
    exchange.goes("/open-platform/console/").fills(label="自动化测试")
    exchange.page.check("main [name=scopes][value='changes:read']")
    exchange.clicks("生成密钥")
    client_id, secret = exchange.page.locator("#new-key + dl code").all_inner_texts()
    exchange.fills(url=f"http://127.0.0.1:{inbox.server_port}/hooks").clicks("登记回调地址")
    exchange.sees("推送记录").shows("spine-01-exchange-endpoint")
    exchange.page.locator("main summary").click()
    signing = exchange.page.locator("main details code").inner_text()
    before = {code: number_of(bureau, code) for code in ("listed", "licences", "outcomes")}

    # The firm says what it needs.
    firm.goes("/needs/new/").fills(**NEED).page.select_option("main [name=industry]", "48")
    firm.page.check("main [name=visibility][value=public]")
    firm.clicks("保存并开放征集").sees(NEED["title"]).shows("spine-02-need")
    firm.goes("/")

    # The office uploads its stock: the wrong row is told apart, the good one comes in.
    office.goes("/library/imports/new/")
    office.page.set_input_files("main input[type=file]", sheet(tmp_path))
    office.clicks("上传并预检")
    until(lambda: "校验位" in office.page.inner_text("main") or (office.page.reload() and None))
    office.sees("校验位").shows("spine-03-dry-run")
    office.page.locator("form[action$='/start/'] button").click()
    until(lambda: "已导入" in office.page.inner_text("main") or (office.page.reload() and None))
    office.shows("spine-04-imported")
    office.goes(f"/library/?q={TITLE[:8]}").clicks(TITLE).shows("spine-05-stock")
    patent_id = re.search(r"/patents/(\d+)/", office.page.url)[1]  # type: ignore[index]

    # It writes the offer in plain words and puts it on the board.
    office.goes(f"/library/patents/{patent_id}/offer/").fills(
        problem="隧道衬砌裂缝靠人看，慢、漏、量不准。",
        how="巡检车开过去就拍成一张展开图，裂缝宽度长度自动量出来。",
        benefit="一座隧道从四小时缩到半小时，宽度误差零点一五毫米。",
        maturity="已在两条高速的十一座隧道使用一年",
        asking_price="120000",
    )
    office.page.check("main [name=routes][value=open_licence]")
    office.clicks("保存", exact=True)
    office.goes(f"/library/patents/{patent_id}/")
    started = time.monotonic()
    office.page.locator("form[action$='/publish/'] button").click()

    # The firm's open page rings by itself.
    firm.page.locator(".toast", has_text=TITLE).first.wait_for(timeout=30_000)
    rang_after = time.monotonic() - started
    firm.shows("spine-06-live-push")
    office.sees("已挂牌").shows("spine-07-listed")

    # The firm sees why, and rates it.
    firm.goes("/matches/").sees(TITLE)
    firm.clicks(TITLE).sees(TITLE, "为什么推荐").shows("spine-08-match")
    firm.clicks("感兴趣")
    firm.page.wait_for_timeout(1_000)
    firm.shows("spine-09-rated")

    # The office declares an open licence: the guards answer before it signs.
    office.goes(f"/open-licences/declare/{patent_id}/").shows("spine-10-guards")
    declare(office)
    office.shows("spine-11-declared")

    # The firm takes it off the shelf.
    firm.goes(f"/patents/{patent_id}/").sees(TITLE)
    firm.page.wait_for_selector("a[href*='/open-licences/']:visible")
    firm.shows("spine-12-patent")
    licence_url = take(firm, patent_id)
    firm.sees("生效").shows("spine-13-licence")

    # The outcome is reported by itself; the bureau verifies it, and its numbers go up by one.
    bureau.goes("/outcomes/?status=reported").clicks(TITLE).shows("spine-14-outcome")
    verify(bureau)
    for code in ("listed", "licences", "outcomes"):
        assert number_of(bureau, code) == before[code] + 1, code
    bureau.page.locator("main tbody a", has_text=TITLE).first.click()
    bureau.sees(TITLE).shows("spine-15-row")
    bureau.goes("/oversight/").shows("spine-16-bureau")

    # The exchange has read both facts, signed, and in the feed.
    hooks = until(
        lambda: (
            {json.loads(body)["type"] for _, body in inbox.messages}
            >= {"patent.listed", "licence.effective"}
            and inbox.messages
        )
    )
    for headers, body in hooks:
        assert Webhook(signing).verify(body, headers)
    feed = changes(site, client_id, secret)
    mine = [c["type"] for c in feed if c["data"].get("patent_id") == int(patent_id)]
    assert mine.index("patent.listed") < mine.index("licence.effective")

    for person in (office, firm, bureau, exchange):
        assert person.complaints == [], f"{person.name}: {person.complaints}"
    assert licence_url
    print(f"published to rung: {rang_after:.1f} s")


def declare(office: Person) -> None:
    """Fixed fee, three years, check the answers, announce: two pages."""
    office.page.check("main [name=mode][value=fixed]")
    office.fills(amount="120000", months="36").clicks("下一步：核对内容")
    office.sees("12 万元").page.check("main [name=sure]")
    office.clicks("声明开放许可", exact=True).sees("声明文书")


def take(firm: Person, patent_id: str) -> str:
    """Accept the terms, serve the notice, hand in the proof of payment; the licence's address."""
    firm.clicks("取得许可").sees("12 万元")
    firm.page.check("main [name=accept]")
    firm.shows("spine-12-terms").page.locator("main form button[type=submit]").last.click()
    firm.page.wait_for_url("**/pay/")
    firm.page.fill("main [name=paid_at]", datetime.now().strftime("%Y-%m-%dT%H:%M"))
    firm.fills(reference="20261122000123").page.set_input_files(
        "main input[type=file]",
        {"name": "回单.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 receipt"},
    )
    firm.page.locator("main form button[type=submit]").last.click()
    firm.page.wait_for_url(re.compile(r"/licences/\d+/$"))
    return firm.page.url


def verify(bureau: Person) -> None:
    """The bureau agrees."""
    bureau.clicks("核验")
    bureau.page.check("main [name=verdict][value=verify]")
    bureau.page.locator("main form button[type=submit]").last.click()
    bureau.page.wait_for_url(re.compile(r"/outcomes/\d+/$"))


def changes(site: str, client_id: str, secret: str) -> list[dict[str, Any]]:
    """The whole change feed, read with a token of its own."""
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    ask = Request(
        f"{site}/identity/o/api/token",
        data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {basic}"},
    )
    token = json.load(urlopen(ask))["access_token"]
    found: list[dict[str, Any]] = []
    since, more = 0, True
    while more:
        ask = Request(
            f"{site}/api/v1/changes/?since={since}", headers={"Authorization": f"Bearer {token}"}
        )
        page = json.load(urlopen(ask))
        found += page["changes"]
        since, more = page["next_since"], page["more"]
    return found
