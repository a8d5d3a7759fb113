from django.db import migrations, models
from django.db.models import Q, deletion


class Migration(migrations.Migration):
    dependencies = [("licensing", "0022_deal_walls"), ("listings", "0024_incomes")]

    operations = [
        migrations.AddField(
            "distribution",
            "patent",
            models.ForeignKey(
                "listings.patent",
                blank=True,
                null=True,
                on_delete=deletion.PROTECT,
                related_name="+",
            ),
        ),
        migrations.AddConstraint(
            "distribution",
            models.CheckConstraint(
                condition=Q(patent__isnull=True) | Q(pool_licence__isnull=True),
                name="distribution_part_of_a_contract",
            ),
        ),
    ]
