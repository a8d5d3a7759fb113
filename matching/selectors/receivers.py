"""Who hears of new matches, how, and how much of it they had lately."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.core import signing
from django.db.models import Q, QuerySet

from core.notices import selectors as notices
from core.people import selectors as people
from core.people.types import Actor
from matching.models import Digest, Lead, Push, PushDelivery, PushPreference
from matching.rules import pushes as rules
from matching.types import Channel, Pace, PushWish

STOP_SALT = "matching.stop-mail"


@dataclass(slots=True)
class Reader:
    """A person who lets the platform recommend, acting for one organisation."""

    user_id: int
    organisation_id: int
    wish: PushWish
    told: set[int] = field(default_factory=set)  # pushes of the last week
    holders: Counter[int] = field(default_factory=Counter)  # whose patents, in the last day

    def pace(self, channel: Channel) -> Pace:
        return self.wish.bell if channel is Channel.BELL else self.wish.mail

    @property
    def room(self) -> int:
        """How many more matches this week may bring."""
        return max(0, self.wish.weekly_cap - len(self.told))


def readers_of(organisations: Collection[int], *, now: datetime) -> dict[int, list[Reader]]:
    """The people of each organisation who want to hear on some channel, as of this moment."""
    members = people.members_of(organisations)
    everybody = {user for users in members.values() for user in users}
    wanting = people.wants_recommendations(everybody)
    silent = notices.switched_off(wanting, kind="match.pushed")
    wishes = wishes_of(wanting, organisations)
    found: dict[int, list[Reader]] = {}
    for organisation_id, users in members.items():
        readers = []
        for user_id in users:
            if user_id not in wanting:
                continue
            wish = wishes.get((user_id, organisation_id), PushWish())
            if user_id in silent:
                wish = replace(wish, bell=Pace.OFF)
            if wish.bell is not Pace.OFF or wish.mail is not Pace.OFF:
                readers.append(Reader(user_id, organisation_id, wish))
        if readers:
            found[organisation_id] = readers
    _had(found, now=now)
    return found


def wishes_of(
    users: Collection[int], organisations: Collection[int]
) -> dict[tuple[int, int], PushWish]:
    """What these people chose for these organisations; those who chose nothing are left out."""
    rows = PushPreference.objects.filter(user_id__in=users, organisation_id__in=organisations)
    return {(row.user_id, row.organisation_id): row.wish for row in rows}


def _had(found: Mapping[int, list[Reader]], *, now: datetime) -> None:
    """Fill in what each reader was told lately."""
    readers = {(r.user_id, r.organisation_id): r for rows in found.values() for r in rows}
    rows = PushDelivery.objects.filter(
        user_id__in={user for user, _org in readers}, done_at__gt=now - rules.WEEK
    ).values_list(
        "user_id", "push__lead__organisation_id", "push_id", "push__lead__supplier_id", "done_at"
    )
    seen: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for user_id, organisation_id, push_id, supplier_id, done_at in rows:
        reader = readers.get((user_id, organisation_id))
        if reader is None:
            continue
        reader.told.add(push_id)
        if supplier_id is not None and done_at and done_at > now - rules.DAY:
            seen[user_id, organisation_id][push_id] = supplier_id
    for key, by_push in seen.items():
        readers[key].holders = Counter(by_push.values())


def preference(*, viewer: Actor) -> PushPreference | None:
    """The viewer's own settings for the organisation acted for; None: the defaults."""
    if viewer.user_id is None or viewer.organisation_id is None:
        return None
    rows = PushPreference.objects.filter(user_id=viewer.user_id)
    return rows.filter(organisation_id=viewer.organisation_id).first()


def pushes(*, viewer: Actor) -> QuerySet[Push]:
    """What the viewer's organisations were told of, newest first, with their leads."""
    rows = Push.objects.filter(lead__in=Lead.objects.visible_to(viewer))
    return rows.select_related("lead").order_by("-pk")


def digests(*, viewer: Actor) -> QuerySet[Digest]:
    """What the viewer was sent, newest first, with how many matches each held."""
    return Digest.objects.visible_to(viewer).prefetch_related("items").order_by("-pk")


def waiting_count(*, viewer: Actor) -> int:
    """How many matches wait for the viewer's next digest."""
    if viewer.user_id is None or viewer.organisation_id is None:
        return 0
    return (
        PushDelivery.objects.filter(
            Q(digest__isnull=True) | Q(digest__sent_at__isnull=True),
            user_id=viewer.user_id,
            push__lead__organisation_id=viewer.organisation_id,
            done_at__isnull=True,
            dropped_at__isnull=True,
        )
        .values("push_id")
        .distinct()
        .count()
    )


def stop_token(*, user_id: int, organisation_id: int) -> str:
    """What a mail's stop link carries: whose mails, signed; it does not run out."""
    return signing.Signer(salt=STOP_SALT).sign(f"{user_id}.{organisation_id}")


def read_token(token: str) -> tuple[int, int] | None:
    """Whose mails a stop link is about; None when it is not ours."""
    try:
        user_id, _dot, organisation_id = signing.Signer(salt=STOP_SALT).unsign(token).partition(".")
    except signing.BadSignature:
        return None
    return int(user_id), int(organisation_id)
