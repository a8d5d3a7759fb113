"""Offers at the office: sheets, and a portfolio as the matrix that decides about them."""
