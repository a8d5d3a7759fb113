"""One effect and one answer per key."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections

from core.errors import Conflict, DomainError, Invalid
from core.idempotency import services
from core.idempotency.services import Answer, once
from core.people.models import Organisation
from core.people.types import Actor
from tests.factories import core as make

ME = Actor(user_id=1)


def create(now: datetime, *, key: str = "k", content: bytes = b"{}", by: Actor = ME) -> Answer:
    def run() -> Answer:
        return Answer(201, {"id": make.OrganisationFactory(name="一次").pk}, "/x/1")

    return once(key=key, route="POST /x", content=content, by=by, now=now, run=run)


@pytest.mark.django_db
def test_a_repeat_gets_the_first_answer(now: datetime) -> None:
    first, second = create(now), create(now)
    assert (first.body, first.location) == (second.body, second.location)
    assert second.replayed
    assert Organisation.objects.filter(name="一次").count() == 1


@pytest.mark.django_db
def test_the_same_key_with_other_content_is_refused(now: datetime) -> None:
    create(now)
    with pytest.raises(Invalid) as refusal:
        create(now, content=b"[]")
    assert refusal.value.code == "idempotency-key-reused"


@pytest.mark.django_db
def test_two_people_may_choose_the_same_key(now: datetime) -> None:
    assert not create(now).replayed
    assert not create(now, by=Actor(user_id=2)).replayed


@pytest.mark.django_db
def test_a_refusal_stores_nothing(now: datetime) -> None:
    def refuse() -> Answer:
        raise Conflict("不行")

    with pytest.raises(Conflict):
        once(key="k", route="POST /x", content=b"{}", by=ME, now=now, run=refuse)
    assert not create(now).replayed


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_of_the_wrong_length_is_refused(now: datetime, key: str) -> None:
    with pytest.raises(Invalid):
        create(now, key=key)


@pytest.mark.django_db
def test_old_keys_are_forgotten(now: datetime) -> None:
    create(now)
    assert services.forget_old(now=now + timedelta(days=2)) == 0
    assert services.forget_old(now=now + timedelta(days=4)) == 1


@pytest.mark.django_db(transaction=True)
def test_twins_have_one_effect(now: datetime) -> None:
    start, answers = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        try:
            answers.append(create(now).status)
        except DomainError as refusal:
            answers.append(refusal.code)
        connections.close_all()

    rivals = [threading.Thread(target=work) for _ in range(8)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert Organisation.objects.filter(name="一次").count() == 1
    assert set(answers) <= {201, "request-in-progress"}
    assert 201 in answers
