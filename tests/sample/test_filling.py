"""Pages say that the sample is still growing, and stop saying so."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core.cache import cache
from django.test import Client

from core.web import filling as told
from patentops.sample import filling

pytestmark = pytest.mark.django_db
SAYS = "示例数据还在载入"


def test_a_page_says_how_far_the_filling_is(client: Client) -> None:
    cache.set(told.KEY, "2/8", 60)
    assert f"{SAYS}（2/8 批）" in client.get("/").content.decode()
    cache.delete(told.KEY)
    assert SAYS not in client.get("/").content.decode()


def test_the_filler_tells_and_at_its_end_is_silent(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    heard = []

    def load_two(*, now: datetime, tell: object) -> int:
        assert callable(tell)
        for done in (0, 1):
            tell(done, 2)
            heard.append(told.progress())
        raise RuntimeError("the database went away")

    monkeypatch.setattr(filling, "load_volumes", load_two)
    with pytest.raises(RuntimeError):
        filling.fill(now=now)
    assert heard == ["0/2", "1/2"]
    assert told.progress() == ""
