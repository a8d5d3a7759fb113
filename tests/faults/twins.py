"""The same request many times at once: one effect, one answer (reliability A4).

What there is to ask is read off the matrix: every POST of the API that its views answer once per
key, with the body and the person that `tests/matrix` declares. `benchmarks/idempotent_twins.py`
sends 32 twins of 200 keys, a test here a few.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

import tests.matrix as matrix
from core.audit.models import AuditEntry
from core.errors import DomainError
from core.idempotency.models import IdempotencyKey
from core.outbox.models import OutboxEvent
from core.people.models import RegionSetting
from listings.selectors.searching import columns
from matching.selectors import arena
from tests.conftest import log_in
from tests.matrix import Row, World

assert get_resolver() is not None


@dataclass(frozen=True)
class Creating:
    """A POST that is answered once per key, and who may make it."""

    name: str
    row: Row
    who: str


def creating() -> list[Creating]:
    """All of them, in a fixed order. One that the matrix lets nobody make is left out."""
    found = []
    for name, row in sorted(_rows().items()):
        who = next((i for i, s in (row.post or {}).items() if s in (200, 201, 202)), None)
        if who is not None and name.split(":")[0].endswith("-api") and _asks_for_key(name, row):
            found.append(Creating(name, row, who))
    return found


def _rows() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for module in pkgutil.iter_modules(matrix.__path__):
        if not module.name.startswith("test_"):
            rows |= importlib.import_module(f"tests.matrix.{module.name}").EXPECTATIONS
    return rows


def _asks_for_key(name: str, row: Row) -> bool:
    """The matrix sends a key where one is asked for."""
    return "Idempotency-Key" in row.headers


@dataclass
class Case:
    """One URL with a body, in a world of its own."""

    creating: Creating
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        row = self.creating.row
        self.url = reverse(self.creating.name, kwargs=row.kwargs(self.world)) + row.query
        self.body = row.data(self.world)
        self.member = self.world.members[self.creating.who]

    def client(self) -> Client:
        client = Client(headers={k: v for k, v in self.creating.row.headers.items() if k != KEY})
        log_in(client, self.member)
        return client

    def post(self, client: Client, key: str | None, **more: Any) -> HttpResponse:
        headers = {KEY: key} if key is not None else {}
        body = {**self.body, **more}
        files = any(hasattr(value, "read") for value in body.values())
        for value in body.values():
            if hasattr(value, "seek"):
                value.seek(0)
        kind = {} if files else {"content_type": "application/json"}
        return client.post(self.url, body, headers=headers, **kind)  # type: ignore[return-value]


KEY = "Idempotency-Key"


def effects() -> Counter[str]:
    """What is on record: audit entries and events by name."""
    told = Counter(OutboxEvent.objects.values_list("name", flat=True))
    return told + Counter(AuditEntry.objects.values_list("event", flat=True))


@dataclass
class Found:
    """What twins of one key came to."""

    name: str
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def twins(case: Case, *, many: int, alone: Counter[str]) -> Found:
    """Send them at once, then each again until it is answered; compare with one request alone."""
    found, key = (
        Found(case.creating.name),
        f"twin-{case.creating.name}-{timezone.now().timestamp()}",
    )
    before, start = effects(), threading.Barrier(many)
    answers: list[HttpResponse] = []
    clients = [case.client() for _ in range(many)]
    bodies = [Twin(case, client) for client in clients]

    def send(twin: Twin) -> None:
        try:
            start.wait(60)
            answers.append(twin.until_answered(key, found.statuses))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(twin,)) for twin in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _judge(found, answers, many, done=effects() - before, alone=alone)
    _once_more(found, case, clients[0], key)
    return found


@dataclass
class Twin:
    """One of the twins: its own client, and its own copies of files."""

    case: Case
    client: Client

    def __post_init__(self) -> None:
        self.body = {
            name: _copy(value) if hasattr(value, "read") else value
            for name, value in self.case.body.items()
        }

    def until_answered(self, key: str, statuses: Counter[int]) -> HttpResponse:
        """Asks again while a twin is running, as a program does; no other refusal is taken."""
        own = Case.__new__(Case)
        own.creating, own.url, own.body = self.case.creating, self.case.url, self.body
        while True:
            answer = own.post(self.client, key)
            statuses[answer.status_code] += 1
            running = answer.status_code == 409 and b"request-in-progress" in answer.content
            if not running:
                return answer
            threading.Event().wait(0.05)


def _copy(file: Any) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file.seek(0)
    return SimpleUploadedFile(file.name, file.read(), content_type=file.content_type)


def _judge(
    found: Found, answers: list[HttpResponse], many: int, *, done: Counter[str], alone: Counter[str]
) -> None:
    first = [a for a in answers if "Idempotency-Replayed" not in a.headers]
    if len(first) != 1 or len(answers) != many:
        found.wrong.append(f"{len(first)} of {len(answers)} answers were not replays")
    if len({(a.status_code, a.content, a.headers.get("Location")) for a in answers}) != 1:
        found.wrong.append("answers differ")
    if any(a.status_code not in (200, 201, 202) for a in answers):
        found.wrong.append(f"{answers[0].status_code}: {answers[0].content[:200]!r}")
    if done != alone:
        found.wrong.append(f"did {sorted(done.items())}, alone {sorted(alone.items())}")


def _once_more(found: Found, case: Case, client: Client, key: str) -> None:
    """Later: the same answer; another body 422; no key 400. None of them does anything."""
    before, keys = effects(), IdempotencyKey.objects.count()
    again = case.post(client, key)
    if again.headers.get("Idempotency-Replayed") != "true":
        found.wrong.append("not replayed later")
    for status, answer in (
        (422, case.post(client, key, another="body")),
        (400, case.post(client, None)),
    ):
        found.statuses[answer.status_code] += 1
        if answer.status_code != status:
            found.wrong.append(f"{answer.status_code} where {status} is specified")
    if (effects(), IdempotencyKey.objects.count()) != (before, keys):
        found.wrong.append("a refusal or replay left a trace")


def alone(each: Creating) -> Counter[str]:
    """What one request of it does, in a world of its own that is taken back."""
    try:
        with transaction.atomic():
            case = Case(each)
            before, client = effects(), case.client()
            bare = case.post(client, None)
            answer = case.post(client, "alone")
            done = effects() - before
            transaction.set_rollback(True)
    finally:
        forget()
    if b"idempotency-key-missing" not in bare.content:
        raise Unkeyed(each.name)
    if answer.status_code not in (200, 201, 202):
        raise Refused(f"{each.name}: {answer.status_code} {answer.content.decode()[:300]}")
    return done


def forget() -> None:
    """What this process keeps of a database that was taken back or emptied."""
    arena.forget()
    columns.forget()
    cache.clear()


class Unkeyed(Exception):
    """The matrix sends a key, but the view asks for none: the state of the thing guards it."""


class Refused(Exception):
    """The request does not go through, not even alone."""


CROWDED = (DomainError, IntegrityError, ObjectDoesNotExist, MultipleObjectsReturned)
"""What comes of building a world beside others: a name that is taken, a match among too many."""


def emptied() -> None:
    """The database as on the first day, with the settings that migrations brought."""
    settings = list(RegionSetting.objects.all())
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    RegionSetting.objects.bulk_create(settings)
    forget()


def afresh(each: Creating) -> tuple[Counter[str], Case]:
    """What one request does, and a case for its twins; in an empty database where worlds clash."""
    try:
        return alone(each), Case(each)
    except (Refused, *CROWDED):
        emptied()
    try:
        return alone(each), Case(each)
    except CROWDED as problem:
        raise Refused(f"{each.name}: its world cannot be built twice: {problem!r}") from problem


def spread(total: int) -> Iterator[tuple[Creating, int]]:
    """Each creating POST with its number of keys: all have one, together they have `total`."""
    rooms = os.environ.get("TWIN_ROOMS", "").split(",")
    every = [each for each in creating() if each.name.startswith(tuple(rooms))]
    for place, each in enumerate(every):
        share = total // len(every) + (place < total % len(every))
        yield each, max(share, 1)
