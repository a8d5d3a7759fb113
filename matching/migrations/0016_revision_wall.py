"""Texts that a need has had, and that its agent proposed, behind the second wall: they are the
firm's whose need it is, and of those it empowered, who act for it as long as the mandate holds.
The audit reads them.

What was struck out of a need before it was opened stands there still, so a need that all may read
does not open them. Whose a need is, is asked by a function that answers yes or no as the owner of
the tables: the wall of needs asks for revisions, and one policy cannot ask the other in turn.
"""

from django.db import migrations

WEB = "patentops_web"
TENANT = "string_to_array(nullif(current_setting('patentops.tenant', true), ''), ',')::bigint[]"
OVERSEEN = "nullif(current_setting('patentops.overseen', true), '')"
OWNED = """
CREATE FUNCTION matching_need_is_of(need bigint, houses bigint[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
'SELECT EXISTS (SELECT 1 FROM public.matching_need n
                WHERE n.id = need AND n.organisation_id = ANY (houses))'
"""
ALLOWED = f"(current_user <> '{WEB}' OR {OVERSEEN} = '%' OR matching_need_is_of(need_id, {TENANT}))"


class Migration(migrations.Migration):
    dependencies = [("matching", "0015_need_walls")]

    operations = [
        migrations.RunSQL(OWNED, "DROP FUNCTION matching_need_is_of(bigint, bigint[])"),
        migrations.RunSQL(
            [
                "ALTER TABLE matching_needrevision ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY web_sees_its_own ON matching_needrevision"
                f" USING {ALLOWED} WITH CHECK {ALLOWED}",
            ],
            [
                "DROP POLICY IF EXISTS web_sees_its_own ON matching_needrevision",
                "ALTER TABLE matching_needrevision DISABLE ROW LEVEL SECURITY",
            ],
        ),
    ]
