"""Co-owners' consents, funding, working and inventors' rights: stored, told, and used by `can`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox import services as outbox
from core.people.models import Membership
from core.people.types import Actor
from listings import models, selectors, services
from listings.models import CoOwnerConsent, Holder, InventorRight, Patent, Working
from listings.rules.inventors import InventorRightKind
from listings.rules.working import Watch, WorkingKind
from listings.selectors.ownership import rights as reading
from listings.services.ownership import consents, rights
from listings.types import Action, Consent, EncumbranceKind
from tests.factories import core as make
from tests.factories import disclosures as disclosing
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
TODAY = stock.NOON.date()
PDF = b"%PDF-1.7 consent"


@pytest.fixture
def office() -> Membership:
    return make.office()


@pytest.fixture
def partner() -> Membership:
    return make.enterprise(name="共有科技有限公司")


def shared(office: Membership, partner: Membership | None, **fields: Any) -> Patent:
    """A patent of the office and of the partner, the latter known by name only."""
    return stock.patent(
        office,
        holders=(
            stock.holder("学校", organisation_id=office.organisation_id),
            stock.holder("共有科技有限公司"),
        ),
        **fields,
    )


def other(row: Patent) -> Holder:
    return Holder.objects.get(patent=row, name="共有科技有限公司")


def ask(row: Patent, office: Membership, scope: Consent = Consent.OPEN) -> int:
    return consents.ask_consent(
        patent_id=row.pk,
        holder_id=other(row).pk,
        scope=scope,
        message="拟声明开放许可",
        by=make.actor(office),
        now=stock.NOON,
    )


def answer(pk: int, by: Membership, *, agreed: bool = True, **given: Any) -> None:
    given = {"scope": Consent.OPEN if agreed else Consent.NONE, "answer": "请先谈份额"} | given
    consents.answer_consent(
        consent_id=pk, agreed=agreed, by=make.actor(by), now=stock.NOON, **given
    )


def codes(row: Patent, action: Action) -> set[str]:
    return {b.code for b in selectors.can(row.pk, action, at=stock.NOON)}


def test_a_co_owner_is_asked_agrees_and_withdraws(office: Membership, partner: Membership) -> None:
    row = shared(office, partner)
    assert "co-owner-consent" in codes(row, Action.DECLARE_OPEN)
    pk = ask(row, office)
    notice = Notice.objects.get(user=partner.user)
    assert notice.url == f"/consents/{pk}/"
    with pytest.raises(Conflict):
        ask(row, office)
    answer(pk, partner, proof=SimpleUploadedFile("同意.pdf", PDF))
    assert "co-owner-consent" not in codes(row, Action.DECLARE_OPEN)
    assert "co-owner-consent" in codes(row, Action.TRANSFER)
    assert Notice.objects.filter(user=office.user, key=f"consent-answered:{pk}").exists()
    with pytest.raises(Conflict) as refusal:
        ask(row, office)
    assert refusal.value.code == "consented"
    consents.withdraw_consent(
        consent_id=pk, reason="条件变了", by=make.actor(partner), now=stock.NOON
    )
    assert "co-owner-consent" in codes(row, Action.DECLARE_OPEN)
    with pytest.raises(Conflict) as refusal:
        services.set_consent(
            patent_id=row.pk,
            holder_id=other(row).pk,
            consent=Consent.ALL,
            by=make.actor(office),
            now=stock.NOON,
        )
    assert refusal.value.code == "answered-otherwise"
    assert ask(row, office, Consent.ALL) != pk


def test_only_who_may_answer_is_told(office: Membership, partner: Membership) -> None:
    colleague = disclosing.inventor_of(office)
    answer(ask(shared(office, partner), office), partner, agreed=False)
    told = set(Notice.objects.filter(kind="consent").values_list("user", flat=True))
    assert told == {office.user.pk, partner.user.pk}
    assert colleague.user.pk not in told


def test_a_refusal_needs_a_reason_and_is_final(office: Membership, partner: Membership) -> None:
    pk = ask(shared(office, partner), office)
    with pytest.raises(Invalid):
        answer(pk, partner, agreed=False, answer=" ")
    with pytest.raises(Invalid):
        answer(pk, partner, scope=Consent.NONE)
    answer(pk, partner, agreed=False)
    with pytest.raises(Conflict):
        answer(pk, partner)
    with pytest.raises(Conflict):
        consents.withdraw_consent(consent_id=pk, reason="x", by=make.actor(partner), now=stock.NOON)


def test_who_asks_may_cancel_and_strangers_may_nothing(
    office: Membership, partner: Membership
) -> None:
    row, stranger = shared(office, partner), make.actor(make.office())
    pk = ask(row, office)
    with pytest.raises(NotAllowed):
        answer(pk, office)
    moments: dict[str, Any] = {"by": stranger, "now": stock.NOON}
    refused: list[Callable[[], object]] = [
        lambda: consents.answer_consent(consent_id=pk, agreed=False, answer="x", **moments),
        lambda: consents.withdraw_consent(consent_id=pk, reason="x", **moments),
        lambda: consents.cancel_consent(consent_id=pk, reason="x", **moments),
        lambda: consents.ask_consent(
            patent_id=row.pk, holder_id=other(row).pk, scope=Consent.ALL, **moments
        ),
        lambda: rights.declare_funding(patent_id=row.pk, is_funded=False, **moments),
        lambda: rights.explain_unworked(patent_id=row.pk, reason="x", **moments),
        lambda: rights.state_working(
            patent_id=row.pk, kind=WorkingKind.OWN, since=TODAY, note="x", **moments
        ),
        lambda: grant(row, by=stranger),
    ]
    for command in refused:
        with pytest.raises(Missing):
            command()
    with pytest.raises(NotAllowed):
        consents.cancel_consent(consent_id=pk, reason="x", by=make.actor(partner), now=stock.NOON)
    consents.cancel_consent(consent_id=pk, reason="不办了", by=make.actor(office), now=stock.NOON)
    assert CoOwnerConsent.objects.get().status == "cancelled"
    said = Notice.objects.filter(user=partner.user).order_by("pk").values_list("title", "body")
    assert ["已取消征求" in title for title, _body in said] == [False, True]
    assert said[1][1] == "不办了"
    assert not Working.objects.exists()
    assert not InventorRight.objects.exists()


def test_without_an_account_consent_comes_on_paper(office: Membership) -> None:
    row = shared(office, None)
    with pytest.raises(Conflict) as refusal:
        ask(row, office)
    assert refusal.value.code == "no-account"
    for consent in (Consent.OPEN, Consent.ALL):
        services.set_consent(
            patent_id=row.pk,
            holder_id=other(row).pk,
            consent=consent,
            proof=SimpleUploadedFile("同意.pdf", PDF),
            by=make.actor(office),
            now=stock.NOON,
        )
    kept = list(CoOwnerConsent.objects.order_by("pk").values_list("status", "given_scope"))
    assert kept == [("withdrawn", "open"), ("agreed", "all")]
    assert CoOwnerConsent.objects.exclude(proof=None).count() == 2


def test_a_new_list_of_holders_keeps_what_was_consented(
    office: Membership, partner: Membership
) -> None:
    row = shared(office, partner)
    answer(ask(row, office), partner)
    services.set_holders(
        patent_id=row.pk,
        holders=[stock.holder(n) for n in ("学校", "共有科技有限公司", "新来的")],
        version=None,
        by=make.actor(office),
        now=stock.NOON,
    )
    kept = other(row)
    assert (kept.consent, kept.organisation_id) == ("open", partner.organisation_id)


def grant(row: Patent, *, by: Actor, **given: Any) -> int:
    facts: dict[str, Any] = {
        "kind": InventorRightKind.OWNERSHIP,
        "inventors": ["张三", "张三", " 李四 "],
        "share": Decimal(40),
        "starts_on": date(2025, 1, 1),
        "ends_on": None,
    } | given
    return rights.grant_right(patent_id=row.pk, by=by, now=stock.NOON, **facts)


def test_inventors_who_own_a_share_must_consent(office: Membership) -> None:
    row, by = stock.patent(office), make.actor(office)
    assert codes(row, Action.TRANSFER) == set()
    pk = grant(row, by=by, agreement=SimpleUploadedFile("协议.pdf", PDF))
    assert InventorRight.objects.get().inventors == ["张三", "李四"]
    assert "co-owner-consent" in codes(row, Action.TRANSFER)
    assert "co-owner-consent" in codes(row, Action.DECLARE_OPEN)
    assert codes(row, Action.LICENSE_ORDINARY) == set()
    with pytest.raises(Invalid):
        grant(row, by=by, share=Decimal(60))
    rights.end_right(right_id=pk, ended_on=TODAY, reason="协议解除", by=by, now=stock.NOON)
    assert codes(row, Action.TRANSFER) == set()
    with pytest.raises(Conflict):
        rights.end_right(right_id=pk, ended_on=TODAY, reason="再", by=by, now=stock.NOON)


def test_long_term_use_bars_what_is_exclusive_and_outlives_a_transfer(office: Membership) -> None:
    row, by = stock.patent(office), make.actor(office)
    grant(row, by=by, kind=InventorRightKind.USE, share=None)
    assert codes(row, Action.LICENSE_EXCLUSIVE) == {"inventor-use"}
    assert codes(row, Action.LICENSE_ORDINARY) == set()
    assert codes(row, Action.TRANSFER) == {"inventor-use-survives"}
    with pytest.raises(Invalid):
        grant(row, by=by, kind=InventorRightKind.USE, share=None, ends_on=date(2030, 1, 1))


def test_a_right_counts_only_while_it_runs(office: Membership) -> None:
    row, by = stock.patent(office), make.actor(office)
    grant(row, by=by, starts_on=date(2027, 1, 1))
    assert codes(row, Action.TRANSFER) == set()
    assert reading.rights_in_force(row.pk, on=TODAY) == []
    assert len(reading.rights_in_force(row.pk, on=date(2027, 1, 1))) == 1


def test_funding_is_declared_replaced_and_read_by_the_rules(office: Membership) -> None:
    row, by = stock.patent(office), make.actor(office)
    with pytest.raises(Invalid) as refusal:
        rights.declare_funding(patent_id=row.pk, is_funded=True, by=by, now=stock.NOON)
    assert set(refusal.value.fields) == {"funder", "project_number"}
    rights.declare_funding(
        patent_id=row.pk,
        is_funded=True,
        funder="国家自然科学基金委员会",
        project_number="52076001",
        by=by,
        now=stock.NOON,
    )
    assert "funder-approval" in codes(row, Action.TRANSFER)
    rights.declare_funding(patent_id=row.pk, is_funded=False, funder="x", by=by, now=stock.NOON)
    assert codes(row, Action.TRANSFER) == set()
    assert models.FundingDeclaration.objects.count() == 2


def test_a_funded_patent_is_watched_until_it_is_worked(office: Membership) -> None:
    row, by = stock.patent(office, granted_on=date(2021, 6, 1), funding_project="项目 1"), None
    by = make.actor(office)

    def state() -> Watch:
        return reading.ownership(row.pk, viewer=by, on=TODAY).watched.state

    assert state() is Watch.FLAGGED
    mine = Patent.objects.managed_by(by)
    assert list(reading.unworked_funded(mine, region="31", on=TODAY)) == [row]
    rights.explain_unworked(patent_id=row.pk, reason="正在中试", by=by, now=stock.NOON)
    assert state() is Watch.EXPLAINED
    assert reading.explained([row.pk]) == {row.pk: "正在中试"}
    pk = rights.state_working(
        patent_id=row.pk,
        kind=WorkingKind.OWN,
        since=date(2026, 1, 1),
        note="用于示范线",
        by=by,
        now=stock.NOON,
    )
    assert state() is Watch.NONE
    assert not reading.unworked_funded(mine, region="31", on=TODAY).exists()
    rights.withdraw_working(working_id=pk, by=by, now=stock.NOON)
    assert state() is Watch.EXPLAINED
    with pytest.raises(Conflict):
        rights.withdraw_working(working_id=pk, by=by, now=stock.NOON)
    stock.bound(row, EncumbranceKind.ORDINARY)
    assert state() is Watch.NONE


def test_licences_and_verified_outcomes_count_as_working(
    office: Membership, drain: Callable[[], int]
) -> None:
    row = stock.patent(office)
    told = {"patent_id": row.pk, "licence_id": 3, "outcome_id": 5, "code": "licensee_produces"}
    for name, status in (
        ("licence.effective", "effective"),
        ("licence.effective", "effective"),
        ("outcome.verified", "verified"),
        ("outcome.verified", "rejected"),
    ):
        outbox.emit(
            name,
            subject=row,
            by=Actor.system(),
            at=stock.NOON,
            payload={**told, "status": status},
        )
    from core.outbox.models import OutboxEvent
    from core.outbox.registry import Event
    from listings.consumers import hear_of_working

    for sent in OutboxEvent.objects.filter(name__in=["licence.effective", "outcome.verified"]):
        hear_of_working(
            Event(
                id=str(sent.pk),
                name=sent.name,
                subject_type="",
                subject_id="",
                payload=sent.payload,
                actor_key="system",
                occurred_at=stock.NOON,
            ),
            now=stock.NOON,
        )
    kept = list(Working.objects.order_by("pk").values_list("kind", "reference"))
    assert kept == [("licensed", "licence:3"), ("product", "outcome:5")]
    with pytest.raises(Conflict):
        rights.withdraw_working(
            working_id=Working.objects.all()[0].pk, by=make.actor(office), now=stock.NOON
        )


ASKED: dict[str, Any] = {
    "holder_name": "甲", "asked_scope": "open", "asked_at": stock.NOON, "asked_by": "system",
}  # fmt: skip
AGREED = ASKED | {
    "status": "agreed", "given_scope": "open", "answered_at": stock.NOON, "answered_by": "system",
}  # fmt: skip
STATED = {"stated_at": stock.NOON, "stated_by": "system"}
RIGHT = {
    "kind": "use", "inventors": ["甲"], "starts_on": TODAY, "granted_at": stock.NOON,
    "granted_by": "system",
}  # fmt: skip
DECLARED = {"declared_at": stock.NOON, "declared_by": "system"}
BROKEN: list[tuple[type[Any], dict[str, Any], str]] = [
    (CoOwnerConsent, ASKED | {"status": "maybe"}, "consent_agreed_says_to_what"),
    (CoOwnerConsent, ASKED | {"asked_scope": "none"}, "consent_asks_for_something"),
    (CoOwnerConsent, AGREED | {"given_scope": "none"}, "consent_agreed_says_to_what"),
    (
        CoOwnerConsent,
        ASKED | {"answered_at": stock.NOON, "answered_by": "system"},
        "consent_answered_when",
    ),
    (CoOwnerConsent, AGREED | {"answered_by": None}, "consent_answered_pair"),
    (CoOwnerConsent, AGREED | {"ended_at": stock.NOON}, "consent_ended_pair"),
    (models.FundingDeclaration, DECLARED | {"is_funded": True}, "funding_named_or_none"),
    (
        models.FundingDeclaration,
        DECLARED | {"is_funded": False, "funder": "x"},
        "funding_named_or_none",
    ),
    (Working, STATED | {"kind": "dreamt", "since": TODAY}, "working_kind_known"),
    (
        Working,
        STATED | {"kind": "own", "since": TODAY, "withdrawn_at": stock.NOON},
        "working_withdrawn_pair",
    ),
    (models.UnworkedReason, STATED | {"reason": ""}, "unworked_reason_said"),
    (InventorRight, RIGHT | {"kind": "gift"}, "inventor_right_kind_known"),
    (InventorRight, RIGHT | {"inventors": []}, "inventor_right_has_inventors"),
    (InventorRight, RIGHT | {"share": 5}, "inventor_share_of_ownership_only"),
    (InventorRight, RIGHT | {"ends_on": date(2030, 1, 1)}, "inventor_use_ten_years"),
    (InventorRight, RIGHT | {"consent": "some"}, "inventor_consent_known"),
    (InventorRight, RIGHT | {"ended_on": TODAY}, "inventor_right_ended_pair"),
]


@pytest.mark.parametrize(("model", "fields", "name"), BROKEN)
def test_the_database_refuses_broken_rows(
    office: Membership, model: type[Any], fields: dict[str, Any], name: str
) -> None:
    row = stock.patent(office)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.create(patent=row, **fields)


def test_a_second_live_row_and_an_illegal_move_are_refused(
    office: Membership, partner: Membership
) -> None:
    row = stock.patent(office)
    for model, fields, name in (
        (CoOwnerConsent, ASKED | {"organisation": partner.organisation}, "one_open_consent"),
        (models.FundingDeclaration, DECLARED | {"is_funded": False}, "one_funding_declaration"),
        (models.UnworkedReason, STATED | {"reason": "x"}, "one_unworked_reason"),
        (
            Working,
            STATED | {"kind": "own", "since": TODAY, "reference": "licence:1"},
            "working_told_once",
        ),
    ):
        model.objects.create(patent=row, **fields)
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            model.objects.create(patent=row, **fields)
    with pytest.raises(Exception, match="asked"), transaction.atomic():
        CoOwnerConsent.objects.update(status="withdrawn")


def test_pages_carry_a_question_from_one_office_to_another(
    office: Membership, partner: Membership, client_as: Any
) -> None:
    row = shared(office, partner)
    sender, receiver = client_as(office), client_as(partner)
    holder = other(row).pk
    page = f"/library/patents/{row.pk}/consents/"
    assert "还没有同意" in sender.get(page).content.decode()
    sent = sender.post(f"{page}{holder}/ask/", {f"a{holder}-scope": "open"})
    assert sent.status_code == 302
    pk = CoOwnerConsent.objects.get().pk
    assert "等待答复" in receiver.get("/consents/").content.decode()
    shown = receiver.get(f"/consents/{pk}/").content.decode()
    assert "提交答复" in shown
    wrong = receiver.post(f"/consents/{pk}/answer/", {"decision": "refuse"})
    assert wrong.status_code == 422
    assert "请写明理由" in wrong.content.decode()
    given = {"decision": "agree", "scope": "all", "proof": SimpleUploadedFile("a.pdf", PDF)}
    assert receiver.post(f"/consents/{pk}/answer/", given).status_code == 302
    assert b"".join(sender.get(f"/consents/{pk}/proof/")) == PDF
    assert "同意任何处置" in sender.get(page).content.decode()
    assert client_as(make.office()).get(f"/consents/{pk}/").status_code == 404


def test_the_ownership_page_takes_every_form(office: Membership, client_as: Any) -> None:
    row, client = stock.patent(office, granted_on=date(2021, 6, 1)), client_as(office)
    page = reverse("listings:ownership", kwargs={"pk": row.pk})
    good: dict[str, dict[str, Any]] = {
        "funding": {"is_funded": "yes", "funder": "基金委", "project_number": "1"},
        "unworked": {"reason": "正在中试"},
        "right": {
            "kind": "use", "inventors": "张三\n李四", "starts_on": "2025-01-01", "consent": "none",
        },
        "working": {"kind": "own", "since": "2025-01-01", "note": "示范线"},
    }  # fmt: skip
    for what, data in good.items():
        assert client.post(f"{page}{what}/", {}).status_code == 422
        assert client.post(f"{page}{what}/", data).status_code == 302, what
    text = client.get(page).content.decode()
    assert all(word in text for word in ("基金委", "张三、李四", "示范线"))
    assert "赋权" in client.get(f"/library/patents/{row.pk}/").content.decode()
    assert client.post(f"{page}nonsense/", {}).status_code == 404
    with pytest.raises(DomainError):
        reading.right(0, viewer=make.actor(office))
