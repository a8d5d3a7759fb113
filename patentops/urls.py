"""Every room's pages at the root, its API below /api/v1/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from core.api.description import DescriptionView
from patentops.metrics import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("core.access.codes")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("metrics", metrics, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/schema/", DescriptionView.as_view(), name="api-schema"),
    path("", include("allauth.idp.urls")),
    # The rooms, from the ground up.
    path("", include("core.web.urls")),
    path("", include("listings.web.urls")),
    path("", include("licensing.web.urls")),
    path("", include("pledges.web.urls")),
    path("", include("matching.web.urls")),
    path("", include("oversight.web.urls")),
    path("", include("interchange.web.urls")),
    path("api/v1/", include("core.access.api")),
    path("api/v1/", include("core.access.own_api")),
    path("api/v1/", include("core.privacy.api")),
    path("api/v1/", include("core.ratings.api")),
    path("api/v1/", include("listings.api.urls")),
    path("api/v1/", include("licensing.api.urls")),
    path("api/v1/", include("pledges.api.urls")),
    path("api/v1/", include("matching.api.urls")),
    path("api/v1/", include("oversight.api.urls")),
    path("api/v1/", include("interchange.api.urls")),
]

handler400 = "core.api.handlers.bad_request"
handler403 = "core.api.handlers.permission_denied"
handler404 = "core.api.handlers.not_found"
handler500 = "core.api.handlers.server_error"
