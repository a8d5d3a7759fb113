"""Versions of the terms of a deal 条款版本, and the contracts signed on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from licensing.models.deals import KINDS, SIDES, Deal
from licensing.models.plans import FeePlan
from licensing.rules import deals, fees, moves
from licensing.rules.deals import DealKind, Party, TermsStatus

CONTENT = (
    "deal", "version", "side", "kind", "territory", "modes", "field_of_use", "months",
    "sublicensing", "foreign", "plan", "remarks", "proposed_at", "proposed_by", "particulars",
)  # fmt: skip

SUMS = ", ".join(f"'{kind.value}'" for kind in sorted(fees.SUMS))
# At commit, since the patents of a version are written one after another.
NO_FEN_LOST = f"""
    IF (
        SELECT COUNT(*) FILTER (WHERE t.share IS NULL) > 0 OR SUM(t.share) IS DISTINCT FROM (
            SELECT COALESCE(SUM(p.amount), 0) FROM licensing_feepart p
            JOIN licensing_termsversion v ON v.plan_id = p.plan_id
            WHERE v.id = NEW.terms_id AND p.kind IN ({SUMS})
        )
        FROM licensing_termspatent t WHERE t.terms_id = NEW.terms_id AND t.side = 'holder'
    ) THEN
        RAISE EXCEPTION 'terms_shares_add_up: the shares do not add up to the price'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class TermsVersion(models.Model):
    """What one party proposed to the other; its words never change, a change is a new version."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=6, choices=SIDES)
    kind = models.CharField(max_length=16, choices=KINDS)
    territory = models.CharField(max_length=120, default="CN")
    modes = ArrayField(models.CharField(max_length=8))
    field_of_use = models.CharField(max_length=200, blank=True, default="")
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    sublicensing = models.BooleanField(default=False)
    foreign = models.BooleanField(default=False)
    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT, related_name="+")
    remarks = models.TextField(blank=True, default="", max_length=4000)
    particulars = models.JSONField(default=dict, db_default={}, blank=True)
    status = models.CharField(
        max_length=8,
        default=TermsStatus.PROPOSED.value,
        choices=[(s.value, deals.TERMS_LABELS[s]) for s in TermsStatus],
    )
    proposed_at = models.DateTimeField()
    proposed_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    answer_reason = models.TextField(blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = "条款版本"
        ordering: ClassVar = ["deal", "version"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["deal", "version"], name="terms_version_once"),
            UniqueConstraint(
                fields=["deal"], condition=Q(status="proposed"), name="one_open_proposal"
            ),
            UniqueConstraint(
                fields=["deal"], condition=Q(status="accepted"), name="one_accepted_version"
            ),
            CheckConstraint(
                condition=Q(status__in=[s.value for s in TermsStatus]), name="terms_status_known"
            ),
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in DealKind]), name="terms_kind_known"
            ),
            both_or_neither("answered_at", "answered_by", name="terms_answered_pair"),
            CheckConstraint(
                condition=Q(status="proposed") | Q(answered_at__isnull=False),
                name="terms_answered_whole",
            ),
            CheckConstraint(
                condition=~Q(status="refused") | ~Q(answer_reason=""),
                name="terms_refused_with_reason",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="terms_moves", field="status", transitions=moves.transitions(deals.TERMS_MOVES)
            ),
            pgtrigger.ReadOnly(name="terms_words_stand", fields=list(CONTENT)),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} 第 {self.version} 版"

    @property
    def status_label(self) -> str:
        """Where it stands, in words: not every version that fell away gave way to a newer one."""
        if self.status == TermsStatus.REPLACED:
            if self.answer_reason:  # it was accepted, and then taken up again
                return deals.REOPENED
            if self.answered_at == self.deal.closed_at:
                return deals.FELL_WITH_DEAL
        return self.get_status_display()

    def as_rule(self) -> deals.Terms:
        """The version as the rules read it. Prefetch `plan__parts` and `patents`."""
        return deals.Terms(
            kind=DealKind(self.kind),
            patents=tuple(i.patent_id for i in self.patents.all() if i.side == Party.HOLDER),
            counter=tuple(i.patent_id for i in self.patents.all() if i.side == Party.TAKER),
            parts=self.plan.terms(),
            territory=self.territory,
            modes=tuple(self.modes),
            field_of_use=self.field_of_use,
            months=self.months,
            sublicensing=self.sublicensing,
            foreign=self.foreign,
            remarks=self.remarks,
            particulars=self.particulars,
            shares=tuple(i.share for i in self.patents.all() if i.share is not None),
        )

    def lines(self, names: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
        """The version in words; `names` are those of the provinces by their codes."""
        named: dict[str, list[str]] = {party.value: [] for party in Party}
        for item in self.patents.all():
            named[item.side].append(f"{item.patent_number} {item.patent_title}")
        return deals.lines(
            self.as_rule(), patents=named[Party.HOLDER], counter=named[Party.TAKER], names=names
        )


class TermsPatent(models.Model):
    """A patent that a version is about."""

    terms = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="patents")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    side = models.CharField(
        max_length=6, choices=SIDES, default=Party.HOLDER.value, db_default=Party.HOLDER.value
    )
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    share = models.DecimalField(  # of the price, where a price for several is split
        "分摊金额", max_digits=18, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = "条款中的专利"
        ordering: ClassVar = ["terms", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["terms", "patent"], name="terms_patent_once"),
            CheckConstraint(
                condition=Q(side__in=[p.value for p in Party]), name="terms_patent_side_known"
            ),
            CheckConstraint(
                condition=Q(share__isnull=True) | Q(share__gte=0), name="terms_share_not_negative"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="terms_patent_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="terms_shares_add_up",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(new__share__isnull=False),
                func=NO_FEN_LOST,
            ),
        ]

    def __str__(self) -> str:
        return self.patent_number


class TermsFile(models.Model):
    """A file that belongs to a version."""

    terms = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="files")
    attachment = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "条款附件"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return str(self.attachment_id)


class SignedCopy(models.Model):
    """The contract as one party signed it; one found wanting stays, marked, and makes room."""

    terms = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="copies")
    side = models.CharField(max_length=6, choices=SIDES)
    attachment = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    uploaded_by = ActorKeyField()
    uploaded_user_id = models.BigIntegerField(null=True, blank=True)
    rejected_at = models.DateTimeField(null=True, blank=True)
    rejected_by = ActorKeyField(null=True, blank=True)
    rejected_reason = models.TextField(blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = "已签合同"
        ordering: ClassVar = ["uploaded_at", "id"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["terms", "side"],
                condition=Q(rejected_at__isnull=True),
                name="one_signed_copy_per_side",
            ),
            both_or_neither("rejected_at", "rejected_by", name="signed_copy_rejected_pair"),
            CheckConstraint(
                condition=Q(rejected_at__isnull=True) | ~Q(rejected_reason=""),
                name="signed_copy_rejected_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.terms_id} {self.side}"
