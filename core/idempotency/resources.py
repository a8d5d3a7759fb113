"""What the resources of every room have in common: pages of rows, and bodies taken in."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin


class Resource(IdempotentCreateMixin):
    """A viewset over what the caller may see, whose POSTs are commands."""

    request: Request

    def page(self) -> Response:
        """One page of the queryset, with its links."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def taken_in(self, form: type[Serializer[Any]], *, partial: bool = False) -> Any:
        """The request's body through its serializer; a 400 problem when it does not fit.

        `partial` asks for no field that the body leaves out.
        """
        filled = form(data=self.request.data, partial=partial)
        filled.is_valid(raise_exception=True)
        return filled

    def command(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        """What a command is called with: the body's values, who asks, and when."""
        said: dict[str, Any] = self.taken_in(form).validated_data
        return {**said, "by": self.request.actor, "now": timezone.now()}
