"""Ratings of finished services 好差评: given once, and answered where they are low."""
