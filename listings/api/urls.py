"""Addresses of this room's API."""

from rest_framework.routers import SimpleRouter

from listings.api import (
    annuities,
    auctions,
    candidates,
    claims,
    consents,
    disclosures,
    drives,
    events,
    exports,
    inventing,
    layers,
    ownership,
    portfolio,
    postings,
    promotions,
    searches,
    services,
    sheets,
    shelves,
    views,
)

app_name = "listings-api"
router = SimpleRouter()
router.register("listings", views.ListingViewSet, basename="listing")
router.register("patents", views.PatentViewSet, basename="patent")
router.register("imports", views.ImportViewSet, basename="import")
router.register("claims", claims.ClaimViewSet, basename="claim")
router.register("favourites", views.FavouriteViewSet, basename="favourite")
urlpatterns = [
    *router.urls,
    *events.urlpatterns,
    *drives.urlpatterns,
    *exports.urlpatterns,
    *searches.urlpatterns,
    *auctions.urlpatterns,
    *annuities.urlpatterns,
    *candidates.urlpatterns,
    *layers.urlpatterns,
    *shelves.urlpatterns,
    *sheets.urlpatterns,
    *disclosures.urlpatterns,
    *portfolio.urlpatterns,
    *consents.urlpatterns,
    *inventing.urlpatterns,
    *ownership.urlpatterns,
    *postings.urlpatterns,
    *services.urlpatterns,
    *promotions.urlpatterns,
]
