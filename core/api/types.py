"""A request as our API views get it, for the type checker."""

from __future__ import annotations

from rest_framework import request

from core.people.types import Actor


class Request(request.Request):
    """DRF hands `actor` on from the request below it, or authentication sets it."""

    actor: Actor
