"""A request as our pages get it, for the type checker."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from core.people.models import User
from core.people.types import Actor


class Request(HttpRequest):
    """What the middleware adds: who acts, and whether HTMX asks for a fragment."""

    actor: Actor
    htmx: HtmxDetails
    user: User
