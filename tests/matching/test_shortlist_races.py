"""Rivals over lists: two sends of one, two drafts for one need, a stop beside a send."""

from __future__ import annotations

import pytest

from core.notices.models import Notice
from core.people.models import RegionSetting
from matching.models import Shortlist
from matching.services import shortlists as services
from tests.factories import core
from tests.factories import matching as needs
from tests.factories import shortlists as make
from tests.matching.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)
NOON = make.NOON


def test_two_sends_at_once_send_once_and_rivals_stay_within_the_ceiling() -> None:
    RegionSetting.objects.create(region="", key="shortlist.firm_week", value=1)
    stock, firm = needs.stock(), core.enterprise()
    makers = [core.broker(), core.broker()]
    rows = [make.draft(needs.need(firm), maker, [stock["battery"]]) for maker in makers]

    def send(at: int) -> object:
        by = core.actor(makers[at])
        return services.send_shortlist(shortlist_id=rows[at].pk, by=by, now=NOON)

    said = together(*(lambda at=at: send(at) for at in (0, 0, 1, 1)))
    assert said.count("done") == 1
    assert set(said) <= {"done", "illegal-move", "firm-ceiling"}
    assert Shortlist.objects.filter(status="sent").count() == 1
    assert Notice.objects.filter(kind="shortlist.progress").count() == 1


def test_two_colleagues_begin_one_list() -> None:
    stock, maker = needs.stock(), core.broker()
    need, by = needs.need(), core.actor(maker)
    data = make.terms([stock["battery"]])

    def begin() -> object:
        return services.draft_shortlist(need_id=need.pk, data=data, by=by, now=NOON)

    assert sorted(together(begin, begin, begin)) == ["done", "shortlist-exists", "shortlist-exists"]
    assert Shortlist.objects.get().items.count() == 1
