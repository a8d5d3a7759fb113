"""Auctions and postings of agreed prices, as bidders, holders and the public see them."""
