"""Disclosed inventions: confidential between the inventor and the office of the same house."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.patents import Patent
from listings.rules import disclosures, moves, verdicts

Status = disclosures.DisclosureStatus


class DisclosureStatus(models.TextChoices):
    DRAFT = Status.DRAFT.value, "草稿"
    SUBMITTED = Status.SUBMITTED.value, "待受理"
    EVALUATING = Status.EVALUATING.value, "评估中"
    DECIDED = Status.DECIDED.value, "已决定"
    FILED = Status.FILED.value, "已提交申请"
    WITHDRAWN = Status.WITHDRAWN.value, "已撤回"


class DisclosureDecision(models.TextChoices):
    FILE = disclosures.Decision.FILE.value, verdicts.ROUTE_WORDS[disclosures.Decision.FILE]
    SECRET = disclosures.Decision.SECRET.value, verdicts.ROUTE_WORDS[disclosures.Decision.SECRET]
    PUBLISH = disclosures.Decision.PUBLISH.value, verdicts.ROUTE_WORDS[disclosures.Decision.PUBLISH]
    DECLINE = disclosures.Decision.DECLINE.value, verdicts.ROUTE_WORDS[disclosures.Decision.DECLINE]


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    """Rows of disclosures, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> DisclosureQuerySet:
        """The inventor sees their own, the office of the same house what was handed in; nobody
        else sees anything, auditors included: an invention not yet filed is a secret."""
        if actor.is_system:
            return self
        if actor.user_id is None or actor.organisation_id is None:
            return self.none()
        seen = Q(inventor_id=actor.user_id)
        if actor.has(Role.OFFICE):
            seen |= Q(submitted_at__isnull=False)
        return self.filter(seen, organisation_id=actor.organisation_id)


class Disclosure(models.Model):
    """An invention made on duty, as its inventor tells the office of it."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    inventor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    number = models.CharField("披露号", max_length=20, null=True, blank=True)  # noqa: DJ001
    title = models.CharField("名称", max_length=200)
    novelty = models.TextField("新在哪里", blank=True, default="")
    problem = models.TextField("解决什么问题", blank=True, default="")
    how = models.TextField("怎样做到", blank=True, default="")
    results = models.TextField("结果与数据", blank=True, default="")
    funding_project = models.CharField("资助项目", max_length=300, blank=True, default="")
    status = models.CharField(
        max_length=10, choices=DisclosureStatus.choices, default=DisclosureStatus.DRAFT
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = ActorKeyField(null=True, blank=True)
    returned_because = models.CharField(max_length=1000, blank=True, default="")
    scores = models.JSONField(null=True, blank=True)
    verdict = models.JSONField(null=True, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)
    evaluated_by = ActorKeyField(null=True, blank=True)
    decision = models.CharField(
        max_length=8, choices=DisclosureDecision.choices, blank=True, default=""
    )
    decision_reason = models.CharField(max_length=1000, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    application_number = models.CharField("申请号", max_length=20, blank=True, default="")
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = ActorKeyField(null=True, blank=True)
    patent = models.ForeignKey(
        Patent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_sample = models.BooleanField("示例", default=False)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        verbose_name = "发明披露"
        constraints: ClassVar = [
            UniqueConstraint(fields=["organisation", "number"], name="disclosure_number_of_house"),
            both_or_neither("taken_at", "taken_by", name="disclosure_taken_pair"),
            both_or_neither("evaluated_at", "evaluated_by", name="disclosure_evaluated_pair"),
            both_or_neither("decided_at", "decided_by", name="disclosure_decided_pair"),
            both_or_neither("filed_at", "filed_by", name="disclosure_filed_pair"),
            CheckConstraint(
                condition=Q(status__in=DisclosureStatus.values), name="disclosure_status_known"
            ),
            CheckConstraint(condition=~Q(title=""), name="disclosure_has_title"),
            CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn"])
                | Q(number__isnull=False, submitted_at__isnull=False),
                name="disclosure_handed_in_has_number",
            ),
            CheckConstraint(
                condition=Q(status__in=["decided", "filed"], decision__gt="")
                | Q(status__in=["draft", "submitted", "evaluating", "withdrawn"], decision=""),
                name="disclosure_decision_when_decided",
            ),
            CheckConstraint(
                condition=Q(decision__in=["", *DisclosureDecision.values]),
                name="disclosure_decision_known",
            ),
            CheckConstraint(
                condition=~Q(status="filed")
                | Q(decision="file", filed_at__isnull=False) & ~Q(application_number=""),
                name="disclosure_filed_has_number",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "status"], name="disclosure_of_office"),
            models.Index(fields=["inventor"], name="disclosure_of_inventor"),
            models.Index(
                fields=["application_number"],
                condition=Q(patent__isnull=True, status="filed"),
                name="disclosure_awaits_patent",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="disclosure_moves",
                field="status",
                transitions=moves.pairs(disclosures.MOVES),
            )
        ]

    def __str__(self) -> str:
        return f"发明披露 {self.number or self.pk}"  # never the title: it is confidential

    def governed_by(self) -> Governance:
        """The organisation it was made in."""
        return Governance(organisations=frozenset({self.organisation_id}))


class DisclosureContributor(models.Model):
    """Somebody who contributed, with the agreed share."""

    disclosure = models.ForeignKey(
        Disclosure, on_delete=models.CASCADE, related_name="contributors"
    )
    position = models.PositiveSmallIntegerField()
    name = models.CharField("姓名", max_length=60)
    share = models.DecimalField("贡献比例", max_digits=5, decimal_places=2)
    employer = models.CharField("单位", max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "披露贡献人"
        ordering: ClassVar = ["disclosure_id", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["disclosure", "name"], name="contributor_once"),
            CheckConstraint(
                condition=Q(share__gt=0, share__lte=100), name="contributor_share_0_to_100"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disclosure_id} #{self.position}"


class DisclosurePublication(models.Model):
    """One disclosure to the public, past or planned."""

    disclosure = models.ForeignKey(
        Disclosure, on_delete=models.CASCADE, related_name="publications"
    )
    kind = models.CharField(
        "方式",
        max_length=12,
        choices=[(k.value, words) for k, words in disclosures.PUBLICATION_WORDS.items()],
    )
    on = models.DateField("日期")
    where = models.CharField("在哪里", max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "公开情况"
        ordering: ClassVar = ["disclosure_id", "on", "pk"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in disclosures.PublicationKind]),
                name="publication_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disclosure_id} {self.on}"


class DisclosureFile(models.Model):
    """A file that supports a disclosure; as confidential as it."""

    disclosure = models.ForeignKey(Disclosure, on_delete=models.CASCADE, related_name="files")
    attachment = models.OneToOneField("core.Attachment", on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    added_by = ActorKeyField()

    class Meta:
        verbose_name = "披露附件"

    def __str__(self) -> str:
        return f"{self.disclosure_id} 附件 {self.pk}"
