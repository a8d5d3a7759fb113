"""Addresses of the open platform."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from interchange.web import views

app_name = "interchange"
docs = SpectacularSwaggerSplitView.as_view(
    url_name="api-schema", template_name="interchange/docs.html"
)
endpoint: list[URLPattern | URLResolver] = [
    path("", views.endpoint, name="endpoint"),
    path("test/", views.test_endpoint, name="test-endpoint"),
    path("rotate/", views.rotate_secret, name="rotate-secret"),
    path("remove/", views.remove_endpoint, name="remove-endpoint"),
]
console: list[URLPattern | URLResolver] = [
    path("", views.console, name="console"),
    path("keys/", views.issue_key, name="issue-key"),
    path("keys/<int:credential_id>/revoke/", views.revoke_key, name="revoke-key"),
    path("endpoints/", views.add_endpoint, name="add-endpoint"),
    path("endpoints/<int:endpoint_id>/", include(endpoint)),
    path("deliveries/<int:delivery_id>/replay/", views.replay, name="replay"),
]
urlpatterns = [
    path("open-platform/", views.about, name="about"),
    path("open-platform/docs/", docs, name="docs"),
    path("open-platform/console/", include(console)),
]
