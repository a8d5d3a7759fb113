"""Pages of saved searches, exports and patents alike."""
