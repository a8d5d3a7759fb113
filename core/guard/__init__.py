"""Against strangers: how often one may ask, and what browsers say they have refused."""
