"""An invitation to belong to an organisation."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField
from core.people.models import Organisation
from core.people.types import Actor
from core.permissions import Governance


class InvitationStatus(models.TextChoices):
    PENDING = "pending", "等待接受"
    ACCEPTED = "accepted", "已接受"
    REVOKED = "revoked", "已撤销"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: Actor) -> InvitationQuerySet:
        """Those of the organisation that the actor runs."""
        if not actor.administers:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id or 0)


class Invitation(models.Model):
    """A letter with a link that works once, until it expires, is sent anew or taken back."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="invitations"
    )
    email = models.EmailField("电子邮箱")
    roles = ArrayField(models.CharField(max_length=20))
    administrator = models.BooleanField("机构管理员", default=False)
    region = models.CharField("管辖区划前缀", max_length=6, blank=True, default="")
    status = models.CharField(
        "状态", max_length=10, choices=InvitationStatus, default=InvitationStatus.PENDING
    )
    edition = models.PositiveSmallIntegerField(default=1)  # only the newest letter's link works
    invited_at = models.DateTimeField("邀请时间")
    invited_by = ActorKeyField()
    expires_at = models.DateTimeField("有效期至")
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "成员邀请"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["organisation", "email"],
                condition=Q(status=InvitationStatus.PENDING),
                name="invitation_one_pending",
            ),
            CheckConstraint(
                condition=Q(status__in=InvitationStatus.values), name="invitation_status_known"
            ),
            CheckConstraint(condition=Q(roles__len__gte=1), name="invitation_to_some_role"),
            CheckConstraint(
                condition=Q(status=InvitationStatus.ACCEPTED, accepted_at__isnull=False)
                | ~Q(status=InvitationStatus.ACCEPTED) & Q(accepted_at__isnull=True),
                name="invitation_accepted_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.status}"

    def governed_by(self) -> Governance:
        return Governance(frozenset({self.organisation_id}))

    def stands(self, now: datetime) -> bool:
        """Whether its link can still be used."""
        return self.status == InvitationStatus.PENDING and now < self.expires_at
