"""What rivals made true between our look and our write is answered, and only that."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import IntegrityError

from core.db import refused_as
from core.errors import Conflict
from core.people.models import Organisation
from tests.factories import core as make


@pytest.mark.django_db
def test_a_constraint_by_name_becomes_the_answer_and_any_other_is_raised() -> None:
    code = make.OrganisationFactory().uscc
    taken = Conflict("已经登记过。", code="uscc-taken")
    with refused_as(taken, by="core_organisation_uscc"):
        make.OrganisationFactory(name="无人争抢")

    def register_two() -> None:
        with refused_as(taken, by="core_organisation_uscc"):
            make.OrganisationFactory(name="半途", uscc=None)
            make.OrganisationFactory(uscc=code)

    with pytest.raises(Conflict) as told:
        register_two()
    assert told.value is taken
    with pytest.raises(IntegrityError, match="kind_known"), refused_as(taken, by="uscc"):
        make.OrganisationFactory(kind="club")
    names = Organisation.objects.values_list("name", flat=True)
    assert "无人争抢" in names  # the transaction around it goes on
    assert "半途" not in names


def test_no_two_kinds_of_work_share_an_advisory_lock() -> None:
    rooms = ("core", "interchange", "licensing", "listings", "matching")
    found = [
        int(number, 0)
        for room in rooms
        for path in (settings.BASE_DIR / room).rglob("*.py")
        for number in re.findall(r"^\w*LOCK\b[^=\n]*= (\w+)", path.read_text(), re.MULTILINE)
    ]
    assert len(found) > 10
    assert len(set(found)) == len(found)
