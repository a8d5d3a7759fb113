"""One effect per form, and another when it was gone back to and edited."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from core.idempotency.web import submit_once
from core.people.types import Actor


@pytest.mark.django_db
def test_the_same_form_runs_once_and_an_edited_one_again() -> None:
    ran: list[str] = []

    def submit(**fields: object) -> str:
        request = RequestFactory().post("/x/", {"form_token": "t", **fields})
        request.actor = Actor(user_id=1)  # type: ignore[attr-defined]

        def run() -> str:
            ran.append("once")
            return f"/done/{len(ran)}/"

        return submit_once(request, run)["Location"]  # type: ignore[arg-type]

    assert submit(title="甲") == submit(title="甲") == "/done/1/"
    assert submit(title="乙") == "/done/2/"
    proof = {"file": SimpleUploadedFile("a.pdf", b"1")}
    assert submit(title="乙", **proof) == "/done/3/"
    assert len(ran) == 3
