from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0010_forgotten"),
        ("licensing", "0020_pool_royalties"),
        ("listings", "0024_incomes"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="deal",
            name="one_open_deal_per_bundle_taker",
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["agreed", "intent", "negotiating", "posted"])),
                fields=("bundle_id", "taker", "holder"),
                name="one_open_deal_per_bundle_party",
            ),
        ),
    ]
