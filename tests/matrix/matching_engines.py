"""Who may ask what of the engine's versions: operators and auditors read, operators decide."""

from __future__ import annotations

from typing import Any

from matching import services
from matching.models import EngineVersion, LearningAttempt
from matching.services import learning
from tests.factories import learning as make
from tests.factories.matching import NOON
from tests.matrix import Row, World, only

READERS = ("sysadmin", "auditor")


def used(world: World) -> EngineVersion:
    """A version that was in force once, another being so now."""

    def build(_w: World) -> EngineVersion:
        first = services.active_engine(now=NOON)
        services.freeze_engine(by=learning.SYSTEM, now=NOON, note="再来一次")
        return first

    return world.thing("engine-used", build)


def shadow(world: World) -> LearningAttempt:
    return world.thing("engine-shadow", lambda w: make.trial())


def seen(world: World) -> dict[str, Any]:
    return {"pk": used(world).pk}


def trial(world: World, **more: str) -> dict[str, Any]:
    """A version on trial, made so again for each identity."""
    row = shadow(world)
    LearningAttempt.objects.filter(pk=row.pk).update(
        outcome="shadow", decided_at=None, decided_by=None
    )
    return {"pk": row.version_id, **more}


def back(world: World, **more: str) -> dict[str, Any]:
    row = used(world)
    EngineVersion.objects.filter(pk=row.pk).update(is_active=False)
    return {"pk": row.pk, **more}


def page_move(world: World) -> dict[str, Any]:
    return trial(world, move="reject")


def api(status: int) -> dict[str, int]:
    return only("sysadmin", status=status, anonymous=401)


def readers(status: int = 200) -> dict[str, int]:
    return only(*READERS, status=status, anonymous=401)


EXPECTATIONS: dict[str, Row] = {
    "matching:engines": Row(get=only(*READERS)),
    "matching:engine": Row(kwargs=seen, get=only(*READERS)),
    "matching:engine-learn": Row(post=only("sysadmin", status=302)),
    "matching:engine-move": Row(kwargs=page_move, post=only("sysadmin", status=302)),
    "matching-api:engine-version-list": Row(get=readers()),
    "matching-api:engine-version-detail": Row(kwargs=seen, get=readers()),
    "matching-api:engine-version-learn": Row(post=api(200)),
    "matching-api:engine-version-put-in-force": Row(kwargs=trial, post=api(200)),
    "matching-api:engine-version-give-up": Row(kwargs=trial, post=api(200)),
    "matching-api:engine-version-put-back": Row(kwargs=back, post=api(200)),
}
