"""What pledges store, and what they can never store."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Upper

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.types import Action
from pledges import rules

_S = rules.PledgeStatus


class PledgeQuerySet(models.QuerySet["Pledge"]):
    """Who sees which pledges."""

    def visible_to(self, viewer: Actor) -> PledgeQuerySet:
        """The pledgee, the pledgor, the bureau of the region, and auditors."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        seen = Q(pledgee_id__in=viewer.acts_for) | Q(pledgor_id__in=viewer.acts_for)
        if viewer.has(Role.BUREAU):
            seen |= Q(region__startswith=viewer.region)
        return self.filter(seen)


class Pledge(models.Model):
    """A registered pledge 质押 of one or more patents for a debt."""

    pledgee = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    pledgor = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    debtor_name = models.CharField("债务人", max_length=200)
    principal = models.DecimalField("担保债权金额（元）", max_digits=18, decimal_places=2)
    starts_on = models.DateField("债务起始日")
    ends_on = models.DateField("债务到期日")
    register_number = models.CharField("质押登记号", max_length=rules.LONGEST_NUMBER)
    registered_on = models.DateField("登记日")
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    status = models.CharField(
        "状态",
        max_length=12,
        default=_S.REGISTERED.value,
        choices=[(s.value, rules.STATUS_LABELS[s]) for s in _S],
    )
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()
    released_on = models.DateField("注销日", null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = ActorKeyField(null=True, blank=True)
    ending = models.CharField(
        "注销原因",
        max_length=16,
        blank=True,
        default="",
        choices=[(e.value, rules.ENDING_LABELS[e]) for e in rules.Ending],
    )

    objects = PledgeQuerySet.as_manager()

    class Meta:
        verbose_name = "质押"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(status__in=[s.value for s in _S]), name="pledge_status_known"
            ),
            CheckConstraint(condition=Q(principal__gt=0), name="pledge_principal_positive"),
            CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="pledge_term_forward"),
            CheckConstraint(condition=~Q(pledgee=F("pledgor")), name="pledge_two_parties"),
            CheckConstraint(condition=~Q(register_number=""), name="pledge_has_number"),
            UniqueConstraint(Upper("register_number"), name="pledge_number_once"),
            both_or_neither("released_at", "released_by", name="pledge_released_pair"),
            CheckConstraint(
                condition=(
                    Q(status=_S.REGISTERED, released_at__isnull=True, released_on__isnull=True)
                    & Q(ending="")
                )
                | (
                    Q(status=_S.RELEASED, released_at__isnull=False, released_on__isnull=False)
                    & ~Q(ending="")
                ),
                name="pledge_released_whole",
            ),
            CheckConstraint(
                condition=Q(released_on__isnull=True) | Q(released_on__gte=F("registered_on")),
                name="pledge_released_after_registration",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["pledgee", "-id"], name="pledge_pledgee"),
            models.Index(fields=["pledgor", "-id"], name="pledge_pledgor"),
            models.Index(fields=["registered_on", "id"], name="pledge_registered"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="pledge_moves", field="status", transitions=rules.transitions()),
        ]

    def __str__(self) -> str:
        return self.register_number

    def governed_by(self) -> Governance:
        """The pledgee records, consents and releases; the pledgor reads."""
        return Governance(organisations=frozenset({self.pledgee_id}), region=self.region)


class PledgeItem(models.Model):
    """One patent under a pledge."""

    pledge = models.ForeignKey(Pledge, on_delete=models.PROTECT, related_name="items")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    encumbrance = models.OneToOneField(
        "listings.Encumbrance", on_delete=models.PROTECT, related_name="+"
    )
    # The conditional grounds for refusal that the parties accepted knowingly.
    confirmed = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        verbose_name = "质押专利"
        ordering: ClassVar = ["pledge", "id"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["pledge", "patent"], name="pledge_item_once"),
        ]

    def __str__(self) -> str:
        return self.patent_number


class PledgeeConsent(models.Model):
    """The pledgee's written agreement 质权人同意书 to one act with a pledged patent (CC444)."""

    item = models.ForeignKey(PledgeItem, on_delete=models.PROTECT, related_name="agreements")
    action = models.CharField("同意的事项", max_length=20)
    reference = models.CharField("同意书编号", max_length=120)
    given_at = models.DateTimeField()
    given_by = ActorKeyField()

    class Meta:
        verbose_name = "质权人同意"
        ordering: ClassVar = ["given_at", "id"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["item", "action"], name="pledgee_consent_once"),
            CheckConstraint(
                condition=Q(action__in=[a.value for a in Action if a is not Action.PLEDGE]),
                name="pledgee_consent_action_known",
            ),
            CheckConstraint(condition=~Q(reference=""), name="pledgee_consent_referenced"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pledgee_consent_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.reference}"
