"""Pledges behind the second wall (core/walls.py): the parties, the bureau of the region, the audit.

Old code runs on beside it: it binds the role of new web processes only. Those of an older release
that have that role name no region, and see their own pledges.
"""

from django.db import migrations

WEB = "patentops_web"
MINE = (
    "ARRAY[pledgee_id, pledgor_id] && string_to_array("
    "nullif(current_setting('patentops.tenant', true), ''), ',')::bigint[]"
)
OVERSEEN = "region LIKE nullif(current_setting('patentops.overseen', true), '')"


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
    dependencies = [("pledges", "0001_initial")]

    operations = [
        walled("pledges_pledge", f"{MINE} OR {OVERSEEN}"),
        walled(
            "pledges_pledgeitem",
            "EXISTS (SELECT 1 FROM pledges_pledge p WHERE p.id = pledges_pledgeitem.pledge_id)",
        ),
        walled(
            "pledges_pledgeeconsent",
            "EXISTS (SELECT 1 FROM pledges_pledgeitem i WHERE i.id = pledges_pledgeeconsent.item_id)",
        ),
    ]
