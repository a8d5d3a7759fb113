"""A disclosure's number is unique in its house: each house counts for itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("listings", "0021_foreign_titles")]

    operations = [
        migrations.AlterField(
            model_name="disclosure",
            name="number",
            field=models.CharField(blank=True, max_length=20, null=True, verbose_name="披露号"),
        ),
        migrations.AddConstraint(
            model_name="disclosure",
            constraint=models.UniqueConstraint(
                fields=("organisation", "number"), name="disclosure_number_of_house"
            ),
        ),
    ]
