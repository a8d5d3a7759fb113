"""Django's admin edits core's tables; the rooms above appear there read-only."""

from __future__ import annotations

from typing import ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest

from core.models import (
    AuditEntry,
    Mandate,
    Membership,
    Organisation,
    OutboxDelivery,
    OutboxEvent,
    RegionSetting,
    User,
)

admin.site.site_header = "专利转化运用平台 · 系统管理"
admin.site.site_title = "系统管理"
admin.site.index_title = "全部数据"
for _model in apps.get_models():
    # Chinese has no plural: without this the lists would read 专利s.
    if "verbose_name_plural" not in _model._meta.original_attrs:
        _model._meta.verbose_name_plural = _model._meta.verbose_name


class ReadOnlyAdmin(admin.ModelAdmin[models.Model]):
    """Shows rows; changes go through services."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class MembershipInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 0
    autocomplete_fields: ClassVar = ["organisation"]


@admin.register(User)
class PeopleAdmin(UserAdmin[User]):
    ordering = ("email",)
    list_display = ("email", "display_name", "is_active", "is_staff")
    search_fields = ("email", "display_name")
    inlines: ClassVar = [MembershipInline]
    fieldsets = (
        (None, {"fields": ("email", "password", "display_name")}),
        ("状态", {"fields": ("is_active", "is_staff", "is_superuser", "wants_recommendations")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "display_name", "usable_password", "password1", "password2"),
            },
        ),
    )


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin[Organisation]):
    list_display = ("name", "uscc", "kind", "region", "is_sample")
    list_filter = ("kind", "is_sample")
    search_fields = ("name", "uscc")


@admin.register(Mandate)
class MandateAdmin(admin.ModelAdmin[Mandate]):
    list_display = ("principal", "agent", "starts_on", "ends_on", "revoked_at")
    list_select_related = ("principal", "agent")


@admin.register(RegionSetting)
class RegionSettingAdmin(admin.ModelAdmin[RegionSetting]):
    list_display = ("region", "key", "value", "source")


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    list_display = ("at", "event", "subject_type", "subject_id", "actor_key", "position")
    list_filter = ("event",)
    search_fields = ("subject_id", "actor_key")


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "name", "subject_type", "subject_id", "occurred_at")
    list_filter = ("name",)


@admin.register(OutboxDelivery)
class OutboxDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("event", "consumer", "attempts", "done_at", "dead_at", "error")
    list_filter = ("consumer",)
