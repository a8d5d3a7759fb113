"""What reaches whom, when: paces, quiet hours, ceilings, digests, mails, and stopping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import Error, transaction
from django.test import Client
from django.utils import timezone

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership, User
from core.people.types import Actor
from listings import services as listings
from matching import rules, services
from matching.exchanges.mail import DjangoPostman
from matching.exchanges.port import Letter
from matching.models import Digest, Match, Push, PushDelivery, PushPreference
from matching.models.choices import Dropped
from matching.selectors import receivers
from matching.services import delivering, receiving
from matching.services.pushing import Candidate, push
from matching.types import Pace, PushWish
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
SYSTEM = Actor.system()
# A push made by the relay of the tests is dated by its clock, far ahead; at noon in Shanghai.


class MemoryPostman:
    """Keeps letters; fails as often as told, before or after it has carried one."""

    def __init__(self, failures: int = 0) -> None:
        self.letters: list[Letter] = []
        self.failures = failures

    def carry(self, letter: Letter) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("connection refused")
        self.letters.append(letter)


@pytest.fixture(autouse=True)
def _low_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor is measured on real data; three made-up patents must not depend on it."""
    monkeypatch.setattr(rules, "PUSH_FLOOR", 20.0)


def wish(firm: Membership, **fields: Any) -> PushPreference:
    return receiving.set_push_wish(
        wish=PushWish(**fields), by=core.actor(firm), now=make.NOON - timedelta(days=1)
    )


def batteries(count: int, keeper: Membership | None = None) -> list[Any]:
    titles = [f"磷酸铁锂电池低温脉冲自加热方法{n}" for n in range(count)]
    return [board.listed_patent(keeper, **make.BATTERY | {"title": t}) for t in titles]


def matched(firm: Membership, count: int = 1, keeper: Membership | None = None) -> None:
    """A need of the firm, ranked and pushed at noon."""
    batteries(count, keeper)
    row = make.need(firm)
    item = [("need", row.pk)]
    services.run_incremental(
        run_id=services.note(items=item, by=SYSTEM, now=make.NOON), now=make.NOON
    )


def bells(firm: Membership) -> list[str]:
    rows = Notice.objects.filter(user=firm.user, kind="match.pushed").order_by("pk")
    return list(rows.values_list("title", flat=True))


def deliver(postman: Any, at: datetime) -> None:
    delivering.deliver(postman=postman, now=at)


MORNING = make.NOON.replace(hour=9, minute=1) + timedelta(days=1)


def test_bell_rings_at_once_by_default_and_no_mail_is_sent() -> None:
    firm = core.enterprise()
    matched(firm)
    assert len(bells(firm)) == 1
    postman = MemoryPostman()
    deliver(postman, MORNING)
    assert postman.letters == []
    assert PushDelivery.objects.get().done_at == make.NOON


def test_daily_bell_is_one_line_the_next_morning_and_not_before() -> None:
    firm = core.enterprise()
    wish(firm, bell=Pace.DAILY)
    matched(firm, 3)
    deliver(MemoryPostman(), make.NOON)
    assert bells(firm) == []
    for _ in range(2):
        deliver(MemoryPostman(), MORNING)
    assert bells(firm) == ["3 条新匹配等您查看"]


def test_quiet_hours_hold_a_bell_back_until_they_end() -> None:
    firm = core.enterprise()
    wish(firm, quiet_from=time(11), quiet_until=time(14))
    matched(firm)
    deliver(MemoryPostman(), make.NOON + timedelta(hours=1))
    assert bells(firm) == []
    deliver(MemoryPostman(), make.NOON + timedelta(hours=2, minutes=1))
    assert len(bells(firm)) == 1


def test_not_ten_of_one_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "PUSHES_A_DEMAND", 10)
    firm, keeper = core.enterprise(), core.office()
    wish(firm, per_holder=2)
    matched(firm, 5, keeper)
    assert Push.objects.count() == 5
    assert len(bells(firm)) == 2
    deliver(MemoryPostman(), MORNING)
    assert bells(firm)[2:] == ["2 条新匹配等您查看"]


def test_weekly_ceiling_counts_seven_days_and_what_waited_too_long_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "PUSHES_A_DEMAND", 10)
    firm = core.enterprise()
    wish(firm, weekly_cap=1)
    matched(firm, 3)
    assert len(bells(firm)) == 1
    deliver(MemoryPostman(), MORNING)
    assert len(bells(firm)) == 1
    deliver(MemoryPostman(), MORNING + timedelta(days=7))
    assert len(bells(firm)) == 2
    deliver(MemoryPostman(), MORNING + timedelta(days=8))
    assert len(bells(firm)) == 2
    assert PushDelivery.objects.filter(because=Dropped.EXPIRED).count() == 1


