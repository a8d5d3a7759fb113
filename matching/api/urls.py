"""Addresses of matching's API."""

from rest_framework.routers import SimpleRouter

from matching.api import (
    engines,
    explaining,
    gatherings,
    implicit,
    need_imports,
    pushes,
    refining,
    running,
    shortlists,
    teams,
    views,
    wanting,
)

app_name = "matching-api"
router = SimpleRouter()
router.register("needs", views.NeedViewSet, basename="need")
router.register("need-imports", need_imports.NeedImportViewSet, basename="need-import")
router.register("mandates", refining.MandateViewSet, basename="mandate")
router.register("need-revisions", refining.NeedRevisionViewSet, basename="need-revision")
router.register("subscriptions", views.SubscriptionViewSet, basename="subscription")
router.register("matches", views.MatchViewSet, basename="match")
router.register("evaluations", views.EvaluationViewSet, basename="evaluation")
router.register("match-opt-outs", views.OptOutViewSet, basename="opt-out")
router.register("match-runs", running.MatchRunViewSet, basename="match-run")
urlpatterns = [
    *engines.urlpatterns,
    *explaining.urlpatterns,
    *gatherings.urlpatterns,
    *implicit.urlpatterns,
    *pushes.urlpatterns,
    *shortlists.urlpatterns,
    *teams.urlpatterns,
    *wanting.urlpatterns,
    *router.urls,
]
