"""What somebody wrote who wants an organisation to take part."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.attachments.models import Attachment
from core.db import ActorKeyField, both_or_neither
from core.joining.rules import OPEN, Decider, Status
from core.people.models import Organisation, OrganisationKind
from core.people.types import Actor, Role
from core.permissions import Governance

STATUS_WORDS = {
    Status.UNCONFIRMED: "待确认邮箱",
    Status.PENDING: "待审核",
    Status.MORE_NEEDED: "待补充",
    Status.APPROVED: "已通过",
    Status.REFUSED: "未通过",
    Status.WITHDRAWN: "已撤回",
}


class JoinQuerySet(models.QuerySet["JoinApplication"]):
    def visible_to(self, actor: Actor) -> JoinQuerySet:
        """One's own; a bureau's of its region; those that an organisation's own people answer.

        What nobody has confirmed yet is nobody's to see.
        """
        rows = self.exclude(status=Status.UNCONFIRMED)
        if actor.is_system or actor.has(Role.SYSADMIN, Role.AUDITOR):
            return rows
        if actor.user_id is None:
            return rows.none()
        seen = Q(applicant_id=actor.user_id)
        if actor.has(Role.BUREAU):
            seen |= Q(region__startswith=actor.region)
        if actor.administers:
            seen |= Q(decider=Decider.MEMBERS, organisation_id=actor.organisation_id)
        return rows.filter(seen)


class JoinApplication(models.Model):
    """One person asks that an organisation takes part, or to belong to one that does."""

    name = models.CharField("机构名称", max_length=200)
    uscc = models.CharField("统一社会信用代码", max_length=18)
    kind = models.CharField("类型", max_length=20, choices=OrganisationKind)
    region = models.CharField("行政区划", max_length=6)
    person = models.CharField("联系人", max_length=60)
    phone = models.CharField("联系电话", max_length=30, blank=True, default="")
    remark = models.CharField("说明", max_length=1000, blank=True, default="")
    evidence = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")
    # Until the address is confirmed there is no account, only what it will be made of.
    email = models.EmailField("电子邮箱")
    password_hash = models.CharField(max_length=200, blank=True, default="")
    applicant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="joinings"
    )
    status = models.CharField(
        "状态", max_length=20, choices=[(s.value, STATUS_WORDS[s]) for s in Status]
    )
    decider = models.CharField(
        max_length=10, choices=[(d.value, d.value) for d in Decider], default=Decider.BUREAU
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="joinings"
    )
    note = models.CharField("审核意见", max_length=1000, blank=True, default="")
    created_at = models.DateTimeField("提交时间")
    confirmed_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = ActorKeyField(null=True)

    objects = JoinQuerySet.as_manager()

    class Meta:
        verbose_name = "入驻申请"
        constraints: ClassVar = [
            both_or_neither("decided_at", "decided_by", name="joining_decided_pair"),
            CheckConstraint(
                condition=Q(status__in=[s.value for s in Status]), name="joining_status_known"
            ),
            CheckConstraint(
                condition=Q(uscc__regex=r"^[0-9A-HJ-NP-RTUW-Y]{18}$"), name="joining_uscc_shape"
            ),
            CheckConstraint(condition=Q(region__regex=r"^[0-9]{6}$"), name="joining_region_shape"),
            CheckConstraint(
                condition=Q(status=Status.UNCONFIRMED, applicant__isnull=True)
                | Q(applicant__isnull=False, password_hash="") & ~Q(status=Status.UNCONFIRMED),
                name="joining_account_once_confirmed",
            ),
            CheckConstraint(
                condition=~Q(status=Status.APPROVED) | Q(organisation__isnull=False),
                name="joining_approved_into_one",
            ),
            UniqueConstraint(
                fields=["applicant", "uscc"],
                condition=Q(status__in=[s.value for s in OPEN]),
                name="joining_one_open",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["region", "created_at"],
                condition=Q(status=Status.PENDING),
                name="joining_queue",
            ),
            models.Index(fields=["uscc"], name="joining_uscc"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"

    def governed_by(self) -> Governance:
        """The organisation's own people, or the bureau of the region."""
        if self.decider == Decider.MEMBERS:
            return Governance(frozenset({self.organisation_id or 0}), "—")
        return Governance(frozenset(), self.region)
