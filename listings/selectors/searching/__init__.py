"""Finding patents: words, meaning, filters, order, saved searches, exports, patents alike."""
