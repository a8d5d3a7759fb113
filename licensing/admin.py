"""Read-only windows on this room's tables: changing them here would bypass the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from licensing.models import (
    Contest,
    Document,
    FeePlan,
    Licence,
    OpenDeclaration,
    Outcome,
    Payment,
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


@admin.register(OpenDeclaration)
class OpenDeclarationAdmin(ReadOnly):
    list_display = ("number", "patent_title", "status", "announced_on", "licensor")
    list_filter = ("status",)
    list_select_related = ("licensor",)


@admin.register(Licence)
class LicenceAdmin(ReadOnly):
    list_display = ("number", "patent_title", "status", "licensor", "licensee", "effective_at")
    list_filter = ("status", "kind")
    list_select_related = ("licensor", "licensee")


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    list_display = ("licence", "amount", "paid_at", "reference", "recorded_by")
    list_select_related = ("licence",)


@admin.register(Outcome)
class OutcomeAdmin(ReadOnly):
    list_display = ("patent_number", "code", "status", "happened_on", "organisation")
    list_filter = ("status", "code")
    list_select_related = ("organisation",)


admin.site.register([Contest, Document, FeePlan], ReadOnly)
