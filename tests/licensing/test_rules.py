"""Licensing's rules: moves, fees, effect, guards and outcome codes. No database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import add_months, legal_day
from licensing.rules import effect, fees, guards, moves, outcomes
from licensing.rules.fees import FeeMode, FeePart, PartKind, RoyaltyBase

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TABLES = [
    (moves.DECLARATION_MOVES, moves.DeclarationStatus),
    (moves.LICENCE_MOVES, moves.LicenceStatus),
    (moves.CONTEST_MOVES, moves.ContestStatus),
    (moves.OUTCOME_MOVES, moves.OutcomeStatus),
]


@pytest.mark.parametrize(("moves_of", "statuses"), TABLES)
def test_transitions_are_those_of_the_table(moves_of, statuses):
    pairs = moves.transitions(moves_of)
    assert len(pairs) == len(set(pairs))
    for before, after in pairs:
        assert any(
            before in {str(s) for s in sources} and after == target
            for sources, target in moves_of.values()
        )


@pytest.mark.parametrize("labels", [
    (moves.DECLARATION_LABELS, moves.DeclarationStatus),
    (moves.LICENCE_LABELS, moves.LicenceStatus),
    (moves.CONTEST_LABELS, moves.ContestStatus),
    (moves.OUTCOME_LABELS, moves.OutcomeStatus),
    (fees.PART_LABELS, PartKind),
    (fees.MODE_LABELS, FeeMode),
])  # fmt: skip
def test_every_code_has_a_chinese_label(labels):
    table, codes = labels
    assert set(table) == set(codes)
    assert all(label.strip() and not label.isascii() for label in table.values())


# --- fees ------------------------------------------------------------------------------------

sums = st.decimals(min_value="0.01", max_value="99999999.99", places=2)
rates = st.decimals(min_value="0.01", max_value="100", places=2)


def running(rate="3", base=RoyaltyBase.NET_SALES, cap=None, floor=None):
    return FeePart(
        PartKind.RUNNING,
        base=base,
        rate=Decimal(rate),
        cap=None if cap is None else Decimal(cap),
        floor=None if floor is None else Decimal(floor),
    )


@pytest.mark.parametrize("mode", fees.OFFERED_MODES)
def test_parts_for_makes_the_mode_it_is_asked_for(mode):
    parts = fees.parts_for(
        mode, amount=Decimal(50_000), due_days=365, base=RoyaltyBase.NET_SALES, rate=Decimal(3)
    )
    assert fees.plan_errors(parts) == []
    assert fees.mode_of(parts) is mode
    assert fees.price_text(parts)
    assert all(line.endswith("。") for line in fees.standard_lines(parts))


def test_an_unusual_plan_is_composed():
    parts = (FeePart(PartKind.LUMP, Decimal(1)), FeePart(PartKind.INSTALMENT, Decimal(2)))
    assert fees.mode_of(parts) is FeeMode.COMPOSED
    with pytest.raises(ValueError, match="composed"):
        fees.parts_for(FeeMode.COMPOSED)


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (FeePart(PartKind.LUMP), "金额"),
        (FeePart(PartKind.LUMP, Decimal(0)), "大于 0"),
        (FeePart(PartKind.LUMP, Decimal("1.001")), "两位小数"),
        (FeePart(PartKind.LUMP, Decimal("1e17")), "大于 0"),
        (FeePart(PartKind.LUMP, Decimal(1), due_days=-1), "期限"),
        (FeePart(PartKind.DEFERRED, Decimal(1)), "多少天"),
        (FeePart(PartKind.RUNNING, rate=Decimal(3)), "基数"),
        (FeePart(PartKind.RUNNING, base=RoyaltyBase.PROFIT), "比例"),
        (running("101"), "比例"),
        (running(cap="1", floor="2"), "上限"),
        (running(cap="0"), "上限"),
        (FeePart(PartKind.MILESTONE, Decimal(1)), "里程碑"),
        (FeePart(PartKind.EQUITY), "股权"),
        (FeePart(PartKind.FREE_UNTIL, free_months=0), "免费期"),
    ],
)
def test_part_errors_name_what_is_missing(part, word):
    assert any(word in error for error in fees.part_errors(part))


def test_plan_errors_see_the_whole():
    free = FeePart(PartKind.FREE_UNTIL)
    assert fees.plan_errors([]) == ["请选择一种付费方式。"]
    assert any("全程免费" in e for e in fees.plan_errors([free, running()]))
    assert any("一项提成" in e for e in fees.plan_errors([running(), running()]))
    assert fees.plan_errors([FeePart(PartKind.FREE_UNTIL, free_months=12), running()]) == []


@given(st.lists(st.tuples(sums, st.integers(0, 900)), max_size=6))
def test_schedule_keeps_every_fen(instalments):
    parts = [FeePart(PartKind.INSTALMENT, a, due_days=d) for a, d in instalments]
    dues = fees.schedule(parts, served_on=date(2026, 11, 20))
    assert sum((d.amount for d in dues), Decimal(0)) == sum((a for a, _ in instalments), Decimal(0))
    assert [d.due_on for d in dues] == sorted(d.due_on for d in dues)
    assert fees.due_at_conclusion(dues) == sum(
        (a for a, days in instalments if days == 0), Decimal(0)
    )


@pytest.mark.parametrize("kind", [PartKind.RUNNING, PartKind.EQUITY, PartKind.FREE_UNTIL])
def test_parts_without_a_date_owe_nothing_at_conclusion(kind):
    part = FeePart(kind, base=RoyaltyBase.NET_SALES, rate=Decimal(3), share=Decimal(5))
    assert fees.schedule([part], served_on=date(2026, 11, 20)) == ()


def test_a_deferred_sum_is_not_due_at_conclusion():
    parts = fees.parts_for(FeeMode.DEFERRED, amount=Decimal(5), due_days=365)
    (due,) = fees.schedule(parts, served_on=date(2026, 11, 20))
    assert (due.due_on, due.at_conclusion) == (date(2027, 11, 20), False)


@given(rates, sums, sums, sums)
def test_royalty_stays_between_floor_and_cap(rate, base, one, two):
    floor, cap = sorted([one, two])
    part = FeePart(PartKind.RUNNING, base=RoyaltyBase.NET_SALES, rate=rate, cap=cap, floor=floor)
    assert floor <= fees.royalty(part, base) <= cap


@given(rates, sums)
def test_royalty_is_the_rate_to_half_a_fen(rate, base):
    exact = base * rate / 100
    assert abs(fees.royalty(running(rate), base) - exact) <= Decimal("0.005")


def test_royalty_rounds_half_up_and_never_below_nothing():
    assert fees.royalty(running("0.5"), Decimal(1)) == Decimal("0.01")
    assert fees.royalty(running("3"), Decimal(-100)) == 0


def test_first_year_adds_entry_and_royalty_but_no_later_sum():
    entry = fees.parts_for(
        FeeMode.ENTRY_RUNNING, amount=Decimal(20_000), base=RoyaltyBase.NET_SALES, rate=Decimal(3)
    )
    later = FeePart(PartKind.INSTALMENT, Decimal(7), due_days=366)
    assert fees.first_year((*entry, later), base_amount=Decimal(1_000_000)) == 50_000


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("100000", "10 万元"), ("15000", "1.5 万元"), ("12345", "12,345 元"),
        ("0.5", "0.50 元"), ("20000000", "2,000 万元"), ("10100", "1.01 万元"),
    ],
)  # fmt: skip
def test_money_text_reads_as_people_write(amount, text):
    assert fees.money_text(Decimal(amount)) == text


@given(sums)
def test_money_text_loses_nothing(amount):
    text = fees.money_text(amount)
    figure, unit = text.split(" ")
    factor = 10_000 if unit == "万元" else 1
    assert Decimal(figure.replace(",", "")) * factor == amount


# --- effect ----------------------------------------------------------------------------------

moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)
)


@given(moments, st.lists(st.tuples(sums, moments), max_size=5), sums)
def test_effect_is_the_later_of_notice_and_full_payment(served, payments, due):
    paid = [effect.Paid(a, t) for a, t in payments]
    found = effect.effect(served_at=served, due=due, payments=paid)
    total, complete = Decimal(0), None
    for amount, at in sorted(payments, key=lambda p: p[1]):
        total += amount
        if total >= due:
            complete = at
            break
    if complete is None:
        assert found.effective_at is None
        assert found.outstanding == due - sum((a for a, _ in payments), Decimal(0)) > 0
    else:
        assert found.effective_at == max(served, complete)
        assert found.outstanding == 0
    assert "第五十一条" in found.explanation


@given(moments, st.permutations([(Decimal(1), 1), (Decimal(2), 2), (Decimal(3), 3)]))
def test_effect_does_not_depend_on_the_order_of_entry(served, rows):
    paid = [effect.Paid(a, NOON + timedelta(days=d)) for a, d in rows]
    found = effect.effect(served_at=served, due=Decimal(3), payments=paid)
    assert found.effective_at == max(served, NOON + timedelta(days=2))


@given(moments)
def test_nothing_due_takes_effect_on_delivery(served):
    assert effect.effect(served_at=served, due=Decimal(0), payments=[]).effective_at == served


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 15), 3, date(2027, 3, 15)),
        (date(2026, 1, 31), 12, date(2027, 1, 31)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(day, months, end):
    assert add_months(day, months) == end


def test_term_end_never_outlives_the_patent():
    start, life = date(2026, 11, 20), date(2028, 1, 1)
    assert effect.term_end(start, 12, expires_on=life) == date(2027, 11, 19)
    assert effect.term_end(start, 36, expires_on=life) == date(2027, 12, 31)
    assert effect.term_end(start, None, expires_on=life) == date(2027, 12, 31)


def test_filing_alarms_ring_at_60_and_80_days():
    start = date(2026, 9, 1)
    assert effect.alarms_due(start, start + timedelta(days=59)) == ()
    assert effect.alarms_due(start, start + timedelta(days=60)) == (60,)
    assert effect.alarms_due(start, start + timedelta(days=80)) == (60, 80)
    assert effect.filing_deadline(start) == date(2026, 12, 1)


def test_the_parties_read_what_came_later_to_the_minute_in_beijing():
    """PL51: whose delay it was is in the words that both sides get."""
    served = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    paid = [effect.Paid(Decimal(5), served + timedelta(minutes=1))]
    told = effect.effect(served_at=served, due=Decimal(5), payments=paid).explanation
    assert "2026-11-21 00:30 送达" in told
    assert "2026-11-21 00:31 付清" in told
    assert "自付清之时" in told
    same = [effect.Paid(Decimal(5), served)]
    for payments in (same, [effect.Paid(Decimal(5), served - timedelta(days=1))]):
        told = effect.effect(served_at=served, due=Decimal(5), payments=payments).explanation
        assert "自通知送达之时" in told
    nothing = effect.effect(served_at=served, due=Decimal(0), payments=[])
    assert nothing.outstanding == 0
    owed = effect.effect(served_at=served, due=Decimal(5), payments=[])
    assert "尚有 5 元 未付" in owed.explanation


def test_terms_and_objections_count_whole_days():
    assert effect.agreed_end(date(2026, 11, 20), 12) == date(2027, 11, 19)
    entered = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # the 21st in China
    assert effect.contest_deadline(entered) == date(2026, 11, 21) + timedelta(
        days=effect.CONTEST_DAYS
    )


def test_legal_days_are_those_of_china():
    assert legal_day(datetime(2026, 11, 20, 16, 30, tzinfo=UTC)) == date(2026, 11, 21)


# --- guards ----------------------------------------------------------------------------------


def facts(**changes):
    known = {
        "parts": fees.parts_for(FeeMode.FIXED, amount=Decimal(100_000)),
        "months": 36,
        "expires_on": date(2035, 1, 1),
        "today": date(2026, 11, 20),
    }
    return guards.DeclarationFacts(**(known | changes))


def codes(found):
    return {blocker.code for blocker in found}


def test_a_plain_declaration_has_no_blocker():
    assert guards.declaration_blockers(facts()) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parts": ()}, "fee-plan"),
        ({"texts": ("本专利国际领先，欢迎来电",)}, "advertising"),
        ({"months": 0}, "term"),
        ({"expires_on": date(2026, 11, 20)}, "expired"),
        ({"parts": fees.parts_for(FeeMode.FIXED, amount=Decimal("20000000.01"))}, "fee-above-cap"),
        ({"parts": (running("20.01"),)}, "rate-above-cap"),
        ({"parts": (running("40.01", RoyaltyBase.PROFIT),)}, "rate-above-cap"),
    ],
)
def test_each_breach_is_named_with_its_article(changes, code):
    found = guards.declaration_blockers(facts(**changes))
    assert codes(found) == {code}
    assert all(blocker.article and blocker.message for blocker in found)


def test_every_breach_is_named_at_once():
    found = guards.declaration_blockers(facts(parts=(), months=0, texts=("顶级技术",)))
    assert codes(found) == {"fee-plan", "term", "advertising"}


@pytest.mark.parametrize("parts", [
    fees.parts_for(FeeMode.FIXED, amount=Decimal(20_000_000)),
    (running("20"),),
    (running("40", RoyaltyBase.PROFIT),),
])  # fmt: skip
def test_a_fee_at_the_cap_passes(parts):
    assert guards.cap_warnings(parts) == []


def test_a_cap_warns_names_what_it_is_of_and_is_of_rates_alone():
    (sales,) = guards.cap_warnings((running("20.01"),))
    (profit,) = guards.cap_warnings((running("40.01", RoyaltyBase.PROFIT),))
    assert "净销售额的 20%" in sales.message
    assert "利润的 40%" in profit.message
    assert not sales.hard
    # What carries a base but is no royalty, or a royalty without its base, is no rate to cap.
    lump = fees.FeePart(
        fees.PartKind.LUMP, amount=Decimal(1), base=RoyaltyBase.PROFIT, rate=Decimal(90)
    )
    bare = fees.FeePart(fees.PartKind.RUNNING, rate=Decimal(90))
    unrated = fees.FeePart(fees.PartKind.RUNNING, base=RoyaltyBase.PROFIT)
    assert guards.cap_warnings((lump, bare, unrated)) == []


def test_the_shortest_term_is_a_month_and_a_patent_of_tomorrow_lives():
    assert guards.declaration_blockers(facts(months=1)) == []
    assert guards.declaration_blockers(facts(months=None)) == []
    assert guards.declaration_blockers(facts(expires_on=date(2026, 11, 21))) == []


def test_a_fee_above_the_cap_passes_with_reasons():
    dear = fees.parts_for(FeeMode.FIXED, amount=Decimal(30_000_000))
    assert codes(guards.declaration_blockers(facts(parts=dear))) == {"fee-above-cap"}
    assert guards.declaration_blockers(facts(parts=dear, cap_reasons="评估值 9000 万元")) == []


def test_advertising_words_spare_plain_patent_prose():
    assert guards.advertising_words(["本发明的最佳实施方式，优先选用铝材。"]) == []


def test_a_notice_is_served_between_announcement_and_now():
    known = {"announced_on": date(2026, 11, 10), "now": NOON}
    day = NOON - timedelta(days=1)
    assert guards.serving_errors(served_at=day, served_on=day.date(), **known) == []
    later = NOON + timedelta(minutes=1)
    assert guards.serving_errors(served_at=later, served_on=later.date(), **known)
    early = NOON - timedelta(days=30)
    assert guards.serving_errors(served_at=early, served_on=early.date(), **known)
    first = datetime(2026, 11, 10, tzinfo=UTC)
    assert guards.serving_errors(served_at=first, served_on=first.date(), **known) == []
    assert guards.serving_errors(served_at=NOON, served_on=NOON.date(), **known) == []


# --- outcomes --------------------------------------------------------------------------------


def test_the_policy_names_nine_outcomes():
    assert len(outcomes.OUTCOMES) == 9
    assert set(outcomes.OUTCOMES) == set(outcomes.Code)
    assert outcomes.label("open_licence") == "已达成开放许可"
    assert outcomes.label("retired-code") == "retired-code"


def report(code, licence=False, evidence=False, contract=""):
    return outcomes.report_errors(
        code, has_licence=licence, has_evidence=evidence, contract_number=contract
    )


def test_a_report_needs_its_proof():
    assert report("unknown")["code"]
    assert report("open_licence", evidence=True)["code"]
    assert report("open_licence", licence=True) == {}
    assert report("transferred")["evidence"]
    assert report("transferred", contract="  ")["evidence"]
    assert report("transferred", evidence=True) == {}
    assert report("pool", contract="HT-2026-1") == {}
