"""Patent pools: admission, the set a licence pins, leaving, and income split to the fen."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from licensing.models import Outcome, Pool, PoolEntry, PoolIncome, PoolLicence, PoolTerms
from licensing.rules import moves
from licensing.rules import pools as rules
from licensing.rules.pools import Split, Stake
from licensing.selectors import pools as selectors
from licensing.services import pool_entries, pool_licences
from licensing.services import pools as services
from licensing.types import PoolBargain
from listings import selectors as listings
from listings import services as library
from listings.types import Action, EncumbranceKind
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories import pools as made
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept, told

D = Decimal

# --- rules ---------------------------------------------------------------------------------------

LEGAL = {
    ("admit", "applied"): "admitted", ("refuse", "applied"): "refused",
    ("withdraw", "applied"): "withdrawn", ("leave", "admitted"): "left",
    ("close", "open"): "closed", ("end", "running"): "ended",
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "move", "status"),
    [
        (table, *pair)
        for table, statuses in (
            (rules.ENTRY_MOVES, rules.EntryStatus),
            (rules.POOL_MOVES, rules.PoolStatus),
            (rules.POOL_LICENCE_MOVES, rules.PoolLicenceStatus),
        )
        for pair in product(table, statuses)
    ],
)
def test_the_moves(table, move, status):
    if (move, status) in LEGAL:
        assert moves.after(table, status, move) == LEGAL[move, status]
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(table, status, move)


THREE = [Stake(1, D("0.5")), Stake(1, D("0.1")), Stake(2, D("0.3")), Stake(3, D("0.1"))]


@pytest.mark.parametrize(
    ("split", "amount", "fee", "shares"),
    [
        # 100.00 less 10 % = 90.00
        (Split.EQUAL, "100.00", "10.00", {1: "30.00", 2: "30.00", 3: "30.00"}),
        (Split.PATENTS, "100.00", "10.00", {1: "45.00", 2: "22.50", 3: "22.50"}),
        (Split.WEIGHTS, "100.00", "10.00", {1: "54.00", 2: "27.00", 3: "9.00"}),
        # 0.05 less 0.005, half up 0.01 = 0.04: a fen each, the one left over to the lowest id
        (Split.EQUAL, "0.05", "0.01", {1: "0.02", 2: "0.01", 3: "0.01"}),
        (Split.PATENTS, "0.01", "0.00", {1: "0.01", 2: "0.00", 3: "0.00"}),
    ],
)
def test_income_by_hand(split, amount, fee, shares):
    found = rules.divide(D(amount), fee_percent=D(10), split=split, stakes=THREE)
    assert found.fee == D(fee)
    assert found.shares == {holder: D(share) for holder, share in shares.items()}


stakes = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 10**6)), min_size=1, max_size=12)


@given(
    st.integers(1, 10**14),
    st.integers(0, 5000),
    st.sampled_from(list(Split)),
    stakes,
)
def test_no_fen_is_lost_and_nobody_is_off_by_one(fen, basis_points, split, pairs):
    amount, percent = D(fen) / 100, D(basis_points) / 100
    found = [Stake(holder, D(weight) / 10**6) for holder, weight in pairs]
    done = rules.divide(amount, fee_percent=percent, split=split, stakes=found)
    assert done.fee + sum(done.shares.values()) == amount
    for holder, part in rules.portions(split, found).items():
        exact = part * int((amount - done.fee) * 100)
        assert abs(int(done.shares[holder] * 100) - exact) < 1
    again = rules.divide(amount, fee_percent=percent, split=split, stakes=found[::-1])
    assert again == done


@pytest.mark.parametrize(
    ("weights", "right"),
    [(["1"], True), (["0.333333", "0.333333", "0.333334"], True), (["0.5", "0.4"], False),
     (["0", "1"], False), (["1.1"], False), ([], False)],
)  # fmt: skip
def test_weights_sum_to_one(weights, right):
    assert (rules.weight_errors([D(w) for w in weights]) == []) is right


def test_one_missing_weight_bars_licences_even_if_the_others_add_up():
    assert rules.weights_unset(Split.WEIGHTS, [D(1), None])
    assert not rules.weights_unset(Split.WEIGHTS, [D("0.5"), D("0.5")])
    assert not rules.weights_unset(Split.EQUAL, [None])
    assert not rules.weights_unset(Split.WEIGHTS, [])


# --- services ------------------------------------------------------------------------------------


@pytest.fixture
def people(db):
    return {
        "runner": make.broker(region="310115"),
        "one": make.office(region="310115"),
        "two": make.office(region="320500"),
        "firm": make.enterprise(region="310115"),
        "stranger": make.office(region="330100"),
    }


@pytest.fixture
def pool(people):
    return made.pool(people["runner"])


@pytest.fixture
def filled(pool, people):
    for who in ("one", "one", "two"):
        made.admitted(pool, people[who], people["runner"])
    return pool


def test_from_application_to_shares(filled, people):
    licence = made.taken(filled, people["firm"])
    assert licence.number.startswith("CXK2026")
    assert licence.ends_on == TODAY.replace(year=2029) - timedelta(days=1)
    pinned = list(licence.patents.select_related("entry"))
    assert len(pinned) == 3
    for row in pinned:
        bonds = listings.encumbrances(row.entry.patent_id, at=NOON)
        assert [b.kind for b in bonds] == [EncumbranceKind.ORDINARY]
    income = made.income(licence, people["runner"], amount=D("100000.01"))
    assert income.fee == D("10000.00")
    shares = {s.holder_id: s.amount for s in income.shares.all()}
    one, two = people["one"].organisation_id, people["two"].organisation_id
    assert shares == {one: D("60000.01"), two: D("30000.00")}
    own = selectors.statement(viewer=actor(people["two"])).get()
    assert own.amount == 30_000
    assert "1/3" in own.basis
    assert [t.amount for t in selectors.totals(viewer=actor(people["two"]))] == [30_000]
    assert Outcome.objects.filter(code="pool", status="reported").count() == 3
    titles = set(Notice.objects.filter(user=people["two"].user).values_list("title", flat=True))
    assert {t.split("：")[0] for t in titles} >= {"入池申请已入池", "池许可已生效", "池许可费到账"}


def test_a_patent_leaves_for_later_licences_only(filled, people):
    licence = made.taken(filled, people["firm"])
    gone = filled.entries.order_by("pk").first()
    pool_entries.leave_pool(entry_id=gone.pk, reason="另行转让", by=actor(people["one"]), now=NOON)
    assert "民法典第一百三十六条、第四百六十五条" in gone.covenant
    assert licence.patents.filter(entry=gone).exists()
    assert listings.encumbrances(gone.patent_id, at=NOON)[0].ends_on == licence.ends_on
    note = Notice.objects.get(user=people["firm"].user, title__startswith="专利已退出")
    assert "继续包含这件专利" in note.body
    later = made.taken(filled, make.enterprise())
    assert gone.pk not in set(later.patents.values_list("entry_id", flat=True))
    # What the first licence brings is still split as it was pinned.
    income = made.income(licence, people["runner"])
    assert income.shares.get(holder=people["one"].organisation_id).amount == 60_000
    assert made.applied(filled, people["one"], gone.patent_id).status == "applied"


def test_a_lapsed_patent_leaves_and_the_licence_runs_on(filled, people):
    licence = made.taken(filled, people["firm"])
    entry = filled.entries.order_by("pk").last()
    row = entry.patent
    row.status = "invalid"
    row.save(update_fields=["status"])
    assert pool_entries.follow_patent(patent_id=entry.patent_id, now=NOON) == 1
    assert pool_entries.follow_patent(patent_id=entry.patent_id, now=NOON) == 0
    entry.refresh_from_db()
    assert (entry.status, entry.left_by) == ("left", "system")
    assert "八百六十五" in entry.left_reason
    licence.refresh_from_db()
    assert licence.status == "running"
    assert licence.patents.filter(entry=entry).exists()


def test_a_patent_that_changes_hands_leaves(filled, people):
    entry = filled.entries.order_by("pk").last()
    assert pool_entries.follow_patent(patent_id=entry.patent_id, now=NOON) == 0
    row = entry.patent
    row.organisation_id = people["stranger"].organisation_id
    row.save(update_fields=["organisation"])
    assert pool_entries.follow_patent(patent_id=entry.patent_id, now=NOON) == 1
    entry.refresh_from_db()
    assert "第二十四条" in entry.left_reason


@pytest.mark.parametrize("kind", ["exclusive", "sole", "pledge", "preservation"])
def test_what_is_barred_from_licensing_is_not_admitted(pool, people, kind):
    entry = made.applied(pool, people["one"])
    library.encumber(
        patent_id=entry.patent_id, kind=EncumbranceKind(kind), starts_on=TODAY, ends_on=None,
        source="test", reference="x:1", by=Actor.system(), now=NOON,
    )  # fmt: skip
    assert listings.can(entry.patent_id, Action.LICENSE_ORDINARY, at=NOON)
    with pytest.raises(Conflict) as refusal:
        pool_entries.admit_entry(entry_id=entry.pk, by=actor(people["runner"]), now=NOON)
    assert refusal.value.blockers
    again = {"pool_id": pool.pk, "covenant": True, "by": actor(people["one"]), "now": NOON}
    pool_entries.leave_pool(entry_id=entry.pk, reason="x", by=actor(people["one"]), now=NOON)
    with pytest.raises(Conflict):
        pool_entries.apply_to_pool(patent_ids=[entry.patent_id], **again)
    with pytest.raises(Invalid) as unsaid:
        pool_entries.apply_to_pool(patent_ids=[entry.patent_id], **(again | {"covenant": False}))
    assert "covenant" in unsaid.value.fields


def test_weights_are_needed_pinned_and_restated(people):
    pool = made.pool(people["runner"], split="weights")
    by = {"by": actor(people["runner"]), "now": NOON}
    rows = [made.admitted(pool, people[who], people["runner"]) for who in ("one", "two")]
    with pytest.raises(Conflict, match="权重"):
        made.taken(pool, people["firm"])
    with pytest.raises(Invalid):
        services.set_weights(pool_id=pool.pk, weights={r.pk: D("0.4") for r in rows}, **by)
    with pytest.raises(Conflict, match="变化"):
        services.set_weights(pool_id=pool.pk, weights={rows[0].pk: D(1)}, **by)
    services.set_weights(
        pool_id=pool.pk, weights={rows[0].pk: D("0.25"), rows[1].pk: D("0.75")}, **by
    )
    licence = made.taken(pool, people["firm"])
    pool_entries.leave_pool(entry_id=rows[1].pk, reason="x", **by)
    with pytest.raises(Conflict, match="权重"):
        made.taken(pool, make.enterprise())
    income = made.income(licence, people["runner"])
    assert sorted(s.amount for s in income.shares.all()) == [22_500, 67_500]


def test_what_was_read_is_what_is_taken(filled, people):
    seen = [e.pk for e in selectors.standing(filled)]
    runner = {"by": actor(people["runner"]), "now": NOON}
    pool_entries.leave_pool(entry_id=seen[0], reason="x", **runner)
    with pytest.raises(Conflict, match="刚有变化"):
        made.taken(filled, people["firm"], seen=seen)
    services.publish_terms(pool_id=filled.pk, parts=made.LUMP, months=12, **runner)
    with pytest.raises(Conflict, match="第 2 版"):
        made.taken(filled, people["firm"])
    assert not PoolLicence.objects.exists()


def test_who_cannot_take_it(filled, people):
    made.taken(filled, people["firm"])
    with pytest.raises(Conflict, match="已经取得"):
        made.taken(filled, people["firm"])
    with pytest.raises(NotAllowed):
        made.taken(filled, people["stranger"])
    bargain = PoolBargain("空池", "x", "x", "equal", D(0))
    bare = services.found_pool(bargain=bargain, by=actor(people["runner"]), now=NOON)
    with pytest.raises(Conflict, match="标准条款"):
        made.taken(bare, people["firm"])


def test_closing_frees_the_patents_and_keeps_the_licences(filled, people):
    waiting = made.applied(filled, people["two"])
    licence = made.taken(filled, people["firm"])
    pool_entries.close_pool(pool_id=filled.pk, reason="合并", by=actor(people["runner"]), now=NOON)
    assert set(filled.entries.values_list("status", flat=True)) == {"left", "withdrawn"}
    waiting.refresh_from_db()
    assert waiting.status == "withdrawn"
    assert made.income(licence, people["runner"]).amount == 100_000
    with pytest.raises(Conflict, match="关闭"):
        made.applied(filled, people["one"])


def test_the_term_ends(filled, people):
    licence = made.taken(filled, people["firm"])
    assert pool_licences.end_run_out(now=NOON) == 0
    assert pool_licences.end_run_out(now=NOON + timedelta(days=1200)) == 1
    licence.refresh_from_db()
    assert licence.status == "ended"


@pytest.mark.parametrize(
    "changes",
    [{"amount": D(0)}, {"amount": D("1.001")}, {"received_on": TODAY + timedelta(days=1)},
     {"received_on": TODAY - timedelta(days=1)}, {"reference": " "}],
)  # fmt: skip
def test_income_that_cannot_be(filled, people, changes):
    licence = made.taken(filled, people["firm"])
    with pytest.raises(Invalid):
        made.income(licence, people["runner"], **changes)


def test_income_twice(filled, people):
    licence = made.taken(filled, people["firm"])
    made.income(licence, people["runner"])
    with pytest.raises(Conflict, match="登记过"):
        made.income(licence, people["runner"])


def test_strangers_change_nothing(filled, people):
    entry, licence = made.applied(filled, people["one"]), made.taken(filled, people["firm"])
    who = {"by": actor(people["stranger"]), "now": NOON}
    firm = {"by": actor(people["firm"]), "now": NOON}
    bargain = PoolBargain("x", "x", "x", "equal", D(0))
    known = {"pool_id": filled.pk}
    other = lic.patent(people["two"])
    for command in (
        lambda: services.found_pool(bargain=bargain, **firm),
        lambda: services.publish_terms(parts=made.LUMP, months=1, **known, **who),
        lambda: services.set_weights(weights={}, **known, **who),
        lambda: pool_entries.close_pool(reason="x", **known, **who),
        lambda: pool_entries.apply_to_pool(patent_ids=[other], covenant=True, **known, **who),
        lambda: pool_entries.apply_to_pool(patent_ids=[other], covenant=True, **known, **firm),
        lambda: pool_entries.admit_entry(entry_id=entry.pk, **who),
        lambda: pool_entries.admit_entry(entry_id=entry.pk, by=actor(people["one"]), now=NOON),
        lambda: pool_entries.refuse_entry(entry_id=entry.pk, reason="x", **who),
        lambda: pool_entries.leave_pool(entry_id=filled.entries.first().pk, reason="x", **who),
        lambda: pool_entries.leave_pool(
            entry_id=entry.pk, reason="x", by=actor(people["runner"]), now=NOON
        ),
        lambda: made.income(licence, people["stranger"]),
        lambda: made.income(licence, people["one"]),
    ):
        with pytest.raises((NotAllowed, Missing)):
            command()
    entry.refresh_from_db()
    assert entry.status == "applied"
    assert not PoolIncome.objects.exists()


# --- what can never be stored --------------------------------------------------------------------

ENTRY = {
    "pool_entry_status_known": {"status": "x"},
    "pool_entry_weight": {"weight": D("1.5")},
    "pool_entry_covenant": {"covenant": ""},
    "pool_entry_decided_pair": {"decided_by": None},
    "pool_entry_left_pair": {"left_by": "system"},
    "pool_entry_decided": {"decided_at": None, "decided_by": None},
    "pool_entry_left_with_reason": {"left_at": NOON, "left_by": "system"},
    "pool_entry_moves": {"status": "refused"},
}
POOL = {
    "pool_status_known": {"status": "x"},
    "pool_split_known": {"split": "x"},
    "pool_fee_percent": {"fee_percent": D(51)},
    "pool_closed_pair": {"closed_by": "system"},
    "pool_closed_with_reason": {"closed_at": NOON, "closed_by": "system"},
    "pool_bargain_fixed": {"fee_percent": D(11)},
}
LICENCE = {
    "pool_licence_status_known": {"status": "x"},
    "pool_licence_term_forward": {"ends_on": TODAY - timedelta(days=9)},
    "pool_licence_ended_pair": {"ended_by": "system"},
    "pool_licence_ended_dated": {"ended_at": NOON, "ended_by": "system"},
}


def test_broken_rows(filled, people):
    licence = made.taken(filled, people["firm"])
    income = made.income(licence, people["runner"])
    entry, share = filled.entries.first(), income.shares.first()
    terms, pinned = filled.terms.get(), licence.patents.first()
    cases = [
        *((row, changes) for row, table in ((entry, ENTRY), (filled, POOL), (licence, LICENCE))
          for changes in table.values()),
        (terms, {"months": 1}), (pinned, {"weight": D(1)}), (income, {"amount": D(1)}),
        (share, {"amount": D(1)}),
    ]  # fmt: skip
    for row, changes in cases:
        with pytest.raises(DatabaseError), transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**changes)
    copies = [
        (Pool, filled, {"number": None}),
        (PoolTerms, terms, {}), (PoolTerms, terms, {"version": 2, "months": 0}),
        (PoolEntry, entry, {}), (PoolEntry, entry, {"status": "applied"}),
        (PoolLicence, licence, {"number": None}),
        (type(pinned), pinned, {"encumbrance_id": None}), (type(pinned), pinned, {}),
        (PoolIncome, income, {}), (PoolIncome, income, {"reference": ""}),
        (PoolIncome, income, {"reference": "2", "amount": D(0), "fee": D(0)}),
        (PoolIncome, income, {"reference": "3", "fee": income.amount + 1}),
        (type(share), share, {}), (type(share), share, {"amount": D(-1)}),
    ]  # fmt: skip
    for model, row, changes in copies:
        values = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields}
        with pytest.raises(IntegrityError), transaction.atomic():
            model._base_manager.create(**(values | {"id": None} | changes))


def test_a_split_that_loses_a_fen_cannot_be_stored(filled, people):
    licence = made.taken(filled, people["firm"])
    PoolIncome.objects.create(
        licence=licence, amount=D(10), fee=D(1), received_on=TODAY, reference="x",
        recorded_at=NOON, recorded_by="system",
    )  # fmt: skip
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="pool_income_split"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"), ({"name": "池" * 81}, "name"), ({"field": ""}, "field"),
        ({"rules": "则" * 4001}, "rules"), ({"split": "whim"}, "split"),
        ({"fee_percent": D(-1)}, "fee_percent"), ({"fee_percent": D("50.01")}, "fee_percent"),
        ({"fee_percent": D("1.001")}, "fee_percent"), ({"name": "电池热管理专利池"}, "name"),
    ],
)  # fmt: skip
def test_a_bargain_that_cannot_be_is_named(pool, people, changes, field):
    known = {"name": "另一个池", "field": "x", "rules": "x", "split": "equal", "fee_percent": D(50)}
    bargain = PoolBargain(**(known | changes))
    names(field, ask=lambda: services.found_pool(
        bargain=bargain, by=actor(people["runner"]), now=NOON))  # fmt: skip
    assert Pool.objects.count() == 1


def test_only_institutions_found_pools(people, db):
    bargain = PoolBargain("x", "x", "x", "equal", D(0))
    for nobody in (Actor.system(), actor(make.bank()), actor(make.bureau())):
        with pytest.raises(NotAllowed):
            services.found_pool(bargain=bargain, by=nobody, now=NOON)


def test_terms_and_weights_that_cannot_be(filled, people):
    by = {"pool_id": filled.pk, "by": actor(people["runner"]), "now": NOON}
    for months in (0, 241):
        names("months", ask=lambda m=months: services.publish_terms(
            parts=made.LUMP, months=m, **by))  # fmt: skip
    names("mode", ask=lambda: services.publish_terms(parts=(), months=12, **by))
    says("no-weights", lambda: services.set_weights(weights={}, **by))
    assert filled.terms.count() == 1


def test_new_terms_are_told_to_the_holders_and_hold_for_later_licences(filled, people):
    licence = made.taken(filled, people["firm"])
    terms = services.publish_terms(
        pool_id=filled.pk, parts=made.LUMP, months=12, remarks=" 电子版 ",
        by=actor(people["runner"]), now=NOON,
    )  # fmt: skip
    assert (terms.version, terms.remarks) == (2, "电子版")
    told = Notice.objects.filter(key=f"pool-terms:{terms.pk}").values_list("user_id", flat=True)
    assert set(told) == {people["one"].user_id, people["two"].user_id}
    licence.refresh_from_db()
    assert licence.terms.version == 1


def test_an_application_that_cannot_be(filled, people):
    by = {"pool_id": filled.pk, "covenant": True, "by": actor(people["one"]), "now": NOON}

    def apply(*ids):
        return lambda: pool_entries.apply_to_pool(patent_ids=ids, **by)

    names("patent_ids", ask=apply())
    waiting = made.applied(filled, people["one"])
    says("already-applied", apply(waiting.patent_id))
    standing = filled.entries.filter(holder_id=people["one"].organisation_id).first()
    says("in-a-pool", apply(standing.patent_id))
    assert filled.entries.count() == 4


def test_a_patent_handed_over_meanwhile_is_not_admitted_for_the_former_holder(pool, people):
    entry = made.applied(pool, people["one"])
    row = entry.patent
    row.organisation_id = people["two"].organisation_id
    row.save(update_fields=["organisation"])
    row.holders.update(organisation=people["two"].organisation_id, name="受让大学")
    says("handed-over", lambda: pool_entries.admit_entry(
        entry_id=entry.pk, by=actor(people["runner"]), now=NOON))  # fmt: skip
    entry.refresh_from_db()
    assert entry.status == "applied"


def test_what_two_pools_look_at_stands_in_the_first_that_admits_it(pool, people):
    entry = made.applied(pool, people["one"])
    other = made.pool(people["stranger"])
    again = made.applied(other, people["one"], entry.patent_id)
    pool_entries.admit_entry(entry_id=entry.pk, by=actor(people["runner"]), now=NOON)
    says("in-a-pool", lambda: pool_entries.admit_entry(
        entry_id=again.pk, by=actor(people["stranger"]), now=NOON))  # fmt: skip


def test_a_refusal_leaving_and_closing_have_their_reasons(filled, people):
    by = {"by": actor(people["runner"]), "now": NOON}
    entry = made.applied(filled, people["one"])
    known = {"entry_id": entry.pk} | by
    names("reason", ask=lambda: pool_entries.refuse_entry(reason=" ", **known))
    done = pool_entries.refuse_entry(reason="不在领域内", **known)
    assert (done.status, done.reason) == ("refused", "不在领域内")
    told = Notice.objects.get(key=f"pool-decided:{entry.pk}", user=people["one"].user)
    assert told.body == "不在领域内"
    standing = filled.entries.filter(status="admitted").first()
    names("reason", ask=lambda: pool_entries.leave_pool(entry_id=standing.pk, reason="", **by))
    names("reason", ask=lambda: pool_entries.close_pool(pool_id=filled.pk, reason=" ", **by))
    filled.refresh_from_db()
    assert filled.status == "open"
    assert "pool_entry.refused" in AuditEntry.objects.values_list("event", flat=True)


def test_each_step_of_an_entry_is_in_the_trail_and_told(pool, people):
    runner, one, firm = (people[who].user_id for who in ("runner", "one", "firm"))
    entry = made.applied(pool, people["one"])
    assert told(f"pool-applied:{entry.pk}") == {runner}
    pool_entries.admit_entry(entry_id=entry.pk, by=actor(people["runner"]), now=NOON)
    assert told(f"pool-decided:{entry.pk}") == {one}
    licence = made.taken(pool, people["firm"])
    assert told(f"pool-licence:{licence.pk}:taken") == {runner, one, firm}
    pool_entries.leave_pool(entry_id=entry.pk, reason="另用", by=actor(people["one"]), now=NOON)
    assert told(f"pool-left:{entry.pk}") == {runner, one, firm}
    said = Notice.objects.filter(key=f"pool-left:{entry.pk}").values_list("body", flat=True)
    assert set(said) == {"另用。此前取得的池许可继续包含这件专利。"}
    waiting = made.applied(pool, people["two"])
    pool_entries.leave_pool(entry_id=waiting.pk, reason="不入", by=actor(people["two"]), now=NOON)
    assert told(f"pool-left:{waiting.pk}") == {runner, people["two"].user_id}
    said = Notice.objects.filter(key=f"pool-left:{waiting.pk}").values_list("body", flat=True)
    assert set(said) == {"不入"}
    closed = pool_entries.close_pool(
        pool_id=pool.pk, reason="合并", by=actor(people["runner"]), now=NOON
    )
    assert (closed.status, closed.closed_reason) == ("closed", "合并")
    out = OutboxEvent.objects.filter(name__startswith="pool.").order_by("pk")
    assert {"pool.admitted", "pool.left"} <= set(out.values_list("name", flat=True))
    assert kept("pool_entry.") == [
        f"pool_entry.{step}" for step in ("applied", "admitted", "left", "applied", "left")
    ]
    assert kept("pool.") == ["pool.founded", "pool.terms_published", "pool.closed"]
    assert kept("pool_licence.") == ["pool_licence.concluded"]
    assert Pool.objects.get().number == pool.number


def test_a_closed_pool_takes_no_terms_no_weights_no_licences(people):
    pool = made.pool(people["runner"], split="weights")
    entry = made.admitted(pool, people["one"], people["runner"])
    known = {"pool_id": pool.pk, "by": actor(people["runner"]), "now": NOON}
    services.set_weights(weights={entry.pk: D(1)}, **known)
    assert "pool.weights_set" in kept("pool.")
    heard = f"pool-weights:{pool.pk}:{NOON.isoformat()}"
    assert told(heard) == {people["one"].user_id}
    waiting = made.applied(pool, people["two"])
    closed = {"status": "closed", "closed_at": NOON, "closed_by": "system", "closed_reason": "x"}
    Pool.objects.filter(pk=pool.pk).update(**closed)
    says("pool-closed", lambda: services.set_weights(weights={entry.pk: D(1)}, **known))
    says("pool-closed", lambda: services.publish_terms(parts=made.LUMP, months=12, **known))
    says("pool-closed", lambda: made.taken(pool, people["firm"]))
    says("pool-closed", lambda: pool_entries.admit_entry(
        entry_id=waiting.pk, by=actor(people["runner"]), now=NOON))  # fmt: skip


def test_what_is_not_there_or_not_ones_own_is_not_found(filled, people):
    entry = made.applied(filled, people["one"])
    licence = made.taken(filled, people["firm"])
    by = {"by": actor(people["stranger"]), "now": NOON}
    for command in (
        lambda: pool_entries.admit_entry(entry_id=entry.pk, **by),
        lambda: pool_entries.refuse_entry(entry_id=entry.pk, reason="x", **by),
        lambda: pool_entries.leave_pool(entry_id=entry.pk, reason="x", **by),
        lambda: made.income(licence, people["stranger"]),
    ):
        with pytest.raises((Missing, NotAllowed)):
            command()
    entry.refresh_from_db()
    assert (entry.status, PoolIncome.objects.count()) == ("applied", 0)


def test_a_licence_held_already_is_named_and_a_receipt_has_its_length(filled, people):
    licence = made.taken(filled, people["firm"])
    with pytest.raises(Conflict) as again:
        made.taken(filled, people["firm"])
    assert f"（{licence.number}）" in again.value.message
    names("reference", ask=lambda: made.income(licence, people["runner"], reference="1" * 81))
    income = made.income(licence, people["runner"], reference="1" * 80)
    assert told(f"pool-licence:{licence.pk}:income:{income.pk}") == {
        people["one"].user_id, people["two"].user_id, people["firm"].user_id,
    }  # fmt: skip
    assert kept("pool_income.") == ["pool_income.recorded"]
    pool_licences.end_run_out(now=NOON + timedelta(days=1200))
    assert told(f"pool-licence:{licence.pk}:ended") == {
        people["runner"].user_id, people["firm"].user_id,
    }  # fmt: skip
    licence.refresh_from_db()
    assert (licence.ended_by, kept("pool_licence.")[-1]) == ("system", "pool_licence.ended")
