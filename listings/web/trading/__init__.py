"""Pages of auctions, price postings and objections."""
