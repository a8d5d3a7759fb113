"""Price guidance: ranges with evidence, and nothing that shows one party's price."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules import estimates, pricing
from licensing.rules.estimates import Figures
from licensing.rules.pricing import Comparable, Measure, Way
from licensing.selectors import pricing as selectors
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import FeeMode
from tests.licensing.test_web import text

D = Decimal
TODAY = date(2026, 11, 20)


def deals(count, *, first=0, field="H01", value=10_000, step=1_000, on=date(2025, 5, 1), **changes):
    """So many deals of as many givers and takers."""
    return [
        Comparable(
            **(
                {
                    "id": first + n, "way": Way.OPEN, "field": field, "giver": first + n,
                    "taker": 1000 + first + n, "measure": Measure.SUM,
                    "value": D(value + n * step), "concluded_on": on,
                }
                | changes
            )
        )
        for n in range(count)
    ]  # fmt: skip


def shown(rows, today=TODAY):
    return {field for _way, field, _measure in pricing.cells(rows, today=today)}


@pytest.mark.parametrize(
    ("day", "before", "own"),
    [
        (date(2026, 1, 1), date(2025, 12, 31), date(2026, 3, 31)),
        (date(2026, 11, 20), date(2026, 9, 30), date(2026, 12, 31)),
        (date(2026, 6, 30), date(2026, 3, 31), date(2026, 6, 30)),
    ],
)
def test_quarters(day, before, own):
    assert pricing.quarter_end(day) == before
    assert pricing.quarter_close(day) == own


def test_four_parties_are_not_shown_and_five_are():
    assert shown(deals(4)) == set()
    assert shown(deals(5)) == {"", "H", "H01"}


def test_parties_are_counted_not_deals():
    assert shown(deals(20, giver=7)) == set()
    assert shown(deals(20, taker=7)) == set()
    one_gave_most = deals(6, giver=99) + deals(5, first=50)
    assert shown(one_gave_most) == set()


def test_a_cell_less_its_neighbours_leaves_no_small_rest():
    """Six H deals of which five are H01: H less H01 would be the one in H02."""
    found = shown(deals(5) + deals(1, first=10, field="H02"))
    assert found == {"", "H"}
    assert shown(deals(5) + deals(5, first=10, field="H02")) == {"", "H", "H01", "H02"}


def test_one_section_alone_beside_a_small_one_is_not_shown():
    assert shown(deals(5) + deals(2, first=10, field="A61")) == {""}


def test_a_new_deal_does_not_show_between_two_days():
    rows = deals(6)
    late = deals(1, first=50, value=9_000_000, on=date(2026, 2, 3))
    before = pricing.cells(rows, today=date(2026, 2, 1))
    assert pricing.cells(rows + late, today=TODAY) == before
    batch = deals(5, first=60, on=date(2026, 8, 3))
    after = pricing.cells(rows + late + batch, today=TODAY)
    assert {cell.until for cell in after.values()} == {date(2026, 9, 30)}


def test_what_was_concluded_this_quarter_waits():
    assert shown(deals(9, on=date(2026, 10, 1))) == set()
    assert shown(deals(9, on=date(2026, 9, 30))) == {"", "H", "H01"}


def test_one_price_for_all_is_everybodys_price():
    assert shown(deals(9, step=0)) == set()


def test_the_figures_of_a_cell():
    # 10,000 … 18,000 in steps of 2,000: quartiles 12,000, 14,000, 16,000
    cell = pricing.cells(deals(5, step=2_000), today=TODAY)[Way.OPEN, "H01", Measure.SUM]
    assert (cell.low, cell.middle, cell.high) == (12_000, 14_000, 16_000)
    assert (cell.deals, cell.scope) == ("5–9 笔", "IPC 大类 H01")


@pytest.mark.parametrize(
    ("value", "shown_as"),
    [("48730", "49000"), ("3.14", "3.1"), ("0", "0"), ("99500", "100000"), ("7", "7")],
)
def test_two_digits(value, shown_as):
    assert pricing.rounded(D(value)) == D(shown_as)


@given(st.integers(0, 10**9))
def test_no_cell_and_no_difference_of_neighbours_is_small(seed):
    """Drawn from a seed: lists of a hundred rows are slow to generate piece by piece."""
    dice = random.Random(seed)
    rows = [
        Comparable(
            n, Way.OPEN, dice.choice(["H01", "H01", "H02", "A61", ""]), dice.randint(0, 14),
            dice.randint(20, 36), Measure.SUM, D(dice.randint(1, 10**6)),
            date(2024, 1, 1) + timedelta(days=dice.randint(0, 1000)),
        )
        for n in range(dice.randint(0, 120))
    ]  # fmt: skip
    kept, _until = pricing.released(rows, today=TODAY)
    found = pricing._ladder(kept)
    for field, members in found.items():
        assert pricing.enough(members)
        below = [part for name, part in found.items() if _child(name, field)]
        rest = {row.id for row in members} - {row.id for part in below for row in part}
        if below and rest:
            assert pricing.enough([row for row in members if row.id in rest])


def _child(name, field):
    steps = ("", name[:1], name[:3])
    return name != field and steps[max(steps.index(name) - 1, 0)] == field


# --- the five bases ------------------------------------------------------------------------------


def test_without_figures_there_is_no_number():
    found = estimates.bases(Figures(), sums=None, rates=None)
    assert [b.number for b in found] == [1, 2, 3, 4, 5]
    assert not any(b.given for b in found)
    assert estimates.together(found)[:2] == (None, None)


def test_each_basis_shows_its_reckoning():
    cell = pricing.cells(deals(5, step=2_000), today=TODAY)[Way.OPEN, "H01", Measure.SUM]
    known = Figures(
        months=24, sales=D(1_000_000), own_income=D(100_000), own_low=D(5), own_high=D(10),
        rate_low=D(1), rate_high=D(2), rate_source="行业手册 2025", value_low=D(15_000),
        value_high=D(30_000), value_source="某评估机构，收益法，2026-06-30",
    )  # fmt: skip
    found = estimates.bases(known, sums=cell, rates=None)
    # 100,000 × 5 % × 2 years; 1,000,000 × 1 % × 2 years
    assert [(b.low, b.high) for b in found] == [
        (10_000, 20_000), (12_000, 16_000), (None, None), (20_000, 40_000), (15_000, 30_000),
    ]  # fmt: skip
    assert found[0].lines[0].formula == "100,000 × 5% × 24 个月 ÷ 12 = 10,000"
    assert "不少于 5 家" in found[1].rests_on
    # 20,000 is above 16,000: nothing in common, so the whole span
    assert estimates.together(found) == (
        10_000, 40_000, "4 项依据没有重合，列出全部跨度；请核对各项的前提是否一致。",
    )  # fmt: skip
    assert estimates.together(found[:2])[:2] == (12_000, 16_000)


@pytest.mark.parametrize(
    ("known", "field"),
    [
        (Figures(own_income=D(1), own_low=D(9), own_high=D(5)), "own_high"),
        (Figures(own_income=D(1), own_low=D(9)), "own_high"),
        (Figures(own_low=D(1), own_high=D(2)), "own_income"),
        (Figures(rate_low=D(1), rate_high=D(2)), "rate_source"),
        (Figures(value_low=D(1), value_high=D(2)), "value_source"),
        (Figures(value_low=D(2), value_high=D(2), value_source="x"), "value_high"),
    ],
)
def test_figures_that_say_nothing(known, field):
    assert field in estimates.figure_errors(known)


def test_one_earlier_fee_is_no_range():
    (_own, earlier, *_rest) = estimates.bases(Figures(), sums=None, rates=None, own_fees=[D(5)])
    assert not earlier.given
    assert earlier.lines[0].amount == 5


# --- selectors and pages -------------------------------------------------------------------------


@pytest.fixture
def office(db):
    cache.clear()
    yield make.office(region="310115")
    cache.clear()


def test_concluded_deals_as_values(office):
    firm = make.enterprise()
    fixed = lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)
    lic.licence(office, make.enterprise())  # free: neither a sum nor a rate
    lic.licence(office, make.enterprise(), mode=FeeMode.FIXED)  # not paid: not concluded
    royal = lic.royal_licence(office, firm)
    found = {(c.measure, c.value, c.taker, c.field) for c in selectors.comparables()}
    taker = firm.organisation_id
    assert found == {
        (Measure.SUM, D(50_000), taker, "H01"), (Measure.RATE, D(3), taker, "H01"),
    }  # fmt: skip
    assert selectors.own_fees(fixed.patent_id, viewer=actor(office)) == [50_000]
    assert selectors.own_fees(fixed.patent_id, viewer=actor(firm)) == []
    assert selectors.own_fees(royal.patent_id, viewer=actor(office)) == []


def test_the_page_gives_a_range_and_what_it_rests_on(client, office):
    patent = lic.listed(office)
    client.force_login(office.user)
    url = reverse("licensing:price-guide")
    told = text(client.get(url, {"patent": patent}))
    assert "还没有任何一项依据，不给出数字" in told
    assert "为保护当事人不显示" in told
    known = {"patent": patent, "months": "12", "own_income": "100,000", "own_low": "5",
             "own_high": "10"}  # fmt: skip
    told = text(client.get(url, known))
    assert "5,000 – 10,000 元" in told
    assert "100,000 × 5% × 12 个月 ÷ 12 = 5,000" in told
    told = text(client.get(url, known | {"own_high": "3"}))
    assert "范围的上端不能小于下端" in told


def test_cells_on_the_pages_and_for_programs(client, office, monkeypatch):
    patent = lic.listed(office)
    rows = deals(5, step=2_000)
    monkeypatch.setattr(selectors, "comparables", lambda: rows)
    client.force_login(make.enterprise().user)
    told = text(client.get(reverse("licensing:price-piece", args=[patent])))
    assert "12,000 – 16,000" in told
    assert "IPC 大类 H01 · 5–9 笔" in told
    url = reverse("licensing-api:price-guide")
    found = client.get(url, {"patent_id": patent}).json()
    assert [cell["deals"] for cell in found["cells"]] == ["5–9 笔"]
    assert (found["low"], found["high"]) == ("12000.00", "16000.00")
    assert client.get(url, {"patent_id": patent, "rate_low": "1"}).status_code == 422
    hidden = lic.patent(office)
    assert client.get(url, {"patent_id": hidden}).status_code == 404


def test_a_region_may_keep_them_off_its_shelf(client, office):
    from core.people.models import RegionSetting

    patent = lic.listed(office)
    RegionSetting.objects.create(key="pricing.on_shelf", region="31", value=False)
    client.force_login(make.enterprise().user)
    told = text(client.get(reverse("licensing:price-piece", args=[patent])))
    assert "本地区不在开放许可页公开" in told
