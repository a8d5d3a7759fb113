"""Addresses of core's pages."""

from django.urls import include, path

from core.web import (
    display,
    gallery,
    live,
    manuals,
    policy_reports,
    services_pages,
    sitemap,
    views,
)

app_name = "core"
urlpatterns = [
    path("", views.home, name="home"),
    path("notices/", views.notice_list, name="notices"),
    path("notices/read/", views.read_notices, name="notices-read"),
    path("notices/preferences/", views.notice_preferences, name="notice-preferences"),
    path("notices/<int:notice_id>/", views.open_notice, name="notice"),
    path("acting-as/", views.acting_as, name="acting-as"),
    path("", include("core.access.web")),
    path("", include("core.joining.web")),
    path("", include("core.members.web")),
    path("", include("core.privacy.web")),
    path("audit/", views.audit_trail, name="audit"),
    *policy_reports.urlpatterns,
    path("help/", views.help_page, name="help"),
    path("help/<slug:topic>/", views.help_page, name="help-topic"),
    *manuals.urlpatterns,
    *services_pages.urlpatterns,
    *display.urlpatterns,
    path("", include("core.ratings.web")),
    *gallery.urlpatterns,
    path("events/", live.events, name="events"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-<slug:name>-<int:part>.xml", sitemap.section, name="sitemap-part"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("robots.txt", sitemap.robots, name="robots"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
