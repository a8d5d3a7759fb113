"""What was offered to be rated."""

from __future__ import annotations

from core.ratings.models import ServiceRating


def offered(service: str) -> list[tuple[int, int | None]]:
    """Who may rate whom for it, in the order of the organisations."""
    rows = ServiceRating.objects.filter(service=service).order_by("organisation_id")
    return list(rows.values_list("organisation_id", "provider_id"))
