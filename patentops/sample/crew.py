"""The people of the sample: organisations, accounts, memberships, mandates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from core.people import selectors as people
from core.people import services as enrolment
from core.people.types import Actor, Role
from core.reference.selectors import region_prefix
from patentops.sample.content import Sample, SampleOrganisation

PASSWORD = "patentops-2026"


@dataclass
class Crew:
    """Who is who: ids and actors by the keys of the sample."""

    began: datetime
    ids: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    memberships: dict[str, tuple[int, int]] = field(default_factory=dict)
    created: int = 0

    @cached_property
    def _hash(self) -> str:
        """One slow hash for all of them: the password is the same and public."""
        return make_password(PASSWORD)

    def enrol(self, content: Sample) -> None:
        """Make sure that everyone is there; whoever is there already stays as they are."""
        for organisation in content.organisations:
            self._organisation(organisation)
        for extra in content.extra_accounts:
            superuser = extra.role == Role.SYSADMIN
            user = self._user(extra.account, extra.person, superuser=superuser)
            self._appoint(user, extra.org, extra.role, is_default=True)
        for job in content.second_jobs:
            self._appoint(self._user(job.account, job.person), job.org, job.role)
        for mandate in content.mandates:
            self._mandate(mandate.principal, mandate.agent, days=mandate.from_days_ago)

    def _organisation(self, paper: SampleOrganisation) -> None:
        self.names[paper.key] = paper.name
        card = people.organisation_by_uscc(paper.uscc)
        if card is None:
            self.ids[paper.key] = enrolment.register_organisation(
                name=paper.name,
                kind=paper.kind,
                uscc=paper.uscc,
                region=paper.region,
                industry_codes=paper.industries,
                tags=paper.tags,
                is_sample=True,
                by=Actor.system(),
                now=self.began,
            )
            self.created += 1
        else:
            self.ids[paper.key] = card.id
        user = self._user(paper.account, paper.person)
        region = region_prefix(paper.region) if Role.BUREAU in paper.roles else ""
        for place, role in enumerate(paper.roles):
            membership = self._appoint(user, paper.key, role, region=region, is_default=place == 0)
            if place == 0:
                self.memberships[paper.key] = (user, membership)

    def _user(self, email: str, person: str, *, superuser: bool = False) -> int:
        known = get_user_model().objects.filter(email=email).values_list("pk", flat=True).first()
        if known is not None:
            return int(known)
        return enrolment.register_user(
            email=email,
            display_name=person,
            password_hash=self._hash,
            is_superuser=superuser,
            by=Actor.system(),
            now=self.began,
        )

    def _appoint(
        self, user: int, org: str, role: str, *, region: str = "", is_default: bool = False
    ) -> int:
        return enrolment.appoint(
            user_id=user,
            organisation_id=self.ids[org],
            role=Role(role),
            region=region,
            is_default=is_default,
            by=Actor.system(),
            now=self.began,
        )

    def _mandate(self, principal: str, agent: str, *, days: int) -> None:
        starts_on = (self.began - timedelta(days=days)).date()
        # One that an older sample has given may begin later than this sample does.
        if self.ids[principal] not in people.mandators(self.ids[agent], on=date.max):
            enrolment.give_mandate(
                principal_id=self.ids[principal],
                agent_id=self.ids[agent],
                starts_on=starts_on,
                by=Actor.system(),
                now=self.began,
            )

    def actor(self, key: str) -> Actor:
        """The person of an organisation, acting for it."""
        if key not in self._actors:
            user, membership = self.memberships[key]
            person = get_user_model().objects.get(pk=user)
            self._actors[key] = people.actor_for(
                person, membership_id=membership, on=self.began.date()
            )
        return self._actors[key]

    def actor_of(self, organisation_id: int) -> Actor:
        """The same, by the organisation's id."""
        return self.actor({pk: key for key, pk in self.ids.items()}[organisation_id])

    def someone(self, account: str, *, on: date) -> Actor:
        """Whoever has this account, as they are when they log in."""
        return people.actor_for(get_user_model().objects.get(email=account), on=on)

    def person(self, account: str, org: str) -> Actor:
        """Another person of an organisation, by the account."""
        person = get_user_model().objects.get(email=account)
        membership = person.memberships.get(organisation_id=self.ids[org])
        return people.actor_for(person, membership_id=membership.pk, on=self.began.date())

    @cached_property
    def _actors(self) -> dict[str, Actor]:
        return {}
