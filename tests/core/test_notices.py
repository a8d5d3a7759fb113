"""The bell rings once."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.notices import selectors, services
from core.notices.models import Notice
from core.people.types import Actor
from tests.factories import core as make


def tell(user_id: int, now: datetime, key: str = "push:1") -> list[int]:
    return services.notify(
        users=[user_id, user_id], kind="match.pushed", key=key, title="新匹配", url="/", now=now
    )


@pytest.mark.django_db
def test_the_same_key_tells_a_person_once(now: datetime) -> None:
    user = make.UserFactory()
    assert tell(user.pk, now) == [user.pk]
    assert tell(user.pk, now) == []
    assert Notice.objects.filter(user=user).count() == 1


@pytest.mark.django_db
def test_a_kind_switched_off_stays_silent_and_can_come_back(now: datetime) -> None:
    user = make.UserFactory()
    me = Actor(user_id=user.pk)
    services.set_preferences(by=me, off=["match.pushed"])
    assert tell(user.pk, now) == []
    services.set_preferences(by=me, off=[])
    assert tell(user.pk, now) == [user.pk]


@pytest.mark.django_db
def test_reading_touches_only_ones_own(now: datetime) -> None:
    mine, other = make.UserFactory(), make.UserFactory()
    tell(mine.pk, now)
    tell(other.pk, now)
    assert services.mark_read(by=Actor(user_id=mine.pk), now=now) == 1
    assert selectors.unread_count(viewer=Actor(user_id=other.pk)) == 1


@pytest.mark.django_db
def test_an_unknown_kind_is_refused(now: datetime) -> None:
    with pytest.raises(ValueError, match="not a kind"):
        services.notify(users=[1], kind="spam", key="1", title="", now=now)
