"""What every page and resource does with an address that no text of the database can hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.people.models import Membership
from core.people.types import Role
from tests.factories import core as make

UNREADABLE = [
    "/open-licences/?q=%00",
    "/needs/?q=a%00b",
    "/licences/check/%00/",
    "/api/v1/open-declarations/?q=%00",
    "/api/v1/needs/?q=%00x",
]


@pytest.mark.django_db
@pytest.mark.parametrize("address", UNREADABLE)
def test_a_nul_in_an_address_is_refused_in_words(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert "无法识别的字符" in answer.content.decode()


@pytest.mark.django_db
def test_a_nul_in_a_form_token_is_refused(client_as: Callable[[Membership], Client]) -> None:
    member = make.MembershipFactory(role=Role.OFFICE)
    answer = client_as(member).post(
        "/library/patents/new/", {"title": "一种阀门", "form_token": "\0"}
    )
    assert answer.status_code == 400
