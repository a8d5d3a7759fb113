"""Read-only windows on this room's tables: changing them here would bypass the services."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from licensing.models import (
    Contest,
    Document,
    FeePlan,
    Licence,
    OpenDeclaration,
    Outcome,
    Payment,
)


@admin.register(OpenDeclaration)
class OpenDeclarationAdmin(ReadOnlyAdmin):
    list_display = ("number", "patent_title", "status", "announced_on", "licensor")
    list_filter = ("status",)
    list_select_related = ("licensor",)


@admin.register(Licence)
class LicenceAdmin(ReadOnlyAdmin):
    list_display = ("number", "patent_title", "status", "licensor", "licensee", "effective_at")
    list_filter = ("status", "kind")
    list_select_related = ("licensor", "licensee")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("licence", "amount", "paid_at", "reference", "recorded_by")
    list_select_related = ("licence",)


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = ("patent_number", "code", "status", "happened_on", "organisation")
    list_filter = ("status", "code")
    list_select_related = ("organisation",)


admin.site.register([Contest, Document, FeePlan], ReadOnlyAdmin)
