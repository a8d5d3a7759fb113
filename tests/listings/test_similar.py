"""Patents like this one, with why; and what search engines may read."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Missing
from core.people.types import Actor
from core.web.sitemap import MOST
from listings import services
from listings.models import Patent
from listings.rules import similar as rules
from listings.selectors import addresses
from listings.selectors.searching.similar import similar
from tests.factories import listings as stock
from tests.factories import matching as demand

NOBODY = Actor.anonymous()


def offered(title: str, ipc: str = "H01M 10/0525", **fields: object) -> Patent:
    patent = stock.listed_patent(title=title, ipc=(ipc,), **fields)
    services.index_patents(patent_ids=[patent.pk], now=stock.NOON)
    return patent


@given(st.floats(0, 2), st.floats(0, 2))
def test_nearer_texts_score_higher(one: float, other: float) -> None:
    near, far = sorted((one, other))
    same = ["H01M 10/0525"]
    assert rules.likeness(near, same, []).score >= rules.likeness(far, same, []).score
    assert rules.likeness(near, same, same).score > rules.likeness(near, same, []).score


def test_likeness_names_the_narrowest_class_they_share() -> None:
    mine = ["C02F 1/44", "H01M 10/0525"]
    assert rules.likeness(0.2, mine, ["H01M 10/613"]).group == "H01M 10"
    found = rules.likeness(0.2, mine, ["H01M 4/02"])
    assert (found.group, found.subclass) == ("", "H01M")
    assert rules.likeness(0.2, mine, ["A61B 5/00"]).subclass == ""
    assert rules.worth_showing(rules.likeness(0.4, mine, ["A61B 5/00"]))
    assert not rules.worth_showing(rules.likeness(0.6, mine, ["A61B 5/00"]))
    assert rules.worth_showing(rules.likeness(0.6, mine, ["H01M 4/02"]))


@pytest.mark.django_db
def test_the_likest_come_first_with_reasons(client: Client) -> None:
    one = offered("一种石墨烯散热膜及其制备方法")
    alike = offered("石墨烯复合散热膜的生产工艺", "H01M 10/613")
    hidden = stock.patent(title="石墨烯散热膜卷材", ipc=("H01M 10/613",))
    services.index_patents(patent_ids=[hidden.pk], now=stock.NOON)
    far = offered("水稻育秧播种机", "A01C 7/00")
    found = similar(one.pk, viewer=NOBODY)
    ids = [row.card.id for row in found]
    assert ids[0] == alike.pk
    assert hidden.pk not in ids
    assert one.pk not in ids
    assert far.pk not in ids[:1]
    assert found[0].why.group == "H01M 10"
    assert "石墨烯" in found[0].why.words
    page = client.get(f"/patents/{one.pk}/similar/").content.decode()
    assert "同一主组 H01M 10" in page
    fragment = client.get(f"/patents/{one.pk}/similar/", headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert client.get(f"/patents/{hidden.pk}/similar/").status_code == 404
    with pytest.raises(Missing):
        similar(hidden.pk, viewer=NOBODY)


@pytest.mark.django_db
def test_similar_patents_cost_the_same_for_one_as_for_six() -> None:
    one = offered("一种石墨烯散热膜")
    counts, sizes = [], []
    for n in (1, 7):
        for number in range(n):
            offered(f"石墨烯散热膜{number}号")
        with CaptureQueriesContext(connection) as queries:
            sizes.append(len(similar(one.pk, viewer=NOBODY)))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert sizes == [1, 6]


@pytest.mark.django_db
def test_linked_data_cannot_break_out(client: Client) -> None:
    patent = offered("膜</script><script>alert(1)</script><!--")
    page = client.get(f"/patents/{patent.pk}/").content.decode()
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    assert block is not None
    data = json.loads(block.group(1))
    assert data["name"] == patent.title
    assert data["@type"] == "Product"
    assert "<script>alert" not in page
    assert "<!--" not in block.group(1)


@pytest.mark.django_db
def test_each_page_has_one_address(client: Client, settings: object) -> None:
    patent = offered("一种膜")
    page = client.get(f"/patents/{patent.pk}/", HTTP_HOST="127.0.0.1").content.decode()
    url = f"{settings.PUBLIC_URL}/patents/{patent.pk}/"  # type: ignore[attr-defined]
    assert f'<link rel="canonical" href="{url}">' in page
    assert f'<meta property="og:url" content="{url}">' in page
    board = client.get("/patents/").content.decode()
    assert "noindex" not in board
    assert 'rel="canonical"' in board
    for facet in ("?q=膜", "?kind=invention", "?page=2"):
        assert "noindex, follow" in client.get(f"/patents/{facet}").content.decode()


@pytest.mark.django_db
def test_the_sitemap_holds_what_is_public(client: Client, settings: object) -> None:
    patent = offered("一种膜")
    stock.patent(title="未公开")
    need = demand.need()
    base = settings.PUBLIC_URL  # type: ignore[attr-defined]
    index = ET.fromstring(client.get("/sitemap.xml").content)
    parts = [loc.text or "" for loc in index.findall(".//{*}loc")]
    urls = set()
    for part in parts:
        body = client.get(part.removeprefix(base))
        urls |= {loc.text for loc in ET.fromstring(body.content).findall(".//{*}loc")}
    assert {f"{base}/patents/{patent.pk}/", f"{base}/needs/{need.pk}/", f"{base}/"} <= urls
    assert len([u for u in urls if u and "/patents/" in u]) == 2
    assert client.get("/sitemap-patents-999.xml").status_code == 404
    assert client.get("/sitemap-nothing-0.xml").status_code == 404


@pytest.mark.django_db
def test_a_part_never_holds_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert addresses.A_PART == MOST == 50_000
    monkeypatch.setattr(addresses, "A_PART", 1)
    ids = [stock.listed_patent(now=stock.NOON + timedelta(days=n)).pk for n in range(2)]
    assert set(addresses.listed_parts()) == set(ids)
    assert [pk for pk, _ in addresses.listed_in(ids[0])] == ids[:1]


@pytest.mark.django_db
def test_robots_are_told_what_to_leave_alone(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /library/" in text
    assert "/sitemap.xml" in text
    assert "Disallow: /patents/" not in text
