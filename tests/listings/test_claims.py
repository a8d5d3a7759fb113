"""Two offices claim one patent: nothing moves until somebody who may has settled it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from listings import services
from listings.models import ImportBatch, Listing, Patent, PatentClaim
from listings.rules import disputes as rules
from listings.rules.moves import IllegalMove
from listings.selectors import claims as selectors
from listings.services import importing
from tests.factories import core as make
from tests.factories import listings as stock

STATES = ("open", "withdrawn", "conceded", "moved", "shared", "refused")


@pytest.mark.parametrize(("state", "move"), list(product(STATES, rules.MOVES)))
def test_only_an_open_claim_is_settled(state: str, move: str) -> None:
    if state == "open":
        assert rules.after(state, move) in STATES
        return
    with pytest.raises(IllegalMove):
        rules.after(state, move)


class Dispute:
    """A patent of one office that another says is its own."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.holder = make.office(region="310115")
        self.claimant = make.office(region="310104")
        self.bureau = make.bureau("31")
        self.patent = stock.listed_patent(self.holder)

    def open(self, grounds: str = "已受让") -> PatentClaim:
        pk = services.open_claim(
            number=self.patent.number or "",
            grounds=grounds,
            by=make.actor(self.claimant),
            now=self.now,
        )
        return PatentClaim.objects.get(pk=pk)

    def settle(self, claim: PatentClaim, move: str, by: Membership, reason: str = "依据") -> None:
        services.settle_claim(
            claim_id=claim.pk, move=move, reason=reason, by=make.actor(by), now=self.now
        )
        claim.refresh_from_db()
        self.patent.refresh_from_db()


@pytest.fixture
def dispute(db: None, now: datetime) -> Dispute:
    return Dispute(now)


def test_an_import_of_anothers_patent_opens_a_claim_and_takes_nothing(
    dispute: Dispute, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"申请号,名称\n{dispute.patent.number},改过的名称\n", "utf-8")
    by = make.actor(dispute.claimant)
    batch_id = importing.take_in(path=path, filename="s.csv", by=by, now=now)
    batch = ImportBatch.objects.get(pk=batch_id)
    assert batch.about["claimed"] == 1
    assert not PatentClaim.objects.exists()  # the dry run asks nothing of anybody
    importing.start(batch_id=batch_id, by=by, now=now)
    claim = PatentClaim.objects.get()
    assert (claim.row, claim.state) == (2, "open")
    dispute.patent.refresh_from_db()
    assert dispute.patent.organisation_id == dispute.holder.organisation_id
    assert dispute.patent.title != "改过的名称"
    told = Notice.objects.filter(title__contains="权属主张").values_list("user_id", flat=True)
    assert set(told) == {dispute.holder.user_id, dispute.bureau.user_id}
    assert AuditEntry.objects.filter(event="claim.raised").count() == 1
    again = importing.take_in(path=path, filename="s.csv", by=by, now=now)
    importing.start(batch_id=again, by=by, now=now)
    assert PatentClaim.objects.count() == 1


@pytest.mark.parametrize(
    ("move", "side", "state"),
    [("concede", "holder", "conceded"), ("move", "bureau", "moved")],
)
def test_a_settled_claim_hands_the_patent_over(
    dispute: Dispute, move: str, side: str, state: str
) -> None:
    claim = dispute.open()
    dispute.settle(claim, move, getattr(dispute, side))
    assert claim.state == state
    assert dispute.patent.organisation_id == dispute.claimant.organisation_id
    assert dispute.patent.region == "310104"
    assert Listing.objects.get().status == "suspended"
    assert AuditEntry.objects.filter(event="patent.handed_over").exists()
    assert OutboxEvent.objects.filter(name="patent.changed").exists()
    assert Notice.objects.filter(user=dispute.holder.user, title__contains="有了结果").exists()


@pytest.mark.parametrize(
    ("move", "side"), [("withdraw", "claimant"), ("refuse", "bureau"), ("share", "bureau")]
)
def test_otherwise_it_stays_where_it_is(dispute: Dispute, move: str, side: str) -> None:
    claim = dispute.open()
    dispute.settle(claim, move, getattr(dispute, side))
    assert dispute.patent.organisation_id == dispute.holder.organisation_id
    assert Listing.objects.get().status == "listed"
    linked = dispute.patent.holders.filter(organisation_id=dispute.claimant.organisation_id)
    assert linked.exists() == (move == "share")


def test_a_refused_claim_is_not_asked_again(dispute: Dispute) -> None:
    dispute.settle(dispute.open(), "refuse", dispute.bureau)
    with pytest.raises(Conflict, match="维持"):
        dispute.open()


def test_both_sides_say_their_part(dispute: Dispute, now: datetime) -> None:
    claim = dispute.open("受让登记")
    for by, text in ((dispute.claimant, "见登记簿"), (dispute.holder, "合同已解除")):
        services.argue(claim_id=claim.pk, text=text, by=make.actor(by), now=now)
    claim.refresh_from_db()
    assert (claim.grounds, claim.answer) == ("见登记簿", "合同已解除")
    dispute.settle(claim, "withdraw", dispute.claimant)
    with pytest.raises(Conflict, match="已经处理"):
        services.argue(claim_id=claim.pk, text="x", by=make.actor(dispute.claimant), now=now)


