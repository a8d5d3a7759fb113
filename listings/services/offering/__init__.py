"""Offering patents: an offer's life on the board, its sheet and versions, whole stocks at once."""
