"""A stranger of the owner's kind who knows the owner's ids, and a visitor who clicks twice.

Both walk through every door of the library that the matrix declares. What the doors answer is held
there; here, that a refusal leaves no trace in any table, that nothing private is said on the way
(in lists, counts, facets, feeds, sitemaps, refusals), and that a form sent twice is one thing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from listings import services as library
from listings.models import Patent
from listings.rules.alerts import Frequency
from listings.rules.exports import Form
from listings.selectors.searching.search import BoardQuery
from listings.services import drives, importing
from listings.services.searching import exports, searches
from listings.services.shelves import bundles, collections, promotion_lists
from tests.conftest import log_in
from tests.factories import auctions, core, disclosures, events
from tests.factories import listings as stock
from tests.factories.listings import NOON
from tests.matrix import Row, World
from tests.matrix.test_matrix import ROWS

pytestmark = pytest.mark.django_db
LIBRARY = {n: ROWS[n] for n in sorted(ROWS) if n.split(":")[0] in ("listings", "listings-api")}
Send = Callable[[Client], Any]
OPEN = {
    "listings:annuity-ics",  # its address is the key
    "listings:auction-bid",  # a refused bid comes back on the public page of the auction
}
WRITES = ("post", "put", "patch", "delete")
TOUCHED = """
    SELECT coalesce(sum(n_tup_ins), 0), coalesce(sum(n_tup_upd + n_tup_del), 0)
    FROM pg_stat_xact_user_tables
    WHERE relname ~ '^(listings|licensing|matching|pledges)_'
       OR relname IN ('core_auditentry', 'core_notice', 'core_outboxevent')
"""


def touched() -> tuple[int, int]:
    """Rows written, and rows changed, in this transaction so far: what was taken back counts."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED)
        made, changed = cursor.fetchone()
    return int(made), int(changed)


def clients(world: World) -> dict[str, Client]:
    found = {name: Client() for name in ("anonymous", *world.members)}
    for name, member in world.members.items():
        log_in(found[name], member)
    return found


def request(name: str, method: str, row: Row, world: World, **more: Any) -> Send:
    """The request as the matrix declares it, ready for whoever sends it; what it needs is built."""
    url = reverse(name, kwargs=row.kwargs(world)) + row.query
    data = {**row.data(world), **more} if method in {"post", "put", "patch"} else {}
    kind: dict[str, Any] = {"content_type": "application/json"} if "-api:" in name else {}

    def send(client: Client) -> Any:
        for file in (value for value in data.values() if hasattr(value, "seek")):
            file.seek(0)
        return getattr(client, method)(url, data, headers=row.headers, **kind)

    return send


@pytest.mark.parametrize("who", ["office2", "enterprise2"])
def test_a_refused_stranger_leaves_no_trace_and_learns_no_name(who: str) -> None:
    """Nothing is written in any table, and no refusal says whose it is."""
    world, wrong, asked = World(), list[str](), 0
    client, owner = clients(world)[who], world.members["office"]
    type(owner.organisation).objects.filter(pk=owner.organisation_id).update(name="云杉研究院")
    type(owner.user).objects.filter(pk=owner.user_id).update(display_name="云杉甲")
    for name, row in LIBRARY.items():
        if name in OPEN or not row.kwargs(world):
            continue
        for method in ("get", *WRITES):
            expected = row.expected(method)
            if expected is None or expected[who] < 400:
                continue
            ask = request(name, method, row, world)
            before = touched()
            with transaction.atomic():
                answer = ask(client)
                transaction.set_rollback(True)
            asked += 1
            if touched() != before:
                wrong.append(f"{method} {name}: {answer.status_code}, yet it wrote")
            if not answer.streaming and "云杉" in answer.content.decode():
                wrong.append(f"{method} {name}: {answer.status_code} names the owner")
    assert not wrong, "\n".join(wrong)
    assert asked > 150


# --- what is private is said nowhere ---

MARK = "鸢尾绝密"


