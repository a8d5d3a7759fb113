"""Read-only windows on this room's tables: changing them here would bypass the services."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from pledges.models import Pledge, PledgeeConsent


@admin.register(Pledge)
class PledgeAdmin(ReadOnlyAdmin):
    list_display = ("register_number", "pledgee", "pledgor", "principal", "registered_on", "status")
    list_filter = ("status",)
    list_select_related = ("pledgee", "pledgor")


admin.site.register(PledgeeConsent, ReadOnlyAdmin)
