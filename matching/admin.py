"""This room's rows in Django's admin, to look at; changes go through services."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from matching.models import EngineVersion, Evaluation, Lead, Match, Need, Push, Run, Subscription


@admin.register(Need)
class NeedAdmin(ReadOnlyAdmin):
    list_display = ("title", "status", "visibility", "organisation", "opened_at")
    list_filter = ("status", "visibility")
    list_select_related = ("organisation",)
    search_fields = ("title",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("name", "status", "organisation", "matched_at")
    list_filter = ("status",)
    list_select_related = ("organisation",)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("id", "scope", "state", "demands", "patents", "matches", "pushes")
    list_filter = ("scope", "state")


@admin.register(EngineVersion)
class EngineVersionAdmin(ReadOnlyAdmin):
    list_display = ("id", "is_active", "corpus_size", "as_of", "note", "created_at")
    exclude = ("corpus",)


@admin.register(Match)
class MatchAdmin(ReadOnlyAdmin):
    list_display = ("id", "need_id", "subscription_id", "patent_id", "ticks", "computed_at")


@admin.register(Lead)
class LeadAdmin(ReadOnlyAdmin):
    list_display = ("id", "organisation_id", "patent_id", "pushed_at", "rated_at", "contacted_at")


@admin.register(Push)
class PushAdmin(ReadOnlyAdmin):
    list_display = ("id", "lead_id", "channel", "ticks", "pushed_at")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("id", "lead_id", "prospect", "interested", "reason", "rated_at")
    list_filter = ("interested", "reason")
