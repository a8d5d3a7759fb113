"""Organisations, the people in them, and who may act for whom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core.db import ActorKeyField, both_or_neither
from core.people import rules
from core.people.types import Role
from core.prepared import STAND_IN, Prepared


class OrganisationKind(models.TextChoices):
    UNIVERSITY = "university", "高等学校"
    INSTITUTE = "institute", "科研机构"
    HOSPITAL = "hospital", "医疗机构"
    ENTERPRISE = "enterprise", "企业"
    STATE_FIRM = "state_firm", "国有企业"
    BANK = "bank", "银行"
    GUARANTOR = "guarantor", "担保/保险机构"
    VALUER = "valuer", "评估机构"
    EXCHANGE = "exchange", "交易机构"
    BUREAU = "bureau", "主管部门"
    AGENCY = "agency", "服务机构"
    OTHER = "other", "其他"


def validate_uscc(value: str) -> None:
    if problem := rules.uscc_error(value):
        raise ValidationError(problem)


class Organisation(models.Model):
    """A university, firm, bank, bureau … that takes part."""

    name = models.CharField("名称", max_length=200)
    uscc = models.CharField(
        "统一社会信用代码",
        max_length=18,
        unique=True,
        null=True,
        blank=True,
        validators=[validate_uscc],
    )
    kind = models.CharField("类型", max_length=20, choices=OrganisationKind)
    is_domestic = models.BooleanField("境内机构", default=True)
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    industry_codes = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    is_sample = models.BooleanField("示例", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "机构"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(uscc__isnull=True) | Q(uscc__regex=r"^[0-9A-HJ-NP-RTUW-Y]{18}$"),
                name="organisation_uscc_shape",
            ),
            CheckConstraint(
                condition=Q(region__regex=r"^([0-9]{6})?$"), name="organisation_region_shape"
            ),
            CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values), name="organisation_kind_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["region"], name="organisation_region"),
            GinIndex(fields=["tags"], name="organisation_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.uscc:
            self.uscc = rules.clean_uscc(self.uscc)


class PeopleManager(BaseUserManager["User"]):
    """Users are known by e-mail address; a username of their own is not asked for."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A new user; without a password the account cannot log in until one is set."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A system administrator, who may use the admin pages."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get(self, *args: Any, **kwargs: Any) -> User:
        """Django's; by nothing but the key, as every request asks, the statement is ready."""
        key = kwargs.get("pk") if len(kwargs) == 1 and not args else None
        if type(self) is not PeopleManager or type(key) is not int or not 0 < key < STAND_IN:
            return super().get(*args, **kwargs)
        found = _BY_KEY.rows(key)
        if not found:
            raise User.DoesNotExist("There is no user of this key.")
        return User.from_db(self.db, [f.attname for f in User._meta.concrete_fields], found[0])


class User(AbstractUser):
    """A person with an account. What they may do follows from their memberships."""

    username = None  # type: ignore[assignment]
    display_name = models.CharField("姓名", max_length=60, blank=True)
    email = models.EmailField("电子邮箱", unique=True)
    wants_recommendations = models.BooleanField("接收个性化推荐", default=True)
    factor_due_at = models.DateTimeField("两步验证期限", null=True, editable=False)
    password_set_at = models.DateTimeField("密码设置时间", null=True, editable=False)
    # Counts "sign out everywhere": every session made before is void.
    session_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PeopleManager] = PeopleManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "用户"

    def __str__(self) -> str:
        return self.display_name or self.email

    def set_password(self, raw_password: str | None) -> None:
        """Django's, and note when."""
        super().set_password(raw_password)
        self.password_set_at = timezone.now()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's for the first epoch; another for each time that they signed out everywhere."""
        words = f"{self.password}{self.session_epoch}" if self.session_epoch else self.password
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(salt, words, secret=secret, algorithm="sha256").hexdigest()


_BY_KEY = Prepared(lambda key: User.objects.filter(pk=key).values_list())


class Membership(models.Model):
    """A person holds a role in an organisation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField("角色", max_length=20, choices=[(r.value, r.value) for r in Role])
    region = models.CharField("管辖区划前缀", max_length=6, blank=True, default="")
    is_default = models.BooleanField("默认身份", default=False)
    # Runs the organisation here: invites, appoints, removes. The same on all of one person's rows.
    is_administrator = models.BooleanField("机构管理员", default=False, db_default=False)

    class Meta:
        verbose_name = "任职"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["user", "organisation", "role"], name="membership_once_per_role"
            ),
            UniqueConstraint(
                fields=["user"], condition=Q(is_default=True), name="membership_one_default"
            ),
            CheckConstraint(
                condition=Q(role__in=[r.value for r in Role if r is not Role.ANONYMOUS]),
                name="membership_role_known",
            ),
            CheckConstraint(
                condition=Q(region__regex=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})?$"),
                name="membership_region_shape",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} @ {self.organisation_id}"


class Mandate(models.Model):
    """An organisation empowers another (a broker's) to act for it, until it is revoked."""

    principal = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="mandates_given"
    )
    agent = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mandates_held")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "委托"
        constraints: ClassVar = [
            both_or_neither("revoked_at", "revoked_by", name="mandate_revoked_pair"),
            CheckConstraint(condition=~Q(principal=F("agent")), name="mandate_two_parties"),
            CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="mandate_term_forward",
            ),
            UniqueConstraint(
                fields=["principal", "agent"],
                condition=Q(revoked_at__isnull=True),
                name="mandate_one_live",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal_id} → {self.agent_id}"


class RegionSetting(models.Model):
    """What differs from place to place is a row: income floor, posting days, subsidy rate …

    The row with the longest prefix of a region wins; the row with the empty prefix is the
    nation's.
    """

    region = models.CharField("行政区划前缀", max_length=6, blank=True, default="")
    key = models.CharField("项目", max_length=60)
    value = models.JSONField("值")
    source = models.CharField("依据", max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "地区设置"
        constraints: ClassVar = [
            UniqueConstraint(fields=["region", "key"], name="region_setting_once"),
        ]

    def __str__(self) -> str:
        return f"{self.region or '全国'} {self.key}"
