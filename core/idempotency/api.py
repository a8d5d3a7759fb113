"""Idempotency-Key on POST in the API."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.types import Request
from core.errors import Invalid
from core.idempotency.services import Answer, once


def idempotently(request: Request, handle: Any) -> Response:
    """The response of `handle()`, once per Idempotency-Key; 400 when the header is missing."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        problem = Invalid(
            "缺少请求头 Idempotency-Key：请为每次新建操作生成一个唯一值（如 UUID），"
            "重试时沿用同一个值。",
            code="idempotency-key-missing",
        )
        problem.status = 400
        raise problem

    def run() -> Answer:
        response: Response = handle()
        body = json.loads(json.dumps(response.data, cls=DjangoJSONEncoder))
        return Answer(response.status_code, body, response.headers.get("Location", ""))

    answer = once(
        key=key,
        route=f"{request.method} {request.path}",
        content=_content(request),
        by=request.actor,
        now=timezone.now(),
        run=run,
    )
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    if answer.location:
        headers["Location"] = answer.location
    return Response(answer.body, status=answer.status, headers=headers)


def _content(request: Request) -> bytes:
    """What two requests must share to be the same: parsed fields and files' bytes."""
    fields = {
        name: request.data.getlist(name) if hasattr(request.data, "getlist") else value
        for name, value in (request.data.items() if hasattr(request.data, "items") else [])
        if name not in request.FILES
    }
    parts = [json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str).encode()]
    for name in sorted(request.FILES):
        upload = request.FILES[name]
        parts += [name.encode(), upload.read()]
        upload.seek(0)
    return b"\n".join(parts)


class IdempotentCreateMixin(GenericViewSet[Any]):
    """A viewset whose POSTs are answered once per key. List actions in `idempotent_actions`."""

    idempotent_actions: tuple[str, ...] = ("create",)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        method = (request.method or "").lower()
        action = getattr(self, "action_map", {}).get(method, "")
        if action in self.idempotent_actions:
            handler = getattr(self, method)
            setattr(
                self,
                method,
                lambda req, *a, **k: idempotently(req, lambda: handler(req, *a, **k)),
            )
        return super().dispatch(request, *args, **kwargs)
