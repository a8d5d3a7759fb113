"""Fields that refuse what Python's own types cannot hold."""

from __future__ import annotations

from datetime import datetime

from rest_framework import serializers


class MomentField(serializers.DateTimeField):
    """A date and time; one at the edge of the calendar, which no other zone can say, is refused."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """The moment in the current zone."""
        try:
            return super().enforce_timezone(value)
        except OverflowError:
            self.fail("overflow")
