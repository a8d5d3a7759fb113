"""Applications to take part for tests."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.attachments import services as attachments
from core.joining.models import JoinApplication
from core.people.types import Actor
from tests.conftest import NOON
from tests.factories import core as make

_numbers = count(5_000_000)


def paper(name: str = "执照.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.7 paper", content_type="application/pdf")


def joining(**facts: Any) -> JoinApplication:
    """One that waits for the bureau of Shanghai, of a new person unless `applicant` is given."""
    if "applicant" not in facts:
        facts["applicant"] = make.UserFactory()
    kept = attachments.store(paper(), purpose="joining", by=Actor.system(), now=NOON)
    return JoinApplication.objects.create(
        **{
            "name": "新来的公司",
            "uscc": make.valid_uscc(next(_numbers)),
            "kind": "enterprise",
            "region": "310115",
            "person": "新人",
            "email": facts["applicant"].email if facts["applicant"] else "new@example.cn",
            "evidence": kept,
            "status": "pending",
            "created_at": NOON,
            "confirmed_at": NOON,
        }
        | facts
    )
