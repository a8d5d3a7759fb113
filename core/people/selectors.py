"""Questions about organisations and people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from core.people.models import Mandate, Membership, Organisation, RegionSetting, User
from core.people.rules import clean_uscc
from core.people.types import Actor, Role
from core.prepared import Prepared
from core.reference.selectors import region_prefix


@dataclass(frozen=True, slots=True)
class OrganisationCard:
    """What other rooms may know of an organisation."""

    id: int
    name: str
    uscc: str | None
    kind: str
    kind_label: str
    region: str
    industry_codes: tuple[str, ...]
    tags: tuple[str, ...]
    is_sample: bool


@dataclass(frozen=True, slots=True)
class MembershipCard:
    """One identity that a person may act under."""

    id: int
    organisation_id: int
    organisation_name: str
    role: Role
    region: str


def _card(row: Organisation) -> OrganisationCard:
    return OrganisationCard(
        id=row.pk,
        name=row.name,
        uscc=row.uscc,
        kind=row.kind,
        kind_label=row.get_kind_display(),
        region=row.region,
        industry_codes=tuple(row.industry_codes),
        tags=tuple(row.tags),
        is_sample=row.is_sample,
    )


def organisation(organisation_id: int) -> OrganisationCard:
    """The organisation's card; Organisation.DoesNotExist when there is none."""
    return _card(Organisation.objects.get(pk=organisation_id))


def organisations(ids: Iterable[int]) -> dict[int, OrganisationCard]:
    """The cards of those of `ids` that exist, by id, in one query."""
    return {row.pk: _card(row) for row in Organisation.objects.filter(pk__in=set(ids))}


def organisation_by_uscc(code: str) -> OrganisationCard | None:
    """The organisation with this unified social credit code, in any spelling."""
    row = Organisation.objects.filter(uscc=clean_uscc(code)).first()
    return _card(row) if row else None


def organisation_named(name: str) -> OrganisationCard | None:
    """The one organisation that bears exactly this name; None if none or several do."""
    rows = list(Organisation.objects.filter(name=name)[:2])
    return _card(rows[0]) if len(rows) == 1 else None


def organisations_in(prefix: str, kinds: Iterable[str], *, limit: int) -> list[OrganisationCard]:
    """Organisations of these kinds whose region lies below the prefix, by name."""
    rows = Organisation.objects.filter(region__startswith=prefix, kind__in=list(kinds))
    return [_card(row) for row in rows.order_by("name", "pk")[:limit]]


def organisation_names(user_id: int) -> list[str]:
    """The names of the organisations that this person belongs to."""
    rows = Organisation.objects.filter(memberships__user_id=user_id)
    return sorted(rows.values_list("name", flat=True).distinct())


def members(organisation_id: int, *roles: Role) -> list[int]:
    """Active users of an organisation with one of these roles if named, in order, each once."""
    return members_of([organisation_id], *roles).get(organisation_id, [])


def members_of(organisation_ids: Iterable[int], *roles: Role) -> dict[int, list[int]]:
    """Active users of each organisation with one of these roles if named, in one query."""
    rows = Membership.objects.filter(
        organisation_id__in=set(organisation_ids), user__is_active=True
    )
    if roles:
        rows = rows.filter(role__in=roles)
    found: dict[int, list[int]] = {}
    for organisation_id, user_id in (
        rows.order_by("organisation_id", "user_id")
        .values_list("organisation_id", "user_id")
        .distinct()
    ):
        found.setdefault(organisation_id, []).append(user_id)
    return found


def administrators(organisation_id: int) -> list[int]:
    """Active users who run this organisation here, in order, each once."""
    rows = Membership.objects.filter(
        organisation_id=organisation_id, is_administrator=True, user__is_active=True
    )
    return list(rows.order_by("user_id").values_list("user_id", flat=True).distinct())


def users_with(role: Role) -> list[int]:
    """Active users who hold this role anywhere, in order, each once."""
    rows = Membership.objects.filter(role=role, user__is_active=True)
    return list(rows.order_by("user_id").values_list("user_id", flat=True).distinct())


def mail_addresses(user_ids: Iterable[int]) -> dict[int, str]:
    """Where active users get their mail, by id."""
    rows = User.objects.filter(pk__in=set(user_ids), is_active=True)
    return dict(rows.values_list("pk", "email"))


def members_by_mail(organisation_id: int, addresses: Iterable[str]) -> dict[str, int]:
    """The people of an organisation by their addresses, in lower case."""
    wanted = {address.strip().lower() for address in addresses if address.strip()}
    rows = User.objects.filter(memberships__organisation_id=organisation_id, email__in=wanted)
    return dict(rows.values_list("email", "pk"))


def roles_of(user_ids: Iterable[int]) -> dict[tuple[int, int], frozenset[Role]]:
    """The roles that these people hold, by (person, organisation), in one query."""
    found: dict[tuple[int, int], set[Role]] = {}
    rows = Membership.objects.filter(user_id__in=set(user_ids))
    for user_id, organisation_id, role in rows.values_list("user_id", "organisation_id", "role"):
        found.setdefault((user_id, organisation_id), set()).add(Role(role))
    return {key: frozenset(roles) for key, roles in found.items()}


def bureau_members_for(region: str) -> list[int]:
    """Bureau staff whose prefix covers this region, the closest first."""
    prefixes = [region[:n] for n in (6, 4, 2, 0) if len(region) >= n]
    rows = Membership.objects.filter(
        role=Role.BUREAU, region__in=prefixes, user__is_active=True
    ).values_list("region", "user_id")
    ordered = sorted(rows, key=lambda row: (-len(row[0]), row[1]))
    return list(dict.fromkeys(user_id for _, user_id in ordered))


