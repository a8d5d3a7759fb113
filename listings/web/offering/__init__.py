"""Pages of offer sheets, and of the portfolio that decides about them."""
