"""Where personal data lies: read off the tables themselves, so that a new table is never forgotten.

A row is a person's own when it refers to them; it exists only for them when it goes with them
(CASCADE), and is kept for others' sake when it does not. What they did for an organisation carries
their key ("user:12/org:3"), which is a number, not a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from core.db import ActorKeyField
from core.people.models import User

# Never shown, not even to the person: what proves who they are.
SECRETS = frozenset(
    {
        "password", "password_hash", "session_key", "session_data", "data", "secret", "token",
        "key", "hash", "digest", "client_secret", "token_secret", "extra_data",
    }
)  # fmt: skip


# Tables of libraries, which name them in English.
LABELS = {
    "usersessions.UserSession": "登录设备",
    "mfa.Authenticator": "两步验证",
    "account.EmailAddress": "登录邮箱",
    "socialaccount.SocialAccount": "关联的统一身份",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A column that says whose a row is."""

    model: type[models.Model]
    field: str
    goes_along: bool  # the row exists only for this person
    is_relation: bool = True  # else a plain number, kept where a rule compares persons

    @property
    def label(self) -> str:
        return LABELS.get(self.model._meta.label, str(self.model._meta.verbose_name))

    def rows(self, user_id: int) -> models.QuerySet[Any]:
        return self.model._default_manager.filter(**{self.field: user_id})


def _models() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        if not model._meta.proxy and model._meta.managed:
            yield model


def places() -> list[Place]:
    """Every column that refers to a person."""
    found = []
    for model in _models():
        for field in model._meta.concrete_fields:
            remote = field.remote_field
            if remote is not None and remote.model is User:
                goes = getattr(remote, "on_delete", None) is models.CASCADE
                found.append(Place(model, field.attname, goes))
            elif isinstance(field, models.BigIntegerField) and field.name.endswith("user_id"):
                found.append(Place(model, field.attname, False, is_relation=False))
    return found


def traces() -> list[tuple[type[models.Model], str]]:
    """Every column that says who did something."""
    return [
        (model, field.name)
        for model in _models()
        for field in model._meta.concrete_fields
        if isinstance(field, ActorKeyField)
    ]


def by_key(field: str, user_id: int) -> Q:
    """Rows whose column names this person, for whichever organisation."""
    return Q(**{field: f"user:{user_id}"}) | Q(**{f"{field}__startswith": f"user:{user_id}/"})


def shown(row: models.Model) -> dict[str, Any]:
    """A row as its person may read it."""
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in SECRETS or field.get_internal_type() == "VectorField":
            continue
        value = getattr(row, field.attname)
        if isinstance(value, models.fields.files.FieldFile):
            value = value.name
        values[field.name] = value
    return values
