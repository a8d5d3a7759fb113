"""One effect per form, and another when it was gone back to and edited."""

from __future__ import annotations

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import RequestFactory
from psycopg import errors

from core.api.exceptions import problem_handler
from core.db import RIVAL
from core.idempotency.web import submit_once
from core.people.types import Actor
from core.web.forms import attempt


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


class Typed(forms.Form):
    title = forms.CharField()


def test_who_loses_to_a_rival_by_a_moment_keeps_what_was_typed() -> None:
    """The constraint spoke where no service could: said on the form, as a 409 to a program."""
    form = Typed({"title": "甲"})

    def too_late() -> None:
        raise IntegrityError("twice") from errors.UniqueViolation("twice")

    assert attempt(form, too_late) is None
    assert (form.non_field_errors(), form["title"].value()) == ([RIVAL], "甲")
    with pytest.raises(IntegrityError) as raised:
        too_late()
    answer = problem_handler(raised.value, {})
    assert answer is not None
    assert (answer.status_code, answer.data["detail"]) == (409, RIVAL)


def test_another_failure_of_the_database_is_no_rival() -> None:
    def broken() -> None:
        raise IntegrityError("empty") from errors.NotNullViolation("empty")

    with pytest.raises(IntegrityError):
        attempt(Typed({"title": "甲"}), broken)