def test_mail_reads_well_and_carries_its_stop_link(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    firm = core.enterprise()
    wish(firm, bell=Pace.OFF, mail=Pace.DAILY)
    matched(firm, 2)
    for _ in range(2):
        deliver(DjangoPostman(), MORNING)
    (sent,) = mail.outbox
    text, (html, kind) = str(sent.body), sent.alternatives[0]
    assert sent.to == [firm.user.email]
    assert "2 件专利" in sent.subject
    assert kind == "text/html"
    match = Match.objects.order_by("-ticks", "patent_id").first()
    assert match is not None
    for part in (text, str(html)):
        assert f"/matches/{match.pk}/" in part
        assert "文字与语义" in part
        assert "/pushes/stop/" in part
        assert "{{" not in part
    headers = sent.extra_headers
    digest = Digest.objects.get()
    assert headers["Message-ID"].startswith(f"<digest-{digest.pk}-")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].strip("<>") in text
    assert sent.message().is_multipart()
    assert digest.sent_at == MORNING


def test_letter_lost_between_sending_and_recording_goes_again_under_its_id() -> None:
    firm = core.enterprise()
    wish(firm, mail=Pace.AT_ONCE)
    matched(firm)
    postman = MemoryPostman()

    class Crash(Exception):
        """The worker dies here."""

    class Dying(MemoryPostman):
        def carry(self, letter: Letter) -> None:
            postman.carry(letter)
            raise Crash

    with pytest.raises(Crash):
        deliver(Dying(), make.NOON)
    deliver(postman, make.NOON)
    assert len(postman.letters) == 1  # still leased
    deliver(postman, make.NOON + timedelta(minutes=6))
    deliver(postman, make.NOON + timedelta(minutes=12))
    assert len(postman.letters) == 2
    assert len({letter.message_id for letter in postman.letters}) == 1


def test_mail_server_down_is_tried_again_and_given_up_in_the_end() -> None:
    firm = core.enterprise()
    wish(firm, mail=Pace.AT_ONCE)
    matched(firm)
    postman, at = MemoryPostman(failures=2), make.NOON
    for _ in range(3):
        deliver(postman, at)
        at += timedelta(minutes=10)
    assert len(postman.letters) == 1
    Digest.objects.update(sent_at=None, attempts=7)
    deliver(MemoryPostman(failures=1), at + timedelta(hours=9))
    row = Digest.objects.get()
    assert row.dropped_at is not None
    assert row.error == "connection refused"


def stop_by_link(firm: Membership) -> None:
    token = receivers.stop_token(user_id=firm.user_id, organisation_id=firm.organisation_id)
    receiving.stop_mails(token=token, now=make.NOON)


def switch_off(firm: Membership) -> None:
    User.objects.filter(pk=firm.user_id).update(wants_recommendations=False)


def leave(firm: Membership) -> None:
    firm.delete()


def opt_out(firm: Membership) -> None:
    match = Match.objects.get()
    services.opt_out(match_id=match.pk, by=core.actor(firm), now=make.NOON)


def suspend(firm: Membership) -> None:
    listing = Match.objects.get().patent.listings.get()
    listings.suspend_listing(listing_id=listing.pk, reason="补充", by=SYSTEM, now=make.NOON)


@pytest.mark.parametrize("stop", [stop_by_link, switch_off, leave, opt_out, suspend])
@pytest.mark.parametrize("assembled", [False, True])
def test_who_stopped_a_moment_ago_gets_nothing(
    stop: Callable[[Membership], None], assembled: bool
) -> None:
    firm = core.enterprise()
    wish(firm, bell=Pace.DAILY, mail=Pace.AT_ONCE)
    matched(firm)
    if assembled:
        (receiver,) = delivering.due_receivers(now=make.NOON)
        assert delivering.assemble(receiver, now=make.NOON)
    stop(firm)
    postman = MemoryPostman()
    deliver(postman, make.NOON + timedelta(seconds=1))
    assert postman.letters == []
    assert not PushDelivery.objects.filter(channel="mail", done_at__isnull=False).exists()
    assert PushDelivery.objects.get(channel="mail").because in {Dropped.STOPPED, Dropped.GONE}


@pytest.mark.parametrize("holder", [False, True])
def test_opt_out_between_ranking_and_pushing_is_heard(holder: bool) -> None:
    firm = core.enterprise()
    matched(firm)
    match = Match.objects.get()
    PushDelivery.objects.all().delete()
    Push.objects.all().delete()
    mine = [Candidate(firm.organisation_id, match.patent_id, 990_000, match.demand)]
    services.opt_out(match_id=match.pk, holder=holder, by=core.actor(firm), now=make.NOON)
    assert push(mine, now=make.NOON) == 0


