"""Template tags and filters that every room's pages share."""
