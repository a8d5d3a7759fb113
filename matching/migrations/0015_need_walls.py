"""Needs behind the second wall: drafts are their firm's alone, and so are those that only matched
holders may read, until a match, a shortlist or a revision of theirs makes them somebody's affair.

What was opened for all or for an industry passes: it is searched and matched across houses; what is
confidential in it is withheld field by field. The bureau of the region counts them, the audit reads.
"""

from django.db import migrations

WEB = "patentops_web"
TENANT = "string_to_array(nullif(current_setting('patentops.tenant', true), ''), ',')::bigint[]"
OVERSEEN = "nullif(current_setting('patentops.overseen', true), '')"
# Named in a function and looked up when asked: a policy would hold the very table that a full run
# puts another one in the place of (0008_match_swap).
MATCHED = """
CREATE FUNCTION matching_is_matched(need bigint, suppliers bigint[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS
'SELECT EXISTS (SELECT 1 FROM public.matching_match m
                WHERE m.need_id = need AND m.supplier_id = ANY (suppliers))'
"""


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


def has(table: str, column: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.need_id = matching_need.id"
        f" AND t.{column} = ANY ({TENANT}))"
    )


class Migration(migrations.Migration):
    dependencies = [("matching", "0014_meanings")]

    operations = [
        migrations.RunSQL(MATCHED, "DROP FUNCTION matching_is_matched(bigint, bigint[])"),
        walled(
            "matching_need",
            # First what is cheap and passes most: a word in 100,000 needs 86 ms instead of 221.
            "(opened_at IS NOT NULL AND visibility <> 'matched')"
            f" OR organisation_id = ANY ({TENANT})"
            f" OR (region LIKE {OVERSEEN} AND"
            f" (opened_at IS NOT NULL OR ended_at IS NOT NULL OR {OVERSEEN} = '%'))"
            f" OR (opened_at IS NOT NULL AND matching_is_matched(id, {TENANT}))"
            f" OR {has('matching_shortlist', 'sender_id')}"
            f" OR {has('matching_needrevision', 'agent_id')}",
        ),
        walled("matching_needdraft", f"organisation_id = ANY ({TENANT})"),
    ]
