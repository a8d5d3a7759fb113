"""The pages of patent pools, walked: found, apply, admit, take, income, statement."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from licensing.models import Pool, PoolEntry, PoolIncome, PoolLicence
from licensing.services import pool_entries
from tests.conftest import log_in
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories import pools as made
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.test_races import together
from tests.licensing.test_web import text


def fill(client, url, **values):
    """The form as shown, with what is typed."""
    page = text(client.get(url))
    shown = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return client.post(url, shown | values)


@pytest.mark.django_db
def test_a_pool_walked_by_hand(client):
    runner, holder, firm = make.broker(), make.office(), make.enterprise()
    patent_id = lic.patent(holder)
    log_in(client, runner)
    said = {
        "name": "测试池",
        "field": "材料",
        "rules": "已授权",
        "split": "equal",
        "fee_percent": "5",
    }
    refused = client.post(reverse("licensing:pool-found"), said | {"fee_percent": "60"})
    assert refused.status_code == 422
    assert fill(client, reverse("licensing:pool-found"), **said).status_code == 302
    pool = Pool.objects.get()
    terms = {"mode": "fixed", "amount": "1000", "months": "12"}
    bad = client.post(reverse("licensing:pool-terms", args=[pool.pk]), terms | {"amount": "0"})
    assert bad.status_code == 422
    fill(client, reverse("licensing:pool-terms", args=[pool.pk]), **terms)
    log_in(client, holder)
    url = reverse("licensing:pool-apply", args=[pool.pk])
    assert "民法典第一百三十六条" in text(client.get(url))
    assert fill(client, url, patent_ids=[patent_id], covenant="on").status_code == 302
    entry = PoolEntry.objects.get()
    log_in(client, runner)
    assert "待审核的入池申请" in text(client.get(reverse("licensing:pool", args=[pool.pk])))
    url = reverse("licensing:pool-decide", args=[entry.pk])
    assert fill(client, url, verdict="refuse").status_code == 422
    assert fill(client, url, verdict="admit").status_code == 302
    log_in(client, firm)
    url = reverse("licensing:pool-take", args=[pool.pk])
    assert client.post(url, {"version": "x", "seen": "a,b", "accept": "on"}).status_code == 422
    assert fill(client, url, accept="on").status_code == 302
    licence = PoolLicence.objects.get()
    assert "四百九十一条" in text(client.get(reverse("licensing:pool-licence", args=[licence.pk])))
    log_in(client, runner)
    url = reverse("licensing:pool-income", args=[licence.pk])
    paid = {"amount": "1000", "received_on": f"{licence.starts_on:%Y-%m-%d}", "reference": "回单"}
    assert fill(client, url, **paid).status_code == 302
    assert fill(client, url, **paid).status_code == 422
    assert PoolIncome.objects.get().fee == 50
    log_in(client, holder)
    page = text(client.get(reverse("licensing:pool-statement")))
    assert "950 元" in page
    leave = reverse("licensing:pool-leave", args=[entry.pk])
    assert fill(client, leave, reason="另行安排").status_code == 302
    log_in(client, firm)
    page = text(client.get(reverse("licensing:pool-licence", args=[licence.pk])))
    assert "已退出池，本许可继续包含" in page
    assert "950 元" not in page  # what each holder gets is not the licensee's affair


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["pools", "pool", "pools-mine"])
def test_as_many_queries_for_one_as_for_ten(client, name):
    runner = make.office()
    pool = made.pool(runner)
    made.admitted(pool, runner, runner)
    url = reverse(f"licensing:{name}", args=[pool.pk] if name == "pool" else [])
    log_in(client, runner)
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url)
    for n in range(3):
        more = made.pool(runner, name=f"池{n}")
        made.admitted(more if name != "pool" else pool, runner, runner)
    with CaptureQueriesContext(connection) as four:
        client.get(url)
    assert len(four) == len(one)


@pytest.mark.django_db(transaction=True)
def test_two_pools_admit_one_patent_at_once():
    holder, runners = make.office(), [make.broker(), make.broker()]
    patent_id = lic.patent(holder)
    entries = [made.applied(made.pool(who), holder, patent_id) for who in runners]
    answers = together(
        *[
            lambda e=e, who=who: pool_entries.admit_entry(entry_id=e.pk, by=actor(who), now=NOON)
            for e, who in zip(entries, runners, strict=True)
        ]
    )
    assert sorted(answers) == ["done", "in-a-pool"]
    assert PoolEntry.objects.filter(status="admitted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_leaving_and_taking_at_once_leave_no_third_state():
    runner, firm = make.office(), make.enterprise()
    pool = made.pool(runner)
    entries = [made.admitted(pool, runner, runner) for _ in range(2)]
    seen = [e.pk for e in entries]
    answers = together(
        lambda: pool_entries.leave_pool(entry_id=seen[0], reason="x", by=actor(runner), now=NOON),
        lambda: made.taken(pool, firm, seen=seen),
    )
    assert answers[0] == "done"
    pinned = [set(x.patents.values_list("entry_id", flat=True)) for x in PoolLicence.objects.all()]
    # Either the licence came first and holds both, or the firm was told that the set changed.
    assert (answers[1], pinned) in (("done", [set(seen)]), ("set-changed", []))
