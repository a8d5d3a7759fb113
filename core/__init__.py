"""The ground floor: organisations, users, permissions, audit trail, outbox, notices, errors."""
