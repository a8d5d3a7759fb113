"""The API's description at its address."""

import json
from unittest.mock import Mock

import pytest
import yaml
from django.test import Client

from core.api import description

URL = "/api/v1/schema/"


@pytest.fixture
def _forgotten():
    description.described.cache_clear()
    description._written.cache_clear()
    yield
    description.described.cache_clear()
    description._written.cache_clear()


@pytest.mark.usefixtures("_forgotten")
def test_it_is_worked_out_once_whoever_asks_in_whatever_form(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Mock()
    made.return_value.get_schema.return_value = {"openapi": "3.1.0", "info": {"title": "接口"}}
    monkeypatch.setattr(description, "SchemaGenerator", made)
    as_yaml = client.get(URL)
    assert yaml.safe_load(as_yaml.content)["info"] == {"title": "接口"}
    as_json = client.get(URL, headers={"Accept": "application/vnd.oai.openapi+json"})
    assert json.loads(as_json.content)["openapi"] == "3.1.0"
    client.get(URL, {"lang": "\0"})
    assert made.call_count == 1
    client.get(URL, {"lang": "en"})
    assert made.call_count == 2
    assert as_yaml.headers["ETag"] != as_json.headers["ETag"]


@pytest.mark.usefixtures("_forgotten")
def test_who_has_it_already_is_not_sent_it_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Mock()
    made.return_value.get_schema.return_value = {"openapi": "3.1.0"}
    monkeypatch.setattr(description, "SchemaGenerator", made)
    tag = client.get(URL).headers["ETag"]
    again = client.get(URL, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(URL, headers={"If-None-Match": '"older"'}).status_code == 200
