"""Addresses of licensing's API."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from licensing.api import (
    case_files,
    claims,
    conduct,
    credits,
    deal_endings,
    deals,
    disputes,
    endings,
    equity,
    income,
    outcome_handling,
    plans,
    pool_royalties,
    pools,
    pricing,
    registrations,
    royalties,
    settlement_sums,
    views,
)

app_name = "licensing-api"
router = SimpleRouter()
router.register("open-declarations", views.DeclarationViewSet, basename="open-declaration")
router.register("licences", views.LicenceViewSet, basename="licence")
router.register("outcomes", views.OutcomeViewSet, basename="outcome")
router.register("royalty-reports", royalties.RoyaltyReportViewSet, basename="royalty-report")
router.register("renewals", endings.RenewalViewSet, basename="renewal")
router.register("terminations", endings.TerminationViewSet, basename="termination")
router.register("settlement-sums", settlement_sums.SettlementSumViewSet, basename="settlement-sum")
router.register(
    "settlement-offsets", settlement_sums.SettlementOffsetViewSet, basename="settlement-offset"
)
router.register("deal-endings", deal_endings.DealEndingViewSet, basename="deal-ending")
router.register("milestone-claims", claims.MilestoneClaimViewSet, basename="milestone-claim")
router.register("pools", pools.PoolViewSet, basename="pool")
router.register("pool-entries", pools.PoolEntryViewSet, basename="pool-entry")
router.register(
    "pool-royalty-reports", pool_royalties.PoolRoyaltyReportViewSet, basename="pool-royalty-report"
)
router.register("pool-licences", pools.PoolLicenceViewSet, basename="pool-licence")
urlpatterns = [
    *royalties.urlpatterns,
    *pool_royalties.urlpatterns,
    *plans.urlpatterns,
    *credits.urlpatterns,
    *pricing.urlpatterns,
    *case_files.urlpatterns,
    *equity.urlpatterns,
    *income.urlpatterns,
    *registrations.urlpatterns,
    *outcome_handling.urlpatterns,
    *endings.urlpatterns,
    *disputes.urlpatterns,
    *conduct.urlpatterns,
    path("", include(router.urls)),
    *deals.urlpatterns,
]
