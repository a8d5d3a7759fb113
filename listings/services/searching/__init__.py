"""Being found: what search reads of a patent, saved searches and their news, exports."""
