"""Candidates are listed longest granted first."""

from django.db import migrations, models

import listings.types


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("listings", "0016_legal_events"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="patent",
            index=models.Index(
                condition=models.Q(("status", listings.types.PatentStatus["GRANTED"])),
                fields=["granted_on", "id"],
                name="patent_longest_granted",
            ),
        ),
    ]
