"""Selling with the price in the open: auctions, postings of agreed prices, objections to either."""
