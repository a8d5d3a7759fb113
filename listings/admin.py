"""Read-only windows on this room's tables: changing them here would bypass the services."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from listings.models import (
    Encumbrance,
    ImportBatch,
    InventoryItem,
    LegalEvent,
    Listing,
    Patent,
)


@admin.register(Patent)
class PatentAdmin(ReadOnlyAdmin):
    list_display = ("number", "title", "kind", "status", "layer", "organisation")
    list_filter = ("status", "kind", "layer", "is_sample")
    list_select_related = ("organisation",)
    search_fields = ("number", "title")
    exclude = ("embedding", "search")


@admin.register(Listing)
class ListingAdmin(ReadOnlyAdmin):
    list_display = ("patent", "status", "asking_price", "published_at")
    list_filter = ("status",)
    list_select_related = ("patent",)


@admin.register(LegalEvent)
class LegalEventAdmin(ReadOnlyAdmin):
    list_display = ("patent", "code", "occurred_on", "reference", "source")
    list_filter = ("code",)
    list_select_related = ("patent",)


@admin.register(Encumbrance)
class EncumbranceAdmin(ReadOnlyAdmin):
    list_display = ("patent", "kind", "term", "source", "reference", "active")
    list_filter = ("kind", "active")
    list_select_related = ("patent",)


@admin.register(InventoryItem)
class InventoryItemAdmin(ReadOnlyAdmin):
    list_display = ("patent", "status", "rule_version", "layered_at")
    list_filter = ("status",)
    list_select_related = ("patent",)


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = ("filename", "organisation", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("organisation",)
