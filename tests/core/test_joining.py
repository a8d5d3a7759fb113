"""Organisations ask to take part: the address confirmed, the bureau answers, nobody is betrayed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.attachments.models import Attachment
from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.joining import rules, selectors, services
from core.joining.models import JoinApplication
from core.joining.rules import MOVES, Decider, Status
from core.notices.models import Notice
from core.people import services as people
from core.people.models import Membership, Organisation, OrganisationKind, User
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from tests.factories import core as make
from tests.factories.joining import joining, paper

CODE = "91310115MA10001800"
PASSWORD = "long-enough-2026"
Drain = Callable[[], int]


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("move", sorted(MOVES))
def test_every_move_from_every_status(status: Status, move: str) -> None:
    legal = {
        ("unconfirmed", "confirm"), ("pending", "ask"), ("pending", "supply"),
        ("more_needed", "supply"), ("pending", "approve"), ("more_needed", "approve"),
        ("pending", "refuse"), ("more_needed", "refuse"), ("pending", "withdraw"),
        ("more_needed", "withdraw"),
    }  # fmt: skip
    assert (rules.after(status, move) is not None) is ((status.value, move) in legal)


def test_every_kind_has_a_first_role_and_bureaus_do_not_ask() -> None:
    assert set(rules.ROLES_OF_KIND) == set(OrganisationKind.values)
    assert rules.first_role("bank") is Role.BANK
    assert rules.first_role("university") is Role.OFFICE
    assert {"bureau"} == rules.NOT_BY_ASKING
    granted = {role for roles in rules.ROLES_OF_KIND.values() for role in roles}
    assert not granted & {Role.SYSADMIN, Role.AUDITOR, Role.ANONYMOUS}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "310115"), ("310104", "310104"), ("上海市徐汇区", "310104"), ("徐汇区", "310104"),
        ("上海市", "310000"), ("苏州市", "320500"), ("3205", "320500"), ("火星", ""),
        ("999999", ""),
    ],
)  # fmt: skip
def test_a_place_is_found_by_code_or_name(text: str, code: str) -> None:
    assert selectors.place(text, uscc=CODE).code == code


def test_a_name_that_several_places_bear_is_asked_back() -> None:
    found = selectors.place("鼓楼区", uscc=CODE)
    assert found.code == ""
    assert any("南京" in name for name in found.candidates)


pytestmark = pytest.mark.django_db


def filled(**but: Any) -> dict[str, Any]:
    return {
        "name": "东海新来科技有限公司", "uscc": CODE, "kind": "enterprise", "region": "",
        "person": "陈新", "phone": "021-5555 0000", "email": "chen@new.example.cn",
        "password": PASSWORD, "consent": "on", "evidence": paper(), "remark": "",
    } | but  # fmt: skip


def link_in_mail() -> str:
    found = re.search(r"/joining/confirm/\S+", str(mail.outbox[-1].body))
    assert found is not None
    return found.group()


def test_from_the_form_to_the_first_day(
    client: Client, client_as: Callable[[Membership], Client], drain: Drain
) -> None:
    """The whole way: form, letter, account that browses only, answer, welcome, rights."""
    bureau = make.bureau("31")
    answer = client.post("/joining/", filled())
    assert answer.status_code == 302
    assert answer.url == "/joining/sent/"
    assert not User.objects.filter(email="chen@new.example.cn").exists()
    drain()
    link = link_in_mail()
    assert client.get(link).status_code == 200
    assert not User.objects.filter(email="chen@new.example.cn").exists()  # a look confirms nothing
    assert client.post(link).url == "/accounts/login/"
    assert client.post(link).status_code == 404
    user = User.objects.get(email="chen@new.example.cn")
    assert user.check_password(PASSWORD)
    drain()
    row = JoinApplication.objects.get(applicant=user)
    assert row.password_hash == ""
    assert row.region == "310115"
    assert Notice.objects.filter(user=bureau.user, title__contains="入驻申请").exists()
    # Until approved: looks around, does nothing.
    own = Client()
    own.force_login(user)
    assert own.get("/patents/").status_code == 200
    assert own.get(f"/joining/{row.pk}/").status_code == 200
    assert "审核中" in own.get("/").content.decode()
    assert own.get("/needs/new/").status_code == 403
    desk = client_as(bureau)
    assert row.name in desk.get("/joining/queue/").content.decode()
    assert desk.get(f"/joining/{row.pk}/evidence/").content.startswith(b"%PDF-")
    assert desk.post(f"/joining/{row.pk}/approve/", {"note": ""}).status_code == 302
    drain()
    assert "欢迎入驻" in mail.outbox[-1].subject
    membership = Membership.objects.get(user=user)
    assert (membership.role, membership.is_administrator) == (Role.ENTERPRISE, True)
    assert membership.organisation.uscc == CODE
    assert allowed(make.actor(membership), Permission.POST_NEED)
    assert own.get("/needs/new/").status_code == 200


def test_a_known_address_gets_the_same_answer_and_a_letter(client: Client, drain: Drain) -> None:
    """No page tells whether an address or a code is known; the letter does, to its owner."""
    known = make.UserFactory(email="known@example.cn")
    make.OrganisationFactory(uscc=CODE)
    seen: list[tuple[int, str, int]] = []
    for email in ("known@example.cn", "unknown@example.cn"):
        with CaptureQueriesContext(connection) as queries:
            answer = client.post("/joining/", filled(email=email, evidence=paper()))
        seen.append((answer.status_code, answer.url, len(queries)))
    assert seen[0] == seen[1]
    drain()
    letters = {message.to[0]: message for message in mail.outbox}
    assert "已经有账户" in letters["known@example.cn"].subject
    assert "/joining/confirm/" in str(letters["unknown@example.cn"].body)
    assert not JoinApplication.objects.filter(email=known.email).exists()
    assert Attachment.objects.count() == 1  # what came with it is gone too


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("uscc", "91310115MA10001801", "校验位不符"),
        ("uscc", "", "必填"),
        ("kind", "bureau", "选择"),
        ("region", "火星", "找不到这个行政区划"),
        ("region", "鼓楼区", "请写全"),
        ("password", "12345678", "密码"),
        ("password", "chen@new.example.cn", "密码"),
        ("consent", "", "必填"),
        ("email", "nobody", "邮"),
        ("evidence", SimpleUploadedFile("a.pdf", b"MZ\x90"), "只接受 PDF"),
    ],
)
def test_bad_input_is_named_and_nothing_is_lost(
    client: Client, field: str, value: Any, told: str
) -> None:
    answer = client.post("/joining/", filled(**{field: value}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    assert "东海新来科技有限公司" in page
    assert not JoinApplication.objects.exists()


def test_too_many_are_told_to_wait(client: Client) -> None:
    answers = [client.post("/joining/", filled(evidence=paper())).status_code for _ in range(7)]
    assert answers == [302] * 5 + [429] * 2


def test_unconfirmed_applications_are_forgotten_with_their_files(now: datetime) -> None:
    row = joining(applicant=None, status="unconfirmed", created_at=now - timedelta(days=4))
    fresh = joining(applicant=None, status="unconfirmed", email="b@example.cn")
    assert services.forget_unconfirmed(now=now) == 1
    assert list(JoinApplication.objects.all()) == [fresh]
    assert not Attachment.objects.filter(pk=row.evidence_id).exists()
    with pytest.raises(Missing):
        services.waiting_for(services.link_of(row.pk))
    with pytest.raises(Missing):
        services.waiting_for("12:forged")


def test_the_second_to_confirm_an_address_has_no_say(now: datetime, drain: Drain) -> None:
    """Somebody else may have written my address with their password; the first click decides."""
    mine, theirs = (
        joining(applicant=None, status="unconfirmed", password_hash=make_password(word))
        for word in ("my own words", "not my words")
    )
    services.confirm(link=services.link_of(mine.pk), by=Actor.anonymous(), now=now)
    assert User.objects.get(email="new@example.cn").check_password("my own words")
    with pytest.raises(Missing):
        services.confirm(link=services.link_of(theirs.pk), by=Actor.anonymous(), now=now)


def test_two_with_one_code_are_led_together(now: datetime, drain: Drain) -> None:
    """The second answers to the first, once the bureau let that one in; neither is named."""
    bureau = make.actor(make.bureau("31"))
    first, second = joining(uscc=CODE), joining(uscc=CODE, person="后来者")
    assert selectors.twins(first) == 1
    services.approve(application_id=first.pk, by=bureau, now=now)
    second.refresh_from_db()
    assert (second.decider, second.organisation_id) == (
        Decider.MEMBERS, Organisation.objects.get(uscc=CODE).pk,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        services.approve(application_id=second.pk, by=bureau, now=now)
    drain()
    told = Notice.objects.get(user=second.applicant, key=f"joining:{second.pk}:led")
    assert str(first.applicant) not in told.title + told.body
    runs = make.actor(Membership.objects.get(user=first.applicant))
    assert services.approve(application_id=second.pk, by=runs, now=now) == second.organisation_id
    row = Membership.objects.get(user=second.applicant)
    assert (row.role, row.is_administrator) == (Role.ENTERPRISE, False)
    assert Organisation.objects.filter(uscc=CODE).count() == 1


def test_asked_for_more_supplied_and_refused(
    client_as: Callable[[Membership], Client], now: datetime, drain: Drain
) -> None:
    person = make.enterprise()
    row = joining(applicant=person.user)
    bureau, own = client_as(make.bureau("31")), client_as(person)
    assert bureau.post(f"/joining/{row.pk}/ask/", {"note": "请上传授权书"}).status_code == 302
    drain()
    assert "请上传授权书" in str(mail.outbox[-1].body)
    assert "请上传授权书" in own.get(f"/joining/{row.pk}/supply/").content.decode()
    sent = {"remark": "授权书见附件", "evidence": paper("授权书.pdf")}
    assert own.post(f"/joining/{row.pk}/supply/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.evidence.name) == ("pending", "授权书.pdf")
    assert bureau.post(f"/joining/{row.pk}/refuse/", {"note": ""}).status_code == 422
    assert bureau.post(f"/joining/{row.pk}/refuse/", {"note": "名称不符"}).status_code == 302
    again = bureau.post(f"/joining/{row.pk}/refuse/", {"note": "名称不符"})
    assert again.url == f"/joining/{row.pk}/"  # somebody was faster: told there, nothing done
    drain()
    assert "名称不符" in str(mail.outbox[-1].body)
    events = AuditEntry.objects.filter(event__startswith="joining.").values_list("event", flat=True)
    assert sorted(events) == ["joining.asked_back", "joining.supplied", "joining.turned_down"]


def test_a_member_asks_for_a_second_organisation_once(now: datetime) -> None:
    member = make.enterprise()
    by = make.actor(member)
    asked = services.Paper("另一家公司", CODE, "enterprise", "310115", "张三")

    def ask(wanted: services.Paper) -> int:
        return services.ask_as_user(paper=wanted, evidence=paper(), by=by, now=now)

    pk = ask(asked)
    with pytest.raises(Conflict, match="已经提交过"):
        ask(asked)
    own = services.Paper("本单位", member.organisation.uscc, "enterprise", "310115", "张三")
    with pytest.raises(Conflict, match="已经是这家机构的成员"):
        ask(own)
    with pytest.raises(Invalid):
        ask(services.Paper("坏", "123", "bureau", "31", "张三"))
    services.withdraw(application_id=pk, by=by, now=now)
    assert ask(asked) != pk


@pytest.mark.parametrize("stranger", ["office", "enterprise", "auditor", "bank"])
@pytest.mark.parametrize("command", [services.refuse, services.ask_for_more, services.approve])
def test_strangers_answer_nothing(command: Any, stranger: str, now: datetime) -> None:
    row = joining()
    by = make.actor(getattr(make, stranger)())
    with pytest.raises((NotAllowed, JoinApplication.DoesNotExist)):
        command(application_id=row.pk, note="不", by=by, now=now)
    other = make.actor(make.bureau("32"))
    with pytest.raises(JoinApplication.DoesNotExist):
        command(application_id=row.pk, note="不", by=other, now=now)
    row.refresh_from_db()
    assert (row.status, Organisation.objects.filter(uscc=row.uscc).exists()) == ("pending", False)


def test_only_the_applicant_supplies_and_withdraws(now: datetime) -> None:
    row = joining()
    bureau = make.actor(make.bureau("31"))
    with pytest.raises(NotAllowed):
        services.withdraw(application_id=row.pk, by=bureau, now=now)
    with pytest.raises(NotAllowed):
        services.supply(application_id=row.pk, remark="x", evidence=None, by=bureau, now=now)


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"decided_by": "system"}, "joining_decided_pair"),
        ({"status": "lost"}, "joining_(status_known|account_once_confirmed)"),
        ({"uscc": "1" * 17}, "joining_uscc_shape"),
        ({"region": "31"}, "joining_region_shape"),
        ({"password_hash": "x"}, "joining_account_once_confirmed"),
        ({"applicant": None}, "joining_account_once_confirmed"),
        ({"status": "unconfirmed"}, "joining_account_once_confirmed"),
        ({"status": "approved"}, "joining_approved_into_one"),
    ],
)
def test_the_database_refuses_broken_rows(facts: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        joining(**facts)


def test_the_database_refuses_a_second_open_application() -> None:
    row = joining(uscc=CODE)
    with pytest.raises(IntegrityError, match="joining_one_open"), transaction.atomic():
        joining(uscc=CODE, applicant=row.applicant)


def test_the_queue_costs_the_same_for_one_and_for_ten(
    client_as: Callable[[Membership], Client],
) -> None:
    desk = client_as(make.bureau("31"))
    joining()
    desk.get("/joining/queue/")
    with CaptureQueriesContext(connection) as one:
        desk.get("/joining/queue/")
    for _ in range(9):
        joining()
    with CaptureQueriesContext(connection) as ten:
        desk.get("/joining/queue/")
    assert len(one) == len(ten)


def test_whoever_comes_first_runs_the_organisation(now: datetime) -> None:
    organisation = make.OrganisationFactory()
    users = [make.UserFactory(), make.UserFactory()]
    for user in users:
        people.appoint(
            user_id=user.pk, organisation_id=organisation.pk, role=Role.ENTERPRISE,
            by=Actor.system(), now=now,
        )  # fmt: skip
    found = Membership.objects.filter(organisation=organisation).order_by("pk")
    assert [row.is_administrator for row in found] == [True, False]
