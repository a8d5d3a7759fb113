"""One effect and one answer per key (draft-ietf-httpapi-idempotency-key-header, Stripe's rules)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core.errors import Conflict, Invalid
from core.idempotency.models import IdempotencyKey
from core.people.types import Actor

KEEP = timedelta(days=3)
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body and, for forms, where the browser is sent."""

    status: int
    body: Any = None
    location: str = ""
    replayed: bool = False


def once(
    *,
    key: str,
    route: str,
    content: bytes,
    by: Actor,
    now: datetime,
    run: Callable[[], Answer],
) -> Answer:
    """Run the effect under this key, or give the answer it was given before.

    The key's row commits with the effect, so a crash leaves neither. While a twin runs, Conflict
    ("request-in-progress"); the same key with other content or another route, Invalid
    ("idempotency-key-reused"). A refusal (any exception of `run`) stores nothing: the caller
    may mend the request and send it again under the same key.
    """
    if not 0 < len(key) <= MAX_KEY:
        raise Invalid(
            f"Idempotency-Key 应为 1 至 {MAX_KEY} 个字符。", code="idempotency-key-length"
        )
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        if not _hold(by.key, key):
            raise Conflict(
                "同一请求正在处理，请稍候再查询结果，不要重复提交。", code="request-in-progress"
            )
        known = IdempotencyKey.objects.filter(actor_key=by.key, key=key).first()
        if known is not None:
            if (known.route, known.body_digest) != (route, digest):
                raise Invalid(
                    "这个 Idempotency-Key 已用于另一个请求，请换一个新的。",
                    code="idempotency-key-reused",
                )
            body = known.body if known.spelled is None else json.loads(known.spelled)
            return Answer(known.status, body, known.location, replayed=True)
        answer = run()
        IdempotencyKey.objects.create(
            actor_key=by.key,
            key=key,
            route=route,
            body_digest=digest,
            status=answer.status,
            body=answer.body,
            spelled=json.dumps(answer.body, ensure_ascii=False),
            location=answer.location,
            created_at=now,
        )
        return answer


def _hold(actor_key: str, key: str) -> bool:
    """Take the key for this transaction without waiting; False while a twin holds it."""
    number = int.from_bytes(
        hashlib.sha256(f"{actor_key}\n{key}".encode()).digest()[:8], "big", signed=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def forget_old(*, now: datetime) -> int:
    """Drop keys older than three days; how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEEP).delete()[0]
