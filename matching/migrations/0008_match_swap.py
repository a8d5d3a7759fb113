"""A second table of matches, filled and indexed beside the first, that takes its name in an instant.

The role that workers use may not change tables, so what does is a function of the owner's.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION matching_next_open() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DROP TABLE IF EXISTS matching_match_next;
    CREATE TABLE matching_match_next (LIKE matching_match INCLUDING DEFAULTS INCLUDING IDENTITY);
END $$;

-- What the first table has: indexes, then constraints, each under its name with _ behind it. Rows
-- were checked by what they were copied from, so foreign keys are taken as they are.
CREATE FUNCTION matching_next_index() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    one record;
BEGIN
    PERFORM set_config('maintenance_work_mem', '512MB', true);
    FOR one IN
        SELECT c.conname AS name, pg_get_constraintdef(c.oid) AS def, c.contype AS kind
        FROM pg_constraint c
        WHERE c.conrelid = 'matching_match'::regclass AND c.contype IN ('p', 'u', 'c', 'f')
        ORDER BY c.contype = 'f', c.conname
    LOOP
        EXECUTE format(
            'ALTER TABLE matching_match_next ADD CONSTRAINT %I %s', left(one.name, 62) || '_',
            CASE WHEN one.kind = 'f' THEN replace(one.def, ' NOT VALID', '') || ' NOT VALID'
            ELSE one.def END);
    END LOOP;
    FOR one IN
        SELECT i.relname AS name, pg_get_indexdef(x.indexrelid) AS def
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = 'matching_match'::regclass
          AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid
                          AND c.conrelid = x.indrelid)
        ORDER BY i.relname
    LOOP
        EXECUTE regexp_replace(
            replace(one.def, 'INDEX ' || quote_ident(one.name) || ' ON',
                    'INDEX ' || quote_ident(left(one.name, 62) || '_') || ' ON'),
            ' ON (public\\.)?matching_match ', ' ON matching_match_next ');
    END LOOP;
    ANALYZE matching_match_next;
END $$;

CREATE FUNCTION matching_next_switch() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    one record;
    names text[];
    last bigint;
BEGIN
    LOCK TABLE matching_match IN ACCESS EXCLUSIVE MODE;
    SELECT last_value INTO last FROM matching_match_id_seq;
    SELECT array_agg(name) INTO names FROM (
        SELECT conname AS name FROM pg_constraint
        WHERE conrelid = 'matching_match'::regclass AND contype IN ('p', 'u', 'c', 'f')
        UNION
        SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = 'matching_match'::regclass) AS known;
    DROP TABLE matching_match;
    ALTER TABLE matching_match_next RENAME TO matching_match;
    ALTER SEQUENCE matching_match_next_id_seq RENAME TO matching_match_id_seq;
    PERFORM setval('matching_match_id_seq', last + 1, false);
    FOR one IN
        SELECT conname AS old, n AS name FROM pg_constraint JOIN unnest(names) n
            ON conname = left(n, 62) || '_'
        WHERE conrelid = 'matching_match'::regclass
    LOOP
        EXECUTE format('ALTER TABLE matching_match RENAME CONSTRAINT %I TO %I', one.old, one.name);
    END LOOP;
    FOR one IN
        SELECT i.relname AS old, n AS name
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        JOIN unnest(names) n ON i.relname = left(n, 62) || '_'
        WHERE x.indrelid = 'matching_match'::regclass
    LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', one.old, one.name);
    END LOOP;
END $$;
"""
BACKWARD = """
DROP FUNCTION matching_next_switch();
DROP FUNCTION matching_next_index();
DROP FUNCTION matching_next_open();
DROP TABLE IF EXISTS matching_match_next;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0007_need_imports"),
    ]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