def test_nobody_settles_what_is_not_theirs_to_settle(dispute: Dispute) -> None:
    claim = dispute.open()
    wrong = [
        ("move", dispute.claimant),
        ("refuse", dispute.holder),
        ("concede", dispute.claimant),
        ("withdraw", dispute.holder),
        ("concede", dispute.bureau),
        ("move", make.bureau("32")),
        ("move", make.office()),
        ("move", make.enterprise()),
        ("move", make.auditor()),
    ]
    for move, by in wrong:
        with pytest.raises((NotAllowed, Missing)):
            dispute.settle(claim, move, by)
    dispute.patent.refresh_from_db()
    assert dispute.patent.organisation_id == dispute.holder.organisation_id
    with pytest.raises(Invalid):
        dispute.settle(claim, "move", dispute.bureau, reason=" ")
    with pytest.raises(Invalid):
        dispute.settle(claim, "steal", dispute.bureau)
    dispute.settle(claim, "refuse", make.sysadmin())


@pytest.mark.parametrize(
    ("number", "says"),
    [("x", "申请号"), ("201910000001.0", "校验位"), (stock.fresh_number(), "没有这件专利")],
)
def test_a_claim_on_nothing_is_refused_in_words(
    dispute: Dispute, now: datetime, number: str, says: str
) -> None:
    with pytest.raises(Invalid) as caught:
        services.open_claim(number=number, grounds="", by=make.actor(dispute.claimant), now=now)
    assert says in caught.value.fields["number"][0]


def test_a_claim_on_ones_own_is_refused(dispute: Dispute, now: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        services.open_claim(
            number=dispute.patent.number or "",
            grounds="",
            by=make.actor(dispute.holder),
            now=now,
        )
    assert "本单位名下" in caught.value.fields["number"][0]
    with pytest.raises(NotAllowed):
        services.open_claim(
            number=dispute.patent.number or "",
            grounds="",
            by=make.actor(make.enterprise()),
            now=now,
        )


def test_broken_rows_cannot_be_stored(dispute: Dispute, now: datetime) -> None:
    kept = dispute.open()

    def row(**changes: object) -> PatentClaim:
        facts = {
            "patent": dispute.patent,
            "claimant_id": make.office().organisation_id,
            "holder_id": kept.holder_id,
            "opened_at": now,
            "opened_by": "x",
        }
        return PatentClaim(**(facts | changes))

    for broken in (
        row(claimant_id=kept.claimant_id),
        row(claimant_id=kept.holder_id),
        row(state="stolen", settled_at=now, settled_by="x"),
        row(state="moved"),
        row(settled_at=now, settled_by="x"),
        row(state="moved", settled_at=now),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            broken.save()


def test_a_settled_claim_says_what_it_means_and_leads_to_the_patent(
    dispute: Dispute, client_as: Callable[[Membership], Client]
) -> None:
    claim = dispute.open()
    dispute.settle(claim, "share", dispute.bureau)
    path = reverse("listings:claim", kwargs={"pk": claim.pk})
    at_desk = client_as(dispute.holder).get(path).content.decode()
    assert "须经全体共有人同意" in at_desk
    assert f'href="/library/patents/{dispute.patent.pk}/"' in at_desk
    elsewhere = client_as(dispute.claimant).get(path).content.decode()
    assert f'href="/patents/{dispute.patent.pk}/"' in elsewhere


def test_the_pages_show_both_sides_and_cost_the_same_for_ten(
    dispute: Dispute, client_as, now: datetime
) -> None:
    claim = dispute.open("受让登记")
    page = client_as(dispute.bureau).get(reverse("listings:claim", kwargs={"pk": claim.pk}))
    assert "受让登记" in page.content.decode()
    assert "裁定" in page.content.decode()
    assert [m for m, _ in selectors.moves_of(claim, viewer=make.actor(dispute.holder))] == [
        "concede"
    ]

    def cost() -> int:
        client = client_as(dispute.bureau)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("listings:claims")).status_code == 200
        return len(seen)

    one = cost()
    for _n in range(9):
        dispute.patent = stock.patent(dispute.holder)
        dispute.open()
    assert cost() == one
    assert Patent.objects.count() == 10


def test_a_refused_answer_keeps_what_was_chosen_and_typed(
    dispute: Dispute, client_as: Callable[[Membership], Client]
) -> None:
    claim = dispute.open()
    bureau = client_as(dispute.bureau)
    page = reverse("listings:claim", kwargs={"pk": claim.pk})
    assert "ZL 20" in bureau.get(page).content.decode()  # the number as it is printed
    refused = bureau.post(f"{page}settle/", {"move": "share", "reason": " "})
    text = refused.content.decode()
    assert refused.status_code == 422
    assert re.search(r'value="share"[^>]*checked', text)
    assert "请填写这一项" in text
    neither = bureau.post(f"{page}settle/", {"reason": "登记簿写明"})
    assert neither.status_code == 422
    assert "登记簿写明" in neither.content.decode()
    long = client_as(dispute.holder).post(f"{page}argue/", {"text": "长" * 2_001})
    assert long.status_code == 422
    assert "长" * 2_001 in long.content.decode()
    assert bureau.post(f"{page}settle/", {"move": "refuse", "reason": "登记簿"}).status_code == 302
    claim.refresh_from_db()
    assert claim.state == "refused"
    assert bureau.post(f"{page}settle/", {"move": "move", "reason": "x"}).status_code == 409
