"""Addresses of the ground floor's API."""

from __future__ import annotations

from core.api import ratings

app_name = "core-api"
urlpatterns = [*ratings.urlpatterns]
