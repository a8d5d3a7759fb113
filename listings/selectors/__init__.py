"""What may be asked about patents, what binds them and their offers: the door for questions."""

from listings.selectors.cards import (
    card,
    cards,
    cards_by_number,
    find,
    holders,
    public_faces,
)
from listings.selectors.offering.portfolios import layers_by_organisation
from listings.selectors.ownership.inventing import inventors_of
from listings.selectors.register.barring import barred
from listings.selectors.register.history import timeline
from listings.selectors.register.legal import (
    annuity_of,
    can,
    can_many,
    encumbrance_for,
    encumbrances,
    encumbrances_of,
    is_taken,
    standing_of,
)
from listings.selectors.stock import (
    StockCounts,
    StockTodo,
    favourite_ids,
    favourites,
    inventory_item,
    is_favourite,
    listed_since,
    listing,
    live_listing,
    newest,
    portfolio,
    stock,
    stock_counts,
    stock_regions,
    stock_rows,
    stock_todo,
)
from listings.selectors.supply import supply, supply_ids, vectors

__all__ = [
    "StockCounts",
    "StockTodo",
    "annuity_of",
    "barred",
    "can",
    "can_many",
    "card",
    "cards",
    "cards_by_number",
    "encumbrance_for",
    "encumbrances",
    "encumbrances_of",
    "favourite_ids",
    "favourites",
    "find",
    "holders",
    "inventors_of",
    "inventory_item",
    "is_favourite",
    "is_taken",
    "layers_by_organisation",
    "listed_since",
    "listing",
    "live_listing",
    "newest",
    "portfolio",
    "public_faces",
    "standing_of",
    "stock",
    "stock_counts",
    "stock_regions",
    "stock_rows",
    "stock_todo",
    "supply",
    "supply_ids",
    "timeline",
    "vectors",
]
