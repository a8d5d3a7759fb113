"""Which of many patents an act may not be done with today: for lists that offer it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.days import legal_day
from listings.models import Encumbrance, Holder, Patent
from listings.selectors.register.legal import can_many
from listings.types import Action, EncumbranceKind, PatentStatus, hard

HARMLESS = (EncumbranceKind.OPEN_DECLARATION, EncumbranceKind.ORDINARY)


def barred(action: Action, *, among: QuerySet[Any], at: datetime) -> list[int]:
    """Those of these patents that something stands against, in six queries.

    `among` gives their ids. The rules are asked only where there is anything to ask about; most
    patents on offer are in force, paid for and unbound.
    """
    bonds = Encumbrance.objects.filter(patent=OuterRef("pk"), active=True)
    held = Holder.objects.filter(patent=OuterRef("pk"), organisation=OuterRef("organisation"))
    doubtful = (
        ~Q(status=PatentStatus.GRANTED)
        | Q(annuity_paid_to=None)
        | Q(annuity_paid_to__lt=legal_day(at))
        | Q(expires_on__lte=legal_day(at))
        | Exists(bonds.exclude(kind__in=HARMLESS))
        | ~Exists(held)
    )
    rows = Patent.objects.kept().filter(doubtful, pk__in=among)
    found = can_many(rows.values_list("pk", flat=True), action, at=at)
    return sorted(pk for pk, blockers in found.items() if hard(blockers))
