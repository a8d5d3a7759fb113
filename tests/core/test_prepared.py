"""What every request asks in ready-made statements is what Django would have found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, get_resolver
from django.utils import timezone

from core.people.models import User
from core.prepared import STAND_IN
from patentops.routing import LONGEST
from patentops.sessionstore import SessionStore
from tests.factories import core as make

pytestmark = pytest.mark.django_db


def test_a_person_by_key_is_the_one_the_orm_finds() -> None:
    made = [make.office().user, make.bank().user]
    for user in made:
        found = User.objects.get(pk=user.pk)
        slow = User.objects.filter(pk=user.pk).get()
        assert found.__dict__.keys() == slow.__dict__.keys()
        for field in User._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(slow, field.attname), field.name
        found.display_name = "改过"
        found.save()  # a row of the database, not a new one
        assert User.objects.filter(pk=user.pk, display_name="改过").count() == 1


@pytest.mark.parametrize("key", [0, -1, 2**62, STAND_IN, 2**63, 10**30])
def test_nobody_has_such_a_key(key: int) -> None:
    with pytest.raises(User.DoesNotExist):
        get_user_model().objects.get(pk=key)


def test_other_questions_go_the_long_way() -> None:
    user = make.office().user
    assert User.objects.get(pk=str(user.pk)) == user
    assert User.objects.get(pk=user.pk, is_active=True) == user
    group = user.groups.create(name="组")
    assert group.user_set.get(pk=user.pk) == user
    with pytest.raises(User.DoesNotExist):
        group.user_set.get(pk=make.bank().user_id)


def test_a_session_is_read_as_django_reads_it() -> None:
    store = SessionStore()
    store["acting_as"] = 7
    store.save()
    assert store.session_key
    assert SessionStore(store.session_key).load() == DatabaseStore(store.session_key).load()
    ended = SessionStore()
    ended["acting_as"] = 8
    ended.set_expiry(timezone.now() - timedelta(seconds=1))
    ended.save()
    for key in (ended.session_key, "nosuchsessionatall"):
        late = SessionStore(key)
        assert late.load() == {}
        assert late.session_key is None
    with CaptureQueriesContext(connection) as asked:
        assert SessionStore("short").get("acting_as") is None
    assert len(asked) == 0  # what cannot be a key is not asked for


def test_a_way_found_before_is_the_same_way() -> None:
    resolver = get_resolver()
    first, again = resolver.resolve("/patents/7/"), resolver.resolve("/patents/7/")
    assert (first.func, first.view_name, first.route) == (again.func, again.view_name, again.route)
    first.kwargs["patent_id"] = 8
    assert again.kwargs == resolver.resolve("/patents/7/").kwargs != first.kwargs
    for nowhere in ("/no/such/page/", f"/no/{'7' * LONGEST}/"):
        for _ in range(2):
            with pytest.raises(Resolver404):
                resolver.resolve(nowhere)
