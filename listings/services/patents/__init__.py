"""A patent's record: registered, corrected, claimed by another office."""
