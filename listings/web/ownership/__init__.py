"""Pages of consents, funding, working and inventors' rights."""
