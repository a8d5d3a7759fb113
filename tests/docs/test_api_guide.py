"""The curl lines of the API guide do what the guide says, in its order."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from django.test import Client

from interchange import services
from patentops.runner.places import ROOT
from tests.docs.papers import FENCE
from tests.factories import core as make

GUIDE = ROOT / "docs" / "guide" / "api.md"


@dataclass
class Call:
    """One curl line, and the status that the guide promises."""

    path: str
    wanted: int
    method: str = "GET"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def calls(text: str, known: dict[str, str]) -> Iterator[Call]:
    """Every curl line with its variables filled in when it is reached."""
    for block in FENCE.findall(text):
        lines = block.splitlines()
        for line, said in pairwise(lines):
            if line.startswith("curl "):
                status = re.fullmatch(r"# (\d{3})", said)
                assert status, f"no status under {line}"
                yield parsed(line, int(status[1]), known)


def parsed(line: str, wanted: int, known: dict[str, str]) -> Call:
    words = iter(shlex.split(re.sub(r"\$(\w+)", lambda m: known[m[1]], line))[1:])
    call = Call(path="", wanted=wanted)
    for word in words:
        if word == "-X":
            call.method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            call.headers[name] = value
        elif word == "-d":
            call.body = next(words)
            call.method = "POST" if call.method == "GET" else call.method
        elif word == "-u":
            pair = base64.b64encode(next(words).encode()).decode()
            call.headers["Authorization"] = f"Basic {pair}"
        else:
            parts = urlsplit(word)
            call.path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return call


@pytest.mark.django_db
def test_the_guide_reaches_its_first_201(client: Client, now: datetime) -> None:
    by = make.actor(make.exchange())
    key = services.issue_key(partner_id=services.join(by=by, now=now), label="手册", by=by, now=now)
    known = {"PLATFORM": "https://platform.example.cn", "TOKEN": ""}
    known |= {"CLIENT_ID": key.client_id, "CLIENT_SECRET": key.client_secret}
    statuses, bodies = [], []
    for call in calls(GUIDE.read_text("utf-8"), known):
        headers = dict(call.headers)
        kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
        answer = client.generic(
            call.method, call.path, call.body or "", content_type=kind, headers=headers
        )
        assert answer.status_code == call.wanted, (call.path, answer.content.decode())
        statuses.append(answer.status_code)
        bodies.append(answer.content)
        if call.path.endswith("/token"):
            known["TOKEN"] = json.loads(answer.content)["access_token"]
    assert statuses == [200, 200, 201, 201, 400, 403]
    first, again = json.loads(bodies[2]), json.loads(bodies[3])
    assert first["secret"]
    assert again == first  # the same key makes no second one
