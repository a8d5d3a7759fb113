"""Whose a patent is: co-owners' consent, funding and working, which are not worked."""
