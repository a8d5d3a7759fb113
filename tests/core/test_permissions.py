"""Who may do what: each way to a yes, and beside each the nearest no. No database."""

from __future__ import annotations

import pytest

from core import permissions
from core.errors import NotAllowed
from core.people.types import Actor, Role
from core.permissions import GRANTS, OWN_ONLY, SCOPE_OF, Governance, Permission, allowed, require

P = Permission


class Thing:
    """Something of organisation 7 in Shanghai."""

    def __init__(self, *organisations: int, region: str = "310115") -> None:
        self.governance = Governance(frozenset(organisations or (7,)), region)

    def governed_by(self) -> Governance:
        return self.governance


def member(role: Role, organisation: int = 7, **given: object) -> Actor:
    return Actor(user_id=1, organisation_id=organisation, roles=frozenset({role}), **given)  # type: ignore[arg-type]


def test_the_platform_itself_may_do_anything() -> None:
    assert all(allowed(Actor.system(), permission, on=Thing(99)) for permission in Permission)


@pytest.mark.parametrize("role", sorted(r for r in Role if r in GRANTS))
def test_a_role_gives_what_its_row_says_on_ones_own(role: Role) -> None:
    """The full product of roles and permissions, on nothing, on one's own and on another's."""
    actor, district = member(role), member(role, region="3101")
    for permission in set(Permission) - permissions.FOR_ADMINISTRATORS:
        granted = permission in GRANTS[role]
        assert allowed(actor, permission) is granted
        assert allowed(actor, permission, on=Thing(7, region="440000")) is granted
        oversees = role is Role.BUREAU and granted and permission not in OWN_ONLY
        assert allowed(actor, permission, on=Thing(8)) is oversees  # of the nation
        assert allowed(district, permission, on=Thing(8)) is oversees
        assert not allowed(district, permission, on=Thing(8, region="320500"))


def test_administering_is_no_role_and_no_role_administers() -> None:
    (permission,) = permissions.FOR_ADMINISTRATORS
    head = Actor(user_id=1, organisation_id=7, administers=True)
    assert allowed(head, permission)
    assert allowed(head, permission, on=Thing(7))
    assert not allowed(head, permission, on=Thing(8))
    assert not allowed(head, P.PUBLISH_LISTING, on=Thing(7))
    mandated = Actor(user_id=1, organisation_id=7, administers=True, mandates=frozenset({8}))
    assert not allowed(mandated, permission, on=Thing(8))
    assert not any(allowed(member(role), permission, on=Thing(7)) for role in GRANTS)


def test_a_mandate_opens_the_affairs_of_who_gave_it() -> None:
    broker = member(Role.BROKER, mandates=frozenset({8}))
    assert allowed(broker, P.PUBLISH_LISTING, on=Thing(8))
    assert not allowed(broker, P.PUBLISH_LISTING, on=Thing(9))


def test_a_program_needs_the_scope_beside_the_role() -> None:
    every = frozenset(permissions.SCOPES)
    for permission in set(Permission) - permissions.FOR_ADMINISTRATORS:
        roles = frozenset(role for role in GRANTS if permission in GRANTS[role])
        scope = SCOPE_OF.get(permission)

        def program(scopes: frozenset[str], roles: frozenset[Role] = roles) -> Actor:
            return Actor(partner_id=3, organisation_id=7, roles=roles, scopes=scopes)

        assert not allowed(program(frozenset()), permission)
        assert allowed(program(every), permission) is bool(scope is not None and roles)
        if scope is not None:
            assert allowed(program(frozenset({scope})), permission, on=Thing(7))
            assert not allowed(program(every - {scope}), permission)


def test_what_is_required_passes_or_says_what_to_do() -> None:
    require(member(Role.OFFICE), P.PUBLISH_LISTING, on=Thing(7))
    with pytest.raises(NotAllowed, match="切换身份") as refused:
        require(member(Role.OFFICE), P.PUBLISH_LISTING, on=Thing(8))
    assert refused.value.code == "not-allowed"
    with pytest.raises(NotAllowed, match="请先登录") as unknown:
        require(Actor.anonymous(), P.PUBLISH_LISTING)
    assert unknown.value.code == "login-required"
    with pytest.raises(NotAllowed, match="切换身份"):
        require(Actor(partner_id=3), P.PUBLISH_LISTING)


def test_a_thing_of_nobody_is_nobodys() -> None:
    nothing = Governance()
    assert (nothing.organisations, nothing.region) == (frozenset(), "")
