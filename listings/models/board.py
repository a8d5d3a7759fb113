"""The board as search reads it: narrow rows beside the facts, written by triggers with the facts.

Whoever changes a listing, a patent, a declaration or an organisation's kind, by whatever road,
changes the entry in the same transaction (migration `board` holds the triggers). `changed` is the
transaction that wrote the row last: a web process that holds the columns in memory asks for the
rows its last snapshot could not see (`selectors/searching/columns.py`, docs/adr/0015).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import CheckConstraint, Func, Q
from pgvector.django import HalfVectorField, HnswIndex

from listings.models.patents import EMBEDDING_WIDTH

NO_PRICE = -1


class XidField(models.Field[Any, Any]):
    """PostgreSQL's eight-byte transaction number."""

    def db_type(self, connection: Any) -> str:
        return "xid8"


class BoardEntry(models.Model):
    """One patent that is or was on the board: what the filters and the orders read.

    An entry keeps its id, the place of its bit in every posting, for good; off the board it is
    only marked.
    """

    patent_id = models.BigIntegerField(unique=True)
    listing_id = models.BigIntegerField(default=0)
    listed = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True)
    price = models.BigIntegerField(default=NO_PRICE)  # in fen; below zero where negotiable
    main_ipc = models.CharField(max_length=16, default="")
    ipc = models.SmallIntegerField(default=-1)  # the subclass as a number, see rules/facets.py
    region = models.IntegerField(default=0)
    holder = models.CharField(max_length=20, default="")
    kind = models.CharField(max_length=20, default="")
    status = models.CharField(max_length=12, default="")
    layer = models.CharField(max_length=1, default="")
    trl = models.SmallIntegerField(default=0)
    year = models.SmallIntegerField(default=0)
    routes = ArrayField(models.CharField(max_length=20), default=list)
    is_open = models.BooleanField(default=False)
    changed = XidField(db_default=Func(function="pg_current_xact_id"))

    objects: ClassVar[models.Manager[BoardEntry]] = models.Manager()

    class Meta:
        verbose_name = "在架条目"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(listed=False) | Q(published_at__isnull=False, listing_id__gt=0),
                name="board_listed_is_published",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["changed"], name="board_changed"),
            models.Index(
                fields=["main_ipc"], name="board_main_ipc", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.patent_id}"


class BoardText(models.Model):
    """The words and the meaning of an entry, apart from what changes every day."""

    entry = models.OneToOneField(
        BoardEntry, on_delete=models.CASCADE, primary_key=True, related_name="text"
    )
    words = SearchVectorField()
    title = SearchVectorField()
    embedding = HalfVectorField(dimensions=EMBEDDING_WIDTH, null=True)
    changed = XidField(db_default=Func(function="pg_current_xact_id"))

    objects: ClassVar[models.Manager[BoardText]] = models.Manager()

    class Meta:
        verbose_name = "在架条目的词"
        indexes: ClassVar = [
            GinIndex(fields=["words"], name="board_words"),
            GinIndex(fields=["title"], name="board_title"),
            HnswIndex(
                fields=["embedding"],
                name="board_meaning",
                m=16,
                ef_construction=64,
                opclasses=["halfvec_cosine_ops"],
            ),
            models.Index(fields=["changed"], name="board_text_changed"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class BoardPosting(models.Model):
    """A token that stands in very many entries, and in which: one bit an entry."""

    token = models.CharField(max_length=64, primary_key=True)
    count = models.IntegerField()
    bits = models.BinaryField()

    objects: ClassVar[models.Manager[BoardPosting]] = models.Manager()

    class Meta:
        verbose_name = "常用词的条目"

    def __str__(self) -> str:
        return f"{self.token}: {self.count}"


class BoardBuild(models.Model):
    """When the postings were last true: they say nothing of texts this snapshot did not see."""

    built_at = models.DateTimeField()
    snapshot = models.TextField()
    least = models.IntegerField()  # tokens of fewer entries have no posting

    objects: ClassVar[models.Manager[BoardBuild]] = models.Manager()

    class Meta:
        verbose_name = "常用词的建立"

    def __str__(self) -> str:
        return f"{self.pk}"
