"""Texts of this room in which a person may stand who asked to be forgotten (PIPL art. 47)."""

from __future__ import annotations

from datetime import datetime

from core.people.types import Actor
from core.privacy import rules
from core.privacy import services as privacy
from core.privacy.forgetting import Texts
from matching.models import (
    DemandProfile,
    Evaluation,
    Gathering,
    GatheringResult,
    Meeting,
    Need,
    NeedImportRow,
    NeedRevision,
    Shortlist,
    ShortlistItem,
    SignUp,
    Subscription,
)
from matching.services.runs import note

FORGET = "matching.forget"

PLACES = [
    Texts(
        Need,
        ("title", "situation", "problem", "targets", "tried", "limits", "metrics", "ending_note"),
        organisation="organisation_id",
        authors=("created_by", "opened_by", "ended_by"),
    ),
    Texts(
        NeedRevision,
        ("before", "content", "note", "reason"),
        organisation="need__organisation_id",
        authors=("proposed_by", "decided_by"),
    ),
    Texts(
        NeedImportRow,
        ("title", "values", "cells"),
        rules.everywhere,
        organisation="batch__organisation_id",
    ),
    Texts(Subscription, ("name", "text", "keywords"), organisation="organisation_id"),
    Texts(DemandProfile, ("products",), organisation="organisation_id"),
    Texts(
        Evaluation,
        ("improvement", "cooperation"),
        organisation="lead__organisation_id",
        authors=("rated_by",),
    ),
    Texts(Shortlist, ("note", "because"), organisation="sender_id", authors=("created_by",)),
    Texts(ShortlistItem, ("reason",), organisation="shortlist__sender_id", authors=("rated_by",)),
    Texts(SignUp, ("attendees",), rules.everywhere, "organisation_id"),
    Texts(Gathering, ("summary", "place", "because"), organisation="organisation_id"),
    Texts(Meeting, ("topic",), organisation="asker_id"),
    Texts(GatheringResult, ("note",), authors=("noted_by",)),
]


def forget(*, erasure_id: int, now: datetime) -> None:
    """Take the person out; what is matched by its text is matched by the new text."""
    changes = privacy.forget_in(FORGET, PLACES, erasure_id=erasure_id)
    kinds = {Need: "need", Subscription: "subscription"}
    items = sorted({(kinds[type(c.row)], c.row.pk) for c in changes if type(c.row) in kinds})
    if items:
        note(items=items, by=Actor.system(), now=now)
