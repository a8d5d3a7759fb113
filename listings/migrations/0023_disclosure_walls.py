"""Disclosed inventions behind the second wall (core/walls.py).

The statements stand here as they were when they were written; old code runs on beside them, since
they bind the role of new web processes only.
"""

from django.db import migrations

WEB = "patentops_web"
MINE = (
    "organisation_id = ANY (string_to_array("
    "nullif(current_setting('patentops.tenant', true), ''), ',')::bigint[])"
)
CHILDREN = (
    "listings_disclosurecontributor",
    "listings_disclosurepublication",
    "listings_disclosurefile",
)


def walled(table: str, mine: str) -> migrations.RunSQL:
    allowed = f"(current_user <> '{WEB}' OR {mine})"
    return migrations.RunSQL(
        [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY web_sees_its_own ON {table} USING {allowed} WITH CHECK {allowed}",
        ],
        [
            f"DROP POLICY IF EXISTS web_sees_its_own ON {table}",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ],
    )


class Migration(migrations.Migration):
    dependencies = [("listings", "0022_disclosure_numbers")]

    operations = [
        walled("listings_disclosure", MINE),
        *(
            walled(
                table,
                f"EXISTS (SELECT 1 FROM listings_disclosure d WHERE d.id = {table}.disclosure_id)",
            )
            for table in CHILDREN
        ),
    ]
