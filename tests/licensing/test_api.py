"""Licensing's API: the same commands as the pages, once per key."""

from datetime import timedelta

import pytest
import time_machine

from licensing.models import Licence, OpenDeclaration, Outcome, Payment
from licensing.rules.fees import FeeMode
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db
TERMS = {
    "fee_parts": [
        {"kind": "entry", "amount": "20000.00"},
        {"kind": "running", "base": "net_sales", "rate": "3"},
    ],
    "months": 36,
}


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        yield


def post(client, path, data, key="k1"):
    return client.post(f"/api/v1/{path}", data, headers={"Idempotency-Key": key})


def test_declare_and_take_and_pay_by_program(api_as):
    office, firm = make.office(), make.enterprise()
    holder, taker = api_as(office), api_as(firm)
    patent_id = lic.patent(office)
    drafted = post(holder, "open-declarations/", {"patent_id": patent_id} | TERMS)
    assert drafted.status_code == 201
    assert (drafted.data["mode"], drafted.data["price"]) == (
        "entry_running", "入门费 2 万元 + 净销售额提成 3%",
    )  # fmt: skip
    pk = drafted.data["id"]
    days = {"filed_on": "2026-11-20", "announced_on": "2026-11-20", "revision": 1}
    announced = holder.post(f"/api/v1/open-declarations/{pk}/announce/", days)
    assert (announced.data["status"], announced.data["on_offer"]) == ("announced", True)
    taken = post(taker, "licences/", {"declaration_id": pk, "accept_terms": True})
    assert (taken.status_code, taken.data["status"]) == (201, "noticed")
    (due,) = taken.data["dues"]
    paid = post(
        taker, f"licences/{taken.data['id']}/payments/",
        {"due_id": due["id"], "amount": due["amount"], "paid_at": "2026-11-20T04:03:00Z",
         "reference": "回单1"}, "k2",
    )  # fmt: skip
    assert (paid.status_code, paid.data["amount"]) == (201, "20000.00")
    shown = taker.get(f"/api/v1/licences/{taken.data['id']}/").data
    assert (shown["status"], shown["effective_at"]) == ("effective", "2026-11-20T12:05:00+08:00")
    assert Outcome.objects.get().code == "open_licence"


def test_creating_needs_a_key_and_repeats_its_answer(api_as):
    office = make.office()
    client, body = api_as(office), {"patent_id": lic.patent(office)} | TERMS
    assert client.post("/api/v1/open-declarations/", body).status_code == 400
    first, second = (post(client, "open-declarations/", body) for _ in range(2))
    assert (first.data["id"], second.headers["Idempotency-Replayed"]) == (second.data["id"], "true")
    other = post(client, "open-declarations/", body | {"months": 12})
    assert (other.status_code, other.data["type"].rsplit("/", 1)[1]) == (
        422, "idempotency-key-reused",
    )  # fmt: skip
    assert OpenDeclaration.objects.count() == 1


def test_paying_twice_under_two_keys_is_a_conflict(api_as):
    office, firm = make.office(), make.enterprise()
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    due = row.dues.get()
    body = {"due_id": due.pk, "amount": "50000.00", "paid_at": "2026-11-20T12:01:00+08:00",
            "reference": "a"}  # fmt: skip
    client = api_as(firm)
    answers = [post(client, f"licences/{row.pk}/payments/", body, key) for key in ("a", "a", "b")]
    assert [a.status_code for a in answers] == [201, 201, 409]
    assert answers[2].data["type"].endswith("/already-paid")
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert Payment.objects.count() == 1


def test_a_blocked_declaration_lists_every_article(api_as):
    office = make.office()
    row = lic.draft(office, remarks="国际领先")
    client = api_as(office)
    days = {"filed_on": "2026-11-20", "announced_on": "2026-11-20", "revision": 1}
    answer = client.post(f"/api/v1/open-declarations/{row.pk}/announce/", days)
    assert answer.status_code == 409
    assert [b["code"] for b in answer.data["blockers"]] == ["advertising"]
    checks = client.get(f"/api/v1/open-declarations/{row.pk}/guards/").data
    assert [c["ok"] for c in checks].count(False) == 1
    assert all(c["article"] for c in checks)


def test_terms_are_not_taken_unread(api_as):
    row = lic.declaration(make.office())
    answer = post(
        api_as(make.enterprise()), "licences/", {"declaration_id": row.pk, "accept_terms": False}
    )
    assert (answer.status_code, "accept_terms" in answer.data["errors"]) == (400, True)
    assert not Licence.objects.exists()


def test_drafts_of_others_are_not_listed(api_as):
    office = make.office()
    lic.draft(office)
    offered = lic.declaration(office)
    shelf = api_as().get("/api/v1/open-declarations/").data["results"]
    assert [row["id"] for row in shelf] == [offered.pk]
    mine = api_as(office).get("/api/v1/open-declarations/?mine=true").data["results"]
    assert len(mine) == 2
    others = api_as(make.office()).get("/api/v1/open-declarations/?mine=true").data["results"]
    assert others == []


def test_lists_are_narrowed_and_cost_the_same(api_as, django_assert_max_num_queries):
    office, firm = make.office(), make.enterprise()
    lic.licence(office, firm)
    client = api_as(firm)
    paths = ("licences/", "open-declarations/?mode=free", "outcomes/?status=reported")
    costs = []
    for path in paths:
        with django_assert_max_num_queries(30) as spent:
            client.get(f"/api/v1/{path}")
        costs.append(len(spent))
    for _ in range(3):
        lic.licence(office, firm)
    for path, cost in zip(paths, costs, strict=True):
        with django_assert_max_num_queries(cost):
            assert client.get(f"/api/v1/{path}").status_code == 200
    assert len(client.get("/api/v1/licences/?status=effective").data["results"]) == 4
    assert client.get("/api/v1/licences/?status=void").data["results"] == []
    assert client.get("/api/v1/open-declarations/?mode=fixed").data["results"] == []


def test_a_draft_is_given_up_by_program(api_as):
    office = make.office()
    row = lic.draft(office)
    assert api_as(make.office()).delete(f"/api/v1/open-declarations/{row.pk}/").status_code == 404
    assert api_as(office).delete(f"/api/v1/open-declarations/{row.pk}/").status_code == 204
    assert api_as(office).delete(f"/api/v1/open-declarations/{row.pk}/").status_code == 409


def test_a_notice_is_taken_back_before_payment(api_as):
    office, firm = make.office(), make.enterprise()
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    path = f"/api/v1/licences/{row.pk}/cancel/"
    assert api_as(office).post(path, {"reason": "另有安排"}).status_code == 403
    answer = api_as(firm).post(path, {"reason": "另有安排"})
    assert (answer.status_code, answer.data["status"]) == (200, "void")


def test_an_objection_is_raised_once_and_dropped(api_as):
    office, firm = make.office(), make.enterprise()
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    client = api_as(office)
    raised = [post(client, f"licences/{row.pk}/contest/", {"reason": "未收到"}) for _ in range(2)]
    assert [answer.status_code for answer in raised] == [201, 201]
    dropped = client.post(f"/api/v1/licences/{row.pk}/contest/drop/")
    assert (dropped.status_code, dropped.data["status"]) == (200, "dropped")
    assert row.contests.count() == 1
