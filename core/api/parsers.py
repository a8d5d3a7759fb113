"""JSON as strangers send it: too much of it, too deep, or with halves of characters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import exceptions, parsers


class TooLarge(exceptions.APIException):
    """More than the platform reads into memory."""

    status_code = 413
    default_code = "too_large"


class JSONParser(parsers.JSONParser):
    """Refuses, as a problem, what JSON allows and the platform cannot hold."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The data; at most DATA_UPLOAD_MAX_MEMORY_SIZE, no deeper than Python reads, all text."""
        request = (parser_context or {}).get("request")
        length = request.META.get("CONTENT_LENGTH") if request is not None else None
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and int(length or 0) > limit:
            raise TooLarge
        try:
            data = super().parse(stream, media_type, dict(parser_context or {}))
            json.dumps(data, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError) as error:
            raise exceptions.ParseError from error
        return data
