"""Whose a patent is: co-owners and their consent, who paid, who works it, inventors' rights."""
