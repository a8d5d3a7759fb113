"""Addresses of this room's API."""

from __future__ import annotations

from django.urls import path

from oversight.api import views

app_name = "oversight-api"
urlpatterns = [
    path("metrics/", views.MetricsView.as_view(), name="metrics"),
    path("metrics/<slug:code>/", views.MetricRowsView.as_view(), name="metric-rows"),
]