def test_new_numbers_in_the_sheet_ring_again_and_a_comma_does_not(now: datetime) -> None:
    firm = core.enterprise()
    matched(firm)
    match = Match.objects.get()
    listing = match.patent.listings.get()
    mine = [Candidate(firm.organisation_id, match.patent_id, 990_000, match.demand)]
    for benefit, pushes in (
        ("零下二十度升到五度八分钟，电芯温差三度。", 1),
        ("零下二十度升到五度只要 6.5 分钟，电芯温差三度", 2),
    ):
        listing.refresh_from_db()
        offer = board.offer(**make.BATTERY["sheet"] | {"benefit": benefit})
        listings.edit_listing(
            listing_id=listing.pk, offer=offer, version=listing.version, by=SYSTEM, now=now
        )
        for _ in range(2):
            push(mine, now=now)
        assert Push.objects.count() == pushes


def test_settings_are_kept_audited_and_guarded(client_as: Callable[..., Client]) -> None:
    firm = core.enterprise()
    client = client_as(firm)
    page = client.get("/pushes/settings/")
    assert page.status_code == 200
    data = {"version": 0, "bell": "daily", "mail": "weekly", "quiet_from": "22:00",
            "quiet_until": "07:00", "weekly_cap": 9, "per_holder": 2}  # fmt: skip
    assert client.post("/pushes/settings/", data).status_code == 302
    row = PushPreference.objects.get(user=firm.user)
    assert (row.bell, row.mail, row.weekly_cap, row.quiet_from) == ("daily", "weekly", 9, time(22))
    assert AuditEntry.objects.filter(event="push.wished").count() == 1
    stale = client.post("/pushes/settings/", data | {"mail": "off"})
    assert stale.status_code == 422
    assert "另一个窗口" in stale.content.decode()
    bad = client.post("/pushes/settings/", data | {"version": 1, "quiet_until": ""})
    assert bad.status_code == 422
    row.refresh_from_db()
    assert row.mail == "weekly"


def test_strangers_have_no_settings(now: datetime) -> None:
    with pytest.raises(NotAllowed):
        receiving.set_push_wish(wish=PushWish(), by=core.actor(core.office()), now=now)
    with pytest.raises(NotAllowed):
        receiving.set_push_wish(wish=PushWish(), by=Actor.anonymous(), now=now)
    with pytest.raises(Conflict):
        receiving.set_push_wish(wish=PushWish(), by=SYSTEM, now=now)
    with pytest.raises(Invalid):
        receiving.set_push_wish(
            wish=PushWish(weekly_cap=0), by=core.actor(core.enterprise()), now=now
        )
    assert not PushPreference.objects.exists()


def test_stop_link_works_without_login_and_looking_at_it_does_nothing() -> None:
    firm = core.enterprise()
    wish(firm, mail=Pace.DAILY)
    token = receivers.stop_token(user_id=firm.user_id, organisation_id=firm.organisation_id)
    url = f"/pushes/stop/{token}/"
    client = Client(enforce_csrf_checks=True)
    page = client.get(url)
    assert page.status_code == 200
    assert PushPreference.objects.get().mail == "daily"
    done = client.post(url)
    assert "已停止" in done.content.decode()
    assert firm.organisation.name in done.content.decode()
    again = client.post(url, {"List-Unsubscribe": "One-Click"})
    assert again.status_code == 200
    assert PushPreference.objects.get().mail == "off"
    assert AuditEntry.objects.filter(event="push.stopped").count() == 1


@pytest.mark.parametrize("token", ["x", "1.1:forged", "1.1"])
def test_forged_link_stops_nobody(token: str) -> None:
    client = Client()
    assert client.get(f"/pushes/stop/{token}/").status_code == 404
    assert client.post(f"/pushes/stop/{token}/").status_code == 404
    with pytest.raises(Missing):
        receiving.stop_mails(token=token, now=timezone.now())


def refused(row: Any, **fields: Any) -> None:
    with pytest.raises(Error), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**fields)


def test_broken_rows_are_refused() -> None:
    firm = core.enterprise()
    kept = wish(firm, mail=Pace.AT_ONCE)
    for fields in (
        {"bell": "hourly"}, {"mail": "x"}, {"quiet_from": time(1)}, {"weekly_cap": 0},
        {"weekly_cap": 201}, {"per_holder": 0}, {"quiet_from": time(1), "quiet_until": time(1)},
    ):  # fmt: skip
        refused(kept, **fields)
    matched(firm)
    deliver(MemoryPostman(), make.NOON)
    owed = PushDelivery.objects.get(channel="mail")
    refused(owed, channel="pigeon")
    refused(owed, dropped_at=make.NOON)
    refused(owed, because="gone")
    refused(owed, channel="bell")
    digest = Digest.objects.get()
    refused(digest, channel="pigeon")
    refused(digest, dropped_at=make.NOON)
