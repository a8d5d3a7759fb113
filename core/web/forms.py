"""Forms: plain Django, with one field template, and refusals shown beside the fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django import forms
from django.db import DatabaseError

from core.db import RIVAL, lost_to_a_rival
from core.errors import DomainError, Invalid

Result = TypeVar("Result")


def attempt(form: forms.BaseForm, command: Callable[[], Result]) -> Result | None:
    """The command's result; None when it was refused, the reasons then being on the form.

    An Invalid goes to its fields, any other refusal to the top with every blocker; so does a rival
    who was faster, and what was typed is still there. Where a form
    names a fact otherwise than the service does, its `field_of` says which field asks for it.
    """
    try:
        return command()
    except Invalid as problem:
        asked_as: dict[str, str] = getattr(form, "field_of", {})
        found = {asked_as.get(k, k): v for k, v in problem.fields.items()}
        known = {k: v for k, v in found.items() if k in form.fields}
        for name, messages in known.items():
            for message in messages:
                form.add_error(name, message)
        others = [m for k, v in found.items() if k not in known for m in v]
        for message in others or ([] if known else [problem.message]):
            form.add_error(None, message)
    except DomainError as problem:
        form.add_error(None, problem.message)
        for blocker in problem.blockers:
            form.add_error(None, f"{blocker.message}（{blocker.article}）")
    except DatabaseError as problem:
        if not lost_to_a_rival(problem):
            raise
        form.add_error(None, RIVAL)
    return None


def day_input() -> forms.DateInput:
    """A date picker of the browser; typing 2026-11-20 works everywhere."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
