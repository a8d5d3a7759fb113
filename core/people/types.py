"""Who acts: roles and the `Actor` that every command and every query takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The one list of roles (design, section 2)."""

    ANONYMOUS = "anonymous"
    INVENTOR = "inventor"
    OFFICE = "office"
    ENTERPRISE = "enterprise"
    BROKER = "broker"
    BANK = "bank"
    GUARANTOR = "guarantor"
    VALUER = "valuer"
    EXCHANGE = "exchange"
    BUREAU = "bureau"
    AUDITOR = "auditor"
    SYSADMIN = "sysadmin"


# Those who keep an institution's patents: its own office, and the broker it has empowered.
KEEPERS = (Role.OFFICE, Role.BROKER)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting for one organisation, a partner's program, the platform itself, or nobody.

    `region` is the prefix of GB/T 2260 codes that the actor oversees or sits in: "" is the
    nation, "31" a province, "3101" a city, "310115" a district. `mandates` holds the
    organisations that have empowered the actor's own (a broker acts only under these).
    `administers` says that the person runs the organisation here: its people, not its affairs.
    """

    user_id: int | None = None
    organisation_id: int | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    region: str = ""
    name: str = ""
    partner_id: int | None = None
    mandates: frozenset[int] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)
    is_system: bool = False
    administers: bool = False

    @classmethod
    def anonymous(cls) -> Actor:
        """Anyone, without an account."""
        return cls(roles=frozenset({Role.ANONYMOUS}), name="访客")

    @classmethod
    def system(cls) -> Actor:
        """The platform itself: sweeps, consumers of events, loaders."""
        return cls(name="系统", is_system=True)

    @property
    def key(self) -> str:
        """What is stored beside a moment to say who it was."""
        if self.is_system:
            return "system"
        if self.partner_id is not None:
            return f"partner:{self.partner_id}"
        if self.user_id is None:
            return "anonymous"
        org = f"/org:{self.organisation_id}" if self.organisation_id is not None else ""
        return f"user:{self.user_id}{org}"

    @property
    def is_anonymous(self) -> bool:
        return not self.is_system and self.user_id is None and self.partner_id is None

    def has(self, *roles: Role) -> bool:
        """Whether the actor holds one of these roles in the organisation acted for."""
        return any(role in self.roles for role in roles)

    @property
    def acts_for(self) -> frozenset[int]:
        """The organisations whose affairs the actor may handle: its own and its mandates'."""
        own = frozenset() if self.organisation_id is None else frozenset({self.organisation_id})
        return own | self.mandates
