"""What may happen to a patent: plain Python, no Django, no clock."""
