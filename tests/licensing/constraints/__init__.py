"""Broken rows of licensing's tables, by topic; `test_constraints` meets every one of them."""
