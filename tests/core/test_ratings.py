"""A finished service is rated once; a low rating is answered in time; strangers see nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership, RegionSetting
from core.ratings import rules, selectors, services
from core.ratings.models import ServiceRating
from core.web import home
from tests.factories import core as make
from tests.factories.core import actor

As = Callable[[Membership], Client]
db = pytest.mark.django_db


# --- rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize("grade", rules.GRADES)
def test_only_low_grades_are_answered(grade: int) -> None:
    due = rules.due_on(grade, date(2026, 11, 20), days=15)
    assert due == (date(2026, 12, 5) if grade <= 2 else None)


@pytest.mark.parametrize(
    ("grade", "reasons", "words", "wrong"),
    [
        (5, [], "", set()),
        (3, ["slow"], "", set()),
        (2, ["slow"], "", set()),
        (1, [], "等了一个月", set()),
        (2, [], " ", {"reasons"}),
        (2, ["fast"], "", {"reasons"}),
        (0, [], "", {"grade"}),
        (5, ["no-such"], "", {"reasons"}),
        (5, [], "长" * 1001, {"words"}),
    ],
)
def test_what_a_rating_needs(grade: int, reasons: list[str], words: str, wrong: set[str]) -> None:
    assert set(rules.problems(grade, reasons, words)) == wrong


@given(st.tuples(*[st.integers(0, 1_000)] * 5))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_averages_lie_between_the_grades(numbers: tuple[int, ...]) -> None:
    counts = dict(zip(sorted(rules.GRADES), numbers, strict=True))
    mean, share = rules.average(counts), rules.satisfied(counts)
    if not sum(counts.values()):
        assert mean is share is None
        return
    assert mean is not None
    assert share is not None
    given_grades = [g for g, n in counts.items() if n]
    assert min(given_grades) <= mean <= max(given_grades)
    assert 0 <= share <= 1


# --- commands --------------------------------------------------------------------------------


@pytest.fixture
def parties() -> dict[str, Membership]:
    """A firm in Shanghai that was served by an office, and those around them."""
    return {
        "firm": make.enterprise(region="310115"),
        "office": make.office(region="310104"),
        "bureau": make.bureau("31"),
        "far": make.bureau("32"),
        "stranger": make.enterprise(region="310115"),
    }


def offered(parties: dict[str, Membership], now: datetime, **changes: Any) -> ServiceRating:
    known: dict[str, Any] = {
        "service": "licence",
        "reference": "licence:1",
        "title": "许可备案：一种隔膜",
        "url": "/licences/1/",
        "organisation_id": parties["firm"].organisation_id,
        "provider_id": parties["office"].organisation_id,
    }
    row = services.offer_rating(**known | changes, now=now)
    assert row is not None
    return row


def rated(
    parties: dict[str, Membership], now: datetime, grade: int = 2, **changes: Any
) -> ServiceRating:
    row = offered(parties, now, **changes)
    reasons = ["slow"] if grade <= 2 else ["fast"]
    return services.rate_service(
        rating_id=row.pk, grade=grade, reasons=reasons, by=actor(parties["firm"]), now=now
    )


@db
def test_a_service_is_offered_once_and_never_to_who_served(
    parties: dict[str, Membership], now: datetime
) -> None:
    row = offered(parties, now)
    assert row.region == "310115"
    again = services.offer_rating(
        service="licence", reference="licence:1", title="又", url="/", now=now,
        organisation_id=parties["firm"].organisation_id,
    )  # fmt: skip
    own = parties["office"].organisation_id
    served_itself = services.offer_rating(
        service="licence", reference="licence:2", title="自", url="/", now=now,
        organisation_id=own, provider_id=own,
    )  # fmt: skip
    assert again is served_itself is None
    assert ServiceRating.objects.count() == 1


@db
def test_a_low_rating_is_recorded_told_and_answered(
    parties: dict[str, Membership], now: datetime
) -> None:
    row = rated(parties, now)
    assert row.due_on == date(2026, 12, 5)
    assert Notice.objects.get(user=parties["office"].user).url == f"/ratings/{row.pk}/"
    services.answer_rating(
        rating_id=row.pk, answer=" 已补充说明。 ", by=actor(parties["office"]), now=now
    )
    row.refresh_from_db()
    assert (row.answer, row.answered_at) == ("已补充说明。", now)
    assert Notice.objects.get(user=parties["firm"].user).title == "您的服务评价有了答复"
    done = list(AuditEntry.objects.order_by("pk").values_list("event", flat=True))
    assert done == ["rating.invited", "rating.rated", "rating.replied"]
    told = list(OutboxEvent.objects.order_by("written_at").values_list("name", flat=True))
    assert told == ["service.rated", "service.rating_answered"]


@db
def test_a_good_rating_obliges_nobody(parties: dict[str, Membership], now: datetime) -> None:
    row = rated(parties, now, 5)
    assert row.due_on is None
    assert not Notice.objects.exists()
    with pytest.raises(Conflict):
        services.answer_rating(
            rating_id=row.pk, answer="谢谢", by=actor(parties["office"]), now=now
        )


@db
def test_the_term_to_answer_is_the_regions(parties: dict[str, Membership], now: datetime) -> None:
    RegionSetting.objects.create(region="31", key="rating.answer_days", value=5)
    assert rated(parties, now).due_on == date(2026, 11, 25)


@db
def test_it_is_rated_once_and_while_it_is_open(
    parties: dict[str, Membership], now: datetime
) -> None:
    row, firm = rated(parties, now), actor(parties["firm"])
    with pytest.raises(Conflict, match="只能评价一次"):
        services.rate_service(rating_id=row.pk, grade=5, by=firm, now=now)
    old = offered(parties, now - timedelta(days=91), reference="licence:9")
    with pytest.raises(Conflict, match="90 天"):
        services.rate_service(rating_id=old.pk, grade=5, by=firm, now=now)
    row.refresh_from_db()
    assert row.grade == 2


@db
@pytest.mark.parametrize("who", ["stranger", "office", "bureau", "far"])
def test_nobody_else_rates_it(parties: dict[str, Membership], now: datetime, who: str) -> None:
    row = offered(parties, now)
    with pytest.raises(Missing):
        services.rate_service(rating_id=row.pk, grade=1, by=actor(parties[who]), now=now)
    assert ServiceRating.objects.get().grade is None


@db
@pytest.mark.parametrize("who", ["stranger", "firm", "far"])
def test_nobody_else_answers_it(parties: dict[str, Membership], now: datetime, who: str) -> None:
    row = rated(parties, now)
    with pytest.raises((Missing, NotAllowed)):
        services.answer_rating(rating_id=row.pk, answer="好", by=actor(parties[who]), now=now)
    assert ServiceRating.objects.get().answer == ""


@db
def test_an_auditor_reads_and_does_not_answer(
    parties: dict[str, Membership], now: datetime
) -> None:
    row, auditor = rated(parties, now), actor(make.auditor())
    assert selectors.rating(row.pk, viewer=auditor) == row
    with pytest.raises(NotAllowed):
        services.answer_rating(rating_id=row.pk, answer="好", by=auditor, now=now)


@db
def test_the_bureau_may_answer_in_its_region(parties: dict[str, Membership], now: datetime) -> None:
    row = rated(parties, now, provider_id=None, reference="x")
    assert Notice.objects.filter(user=parties["bureau"].user).count() == 1
    with pytest.raises(Invalid):
        services.answer_rating(rating_id=row.pk, answer=" ", by=actor(parties["bureau"]), now=now)
    services.answer_rating(rating_id=row.pk, answer="已办", by=actor(parties["bureau"]), now=now)
    with pytest.raises(Conflict, match="答复过"):
        services.answer_rating(rating_id=row.pk, answer="再", by=actor(parties["bureau"]), now=now)


BROKEN: dict[str, dict[str, Any]] = {
    "rating_once_per_service": {"reference": "licence:1"},
    "rating_rated_pair": {"grade": 5, "rated_at": datetime(2026, 1, 1).astimezone()},
    "rating_answered_pair": {"answered_by": "system"},
    "rating_service_known": {"service": "tea"},
    "rating_grade_when_rated": {"grade": 6, "rated_by": "system"},
    "rating_grade_when_rated ": {"grade": None, "rated_by": "system"},
    "rating_due_when_low": {"due_on": date(2026, 1, 1)},
    "rating_answer_to_a_low_one": {"answer": "好"},
}


@db
@pytest.mark.parametrize("name", BROKEN)
def test_no_broken_row(parties: dict[str, Membership], now: datetime, name: str) -> None:
    row = offered(parties, now)
    row.pk, row.reference = None, "licence:2"
    for column, value in BROKEN[name].items():
        setattr(row, column, value)
    if row.rated_by:
        row.rated_at = now
    with pytest.raises(IntegrityError, match=name.strip()), transaction.atomic():
        row.save(force_insert=True)


# --- questions and pages ---------------------------------------------------------------------


@db
def test_the_summary_counts_what_the_list_shows(
    parties: dict[str, Membership], now: datetime
) -> None:
    for place, grade in enumerate((5, 4, 2, 1)):
        rated(parties, now, grade, reference=f"licence:{place}")
    late = now.date() + timedelta(days=40)
    for who in ("office", "bureau"):
        viewer = actor(parties[who])
        (line,) = selectors.summary(viewer=viewer, today=late)
        assert (line.number, line.average, line.satisfied) == (4, 3.0, 0.5)
        assert (line.low, line.waiting, line.late) == (2, 2, 2)
        assert selectors.received(viewer=viewer, state="low").count() == line.low
        assert selectors.received(viewer=viewer, state="due").count() == line.waiting
        assert selectors.to_answer(viewer=viewer)[0] == line.waiting
    assert selectors.summary(viewer=actor(parties["far"]), today=late) == []


@db
def test_home_asks_for_what_waits(parties: dict[str, Membership], now: datetime) -> None:
    row = offered(parties, now)
    todos = {t.url: t for t in home.compose(actor(parties["firm"]), now).todos}
    assert todos["/ratings/?state=waiting"].since == now
    services.rate_service(
        rating_id=row.pk, grade=1, words="太慢", by=actor(parties["firm"]), now=now
    )
    todos = {t.url: t for t in home.compose(actor(parties["firm"]), now).todos}
    assert "/ratings/?state=waiting" not in todos
    todos = {t.url: t for t in home.compose(actor(parties["office"]), now).todos}
    assert todos["/ratings/received/?state=due"].count == 1


@db
def test_a_firm_rates_on_its_page_and_keeps_what_it_typed(
    parties: dict[str, Membership], client_as: As
) -> None:
    from django.utils import timezone

    row = offered(parties, timezone.now())
    client, here = client_as(parties["firm"]), f"/ratings/{row.pk}/"
    assert "许可备案：一种隔膜" in client.get("/ratings/?state=waiting").content.decode()
    refused = client.post(here, {"grade": "1", "words": ""})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "请选择哪里不满意" in page
    assert 'value="1" checked' in page or "checked" in page
    sent = client.post(here, {"grade": "1", "reasons": ["slow"], "words": "等了一个月"})
    assert sent.headers["Location"] == here
    page = client.get(here).content.decode()
    assert "等了一个月" in page
    assert "评价这次服务" not in page
    office = client_as(parties["office"])
    listed = office.get("/ratings/received/?state=due").content.decode()
    assert "非常不满意" in listed
    assert office.post(here, {"answer": "已经改进。"}).status_code == 302
    assert "已经改进。" in client.get(here).content.decode()
    assert client_as(parties["stranger"]).get(here).status_code == 404


@db
def test_programs_do_the_same(parties: dict[str, Membership], api_as: Any) -> None:
    from django.utils import timezone

    row = offered(parties, timezone.now())
    firm, here = api_as(parties["firm"]), f"/api/v1/service-ratings/{row.pk}/"
    refused = firm.post(f"{here}rate/", {"grade": 2}, format="json")
    assert refused.status_code == 422
    said = firm.post(f"{here}rate/", {"grade": 2, "reasons": ["slow"]}, format="json")
    assert (said.status_code, said.json()["grade"]) == (200, 2)
    office = api_as(parties["office"])
    found = office.get("/api/v1/service-ratings/?side=received&state=due").json()["results"]
    assert [r["id"] for r in found] == [row.pk]
    assert office.get("/api/v1/service-ratings/summary/").json()[0]["low"] == 1
    answered = office.post(f"{here}answer/", {"answer": "已办"}, format="json")
    assert answered.json()["answer"] == "已办"


@db
def test_a_list_costs_the_same_for_one_as_for_ten(
    parties: dict[str, Membership],
    now: datetime,
    client_as: As,
    django_assert_num_queries: Any,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_as(parties["office"])
    client.get("/ratings/received/")
    counted = []
    for place in range(10):
        rated(parties, now, 2, reference=f"licence:{place}")
        if place in (0, 9):
            with CaptureQueriesContext(
                connection,
            ) as seen:
                client.get("/ratings/received/")
            counted.append(len(seen))
    assert counted[0] == counted[1]
