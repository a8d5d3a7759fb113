"""Organisations, identities, and what an actor may do."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotAllowed
from core.people import rules, selectors
from core.people.models import Mandate, Membership, Organisation
from core.people.types import Actor, Role
from core.permissions import GRANTS, Governance, Permission, allowed, require
from tests.factories import core as make

VALID = ["91350100M000100Y43", "91310115MA10001800", "91110108551385082Q", "91512081MA62K0260E"]


@pytest.mark.parametrize("code", VALID)
def test_valid_codes_pass_in_any_spelling(code: str) -> None:
    assert rules.uscc_error(code) is None
    assert rules.uscc_error(f" {code[:8].lower()} {code[8:]} ") is None


def test_a_wrong_check_character_names_the_right_one() -> None:
    problem = rules.uscc_error("91350100M000100Y40")
    assert problem is not None
    assert "末位应为 3" in problem


def test_letters_that_the_alphabet_lacks_are_named() -> None:
    problem = rules.uscc_error("9135010OM000100Y43")
    assert problem is not None
    assert "不含 I、O" in problem


@given(st.integers(0, 9_999_999), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJ"))
def test_any_single_changed_character_is_refused(number: int, place: int, other: str) -> None:
    code = make.valid_uscc(number)
    assert rules.uscc_error(code) is None
    changed = code[:place] + other + code[place + 1 :]
    if changed != code:
        assert rules.uscc_error(changed) is not None


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    assert rules.uscc_error(text) is None or len(rules.clean_uscc(text)) >= 0


@pytest.mark.django_db
def test_the_database_refuses_a_malformed_code() -> None:
    with pytest.raises(IntegrityError, match="organisation_uscc_shape"), transaction.atomic():
        Organisation.objects.create(name="坏", kind="enterprise", uscc="9135010OM000100Y43")


@pytest.mark.django_db
def test_the_database_refuses_a_second_default_identity() -> None:
    first = make.MembershipFactory(is_default=True)
    with pytest.raises(IntegrityError, match="membership_one_default"), transaction.atomic():
        make.MembershipFactory(user=first.user, is_default=True)


@pytest.mark.django_db
def test_the_database_refuses_an_unknown_role() -> None:
    with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
        make.MembershipFactory(role="emperor")


@pytest.mark.django_db
def test_an_actor_holds_only_the_roles_of_the_organisation_acted_for() -> None:
    office = make.office()
    firm = make.MembershipFactory(user=office.user, role=Role.ENTERPRISE)
    as_office, as_firm = make.actor(office), make.actor(firm)
    assert as_office.roles == {Role.OFFICE}
    assert as_firm.roles == {Role.ENTERPRISE}
    assert as_firm.organisation_id == firm.organisation_id
    assert as_firm.key == f"user:{office.user_id}/org:{firm.organisation_id}"


@pytest.mark.django_db
def test_a_foreign_membership_cannot_be_chosen() -> None:
    mine, other = make.office(), make.bureau()
    actor = selectors.actor_for(mine.user, membership_id=other.pk, on=date(2026, 11, 20))
    assert actor.organisation_id == mine.organisation_id


@pytest.mark.django_db
def test_a_broker_acts_for_those_who_empowered_it_while_they_do(now: datetime) -> None:
    broker, principal = make.broker(), make.office()
    mandate = Mandate.objects.create(
        principal=principal.organisation,
        agent=broker.organisation,
        starts_on=now.date() - timedelta(days=3),
    )
    today = now.date()
    acting = selectors.actor_for(broker.user, on=today)
    assert principal.organisation_id in acting.acts_for
    mandate.revoked_at, mandate.revoked_by = now, "system"
    mandate.save()
    assert principal.organisation_id not in selectors.actor_for(broker.user, on=today).acts_for


class Thing:
    def __init__(self, organisation: int, region: str) -> None:
        self.organisation, self.region = organisation, region

    def governed_by(self) -> Governance:
        return Governance(frozenset({self.organisation}), self.region)


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.ANONYMOUS])
@pytest.mark.parametrize("permission", list(Permission))
def test_rights_follow_the_table_and_stop_at_ones_own(role: Role, permission: Permission) -> None:
    actor = Actor(user_id=1, organisation_id=7, roles=frozenset({role}), region="31")
    own, foreign = Thing(7, "310115"), Thing(8, "320500")
    granted = permission in GRANTS[role]
    assert allowed(actor, permission, on=own) is granted
    assert allowed(actor, permission, on=foreign) is False
    if not granted:
        with pytest.raises(NotAllowed):
            require(actor, permission, on=own)


def test_a_bureau_acts_within_its_prefix_only() -> None:
    bureau = Actor(user_id=1, organisation_id=1, roles=frozenset({Role.BUREAU}), region="31")
    assert allowed(bureau, Permission.VERIFY_OUTCOME, on=Thing(9, "310115"))
    assert not allowed(bureau, Permission.VERIFY_OUTCOME, on=Thing(9, "320500"))


def test_anonymous_visitors_are_asked_to_log_in() -> None:
    with pytest.raises(NotAllowed, match="请先登录"):
        require(Actor.anonymous(), Permission.TAKE_LICENCE)


@pytest.mark.django_db
def test_the_closest_bureau_comes_first_and_others_not_at_all() -> None:
    district, nation, city = make.bureau("310115"), make.bureau(""), make.bureau("3101")
    make.bureau("32")
    assert selectors.bureau_members_for("310115") == [
        district.user_id, city.user_id, nation.user_id,
    ]  # fmt: skip


@pytest.mark.django_db
def test_members_are_listed_once_and_only_while_active() -> None:
    member = make.office()
    Membership.objects.create(
        user=member.user, organisation=member.organisation, role=Role.INVENTOR
    )
    gone = make.MembershipFactory(organisation=member.organisation, user__is_active=False)
    assert selectors.members(member.organisation_id) == [member.user_id]
    assert gone.user_id not in selectors.members(member.organisation_id)


@pytest.mark.django_db
def test_another_identity_in_the_bureau_does_not_widen_its_region() -> None:
    bureau = make.MembershipFactory(role=Role.BUREAU, region="310115", is_default=True)
    other = make.MembershipFactory(
        user=bureau.user, organisation=bureau.organisation, role=Role.AUDITOR
    )
    for chosen in (bureau, other):
        actor = selectors.actor_for(bureau.user, membership_id=chosen.pk, on=date(2026, 11, 20))
        assert actor.region == "310115"


def test_what_does_not_say_whose_it_is_lets_nobody_through() -> None:
    actor = Actor(user_id=1, organisation_id=7, roles=frozenset({Role.OFFICE}))
    with pytest.raises(AttributeError):
        allowed(actor, Permission.EDIT_PATENT, on=object())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("actor", "key"),
    [
        (Actor.system(), "system"),
        (Actor(partner_id=4), "partner:4"),
        (Actor.anonymous(), "anonymous"),
        (Actor(user_id=7), "user:7"),
        (Actor(user_id=7, organisation_id=3, name="周可忘"), "user:7/org:3"),
    ],
)
def test_who_did_it_is_kept_by_number_and_never_by_name(actor: Actor, key: str) -> None:
    assert actor.key == key
