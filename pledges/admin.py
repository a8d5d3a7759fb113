"""Read-only windows on this room's tables: changing them here would bypass the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from pledges.models import Pledge, PledgeeConsent


class ReadOnly(admin.ModelAdmin[Any]):
    """Look, do not touch."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Pledge)
class PledgeAdmin(ReadOnly):
    list_display = ("register_number", "pledgee", "pledgor", "principal", "registered_on", "status")
    list_filter = ("status",)
    list_select_related = ("pledgee", "pledgor")


admin.site.register(PledgeeConsent, ReadOnly)
