"""Addresses of the bureau's pages."""

from __future__ import annotations

from django.urls import path

from oversight.web import layers, views

app_name = "oversight"
urlpatterns = [
    path("oversight/", views.dashboard, name="dashboard"),
    path("oversight/layers/", layers.layers, name="layers"),
    path("oversight/metrics/<slug:code>/", views.metric, name="metric"),
    path("oversight/metrics/<slug:code>/export.csv", views.export, name="export"),
]
