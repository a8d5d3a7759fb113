"""Read-only windows on this room's tables: changing them here would bypass the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from listings.models import (
    Encumbrance,
    ImportBatch,
    InventoryItem,
    LegalEvent,
    Listing,
    Patent,
)


class ReadOnly(admin.ModelAdmin[Any]):
    """Look, do not touch."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Patent)
class PatentAdmin(ReadOnly):
    list_display = ("number", "title", "kind", "status", "layer", "organisation")
    list_filter = ("status", "kind", "layer", "is_sample")
    list_select_related = ("organisation",)
    search_fields = ("number", "title")
    exclude = ("embedding", "search")


@admin.register(Listing)
class ListingAdmin(ReadOnly):
    list_display = ("patent", "status", "asking_price", "published_at")
    list_filter = ("status",)
    list_select_related = ("patent",)


@admin.register(LegalEvent)
class LegalEventAdmin(ReadOnly):
    list_display = ("patent", "code", "occurred_on", "reference", "source")
    list_filter = ("code",)
    list_select_related = ("patent",)


@admin.register(Encumbrance)
class EncumbranceAdmin(ReadOnly):
    list_display = ("patent", "kind", "term", "source", "reference", "active")
    list_filter = ("kind", "active")
    list_select_related = ("patent",)


@admin.register(InventoryItem)
class InventoryItemAdmin(ReadOnly):
    list_display = ("patent", "status", "rule_version", "layered_at")
    list_filter = ("status",)
    list_select_related = ("patent",)


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnly):
    list_display = ("filename", "organisation", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("organisation",)
