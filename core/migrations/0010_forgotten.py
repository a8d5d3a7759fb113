"""Until every room has looked, it is known under what a forgotten person may stand in texts."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("core", "0009_more_ratings")]

    operations = [
        migrations.AddField("erasurerequest", "known", models.JSONField(editable=False, null=True)),
        migrations.AddField(
            "erasurerequest",
            "awaited",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120),
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField("erasurerequest", "done_at", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "erasurerequest",
            models.CheckConstraint(
                condition=Q(known__isnull=True, awaited=[])
                | Q(status="done", known__isnull=False, done_at__isnull=False) & ~Q(awaited=[]),
                name="erasure_known_while_awaited",
            ),
        ),
    ]
