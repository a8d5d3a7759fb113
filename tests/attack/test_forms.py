"""Whatever is typed into any field of any form is answered by the form: it never breaks.

PATENTOPS_FORM_EXAMPLES=2000 python3 manage.py test tests/attack/test_forms.py    # the long run
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.people.types import Actor, Role
from licensing.rules.fees import PartKind

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("PATENTOPS_FORM_EXAMPLES", "2"))
LONG = EXAMPLES > 2
SOMEBODY = Actor(user_id=1, organisation_id=1, roles=frozenset({Role.BUREAU}), region="31")
# What forms are made with besides what was typed, by the name of the argument.
MADE_WITH: dict[str, Any] = {
    "choices": [(1, "甲"), (2, "乙")],
    "email": "somebody@example.cn",
    "own": [(1, "甲")],
    "moves": [("accept", "同意")],
    "header": ["申请号", "名称"],
    "mapping": {"number": 0},
    "by": SOMEBODY,
    "viewer": SOMEBODY,
    "is_open": True,
    "verdicts": [("agree", "同意")],
    "grounds": [("consent", "协商一致")],
    "lines": [("1", "甲")],
    "entries": [],
    "part_kind": PartKind.LUMP,
    "of_kind": "exclusive",
    "members": (),
    "judged": True,
    "raws": [{"kind": PartKind.LUMP.value}],
    "patents": [("1", "甲")],
    "may_list": True,
}
# Forms that cannot be made without a row of the database; their doors have tests of their own.
NEEDS_ROWS: dict[str, str] = {
    "licensing.web.forms.PaymentForm": "tests/licensing/test_web.py",
    "core.access.forms.SecondFactorAgainForm": "tests/core/test_access.py",
    "core.access.forms.SecondFactorForm": "tests/core/test_access.py",
}
# The same argument means another thing here.
OTHERWISE: dict[str, dict[str, Any]] = {
    "core.members.web.MemberForm": {"choices": [Role.OFFICE, Role.ENTERPRISE]},
    "core.members.web.InviteForm": {"choices": [Role.OFFICE, Role.ENTERPRISE]},
    "pledges.web.forms.PledgeForm": {"grounds": []},
    "licensing.web.settlement_sums.OffsetForm": {"dues": [(7, "许可费")]},
}
NASTY = (
    "", " ", "\0", "\u202e", "\x7f", "0", "-0", "-1", "1e9", "1e400", "NaN", "sNaN",
    "Infinity", "-Infinity", "٣", "９", "1_000", "9" * 40, "9" * 5000, "0.1" + "0" * 60, "null",
    "true", "[]", "{}", '{"a": [1]}', "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30",
    "2026-11-22", "2026-11-22T25:61", "24:00", "a@b", "a@" + "b" * 300 + ".cn", "http://[::1",
    "javascript:alert(1)", "https://例子.测试/", "'; DROP TABLE x; --", "%00", "\r\nBcc: a@b.cn",
    "<script>", "=1+1", "专" * 3000, "CN201710601862.3", "2017106018623", "91310115MA0000001X",
)  # fmt: skip


def modules() -> list[Any]:
    found = []
    for room in django_settings.ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations" not in info.name:
                found.append(importlib.import_module(info.name))
    return found


def classes() -> dict[str, type[forms.BaseForm]]:
    """Every form of the rooms, by its full name."""
    return {
        f"{thing.__module__}.{thing.__qualname__}": thing
        for module in modules()
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, forms.BaseForm)
        and thing.__module__ == module.__name__
    }


FORMS = classes()


def made(kind: type[forms.BaseForm], data: Any, files: Any) -> forms.BaseForm:
    """The form with what it asks to be made with, learned from its refusals."""
    own = OTHERWISE.get(f"{kind.__module__}.{kind.__qualname__}", {})
    given_: dict[str, Any] = {"data": data, "files": files, **own}
    for _try in range(6):
        try:
            return kind(**given_)
        except TypeError as missing:
            said = str(missing)
            names = [name for name in MADE_WITH if f"'{name}'" in said]
            if "unexpected keyword argument 'files'" in said:
                del given_["files"]
            elif "unexpected keyword argument 'data'" in said:
                del given_["data"]
            elif "missing" in said and names:
                given_ |= {name: MADE_WITH[name] for name in names}
            else:
                raise
    raise AssertionError(f"{kind} cannot be made.")


def keys_of(form: forms.BaseForm) -> list[str]:
    """The names under which a browser sends its fields, parts of a field included."""
    names = []
    for name, field in form.fields.items():
        whole = form.add_prefix(name)
        parts = getattr(field.widget, "widgets_names", [""])
        names += [f"{whole}{part}" for part in parts]
    return names


def choices_of(form: forms.BaseForm) -> list[str]:
    found = []
    for field in form.fields.values():
        for value, _label in list(getattr(field, "choices", ()))[:6]:
            if isinstance(value, str | int):
                found.append(str(value))
    return found


FILES = (
    ("a.pdf", b"%PDF-1.7 x"), ("a.xlsx", b"PK\x03\x04broken"), ("a", b""), ("长" * 300, b"\xff"),
    ("a.csv", "申请号\n\0,\"".encode()), ("../x.png", b"\x89PNG\r\n\x1a\n"), ("a\0b.pdf", b"%PDF-"),
)  # fmt: skip


def value(dice: random.Random, known: list[str]) -> str:
    """Something to type: known to break things, allowed here, or anything at all."""
    how = dice.random()
    if how < 0.5:
        return dice.choice(NASTY)
    if known and how < 0.75:
        return dice.choice(known)
    if how < 0.85:
        return str(dice.choice((dice.getrandbits(dice.randint(1, 70)), dice.uniform(-1e9, 1e9))))
    if how < 0.9:
        return str(date.fromordinal(dice.randint(1, date.max.toordinal())))
    letters = (
        chr(dice.choice((dice.randint(1, 127), dice.randint(128, 0xD7FF)))) for _ in "x" * 20
    )
    return "".join(letters)


def test_there_are_forms_and_each_can_be_made() -> None:
    assert len(FORMS) > 120
    assert NEEDS_ROWS.keys() <= FORMS.keys(), "gone"
    root = django_settings.BASE_DIR
    assert [path for path in NEEDS_ROWS.values() if not (root / path).exists()] == []


@pytest.mark.parametrize("name", sorted(FORMS.keys() - NEEDS_ROWS.keys()))
def test_whatever_is_typed_is_answered_by_the_form(name: str) -> None:
    kind = FORMS[name]
    blank = made(kind, None, None)
    keys, known = keys_of(blank), choices_of(blank)
    uploads = [
        blank.add_prefix(key) for key, f in blank.fields.items() if isinstance(f, forms.FileField)
    ]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=not LONG,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**63))
    def run(seed: int) -> None:
        dice = random.Random(seed)
        data = QueryDict(mutable=True)
        for key in keys:
            if sent := [value(dice, known) for _ in range(dice.choice((0, 1, 1, 1, 2)))]:
                data.setlist(key, sent)
        files: MultiValueDict[str, Any] = MultiValueDict()
        for key in uploads:
            if dice.random() < 0.8:
                files[key] = SimpleUploadedFile(*dice.choice(FILES))
        form = made(kind, data, files)
        answered = form.is_valid()
        assert answered is not bool(form.errors)
        if LONG:  # shown again with what was typed, and its errors
            assert str(form.errors) is not None
            assert all(str(bound) for bound in form)
        if answered:
            assert all(_storable(v) for v in form.cleaned_data.values())

    run()


def _storable(value: Any) -> bool:
    """No number that no column takes gets through."""
    return not (isinstance(value, Decimal) and not value.is_finite())
