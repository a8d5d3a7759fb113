"""Addresses of matching's pages."""

from django.urls import path

from matching.web import (
    engines,
    explaining,
    fitting,
    funnel,
    gatherings,
    implicit,
    matches,
    need_imports,
    need_writing,
    needs,
    pushes,
    refining,
    running,
    subscriptions,
)

app_name = "matching"
urlpatterns = [
    *engines.urlpatterns,
    *explaining.urlpatterns,
    *funnel.urlpatterns,
    *gatherings.urlpatterns,
    *pushes.urlpatterns,
    *running.urlpatterns,
    path("needs/", needs.board, name="needs"),
    path("needs/mine/", needs.mine, name="needs-mine"),
    path("needs/fitting/", fitting.fitting, name="needs-fitting"),
    path("needs/<int:pk>/", needs.detail, name="need"),
    *need_writing.urlpatterns,
    *need_imports.urlpatterns,
    *refining.urlpatterns,
    *implicit.urlpatterns,
    path("needs/<int:pk>/matches/", needs.need_matches, name="need-matches"),
    path("needs/<int:pk>/<slug:move>/", needs.move, name="need-move"),
    path("matches/", matches.today, name="matches"),
    path("matches/compare/", matches.compare, name="compare"),
    path("matches/received/", matches.received, name="received"),
    path("matches/opt-outs/", matches.opt_outs, name="opt-outs"),
    path("matches/opt-outs/<int:pk>/lift/", matches.lift, name="opt-out-lift"),
    path("matches/<int:pk>/", matches.match, name="match"),
    path("matches/<int:pk>/rate/", matches.rate, name="rate"),
    path("matches/<int:pk>/opt-out/", matches.opt_out, name="opt-out"),
    path("subscriptions/", subscriptions.index, name="subscriptions"),
    path("subscriptions/new/", subscriptions.new, name="subscription-new"),
    path("subscriptions/<int:pk>/", subscriptions.detail, name="subscription"),
    path("subscriptions/<int:pk>/edit/", subscriptions.edit, name="subscription-edit"),
    path("subscriptions/<int:pk>/<slug:move>/", subscriptions.move, name="subscription-move"),
]
