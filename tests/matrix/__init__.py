"""Who may ask what: every URL pattern × method × identity has a declared answer.

Each room declares `EXPECTATIONS: dict[str, Row]` in its module here, keyed by URL name
("listings:board"). `test_matrix.py` walks the resolver: an undeclared URL fails the suite, and
every declared answer is tried. A method that a row does not declare must be refused
(401, 403, 404, 405 or a redirect to the login page).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.people.models import Membership
from tests.factories import core as make

IDENTITIES = (
    "anonymous", "inventor", "office", "office2", "enterprise", "enterprise2", "broker", "bank",
    "guarantor", "valuer", "exchange", "bureau", "bureau2", "auditor", "sysadmin",
)  # fmt: skip
LOGIN = 302  # what an anonymous visitor of a workbench page gets


class World:
    """One member per identity, and things that belong to them; rooms add theirs by subclass-free
    `thing(name, build)`: built once per world, on first use.

    office owns the patents; enterprise owns needs and licences; office2 and enterprise2 are
    strangers to them; bureau oversees Shanghai ("31"), where office lies, bureau2 Jiangsu ("32").
    """

    def __init__(
        self, members: dict[str, Membership] | None = None, things: Mapping[str, Any] | None = None
    ) -> None:
        self.members = members or everybody()
        self.things: dict[str, Any] = dict(things or {})

    def thing(self, name: str, build: Callable[[World], Any]) -> Any:
        """The thing of that name, built on first use."""
        if name not in self.things:
            self.things[name] = build(self)
        return self.things[name]


def everybody() -> dict[str, Membership]:
    """One new member per identity that has an account."""
    return {
        "inventor": make.inventor(),
        "office": make.office(region="310115"),
        "office2": make.office(region="320500"),
        "enterprise": make.enterprise(region="310115"),
        "enterprise2": make.enterprise(region="320500"),
        "broker": make.broker(),
        "bank": make.bank(),
        "guarantor": make.guarantor(),
        "valuer": make.valuer(),
        "exchange": make.exchange(),
        "bureau": make.bureau("31"),
        "bureau2": make.bureau("32"),
        "auditor": make.auditor(),
        "sysadmin": make.sysadmin(),
    }


def everyone(status: int, **but: int) -> dict[str, int]:
    """The same answer for all identities, but for those named."""
    return {identity: but.get(identity, status) for identity in IDENTITIES}


def only(*identities: str, status: int = 200, others: int = 403, anonymous: int = LOGIN,
         **but: int) -> dict[str, int]:  # fmt: skip
    """These identities get `status`, anonymous visitors the login page, the rest `others`."""
    answers = {
        who: status if who in identities else anonymous if who == "anonymous" else others
        for who in IDENTITIES
    }
    return answers | but


def logged_in(status: int = 200, anonymous: int = LOGIN, **but: int) -> dict[str, int]:
    """The same answer for everyone with an account."""
    return everyone(status, anonymous=anonymous) | but


@dataclass(frozen=True)
class Row:
    """What one URL answers. `kwargs` fill the URL; `data` is what POST, PUT and PATCH send."""

    get: Mapping[str, int] | None = None
    post: Mapping[str, int] | None = None
    put: Mapping[str, int] | None = None
    patch: Mapping[str, int] | None = None
    delete: Mapping[str, int] | None = None
    kwargs: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    data: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def expected(self, method: str) -> Mapping[str, int] | None:
        answers: Mapping[str, int] | None = getattr(self, method)
        return answers
