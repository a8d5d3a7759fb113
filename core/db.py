"""Small pieces that several rooms' models are built from, and what the database cannot hold."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.models import CheckConstraint, Q, QuerySet
from psycopg import errors

from core.errors import DomainError

log = logging.getLogger(__name__)

ACTOR_KEY_LENGTH = 80
UNREADABLE = "提交的内容或地址中含有无法识别的字符（NUL），请删去后重试。"
RIVAL = "就在刚才，有人同时办理了同一件事，您的这一次没有保存。请刷新页面，核对后再提交。"

TOO_SLOW = (
    "这次查询太久，没能在限定时间内完成，没有改动任何内容。请缩小范围（加关键词或筛选）后再试。"
)

RACES = (
    errors.UniqueViolation,
    errors.ExclusionViolation,
    errors.ForeignKeyViolation,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.SerializationFailure,
)


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


def lost_to_a_rival(problem: Exception) -> bool:
    """Whether the database refused a write because another one came first at the same moment.

    Services ask before they write, and say what is the matter; between the asking and the writing
    there is a moment in which only the constraint, or the deadlock detector, can tell.
    """
    lost = isinstance(problem.__cause__, RACES)
    if lost:
        log.warning("A write lost to its rival: %s", problem)
    return lost


@contextmanager
def refused_as(refusal: DomainError, *, by: str) -> Iterator[None]:
    """Write within; where the database's constraint `by` refuses that, this is the answer.

    For facts that rivals may make true between our look and our write. `by` may be the beginning
    that several constraints have in common; what any other refuses is raised as it is.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as problem:
        if by not in str(problem):
            raise
        raise refusal from problem


def delete_with_files(rows: QuerySet[Any]) -> int:
    """Delete rows, and their files once that is certain; how many rows, with those on them.

    ProtectedError where something points at one of them.
    """
    for field in rows.model._meta.concrete_fields:
        if isinstance(field, models.FileField):
            for name in rows.exclude(**{field.name: ""}).values_list(field.name, flat=True):
                transaction.on_commit(partial(field.storage.delete, name), robust=True)
    return rows.delete()[0]


@contextmanager
def alone(space: int, key: int) -> Iterator[bool]:
    """Whether this session is the only one at `key` of a kind of work; nobody waits.

    The database lets go of it as soon as the session of whoever dies is gone: no lease to wait for.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [space, key])
        row = cursor.fetchone()
        mine = bool(row and row[0])
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [space, key])


def took_too_long(problem: Exception) -> bool:
    """Whether the database broke a statement off at its time limit (settings: 3 s in a page)."""
    slow = isinstance(problem.__cause__, errors.QueryCanceled)
    if slow:
        log.warning("A statement took too long: %s", problem)
    return slow


class ActorKeyField(models.CharField[str | None, str | None]):
    """Who did it, as `Actor.key`: "user:12/org:3", "partner:7" or "system"; never erased."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", ACTOR_KEY_LENGTH)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
