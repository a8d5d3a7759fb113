"""How a person is taken out of a text, without a database; and which tables are decided upon."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from core.privacy import inventory, rules
from core.privacy.forgetting import Texts
from core.privacy.rules import Known, everywhere, inside, line, prose

ZHOU = Known(7, ("周可忘",), ("zhou.k@uni.example.cn",), ("138-1234-5678", "0571-87654321"), (3,))
GONE, NOBODY = rules.GONE, rules.NOBODY


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("周可忘 13812345678", ""),
        ("Zhou.K@UNI.example.cn", ""),
        ("0571 8765 4321", ""),
        ("技术转移办公室 0571-11112222", "技术转移办公室 0571-11112222"),
        ("", ""),
    ],
)
def test_a_line_that_names_them_is_emptied(text: str, left: str) -> None:
    assert line(text, ZHOU) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("请联系周可忘", f"请联系{NOBODY}"),
        ("联系人：周可忘，13812345678", f"联系人：{NOBODY}{GONE}"),
        ("周可忘 13900001111 转告", f"{NOBODY}{GONE} 转告"),
        ("周可忘老师团队", f"{NOBODY}老师团队"),
        ("邮件发到 zhou.k@uni.example.cn 即可", f"邮件发到 {GONE} 即可"),
        ("发明人周可忘提出的膜", "发明人周可忘提出的膜"),
        ("耐压 13812345679 次", "耐压 13812345679 次"),
    ],
)
def test_free_text_loses_ways_to_reach_them_and_the_name_as_a_contact(text: str, left: str) -> None:
    assert prose(text, ZHOU) == left


def test_a_common_word_as_a_name_is_left_in_free_text() -> None:
    person = Known(7, ("和平",), ("h@a.example",))
    assert prose("用于和平利用核能", person) == "用于和平利用核能"
    assert everywhere("和平、李四", person) == f"{NOBODY}、李四"


def test_former_names_are_theirs_too() -> None:
    person = Known(7, ("周可", "周可忘", "李四"), ())
    assert everywhere("周可忘、李四、王五", person) == f"{NOBODY}、{NOBODY}、王五"
    assert prose("请联系李四", person) == f"请联系{NOBODY}"


def test_documents_are_cleaned_to_the_leaves_and_contacts_by_their_headings() -> None:
    raw = {"联系人": "周可忘", "how": ["请联系周可忘", 3, None], "inventors": "周可忘；李四"}
    assert inside(raw, ZHOU, prose) == {
        "联系人": "", "how": [f"请联系{NOBODY}", 3, None], "inventors": "周可忘；李四",
    }  # fmt: skip


@given(text=st.text(alphabet="周可忘联系人1385678-@zk. a，先生", max_size=60))
def test_a_cleaned_text_stays_as_it_is_and_reaches_nobody(text: str) -> None:
    for how in (line, prose, everywhere):
        once = how(text, ZHOU)
        assert how(once, ZHOU) == once
        assert "13812345678" not in once.replace("-", "").replace(" ", "")


def test_somebody_of_whom_nothing_is_known_changes_nothing() -> None:
    nobody = Known(7, ("",), ())
    assert [how("请联系我", nobody) for how in (line, prose, everywhere)] == ["请联系我"] * 3


def decided(kind: str) -> list[str]:
    tables = tomllib.loads(
        Path(settings.BASE_DIR, "docs/security/personal.toml").read_text("utf-8")
    )
    return [label for row in tables[kind] for label in row["tables"]]


def texts() -> set[str]:
    """Tables of ours with room for words, but for those that go with their person."""
    gone = {p.model for p in inventory.places() if p.goes_along}
    gone |= {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model in gone and field.remote_field.on_delete is models.CASCADE
    }
    gone -= {apps.get_model("core", name) for name in ("Notice", "JoinApplication")}
    return {
        model._meta.label
        for model in apps.get_models()
        if model not in gone and model.__module__.split(".")[0] in settings.ROOMS
        and any(map(_words, model._meta.concrete_fields))
    }  # fmt: skip


def _words(field: Any) -> bool:
    if getattr(field, "choices", None) or isinstance(field, models.ForeignKey):
        return False
    long = isinstance(field, models.CharField) and (field.max_length or 0) >= 60
    named = field.name not in {"event_id", "kind", "key", "slug", "token"}
    wide = isinstance(field, models.TextField | models.JSONField | ArrayField)
    return wide or (long and named and type(field).__name__ != "ActorKeyField")


def places() -> list[Texts]:
    names = ("core.privacy.texts", "listings.services.forgetting", "matching.services.forgetting",
             "licensing.services.forgetting")  # fmt: skip
    found = [place for name in names for place in import_module(name).PLACES]
    return found + import_module("interchange.services").NAMED


def test_every_table_with_texts_is_decided_upon_once() -> None:
    kept, cleared = decided("kept"), decided("cleared")
    assert len(kept + cleared) == len(set(kept + cleared))
    assert texts() <= set(kept + cleared)
    assert all(apps.get_model(label) for label in kept + cleared)


def test_what_is_said_to_be_cleared_is_cleared() -> None:
    by_hand = {"core.Invitation", "core.IdempotencyKey"}  # core/privacy/texts.py
    assert {place.model._meta.label for place in places()} | by_hand == set(decided("cleared"))
    for place in places():
        names = {f.name for f in place.model._meta.concrete_fields}
        assert set(place.columns) | set(place.authors) <= names
