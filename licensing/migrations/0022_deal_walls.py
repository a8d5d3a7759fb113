"""Deals themselves behind the second wall, with their approvals, members, patents and fee plans.

What is still being talked about is the parties' alone, whom it waits for included; once the terms
are agreed the bureau of the holder's region and the audit read it. A signed contract is asked for across
parties: prices of like deals, a transfer in progress, filings and reports of exchanges by its
number. A fee plan passes unless versions of terms name it of which the page may see none: plans
of declarations, licences and pools are for others than parties too. That there are such versions
is asked behind the wall, by a function that says yes or no and nothing else.
"""

from django.db import migrations

WEB = "patentops_web"
TENANT = "string_to_array(nullif(current_setting('patentops.tenant', true), ''), ',')::bigint[]"
OVERSEEN = "nullif(current_setting('patentops.overseen', true), '')"
AGREED = "'agreed', 'posted'"
CONTRACTS = "'signed', 'registered', 'settled', 'ended'"
PARTIES = f"ARRAY[d.holder_id, d.taker_id] && {TENANT}"

IN_TALK = """
CREATE FUNCTION licensing_plan_of_terms(plan bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
'SELECT EXISTS (SELECT 1 FROM public.licensing_termsversion v WHERE v.plan_id = plan)'
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


def of_its_deal(table: str, more: str = "") -> str:
    return f"EXISTS (SELECT 1 FROM licensing_deal d WHERE d.id = {table}.deal_id{more})"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0021_bundle_parties")]

    operations = [
        walled(
            "licensing_deal",
            f"status IN ({CONTRACTS}) OR ARRAY[holder_id, taker_id] && {TENANT}"
            f" OR (status IN ({AGREED}) AND region LIKE {OVERSEEN})",
        ),
        walled("licensing_dealitem", of_its_deal("licensing_dealitem")),
        walled("licensing_dealmember", of_its_deal("licensing_dealmember")),
        walled(
            "licensing_dealapproval",
            of_its_deal("licensing_dealapproval", f" AND ({PARTIES} OR d.region LIKE {OVERSEEN})"),
        ),
        migrations.RunSQL(IN_TALK, "DROP FUNCTION licensing_plan_of_terms(bigint)"),
        walled(
            "licensing_feeplan",
            "NOT licensing_plan_of_terms(id) OR EXISTS"
            " (SELECT 1 FROM licensing_termsversion v WHERE v.plan_id = licensing_feeplan.id)",
        ),
        walled(
            "licensing_feepart",
            "EXISTS (SELECT 1 FROM licensing_feeplan p WHERE p.id = licensing_feepart.plan_id)",
        ),
    ]
