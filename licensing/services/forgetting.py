"""Texts of this room in which a person may stand who asked to be forgotten (PIPL art. 47).

Contracts, what was said on the way to them, and what was paid stay (docs/security/personal.toml).
"""

from __future__ import annotations

from core.privacy import rules
from core.privacy import services as privacy
from core.privacy.forgetting import Texts
from licensing.models import OutcomeImport, OutcomeImportRow

FORGET = "licensing.forget"

PLACES = [
    Texts(OutcomeImport, ("file_name",), rules.everywhere, authors=("checked_by",)),
    Texts(
        OutcomeImportRow,
        ("values", "cells", "remarks"),
        rules.everywhere,
        organisation="batch__organisation_id",
    ),
]


def forget(*, erasure_id: int) -> None:
    """Take the person out of uploaded lists."""
    privacy.forget_in(FORGET, PLACES, erasure_id=erasure_id)
