"""Partners for tests, and a receiver that keeps the port's promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.people.models import Membership
from core.people.types import Actor
from interchange import services
from interchange.exchanges.port import Reply
from tests.factories import core as make


@dataclass
class Receiver:
    """Answers with the replies it was given, then 200; remembers what it took by webhook-id."""

    replies: list[Reply] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)
    calls: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    def send(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.calls.append((url, body, headers))
        reply = self.replies.pop(0) if self.replies else Reply(200)
        if reply.status == 200:
            self.taken[headers["webhook-id"]] = body
        return reply


@dataclass
class PartnerWorld:
    """A partner with one endpoint, and the person who runs it."""

    member: Membership
    by: Actor
    partner_id: int
    endpoint_id: int


def partner(now: datetime, *events: str, url: str = "https://hooks.example.cn/in") -> PartnerWorld:
    member = make.exchange()
    by = make.actor(member)
    partner_id = services.join(by=by, now=now)
    endpoint_id = services.add_endpoint(
        partner_id=partner_id, url=url, events=events or ("patent.listed",), by=by, now=now
    )
    return PartnerWorld(member, by, partner_id, endpoint_id)
