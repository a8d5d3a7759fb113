"""Legal events and what binds a patent: both are history, never rewritten."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    DateRangeField,
    IntegerRangeField,
    RangeOperators,
)
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from listings import types
from listings.models.choices import EncumbranceKind
from listings.models.patents import Patent


class LegalEvent(models.Model):
    """One legal event 法律状态事件 of the gazette. It is added, never changed, never deleted."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="events")
    code = models.CharField("事件代码", max_length=6)
    occurred_on = models.DateField("生效日")
    reference = models.CharField("登记号", max_length=40, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)
    source = models.CharField("来源", max_length=80, default="gazette")
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    class Meta:
        verbose_name = "法律状态事件"
        ordering: ClassVar = ["occurred_on", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent", "code", "occurred_on", "reference"], name="legal_event_once"
            ),
            CheckConstraint(
                condition=Q(code__regex=r"^[A-Z]{2}[0-9]{2}$"), name="legal_event_code_shape"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="legal_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.occurred_on}"


# Commands lock the patent before they ask what binds it. Whoever writes past them would otherwise
# meet rivals inside the constraint, where each waits for the other until PostgreSQL ends one
# of them after a second: a deadlock for what is a plain refusal.
ONE_BY_ONE = """
    PERFORM 1 FROM listings_patent WHERE id = NEW.patent_id FOR NO KEY UPDATE;
    RETURN NEW;
"""


class Encumbrance(models.Model):
    """The one table of what binds a patent: licences, declarations, pledges, preservations.

    `cells` are the territory × mode squares it covers, `slots` the seats it takes there, `term`
    the days it runs: where all three meet, the database refuses the second row.
    """

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="encumbrances")
    kind = models.CharField(max_length=20, choices=EncumbranceKind)
    territory = models.CharField("地域", max_length=120, default=types.WHOLE_COUNTRY)
    modes = ArrayField(models.CharField(max_length=8))
    cells = ArrayField(models.IntegerField())
    slots = IntegerRangeField()
    term = DateRangeField()
    source = models.CharField("来源", max_length=80)
    reference = models.CharField("来源编号", max_length=80, blank=True, default="")
    exception = models.CharField("适用例外", max_length=20, blank=True, default="")
    party = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    consents = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    consent_reference = models.CharField("质权人同意书", max_length=120, blank=True, default="")
    confirmed_by_event = models.ForeignKey(
        LegalEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The register's own number of it 登记号/备案号, where known: what a gazette event names it by.
    register_number = models.CharField(
        "登记号", max_length=40, blank=True, default="", db_default=""
    )
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = ActorKeyField(null=True, blank=True)
    released_because = models.CharField("解除原因", max_length=200, blank=True, default="")
    # Where the register ended it: by which event, and the term it would have without.
    released_by_event = models.ForeignKey(
        LegalEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed_term = DateRangeField(null=True, blank=True)

    class Meta:
        verbose_name = "权利负担"
        constraints: ClassVar = [
            ExclusionConstraint(
                name="encumbrance_no_overlap",
                expressions=[
                    ("patent", RangeOperators.EQUAL),
                    (OpClass("cells", name="gist__intbig_ops"), RangeOperators.OVERLAPS),
                    ("slots", RangeOperators.OVERLAPS),
                    ("term", RangeOperators.OVERLAPS),
                ],
                condition=Q(active=True),
            ),
            CheckConstraint(
                condition=Q(kind__in=EncumbranceKind.values), name="encumbrance_kind_known"
            ),
            CheckConstraint(
                condition=~Q(cells__len=0) & ~Q(modes__len=0), name="encumbrance_covers_something"
            ),
            CheckConstraint(condition=Q(slots__isempty=False), name="encumbrance_takes_a_seat"),
            CheckConstraint(
                condition=Q(active=True, term__isempty=False) | Q(active=False),
                name="encumbrance_active_runs",
            ),
            CheckConstraint(
                condition=Q(active=True) | Q(released_at__isnull=False),
                name="encumbrance_inactive_is_released",
            ),
            both_or_neither("released_at", "released_by", name="encumbrance_released_pair"),
            both_or_neither(
                "released_by_event", "agreed_term", name="encumbrance_register_ended_pair"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patent", "kind"], name="encumbrance_patent"),
            models.Index(fields=["source", "reference"], name="encumbrance_reference"),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="encumbrance_one_by_one",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=ONE_BY_ONE,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
