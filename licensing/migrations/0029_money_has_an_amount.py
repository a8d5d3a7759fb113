"""Money an exchange reports has its sum: NULL > 0 is neither yes nor no, and a check lets it pass."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0010_forgotten"),
        ("licensing", "0028_offsets_lapse"),
        ("listings", "0025_encumbrances_one_by_one"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="exchangereport",
            name="exchange_report_state",
        ),
        migrations.AddConstraint(
            model_name="exchangereport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(models.Q(("sort", "settlement"), _negated=True), ("state", "")),
                    models.Q(
                        ("sort", "settlement"),
                        ("state__in", ["held", "released", "returned"]),
                        ("amount__gt", 0),
                        ("amount__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="exchange_report_state",
            ),
        ),
    ]
