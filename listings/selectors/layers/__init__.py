"""A patent's potential, its layer, and what is done for it there."""
