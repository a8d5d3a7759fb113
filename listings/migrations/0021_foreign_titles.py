"""Patents with foreign titles get a row that says what they mean; the sweep reads them again."""

import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models

READ_AGAIN = r"""
UPDATE listings_patent SET indexed_at = NULL
WHERE indexed_at IS NOT NULL AND title ~ '[[:alpha:]]' AND title !~ '[\u3007\u3400-\u9fff]'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("listings", "0020_inventors"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForeignTitle",
            fields=[
                (
                    "patent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="listings.patent",
                    ),
                ),
                ("sentence", pgvector.django.halfvec.HalfVectorField(dimensions=512)),
            ],
            options={
                "verbose_name": "外文题名",
            },
        ),
        migrations.RunSQL(READ_AGAIN, migrations.RunSQL.noop),
    ]
