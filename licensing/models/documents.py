"""What was put on paper, so that anyone who holds the paper can check it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField
from licensing.models.declarations import OpenDeclaration
from licensing.models.licences import Licence, PaymentDue

THINGS = ("declaration", "licence", "due", "pool_due", "agreed_sum")
LETTERS = ["dunning", "invoice"]


def _of(named: str | None) -> Q:
    """The one thing a paper is about."""
    return Q(**{f"{thing}__isnull": thing != named for thing in THINGS})


class Document(models.Model):
    """A declaration or a contract as issued: its content and the hash printed on it."""

    class Kind(models.TextChoices):
        """What sort of paper it is."""

        DECLARATION = "declaration", "专利开放许可声明"
        CONTRACT = "contract", "专利开放许可合同"
        INVOICE = "invoice", "付款通知书"
        DUNNING = "dunning", "催款函"
        INCOME = "income", "收益分配单"
        CASE_FILE = "case_file", "尽职免责案卷"
        CERTIFICATE = "certificate", "技术交易鉴证书"
        SETTLEMENT = "settlement", "调解（和解）协议书"
        POOL_CONTRACT = "pool", "专利池许可合同"

    kind = models.CharField(max_length=12, choices=Kind)
    number = models.CharField(max_length=40)
    declaration = models.OneToOneField(
        OpenDeclaration, on_delete=models.PROTECT, null=True, blank=True, related_name="document"
    )
    licence = models.OneToOneField(
        Licence, on_delete=models.PROTECT, null=True, blank=True, related_name="document"
    )
    due = models.ForeignKey(
        PaymentDue, on_delete=models.PROTECT, null=True, blank=True, related_name="papers"
    )
    pool_due = models.ForeignKey(
        "licensing.PoolDue",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="papers",
    )
    agreed_sum = models.ForeignKey(
        "licensing.SettlementSum",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="papers",
    )
    content = models.JSONField()  # pairs of item and wording, in the order of the paper
    content_hash = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    issued_by = ActorKeyField()

    class Meta:
        verbose_name = "文书"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(_of("declaration"), kind="declaration")
                | Q(_of("licence"), kind="contract")
                | Q(_of("due") | _of("pool_due") | _of("agreed_sum"), kind__in=LETTERS)
                # The record they belong to points at them.
                | Q(
                    _of(None),
                    kind__in=["case_file", "certificate", "income", "pool", "settlement"],
                ),
                name="document_of_one_thing",
            ),
            CheckConstraint(
                condition=Q(content_hash__regex=r"^[0-9a-f]{64}$"), name="document_hash_shape"
            ),
            UniqueConstraint(fields=["kind", "number"], name="document_number_once"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="document_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
