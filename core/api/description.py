"""The API's description at its address: worked out once a process, then handed out."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.encoding import force_bytes
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

FORMS = {form.media_type: form for form in SpectacularAPIView.renderer_classes}


class DescriptionView(SpectacularAPIView):
    """The OpenAPI description, as YAML or JSON.

    It is the same for everybody, and making it takes seconds of a processor: so it is made once
    for each form and language, and who has it already (If-None-Match) gets 304.
    """

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The description in the language asked for, else in the reader's."""
        language = request.GET.get("lang", "")
        if language not in dict(settings.LANGUAGES):
            language = translation.get_language()
        renderer = request.accepted_renderer
        body, tag = _written(renderer.media_type, str(request.version or ""), language)
        headers = {
            "ETag": tag,
            "Cache-Control": "no-cache",  # to be asked for again, not to be sent again
            "Content-Disposition": f'inline; filename="patentops-api.{renderer.format}"',
        }
        if request.headers.get("If-None-Match") == tag:
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(body, content_type=renderer.media_type, headers=headers)


@cache
def described(version: str, language: str = settings.LANGUAGE_CODE) -> dict[str, Any]:
    """The whole description as data."""
    generator: Any = SchemaGenerator  # drf-spectacular is not typed
    with translation.override(language):
        schema: dict[str, Any] = generator(api_version=version or None).get_schema(
            request=None, public=True
        )
    return schema


@cache
def _written(media_type: str, version: str, language: str) -> tuple[bytes, str]:
    """The description in one form and language, and its entity tag."""
    form = FORMS[media_type]
    body = force_bytes(form().render(described(version, language), renderer_context={}))
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
