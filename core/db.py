"""Small pieces that several rooms' models are built from, and what the database cannot hold."""

from __future__ import annotations

from django.db import DataError, models
from django.db.models import CheckConstraint, Q

ACTOR_KEY_LENGTH = 80
UNREADABLE = "提交的内容或地址中含有无法识别的字符（NUL），请删去后重试。"


def both_or_neither(first: str, second: str, *, name: str) -> CheckConstraint:
    """A pair such as when and by whom: both columns are filled, or none is."""
    empty = Q(**{f"{first}__isnull": True, f"{second}__isnull": True})
    full = Q(**{f"{first}__isnull": False, f"{second}__isnull": False})
    return CheckConstraint(condition=empty | full, name=name)


def holds_nul(problem: Exception) -> bool:
    """Whether the database was given a text with a NUL character, which it cannot hold.

    Fields of forms and serializers refuse it themselves; addresses and raw values do not.
    """
    return isinstance(problem, DataError) and "NUL" in str(problem)


class ActorKeyField(models.CharField[str | None, str | None]):
    """Who did it, as `Actor.key`: "user:12/org:3", "partner:7" or "system"; never erased."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", ACTOR_KEY_LENGTH)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
