from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0025_settlement_offsets"),
    ]

    operations = [
        migrations.AddField(
            model_name="deal",
            name="inquiry",
            field=models.UUIDField(blank=True, db_index=True, editable=False, null=True),
        ),
    ]
