"""What the sample says is sound: numbers, codes, classes, and no text twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from stdnum.cn import uscc

from core.reference import selectors as reference
from listings.rules import numbers
from patentops.sample.content import (
    Sample,
    SampleNeed,
    SampleOrganisation,
    SamplePatent,
    sample,
    volumes,
)
from tests.conftest import NOON

LONG = 24
BOOKS = (sample(), *volumes())
HEART = sample().patents
PATENTS: list[SamplePatent] = [patent for book in BOOKS for patent in book.patents]
NUMBERED = [patent for patent in PATENTS if patent.number]
ORGANISATIONS = [organisation for book in BOOKS for organisation in book.organisations]
NEEDS: list[SampleNeed] = [need for book in BOOKS for need in book.needs]


def test_the_heart_has_the_promised_size() -> None:
    found = sample()
    assert len(found.organisations) == 40
    assert len(found.patents) == 60
    assert len(found.needs) == 20
    assert len({reference.ipc_class(s) for p in HEART for s in p.ipc}) >= 20


def test_the_whole_has_the_promised_size() -> None:
    assert len(ORGANISATIONS) == 60
    assert len({o.region[:2] for o in ORGANISATIONS if o.region}) >= 15
    assert len(PATENTS) == 300
    assert len({reference.ipc_class(s) for p in PATENTS for s in p.ipc}) >= 60
    assert len(NEEDS) >= 80


@pytest.mark.parametrize("organisation", ORGANISATIONS, ids=lambda o: o.key)
def test_organisations_carry_valid_codes_of_the_sample_block(
    organisation: SampleOrganisation,
) -> None:
    assert uscc.validate(organisation.uscc) == organisation.uscc
    assert organisation.uscc[8:10] == "YP"
    assert _inner_check(organisation.uscc[8:16]) == organisation.uscc[16]
    assert not organisation.region or reference.region_known(organisation.region)
    assert organisation.region in ("", organisation.uscc[2:8])
    assert organisation.name.startswith("示例·")
    assert all(reference.industry_known(code) for code in organisation.industries)


def _inner_check(body: str) -> str:
    """The check character of an organisation code (GB 11714)."""
    values = [int(c) if c.isdigit() else ord(c) - 55 for c in body]
    rest = 11 - sum(v * w for v, w in zip(values, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def test_codes_names_and_accounts_are_used_once() -> None:
    for name in ("key", "name", "uscc", "account", "person"):
        values = [getattr(o, name) for o in ORGANISATIONS]
        assert len(values) == len(set(values)), name


def test_numbers_check_and_lie_in_the_sample_block() -> None:
    for patent in NUMBERED:
        number = numbers.parse(patent.number)
        assert number.canonical == patent.number
        assert number.kind == patent.kind
        assert patent.filed is not None
        assert number.year == patent.filed.year
        assert patent.number[5:8] == "990"
        assert patent.granted is None or patent.granted > patent.filed
    assert len({patent.number for patent in NUMBERED}) == len(NUMBERED)


def test_patents_are_whole() -> None:
    for patent in PATENTS:
        assert 150 <= len(patent.abstract) <= 300, patent.key
        assert patent.trl in range(1, 10)
        assert bool(patent.locarno) == (patent.kind == "design"), patent.key
        assert patent.locarno or patent.ipc
        assert all(reference.ipc_known(symbol) for symbol in patent.ipc), patent.key
        assert patent.industries
        assert all(reference.industry_known(code) for code in patent.industries), patent.key
        assert bool(patent.evaluation) == bool(patent.evaluation_on)
        shares = [holder.share for holder in patent.holders if holder.share is not None]
        assert not shares or sum(shares) == 100
        assert not patent.listed or patent.listed_days_ago > 0


def test_benefits_are_told_in_numbers() -> None:
    for patent in PATENTS:
        if offer := patent.offer:
            assert any(c.isdigit() for c in offer.benefit), patent.key
            for text in (offer.problem, offer.how, offer.benefit):
                assert 8 <= len(text) <= 90, patent.key
    assert sum(1 for patent in PATENTS if patent.offer) >= 0.6 * len(PATENTS)


def test_whoever_keeps_a_patent_may() -> None:
    offices = {o.key for o in ORGANISATIONS if "office" in o.roles}
    assert {patent.managed_by for patent in PATENTS} <= offices


def test_two_years_hang_together() -> None:
    """Registered after the grant, listed after that; every month has something."""
    months = Counter[int]()
    for patent in (p for book in volumes() for p in book.patents):
        days = patent.registered_days_ago
        assert days is not None
        assert 0 < days <= 720
        assert patent.granted is None or (NOON.date() - patent.granted).days > days, patent.key
        assert not patent.listed or patent.listed_days_ago < days, patent.key
        months[days // 30] += 1
    assert all(months[month] for month in range(22))


def test_the_sample_shows_every_kind_and_the_interesting_states() -> None:
    assert {p.kind for p in HEART} == {"invention", "utility_model", "design"}
    codes = {event.code for p in HEART for event in p.events}
    assert {"CF01", "RR01", "CX01", "IW01", "PP01", "PD01", "PE01", "EE01", "TR01"} <= codes
    assert any(not p.number for p in HEART)
    assert any(p.number and not p.granted for p in HEART)
    assert {h.kind for p in HEART for h in p.holders} == {"organisation", "person", "foreign"}
    assert any(p.kind == "utility_model" and not p.evaluation for p in HEART)


@pytest.mark.parametrize("found", BOOKS, ids=lambda book: book.patents[:1] and book.patents[0].key)
def test_references_between_the_papers_hold(found: Sample) -> None:
    organisations = {o.key for o in ORGANISATIONS}
    patents = {p.key for p in found.patents}
    assert len(patents) == len(found.patents)
    assert {h.org for p in found.patents for h in p.holders if h.org} <= organisations
    assert {n.org for n in found.needs} | {s.org for s in found.subscriptions} <= organisations
    assert {d.patent for d in found.declarations} <= patents
    assert {lic.patent for lic in found.licences} <= {d.patent for d in found.declarations}
    assert {lic.licensee for lic in found.licences} <= organisations
    assert {o.patent for o in found.outcomes} <= patents
    assert {key for pledge in found.pledges for key in pledge.patents} <= patents


def _texts() -> Iterator[tuple[str, str]]:
    for patent in PATENTS:
        yield f"{patent.key}.title", patent.title
        yield f"{patent.key}.abstract", patent.abstract.replace(patent.title, "")
        if offer := patent.offer:
            yield f"{patent.key}.offer", offer.problem + offer.how
            yield f"{patent.key}.benefit", offer.benefit + offer.maturity
    for need in NEEDS:
        yield f"{need.key}.need", need.title + need.situation + need.problem + need.targets


def test_no_two_texts_share_a_long_passage() -> None:
    """Written one by one: no passage of 24 characters stands in two places."""
    owners: dict[str, str] = {}
    doubled = []
    for name, text in _texts():
        for passage in {text[i : i + LONG] for i in range(len(text) - LONG + 1)}:
            if owners.setdefault(passage, name) != name:
                doubled.append((name, owners[passage], passage))
    assert doubled == []


def test_no_title_is_used_twice() -> None:
    titles = Counter([p.title for p in PATENTS] + [n.title for n in NEEDS])
    assert max(titles.values()) == 1


def test_dates_lie_in_the_past_of_the_sample() -> None:
    latest = date(2026, 6, 1)
    for patent in NUMBERED:
        assert patent.granted is None or patent.granted < latest
        assert all(event.on is None or event.on < latest for event in patent.events)
