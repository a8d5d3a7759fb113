"""Addresses of this room's pages."""

from django.urls import path

from listings.web import claims, events, layers, library, promotion, public
from listings.web.disclosures import pages as disclosures
from listings.web.drives import running as drives
from listings.web.drives import tasks as drive_tasks
from listings.web.importing import absences, imports, steps
from listings.web.offering import portfolio, sheet_papers, sheets
from listings.web.ownership import candidates, consents, inventing, rights
from listings.web.searching import exports, searches, similar
from listings.web.shelves import bundles, collections, promotion_lists
from listings.web.trading import auctions, library_auctions, posting_papers, price_postings
from listings.web.upkeep import annuities, one_patent

app_name = "listings"
urlpatterns = [
    path("patents/", public.board, name="board"),
    path("patents/<int:pk>/", public.patent, name="patent"),
    path("patents/<int:pk>/favourite/", public.favourite, name="favourite"),
    path("favourites/", public.favourites, name="favourites"),
    path("library/", library.library, name="library"),
    path("library/patents/new/", library.new_patent, name="patent-new"),
    path("library/patents/<int:pk>/", library.patent, name="library-patent"),
    path("library/patents/<int:pk>/edit/", library.edit_patent, name="patent-edit"),
    path("library/patents/<int:pk>/holders/", library.edit_holders, name="holders-edit"),
    path("library/patents/<int:pk>/events/", library.new_event, name="event-new"),
    *events.urlpatterns,
    *sheets.urlpatterns,
    *sheet_papers.urlpatterns,
    *disclosures.urlpatterns,
    path("library/patents/<int:pk>/offer/<slug:move>/", library.move_listing, name="listing-move"),
    path("library/patents/<int:pk>/stock/<slug:move>/", library.move_item, name="stock-move"),
    path("library/imports/", imports.imports, name="imports"),
    path("library/imports/new/", imports.upload, name="import-new"),
    path("library/imports/template/", imports.template, name="import-template"),
    path("library/imports/<int:pk>/", imports.batch, name="import"),
    path("library/imports/<int:pk>/columns/", imports.choose_columns, name="import-columns"),
    *steps.urlpatterns,
    *claims.urlpatterns,
    *absences.urlpatterns,
    path("library/imports/<int:pk>/rows-to-mend/", imports.to_mend, name="import-to-mend"),
    *drives.urlpatterns,
    *drive_tasks.urlpatterns,
    *exports.urlpatterns,
    *searches.urlpatterns,
    *auctions.urlpatterns,
    *collections.urlpatterns,
    *bundles.urlpatterns,
    *promotion_lists.urlpatterns,
    *library_auctions.urlpatterns,
    *annuities.urlpatterns,
    *one_patent.urlpatterns,
    *candidates.urlpatterns,
    *consents.urlpatterns,
    *rights.urlpatterns,
    *inventing.urlpatterns,
    *similar.urlpatterns,
    *layers.urlpatterns,
    *promotion.urlpatterns,
    *price_postings.urlpatterns,
    *posting_papers.urlpatterns,
    *portfolio.urlpatterns,
]
