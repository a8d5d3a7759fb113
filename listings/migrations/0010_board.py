"""The board as search reads it: entries, their words, the triggers that keep both true."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgvector.django.halfvec
import pgvector.django.indexes
from django.db import migrations, models

import listings.models.board

# What an entry holds, of one patent or (NULL) of all. Written in PL/pgSQL, so that no later
# change of a column's type is held up by it.
TRUTH = """
CREATE FUNCTION listings_board_truth(only_patent bigint) RETURNS TABLE (
    patent_id bigint, listing_id bigint, published_at timestamptz, price bigint,
    main_ipc varchar, ipc smallint, region integer, holder varchar, kind varchar,
    status varchar, layer varchar, trl smallint, year smallint, routes varchar[], is_open boolean
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF only_patent IS NULL THEN
        RETURN QUERY {select};
    ELSE
        RETURN QUERY {select} AND l.patent_id = only_patent;
    END IF;
END $$
""".replace(
    "{select}",
    """
        SELECT p.id, l.id, l.published_at,
            CASE WHEN l.asking_price IS NULL THEN -1
                 ELSE trunc(l.asking_price * 100)::bigint END,
            p.main_ipc,
            CASE WHEN p.main_ipc ~ '^[A-H][0-9][0-9][A-Z]' THEN
                (((ascii(p.main_ipc) - 65) * 100 + substr(p.main_ipc, 2, 2)::int) * 27
                 + ascii(substr(p.main_ipc, 4, 1)) - 64)::smallint
            WHEN p.main_ipc ~ '^[A-H][0-9][0-9]' THEN
                (((ascii(p.main_ipc) - 65) * 100 + substr(p.main_ipc, 2, 2)::int) * 27)::smallint
            ELSE -1::smallint END,
            CASE WHEN p.region = '' THEN 0 ELSE p.region::int END,
            COALESCE(o.kind, ''), p.kind, p.status, p.layer,
            COALESCE(p.trl, 0)::smallint,
            COALESCE(extract(year FROM p.filed_on), 0)::smallint,
            l.routes,
            EXISTS (SELECT 1 FROM listings_encumbrance e WHERE e.patent_id = p.id
                    AND e.kind = 'open_declaration' AND e.active)
        FROM listings_listing l
        JOIN listings_patent p ON p.id = l.patent_id
        LEFT JOIN core_organisation o ON o.id = p.organisation_id
        WHERE l.status = 'listed' AND p.removed_at IS NULL""",
)
# The entry's row is locked before the facts are read: of two commands that change one patent the
# later one writes what both did.
KEEP_ENTRY = """
CREATE FUNCTION listings_keep_entry(pid bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
    entry bigint;
    was boolean;
BEGIN
    SELECT b.id INTO entry FROM listings_boardentry b WHERE b.patent_id = pid FOR UPDATE;
    IF NOT FOUND THEN
        IF NOT EXISTS (SELECT 1 FROM listings_board_truth(pid)) THEN
            RETURN;
        END IF;
        INSERT INTO listings_boardentry (patent_id, listing_id, listed, price, main_ipc, ipc,
            region, holder, kind, status, layer, trl, year, routes, is_open)
        VALUES (pid, 0, false, -1, '', -1, 0, '', '', '', '', 0, 0, '{}', false)
        ON CONFLICT DO NOTHING;
        SELECT b.id INTO entry FROM listings_boardentry b WHERE b.patent_id = pid FOR UPDATE;
        PERFORM listings_keep_text(pid);
    END IF;
    SELECT * INTO t FROM listings_board_truth(pid);
    IF NOT FOUND THEN
        UPDATE listings_boardentry SET listed = false, changed = pg_current_xact_id()
        WHERE id = entry AND listed;
        RETURN;
    END IF;
    UPDATE listings_boardentry b SET listing_id = t.listing_id, listed = true,
        published_at = t.published_at, price = t.price, main_ipc = t.main_ipc, ipc = t.ipc,
        region = t.region, holder = t.holder, kind = t.kind, status = t.status, layer = t.layer,
        trl = t.trl, year = t.year, routes = t.routes, is_open = t.is_open,
        changed = pg_current_xact_id()
    WHERE b.id = entry AND (b.listed, b.listing_id, b.published_at, b.price, b.main_ipc, b.region,
        b.holder, b.kind, b.status, b.layer, b.trl, b.year, b.routes, b.is_open)
        IS DISTINCT FROM (true, t.listing_id, t.published_at, t.price, t.main_ipc, t.region,
        t.holder, t.kind, t.status, t.layer, t.trl, t.year, t.routes, t.is_open);
END $$
"""
KEEP_TEXT = """
CREATE FUNCTION listings_keep_text(pid bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO listings_boardtext AS t (entry_id, words, title, embedding)
    SELECT b.id, strip(p.search), strip(ts_filter(p.search, '{a}')), p.embedding::halfvec
    FROM listings_boardentry b JOIN listings_patent p ON p.id = b.patent_id
    WHERE b.patent_id = pid AND p.search IS NOT NULL
    ON CONFLICT (entry_id) DO UPDATE SET words = excluded.words, title = excluded.title,
        embedding = excluded.embedding, changed = pg_current_xact_id()
    WHERE (t.words, t.title) IS DISTINCT FROM (excluded.words, excluded.title)
       OR t.embedding IS DISTINCT FROM excluded.embedding
$$
"""
HEAR = """
CREATE FUNCTION listings_hear_listing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM listings_keep_entry(OLD.patent_id);
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.status = 'listed' THEN PERFORM listings_keep_entry(NEW.patent_id); END IF;
    ELSIF OLD.status = 'listed' OR NEW.status = 'listed' THEN
        PERFORM listings_keep_entry(NEW.patent_id);
        IF OLD.patent_id <> NEW.patent_id THEN PERFORM listings_keep_entry(OLD.patent_id); END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION listings_hear_patent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM listings_boardentry b WHERE b.patent_id = NEW.id) THEN
        PERFORM listings_keep_entry(NEW.id);
    ELSIF OLD.removed_at IS DISTINCT FROM NEW.removed_at THEN
        PERFORM listings_keep_entry(NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION listings_hear_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_keep_text(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION listings_hear_declaration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM listings_keep_entry(OLD.patent_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM listings_keep_entry(NEW.patent_id); END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION listings_hear_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_keep_entry(p.id) FROM listings_patent p WHERE p.organisation_id = NEW.id
        AND EXISTS (SELECT 1 FROM listings_boardentry b WHERE b.patent_id = p.id);
    RETURN NULL;
END $$;
CREATE TRIGGER board_hears_listing
    AFTER INSERT OR DELETE OR UPDATE OF patent_id, status, published_at, asking_price, routes
    ON listings_listing FOR EACH ROW EXECUTE FUNCTION listings_hear_listing();
CREATE TRIGGER board_hears_patent
    AFTER UPDATE OF kind, status, main_ipc, region, trl, filed_on, layer, organisation_id,
        removed_at
    ON listings_patent FOR EACH ROW
    WHEN ((OLD.kind, OLD.status, OLD.main_ipc, OLD.region, OLD.trl, OLD.filed_on, OLD.layer,
           OLD.organisation_id, OLD.removed_at)
        IS DISTINCT FROM (NEW.kind, NEW.status, NEW.main_ipc, NEW.region, NEW.trl, NEW.filed_on,
           NEW.layer, NEW.organisation_id, NEW.removed_at))
    EXECUTE FUNCTION listings_hear_patent();
CREATE TRIGGER board_hears_index
    AFTER UPDATE OF search, embedding ON listings_patent FOR EACH ROW
    EXECUTE FUNCTION listings_hear_index();
CREATE TRIGGER board_hears_declaration_new
    AFTER INSERT ON listings_encumbrance FOR EACH ROW
    WHEN (NEW.kind = 'open_declaration') EXECUTE FUNCTION listings_hear_declaration();
CREATE TRIGGER board_hears_declaration_gone
    AFTER DELETE ON listings_encumbrance FOR EACH ROW
    WHEN (OLD.kind = 'open_declaration') EXECUTE FUNCTION listings_hear_declaration();
CREATE TRIGGER board_hears_declaration
    AFTER UPDATE OF kind, active, patent_id ON listings_encumbrance FOR EACH ROW
    WHEN (OLD.kind = 'open_declaration' OR NEW.kind = 'open_declaration')
    EXECUTE FUNCTION listings_hear_declaration();
CREATE TRIGGER board_hears_organisation
    AFTER UPDATE OF kind ON core_organisation FOR EACH ROW
    WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION listings_hear_organisation();
"""
DROP = """
DROP TRIGGER board_hears_organisation ON core_organisation;
DROP TRIGGER board_hears_declaration ON listings_encumbrance;
DROP TRIGGER board_hears_declaration_gone ON listings_encumbrance;
DROP TRIGGER board_hears_declaration_new ON listings_encumbrance;
DROP TRIGGER board_hears_index ON listings_patent;
DROP TRIGGER board_hears_patent ON listings_patent;
DROP TRIGGER board_hears_listing ON listings_listing;
DROP FUNCTION listings_hear_organisation();
DROP FUNCTION listings_hear_declaration();
DROP FUNCTION listings_hear_index();
DROP FUNCTION listings_hear_patent();
DROP FUNCTION listings_hear_listing();
DROP FUNCTION listings_keep_entry(bigint);
DROP FUNCTION listings_keep_text(bigint);
DROP FUNCTION listings_board_truth(bigint);
"""
# Long columns out of line: a scan for entries reads a hundred bytes a row, not three thousand.
NARROW = """
ALTER TABLE listings_boardtext ALTER words SET STORAGE EXTERNAL, ALTER title SET STORAGE EXTERNAL,
    ALTER embedding SET STORAGE EXTERNAL, SET (toast_tuple_target = 128);
ALTER TABLE listings_boardposting ALTER bits SET STORAGE EXTERNAL;
"""
# What is on the board already. At national size: forty minutes, indexes included, beside the
# running old code, which does not know these tables.
FILL = """
INSERT INTO listings_boardentry (patent_id, listing_id, listed, published_at, price, main_ipc,
    ipc, region, holder, kind, status, layer, trl, year, routes, is_open)
SELECT t.patent_id, t.listing_id, true, t.published_at, t.price, t.main_ipc, t.ipc, t.region,
    t.holder, t.kind, t.status, t.layer, t.trl, t.year, t.routes, t.is_open
FROM listings_board_truth(NULL) t ORDER BY t.published_at, t.listing_id
ON CONFLICT DO NOTHING;
INSERT INTO listings_boardtext (entry_id, words, title, embedding)
SELECT b.id, strip(p.search), strip(ts_filter(p.search, '{a}')), p.embedding::halfvec
FROM listings_boardentry b JOIN listings_patent p ON p.id = b.patent_id
WHERE p.search IS NOT NULL ORDER BY b.id
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("listings", "0009_promotion"),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardBuild",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("built_at", models.DateTimeField()),
                ("snapshot", models.TextField()),
                ("least", models.IntegerField()),
            ],
            options={
                "verbose_name": "常用词的建立",
            },
        ),
        migrations.CreateModel(
            name="BoardEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("patent_id", models.BigIntegerField(unique=True)),
                ("listing_id", models.BigIntegerField(default=0)),
                ("listed", models.BooleanField(default=False)),
                ("published_at", models.DateTimeField(null=True)),
                ("price", models.BigIntegerField(default=-1)),
                ("main_ipc", models.CharField(default="", max_length=16)),
                ("ipc", models.SmallIntegerField(default=-1)),
                ("region", models.IntegerField(default=0)),
                ("holder", models.CharField(default="", max_length=20)),
                ("kind", models.CharField(default="", max_length=20)),
                ("status", models.CharField(default="", max_length=12)),
                ("layer", models.CharField(default="", max_length=1)),
                ("trl", models.SmallIntegerField(default=0)),
                ("year", models.SmallIntegerField(default=0)),
                (
                    "routes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                ("is_open", models.BooleanField(default=False)),
                (
                    "changed",
                    listings.models.board.XidField(
                        db_default=models.Func(function="pg_current_xact_id")
                    ),
                ),
            ],
            options={
                "verbose_name": "在架条目",
            },
        ),
        migrations.CreateModel(
            name="BoardPosting",
            fields=[
                ("token", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("count", models.IntegerField()),
                ("bits", models.BinaryField()),
            ],
            options={
                "verbose_name": "常用词的条目",
            },
        ),
        migrations.CreateModel(
            name="BoardText",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="text",
                        serialize=False,
                        to="listings.boardentry",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                ("title", django.contrib.postgres.search.SearchVectorField()),
                ("embedding", pgvector.django.halfvec.HalfVectorField(dimensions=256, null=True)),
                (
                    "changed",
                    listings.models.board.XidField(
                        db_default=models.Func(function="pg_current_xact_id")
                    ),
                ),
            ],
            options={
                "verbose_name": "在架条目的词",
            },
        ),
        migrations.RunSQL(NARROW, migrations.RunSQL.noop),
        migrations.RunSQL(TRUTH + ";" + KEEP_TEXT + ";" + KEEP_ENTRY + ";" + HEAR, DROP),
        # The triggers come before the filling: a listing that is published meanwhile waits for
        # this transaction and is in nobody's blind spot.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="boardentry",
            index=models.Index(fields=["changed"], name="board_changed"),
        ),
        migrations.AddIndex(
            model_name="boardentry",
            index=models.Index(
                fields=["main_ipc"], name="board_main_ipc", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="boardentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("listed", False),
                    models.Q(("listing_id__gt", 0), ("published_at__isnull", False)),
                    _connector="OR",
                ),
                name="board_listed_is_published",
            ),
        ),
        migrations.AddIndex(
            model_name="boardtext",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="board_words"),
        ),
        migrations.AddIndex(
            model_name="boardtext",
            index=django.contrib.postgres.indexes.GinIndex(fields=["title"], name="board_title"),
        ),
        migrations.AddIndex(
            model_name="boardtext",
            index=pgvector.django.indexes.HnswIndex(
                ef_construction=64,
                fields=["embedding"],
                m=16,
                name="board_meaning",
                opclasses=["halfvec_cosine_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="boardtext",
            index=models.Index(fields=["changed"], name="board_text_changed"),
        ),
    ]