def hidden(world: World) -> Patent:
    """Everything an office keeps to itself, each thing under the same mark."""
    office, bureau = world.members["office"], world.members["bureau"]
    by, boss = core.actor(office), core.actor(bureau)
    named: dict[str, Any] = {"title": f"{MARK}装置"}
    row = stock.patent(office, **named, abstract=f"{MARK}摘要", funding_project=MARK)
    stock.draft(row, problem=f"{MARK}问题")
    library.index_patents(patent_ids=[row.pk], now=NOON)
    number = row.number or ""
    collections.make_collection(
        draft=collections.Draft(**named, slug="iris", kind="curated", intro=MARK, patents=number),
        by=by,
        now=NOON,
    )
    bundles.make_bundle(draft=bundles.Draft(**named, patents=number, summary=MARK), by=by, now=NOON)
    promotion_lists.make_list(
        draft=promotion_lists.Draft(
            **named, patents=number, expires_on=NOON.date().replace(year=2027), intro=MARK
        ),
        by=by,
        now=NOON,
    )
    auctions.draft(office, patents=[row], title=f"{MARK}拍卖")
    disclosures.disclosure(disclosures.inventor_of(office), office, stands="submitted", **named)
    drives.open_drive(
        data=drives.DriveInput(MARK, MARK, MARK, NOON.date(), NOON.date().replace(month=12)),
        organisations=[office.organisation_id],
        by=boss,
        now=NOON,
    )
    searches.save_search(
        name=MARK, query=BoardQuery(text=MARK), frequency=Frequency.OFF, by=by, now=NOON
    )
    exports.ask_for_export(
        query=BoardQuery(text=MARK), form=Form.CSV, described=MARK, by=by, now=NOON
    )
    events.taken_in(office, f"{number},CF01,2026-05-01", name=f"{MARK}.csv")
    with tempfile.NamedTemporaryFile(suffix=".csv") as kept:
        kept.write(f"名称,申请号\n{MARK}清单,\n".encode())
        kept.flush()
        importing.take_in(path=Path(kept.name), filename=f"{MARK}.csv", by=by, now=NOON)
    return row


def addresses(world: World, who: str, number: str) -> Iterator[str]:
    """Every page and resource of the library that this one may read, and looks for the number."""
    for name, row in LIBRARY.items():
        answers = row.expected("get")
        if answers is not None and answers[who] < 400 and name not in OPEN:
            url = reverse(name, kwargs=row.kwargs(world)) + row.query
            yield url
            if not row.kwargs(world) and not row.query:
                yield f"{url}?q={number}"
    yield from ("/", "/sitemap.xml", "/robots.txt", "/sitemap-patents-0.xml")
    yield from ("/sitemap-bundles-0.xml", "/sitemap-collections-0.xml", "/collections/iris/feed/")


def read(client: Client, url: str) -> str:
    answer = client.get(url)
    body = b"".join(answer) if answer.streaming else answer.content
    return unquote(f"{dict(answer.headers)}") + body.decode(errors="replace")


@pytest.mark.parametrize("who", ["office2", "anonymous"])
def test_what_is_private_is_said_nowhere(who: str) -> None:
    world = World()
    row = hidden(world)
    people = clients(world)
    said = [
        url for url in addresses(world, who, row.number or "") if MARK in read(people[who], url)
    ]
    assert said == []
    ours = ("/library/", "/disclosures/", "/searches/", "/library/imports/", "/library/auctions/")
    assert all(MARK in read(people["office"], url) for url in ours), "the owner sees it"


# --- twice is once ---


def test_a_form_sent_twice_makes_one_thing() -> None:
    world = World()
    people, sent = clients(world), 0
    wrong: list[str] = []
    for name, row in LIBRARY.items():
        answers = row.expected("post")
        if answers is None or "-api:" in name:
            continue
        who = next((w for w, status in answers.items() if status == 302 and w != "anonymous"), None)
        if who is None:
            continue
        ask = request(name, "post", row, world, form_token="t")
        with transaction.atomic():
            first = ask(people[who])
            made = touched()[0]
            second = ask(people[who])
            again = touched()[0] - made
            transaction.set_rollback(True)
        sent += first.status_code == 302  # not where another door has moved the thing on already
        if again:
            wrong.append(f"{name}: {first.status_code}, {second.status_code}, {again} rows more")
    assert not wrong, "\n".join(wrong)
    assert sent > 50
