"""Every room's pages at the root, its API below /api/v1/."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("allauth.idp.urls")),
]


def _has(module: str) -> bool:
    """Is there such a module yet? (An error inside it still surfaces, on import.)"""
    package, _, _ = module.rpartition(".")
    return bool(find_spec(package.partition(".")[0]) and _package(package) and find_spec(module))


def _package(name: str) -> bool:
    parent, _, _ = name.rpartition(".")
    return bool((not parent or _package(parent)) and find_spec(name))


for room in settings.ROOMS:
    if _has(f"{room}.web.urls"):
        urlpatterns.append(path("", include(f"{room}.web.urls")))
    if _has(f"{room}.api.urls"):
        urlpatterns.append(path("api/v1/", include(f"{room}.api.urls")))
