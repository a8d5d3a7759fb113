"""Answers are kept to the letter: jsonb forgets the order of keys."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0007_privacy")]

    operations = [
        migrations.AddField(
            model_name="idempotencykey",
            name="spelled",
            field=models.TextField(null=True),
        ),
    ]
