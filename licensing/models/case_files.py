"""Case files 尽职免责案卷: who decided what on a patent, when, on what grounds; never changed."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q

from core.db import ActorKeyField
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.deals import Deal
from licensing.models.documents import Document


class CaseFileQuerySet(models.QuerySet["CaseFile"]):
    """Who sees which case files."""

    def visible_to(self, viewer: Actor) -> CaseFileQuerySet:
        """The institution's own office, the bureau of its region, and auditors: nobody else."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        seen = Q(pk__in=[])
        if viewer.has(Role.OFFICE) and viewer.organisation_id is not None:
            seen |= Q(organisation_id=viewer.organisation_id)
        if viewer.has(Role.BUREAU):
            seen |= Q(region__startswith=viewer.region)
        return self.filter(seen)


class CaseFile(models.Model):
    """What the platform knew on one day of the decisions on a patent, or on one deal."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    region = models.CharField(max_length=6, blank=True, default="")
    number = models.CharField("案卷编号", max_length=40, unique=True)
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, null=True, related_name="+")
    entries = models.JSONField()
    entries_hash = models.CharField(max_length=64)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")
    built_at = models.DateTimeField()
    built_by = ActorKeyField()

    objects = CaseFileQuerySet.as_manager()

    class Meta:
        verbose_name = "尽职免责案卷"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(entries_hash__regex=r"^[0-9a-f]{64}$"), name="case_file_hash_shape"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="case_file_organisation")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="case_file_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def governed_by(self) -> Governance:
        """The institution's, and its bureau's to read and to build."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)
