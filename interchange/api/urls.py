"""Addresses of this room's API."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from interchange.api import reports, views

app_name = "interchange-api"
router = SimpleRouter()
router.register("webhook-endpoints", views.EndpointViewSet, basename="webhook-endpoint")
router.register("webhook-deliveries", views.DeliveryViewSet, basename="webhook-delivery")
router.register("keys", views.KeyViewSet, basename="key")
urlpatterns = [
    path("changes/", views.ChangesView.as_view(), name="changes"),
    *reports.urlpatterns,
    path("", include(router.urls)),
]
