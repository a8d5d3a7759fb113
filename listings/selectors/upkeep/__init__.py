"""Keeping patents alive: what falls due when, what it costs, what was paid."""
