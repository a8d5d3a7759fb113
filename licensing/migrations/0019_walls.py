"""What the parties of a deal say and propose to each other, behind the second wall.

Messages are the parties' own. Of the versions of the terms only those that were accepted are read
by others: the bureau, the audit, and questions about prices and bars that stand over all parties.
A deal itself, that it is there and how far it has come, is asked for across parties and has no wall.
"""

from django.db import migrations

WEB = "patentops_web"
TENANT = "string_to_array(nullif(current_setting('patentops.tenant', true), ''), ',')::bigint[]"


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


def of_its_parties(table: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM licensing_deal d WHERE d.id = {table}.deal_id"
        f" AND ARRAY[d.holder_id, d.taker_id] && {TENANT})"
    )


def of_its_terms(table: str) -> str:
    return f"EXISTS (SELECT 1 FROM licensing_termsversion v WHERE v.id = {table}.terms_id)"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0018_pool_papers")]

    operations = [
        walled("licensing_dealmessage", of_its_parties("licensing_dealmessage")),
        walled(
            "licensing_termsversion",
            f"status = 'accepted' OR {of_its_parties('licensing_termsversion')}",
        ),
        *(
            walled(table, of_its_terms(table))
            for table in (
                "licensing_termspatent",
                "licensing_termsfile",
                "licensing_signedcopy",
            )
        ),
    ]
