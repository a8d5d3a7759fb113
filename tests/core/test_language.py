"""Chinese for everyone, English for those who chose it, and nothing left untranslated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

CATALOGUE: Path = settings.BASE_DIR / "locale/en/LC_MESSAGES/django.po"
PUBLIC = [
    "/",
    "/help/",
    "/help/privacy/",
    "/help/recommendations/",
    "/accounts/login/",
    "/accounts/signup/",
    "/joining/",
    "/joining/sent/",
]

pytestmark = pytest.mark.django_db


def test_the_browsers_language_does_not_decide(client: Client) -> None:
    page = client.get("/", headers={"accept-language": "en-US"})
    assert page.headers["Content-Language"] == "zh-hans"
    assert 'lang="zh-CN"' in page.content.decode()
    assert "为谁服务" in page.content.decode()


def test_the_readers_choice_decides(client: Client) -> None:
    chosen = client.post("/i18n/setlang/", {"language": "en", "next": "/help/"})
    assert chosen.status_code == 302
    assert chosen.headers["Location"] == "/help/"
    page = client.get("/help/")
    assert 'lang="en"' in page.content.decode()
    assert "Three minutes to start" in page.content.decode()
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/help/"})
    assert "三分钟上手" in client.get("/help/").content.decode()


@pytest.mark.parametrize("cookie", ["xx", "../../etc", "zh-hant", ""])
def test_an_unknown_language_is_chinese(client: Client, cookie: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    assert client.get("/help/").headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_are_whole_in_english(client: Client, path: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get(path).content.decode()
    text = re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1])
    left = [w for w in re.findall(r"[\u4e00-\u9fff]+", text) if w not in SAMPLE_WORDS]
    assert left == []


# Words to try in a search, and the other language's own name.
SAMPLE_WORDS = {"电池", "传感器", "复合材料", "污水处理", "锂电池隔膜耐高温涂层", "中文"}


def catalogue() -> str:
    """The catalogue with wrapped entries on one line."""
    return re.sub(r'"\n"', "", CATALOGUE.read_text("utf-8"))


def test_every_entry_has_its_english() -> None:
    entries = re.findall(
        r'^msgid "(.+)"\n(?:msgid_plural ".*"\n)?msgstr(?:\[0\])? "(.*)"',
        catalogue(),
        re.M,
    )
    assert len(entries) > 200
    assert [msgid for msgid, english in entries if not english] == []


def test_placeholders_survive_translation() -> None:
    holes = re.compile(r"%\(\w+\)[sd]")
    for msgid, english in re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"', catalogue(), re.M):
        assert sorted(holes.findall(msgid)) == sorted(holes.findall(english)), msgid


@pytest.mark.parametrize("locale", ["en", "zh_Hans"])
def test_the_compiled_catalogue_is_committed(locale: str) -> None:
    folder = settings.BASE_DIR / "locale" / locale / "LC_MESSAGES"
    assert (folder / "django.mo").stat().st_size > 500


def test_form_errors_are_plain_chinese() -> None:
    with translation.override("zh-hans"):
        assert gettext("This field is required.") == "请填写这一项。"


def test_nobody_opens_an_account_alone(client: Client) -> None:
    page = client.get("/accounts/signup/")
    assert "申请入驻" in page.content.decode()
    posted = client.post(
        "/accounts/signup/",
        {"email": "a@example.cn", "password1": "wuliaode-42", "password2": "wuliaode-42"},
    )
    assert "申请入驻" in posted.content.decode()
