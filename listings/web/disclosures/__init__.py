"""Disclosures: the inventor's and the office's pages. Everybody else finds nothing here."""
