"""What every page of this room does at its door."""

from __future__ import annotations

from typing import TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from core.web.types import Request

PAGE = 20
Row = TypeVar("Row", bound=Model)


def page_of(request: Request, rows: QuerySet[Row], *, size: int = PAGE) -> Page[Row]:
    """The page that the URL asks for; nonsense and overshoot land on a real page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def sent(
    request: Request,
) -> tuple[QueryDict | None, MultiValueDict[str, UploadedFile[bytes]] | None]:
    """What a form is bound to: the fields and files sent, even when all are empty; else nothing."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)
