"""Addresses of the pledges' API."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from pledges.api import views

app_name = "pledges-api"
router = SimpleRouter()
router.register("pledges", views.PledgeViewSet, basename="pledge")
urlpatterns = [
    path("pledge-check/", views.PledgeCheckView.as_view(), name="pledge-check"),
    path("", include(router.urls)),
]
