"""Whose a patent is, beside its register: who paid, works, consented, was granted."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from listings import types
from listings.models.choices import Consent
from listings.models.patents import Patent, sees_all
from listings.rules import consents, moves
from listings.rules.consents import ConsentStatus
from listings.rules.inventors import InventorRightKind
from listings.rules.working import WorkingKind

TEN_YEARS = timedelta(days=3652)


class FundingDeclaration(models.Model):
    """Whether public money paid for the invention 资助项目声明; a later one replaces it."""

    patent = models.ForeignKey(
        Patent, on_delete=models.PROTECT, related_name="funding_declarations"
    )
    is_funded = models.BooleanField("财政资助")
    funder = models.CharField("资助机构", max_length=120, blank=True, default="")
    project_number = models.CharField("项目编号", max_length=80, blank=True, default="")
    project_name = models.CharField("项目名称", max_length=200, blank=True, default="")
    declared_at = models.DateTimeField()
    declared_by = ActorKeyField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "资助项目声明"
        ordering: ClassVar = ["-declared_at", "-pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent"],
                condition=Q(replaced_at__isnull=True),
                name="one_funding_declaration",
            ),
            CheckConstraint(
                condition=(Q(is_funded=True) & ~Q(funder="") & ~Q(project_number=""))
                | Q(is_funded=False, funder="", project_number="", project_name=""),
                name="funding_named_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.funder} {self.project_number}" if self.is_funded else "无财政资助"


class Working(models.Model):
    """That a patent is worked 实施: by whom in what way, from when on, and who says so."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="workings")
    kind = models.CharField(
        "方式", max_length=12, choices=[(k.value, k.value) for k in WorkingKind]
    )
    since = models.DateField("起始日")
    note = models.CharField("说明", max_length=300, blank=True, default="")
    source = models.CharField("来源", max_length=20, default="office")
    reference = models.CharField("来源编号", max_length=80, blank=True, default="")
    stated_at = models.DateTimeField()
    stated_by = ActorKeyField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "实施记录"
        ordering: ClassVar = ["patent_id", "since", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent", "source", "reference"],
                condition=~Q(reference=""),
                name="working_told_once",
            ),
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in WorkingKind]), name="working_kind_known"
            ),
            both_or_neither("withdrawn_at", "withdrawn_by", name="working_withdrawn_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.kind}"


class UnworkedReason(models.Model):
    """Why a funded patent is not worked 未实施的正当理由; a later one replaces it."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="unworked_reasons")
    reason = models.CharField("理由", max_length=500)
    stated_at = models.DateTimeField()
    stated_by = ActorKeyField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "未实施理由"
        ordering: ClassVar = ["-stated_at", "-pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent"],
                condition=Q(replaced_at__isnull=True),
                name="one_unworked_reason",
            ),
            CheckConstraint(condition=~Q(reason=""), name="unworked_reason_said"),
        ]

    def __str__(self) -> str:
        return self.reason


class ConsentQuerySet(models.QuerySet["CoOwnerConsent"]):
    """Consents, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> ConsentQuerySet:
        """Those who ask and those who are asked; auditors see all."""
        if sees_all(actor):
            return self.all()
        return self.filter(
            Q(patent__organisation_id__in=actor.acts_for) | Q(organisation_id__in=actor.acts_for)
        )


class CoOwnerConsent(models.Model):
    """A co-owner's consent 共有人同意: who asked when, and what was answered.

    One without `organisation` was given on paper and noted by the patent's keeper.
    """

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="consents")
    holder_name = models.CharField("共有人", max_length=200)
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ConsentStatus],
        default=ConsentStatus.ASKED,
    )
    asked_scope = models.CharField("征求的范围", max_length=4, choices=Consent)
    given_scope = models.CharField(
        "同意的范围", max_length=4, choices=Consent, default=types.Consent.NONE
    )
    message = models.CharField("说明", max_length=500, blank=True, default="")
    answer = models.CharField("答复", max_length=500, blank=True, default="")
    proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    asked_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)
    ended_because = models.CharField(max_length=300, blank=True, default="")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = "共有人同意"
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent", "organisation"],
                condition=Q(status=ConsentStatus.ASKED),
                name="one_open_consent",
            ),
            CheckConstraint(
                condition=Q(asked_scope__in=[types.Consent.OPEN, types.Consent.ALL]),
                name="consent_asks_for_something",
            ),
            CheckConstraint(
                condition=Q(
                    status__in=[ConsentStatus.AGREED, ConsentStatus.WITHDRAWN],
                    given_scope__in=[types.Consent.OPEN, types.Consent.ALL],
                )
                | Q(
                    status__in=[
                        ConsentStatus.ASKED,
                        ConsentStatus.REFUSED,
                        ConsentStatus.CANCELLED,
                    ],
                    given_scope=types.Consent.NONE,
                ),
                name="consent_agreed_says_to_what",
            ),
            CheckConstraint(
                condition=Q(
                    status__in=[ConsentStatus.ASKED, ConsentStatus.CANCELLED],
                    answered_at__isnull=True,
                )
                | Q(
                    status__in=[
                        ConsentStatus.AGREED,
                        ConsentStatus.REFUSED,
                        ConsentStatus.WITHDRAWN,
                    ],
                    answered_at__isnull=False,
                ),
                name="consent_answered_when",
            ),
            both_or_neither("answered_at", "answered_by", name="consent_answered_pair"),
            both_or_neither("ended_at", "ended_by", name="consent_ended_pair"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="consent_moves",
                field="status",
                transitions=moves.pairs(consents.CONSENT_MOVES),
            )
        ]

    def __str__(self) -> str:
        return f"{self.holder_name} {self.status}"

    def governed_by(self) -> Governance:
        """The one who is asked answers."""
        ids = () if self.organisation_id is None else (self.organisation_id,)
        return Governance(organisations=frozenset(ids))


class InventorRight(models.Model):
    """What was granted to inventors 赋权: a share, or use for a long time."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="inventor_rights")
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in InventorRightKind])
    inventors = ArrayField(models.CharField(max_length=60), verbose_name="发明人")
    share = models.DecimalField("份额", max_digits=5, decimal_places=2, null=True, blank=True)
    starts_on = models.DateField("起始日")
    ends_on = models.DateField("截止日", null=True, blank=True)
    consent = models.CharField("发明人同意", max_length=4, choices=Consent, default=Consent.NONE)
    agreement = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField("说明", max_length=300, blank=True, default="")
    granted_at = models.DateTimeField()
    granted_by = ActorKeyField()
    ended_on = models.DateField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)
    ended_because = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "发明人赋权"
        ordering: ClassVar = ["patent_id", "starts_on", "pk"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in InventorRightKind]),
                name="inventor_right_kind_known",
            ),
            CheckConstraint(condition=~Q(inventors__len=0), name="inventor_right_has_inventors"),
            CheckConstraint(
                condition=Q(kind=InventorRightKind.OWNERSHIP, share__gt=0, share__lt=100)
                | Q(kind=InventorRightKind.USE, share__isnull=True),
                name="inventor_share_of_ownership_only",
            ),
            CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(kind=InventorRightKind.USE, ends_on__gte=F("starts_on") + TEN_YEARS),
                name="inventor_use_ten_years",
            ),
            CheckConstraint(condition=Q(consent__in=Consent.values), name="inventor_consent_known"),
            both_or_neither("ended_on", "ended_by", name="inventor_right_ended_pair"),
        ]

    def __str__(self) -> str:
        return f"{'、'.join(self.inventors)} {self.kind}"
