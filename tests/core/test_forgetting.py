"""A person asks to be forgotten, and every room takes them out of its texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from core.attachments import services as attachments
from core.attachments.models import Attachment
from core.db import delete_with_files
from core.members.models import Invitation
from core.notices.models import Notice
from core.notices.services import notify
from core.outbox.models import OutboxEvent
from core.outbox.registry import Event, find, listeners
from core.people.models import Membership, User
from core.people.types import Actor
from core.privacy import services
from core.privacy.models import ErasureRequest
from listings.models import Auction, Bundle, Listing, Objection
from matching.models import Need, SignUp
from tests.core.test_forgetting_rules import decided
from tests.factories import auctions, gatherings
from tests.factories import core as make
from tests.factories import deals as talks
from tests.factories import listings as board
from tests.factories import matching as wants
from tests.factories.joining import joining, paper

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
NAME, ADDRESS, NUMBER = "周可忘", "zhou.k@uni.example.cn", "13812345678"
CONTACT = f"{NAME} {NUMBER}"


def person() -> Membership:
    member = make.office()
    member.user.display_name, member.user.email = NAME, ADDRESS
    member.user.save()
    joining(applicant=member.user, status="approved", phone=NUMBER, person=NAME, email=ADDRESS,
            organisation=member.organisation)  # fmt: skip
    return member


def closed(by: Actor, now: datetime) -> ErasureRequest:
    pk = services.ask_erasure(reason="", by=by, now=now)
    services.approve_erasure(erasure_id=pk, by=make.actor(make.sysadmin()), now=now)
    return ErasureRequest.objects.get(pk=pk)


def standing() -> dict[str, set[str]]:
    """The tables of ours in which the person stands, and by what."""
    found: dict[str, set[str]] = {}
    kinds = models.CharField | models.TextField | models.JSONField
    for model in apps.get_models():
        if model.__module__.split(".")[0] not in settings.ROOMS:
            continue
        for field in model._meta.concrete_fields:
            if not isinstance(field, kinds) and field.get_internal_type() != "ArrayField":
                continue
            rows = model._default_manager.annotate(_said=Cast(field.name, TextField()))
            for word in (NAME, ADDRESS, NUMBER):
                if rows.filter(_said__contains=word).exists():
                    found.setdefault(model._meta.label, set()).add(word)
    return found


def test_nothing_is_left_of_a_person_but_what_the_law_keeps(now: datetime, drain: Drain) -> None:
    member, colleague, other = person(), make.office(), make.enterprise()
    colleague.organisation = member.organisation
    colleague.save()
    by = make.actor(member)
    offer = board.listed_patent(member, sheet={"contact": CONTACT, "how": f"请联系{NAME}"})
    foreign = board.listed_patent(make.office(), sheet={"contact": CONTACT})
    auction = auctions.announced(member, contact=CONTACT)
    Objection.objects.create(
        auction=auction, text="不同意", contact="010-99998888", raised_at=now, raised_by=by.key
    )
    Bundle.objects.create(
        organisation=member.organisation, title="组合", contact=ADDRESS, created_at=now,
        created_by=by.key, changed_at=now,
    )  # fmt: skip
    firm = make.MembershipFactory(
        user=member.user, organisation=member.organisation, role="enterprise"
    )
    need = wants.need(firm, replace(wants.COLD, situation=f"联系人：{NAME}，{NUMBER}"))
    gathering = gatherings.published()
    coming = gatherings.comes(gathering, other)
    SignUp.objects.filter(pk=coming.pk).update(
        organisation=member.organisation, user=member.user, attendees=f"{NAME}、李四"
    )
    notify(users=[colleague.user_id], kind="system", key="k", title=f"{NAME}申请加入", now=now)
    Invitation.objects.create(
        organisation=other.organisation, email=ADDRESS, roles=["office"], invited_at=now,
        invited_by="user:1/org:2", expires_at=now + timedelta(days=3),
    )  # fmt: skip
    Attachment.objects.filter(stored_by=by.key).update(name=f"{NAME}证件.pdf")
    row = closed(by, now)
    assert set(standing()) - set(decided("kept")) >= {
        "listings.Listing", "listings.SheetVersion", "matching.Need", "matching.SignUp",
    }  # fmt: skip
    drain()
    row.refresh_from_db()
    assert (row.known, row.awaited) == (None, [])
    left = {label: words for label, words in standing().items() if label not in decided("kept")}
    assert left == {"listings.Listing": {NAME, NUMBER}, "listings.SheetVersion": {NAME, NUMBER}}
    assert Listing.objects.get(patent=foreign).contact == CONTACT  # another house's own
    assert Listing.objects.get(patent=offer).contact == ""
    assert (Auction.objects.get().contact, Objection.objects.get().contact) == ("", "")
    assert Need.objects.get(pk=need.pk).situation == "联系人：已注销用户（联系方式已删除）"
    assert SignUp.objects.get(pk=coming.pk).attendees == "已注销用户、李四"
    assert Invitation.objects.get().status == "revoked"
    told = Notice.objects.get(user=colleague.user, key=f"forgotten:{row.pk}")
    assert "2 项" in told.title
    assert row.result["cleared"]["挂牌"] == 2
    again(row)


def again(row: ErasureRequest) -> None:
    """The event once more finds nothing, and changes nothing."""
    event = OutboxEvent.objects.get(name="personal.erased")
    told = row.result
    for name in listeners("personal.erased"):
        consume: Any = find(name)
        consume(
            Event(str(event.pk), event.name, "", "", event.payload, "system", event.occurred_at),
            now=event.occurred_at,
        )
    row.refresh_from_db()
    assert row.result == told


def test_contracts_and_what_was_said_on_the_way_stay(now: datetime, drain: Drain) -> None:
    at = talks.table()
    User.objects.filter(pk=at.holder.user_id).update(display_name=NAME)
    deal = talks.talking(at)
    said = {"side": "holder", "sent_at": now, "sent_by": at.holder.key}
    deal.messages.create(text=f"请联系{NAME}", **said)
    closed(at.holder, now)
    drain()
    assert standing() == {"licensing.DealMessage": {NAME}}


def test_files_of_what_was_only_theirs_go_with_the_rows(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    kept = attachments.store(paper(), purpose="x", by=Actor.system(), now=now)
    monkeypatch.setattr(transaction, "on_commit", lambda run, **_: run())
    delete_with_files(Attachment.objects.filter(pk=kept.pk))
    assert not default_storage.exists(kept.file.name)


def test_what_no_room_answered_for_is_forgotten_after_a_month(now: datetime) -> None:
    row = closed(make.actor(make.enterprise()), now)
    services.erase(erasure_id=row.pk, by=Actor.system(), now=now)
    assert services.forget_known(now=now + timedelta(days=29)) == 0
    assert services.forget_known(now=now + timedelta(days=31)) == 1
    row.refresh_from_db()
    assert (row.known, row.awaited) == (None, [])


def test_who_was_known_is_kept_only_while_a_room_still_looks(now: datetime) -> None:
    row = closed(make.actor(make.enterprise()), now)
    with pytest.raises(IntegrityError, match="erasure_known_while_awaited"), transaction.atomic():
        ErasureRequest.objects.filter(pk=row.pk).update(known={"names": [NAME]})
