"""Long work goes on in the name of who asked for it: what is kept of them, and who that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.people.types import Actor, Role


def actor_facts(by: Actor) -> dict[str, Any]:
    """Who asked, so that a worker can act in the same name."""
    return {
        "user_id": by.user_id,
        "organisation_id": by.organisation_id,
        "roles": sorted(role.value for role in by.roles),
        "region": by.region,
        "name": by.name,
    }


def actor_from(facts: Mapping[str, Any]) -> Actor:
    """The actor these facts were kept of."""
    return Actor(
        user_id=facts["user_id"],
        organisation_id=facts["organisation_id"],
        roles=frozenset(Role(role) for role in facts["roles"]),
        region=facts["region"],
        name=facts["name"],
    )