def identities(user: User) -> list[MembershipCard]:
    """Every identity a person may act under, the default one first."""
    rows = (
        Membership.objects.filter(user=user)
        .select_related("organisation")
        .order_by("-is_default", "pk")
    )
    return [
        MembershipCard(
            id=row.pk,
            organisation_id=row.organisation_id,
            organisation_name=row.organisation.name,
            role=Role(row.role),
            region=row.region,
        )
        for row in rows
    ]


_IDENTITIES = Prepared(
    lambda user_id: (
        Membership.objects.filter(user_id=user_id)
        .order_by("-is_default", "pk")
        .values_list(
            "pk", "organisation_id", "role", "region", "is_administrator", "organisation__region"
        )
    )
)


def actor_for(user: User, *, membership_id: int | None = None, on: date) -> Actor:
    """The actor a person is: for the chosen identity, else the default, else the first.

    Roles are those the person holds in that identity's organisation. The region is the prefix that
    its bureau membership names, whichever of its identities was chosen; anyone else's is the
    organisation's own division.
    """
    rows = _IDENTITIES.rows(user.pk)
    chosen = next((row for row in rows if row[0] == membership_id), rows[0] if rows else None)
    if chosen is None:
        roles = frozenset({Role.SYSADMIN}) if user.is_superuser else frozenset[Role]()
        return Actor(user_id=user.pk, roles=roles, name=str(user))
    _, organisation_id, *_, division = chosen
    here = [row[2:5] for row in rows if row[1] == organisation_id]
    held = frozenset(Role(role) for role, _, _ in here)
    if user.is_superuser:
        held |= {Role.SYSADMIN}
    overseen = [prefix for role, prefix, _ in here if role == Role.BUREAU]  # at most one
    mandates = frozenset(mandators(organisation_id, on=on)) if Role.BROKER in held else frozenset()
    return Actor(
        user_id=user.pk,
        organisation_id=organisation_id,
        roles=held,
        region=overseen[0] if overseen else region_prefix(division),
        name=str(user),
        mandates=mandates,
        administers=any(administers for _, _, administers in here),
    )


def mandators(agent_id: int, *, on: date) -> list[int]:
    """The organisations that have empowered this one on that day."""
    live = Q(ends_on__isnull=True) | Q(ends_on__gte=on)
    return list(
        Mandate.objects.filter(
            live, agent_id=agent_id, revoked_at__isnull=True, starts_on__lte=on
        ).values_list("principal_id", flat=True)
    )


def agents_of(principal_ids: Iterable[int], *, on: date) -> set[int]:
    """The organisations that any of these has empowered on that day."""
    live = Q(ends_on__isnull=True) | Q(ends_on__gte=on)
    rows = Mandate.objects.filter(
        live, principal_id__in=set(principal_ids), revoked_at__isnull=True, starts_on__lte=on
    )
    return set(rows.values_list("agent_id", flat=True))


@dataclass(frozen=True, slots=True)
class MandateCard:
    """One empowerment as the party that gave or holds it sees it."""

    id: int
    principal: str
    agent: str
    agent_id: int
    starts_on: date
    ends_on: date | None
    revoked_at: datetime | None


def mandates_given(principal_id: int) -> list[MandateCard]:
    """Whom an organisation has empowered, the newest first."""
    return _mandates(principal_id=principal_id)


def mandates_held(agent_id: int) -> list[MandateCard]:
    """Who has empowered an organisation, the newest first."""
    return _mandates(agent_id=agent_id)


def _mandates(**whose: int) -> list[MandateCard]:
    rows = Mandate.objects.filter(**whose).select_related("principal", "agent").order_by("-pk")
    return [
        MandateCard(
            id=row.pk,
            principal=row.principal.name,
            agent=row.agent.name,
            agent_id=row.agent_id,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def region_setting(key: str, region: str, *, default: Any) -> Any:
    """What holds in a region: the row with the longest prefix, else the nation's, else default."""
    prefixes = [region[:n] for n in (6, 4, 2, 0) if len(region) >= n]
    rows = dict(
        RegionSetting.objects.filter(key=key, region__in=prefixes).values_list("region", "value")
    )
    return next((rows[p] for p in prefixes if p in rows), default)


def users_of(keys: Iterable[str | None]) -> set[int]:
    """The people behind actor keys such as "user:12/org:3"; programs and the platform are none."""
    heads = (key.partition("/")[0] for key in keys if key and key.startswith("user:"))
    return {int(head[5:]) for head in heads if head[5:].isdecimal()}


def names_of(keys: Iterable[str | None]) -> dict[str, str]:
    """What to call whoever is behind each actor key, in one query."""
    wanted = {key for key in keys if key}
    names = {
        user.pk: str(user)
        for user in User.objects.filter(pk__in=users_of(wanted)).only("display_name", "email")
    }
    return {
        key: next((names[i] for i in users_of([key]) if i in names), _NOBODY.get(key, "接口程序"))
        for key in wanted
    }


_NOBODY = {"system": "系统", "anonymous": "访客"}


def wants_recommendations(user_ids: Iterable[int]) -> set[int]:
    """Those of these users who have not switched personal recommendations off (PIPL art. 24)."""
    return set(
        User.objects.filter(pk__in=set(user_ids), wants_recommendations=True).values_list(
            "pk", flat=True
        )
    )
