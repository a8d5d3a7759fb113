"""Roles, the database and its extensions on the embedded PostgreSQL. Safe to run again."""

from __future__ import annotations

import psycopg
from psycopg import sql

from patentops.runner.places import POSTGRES_PORT, Places
from patentops.runner.servers import new_password, write_secret

EXTENSIONS = ("vector", "pg_trgm", "btree_gist", "intarray", "unaccent")
DATABASE = "patentops"
OWNER, APP, WEB = "patentops_owner", "patentops_app", "patentops_web"


def connect(places: Places, database: str) -> psycopg.Connection:
    """As the superuser, over the socket; only the runner does this."""
    return psycopg.connect(
        host=str(places.postgres_run),
        port=POSTGRES_PORT,
        user="postgres",
        password=places.secret("postgres_password"),
        dbname=database,
        autocommit=True,
    )


def prepare(places: Places, *, may_create: bool = False) -> None:
    """Have the roles, the database and its extensions. `may_create`: for test databases."""
    passwords = {
        role: write_secret(places.secrets, f"{role.removeprefix('patentops_')}_password", new)
        for role, new in ((role, new_password()) for role in (OWNER, APP, WEB))
    }
    with connect(places, "postgres") as db:
        for role, password in passwords.items():
            _role(db, role, password, may_create=may_create and role == OWNER)
        db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), sql.Identifier(WEB)))
        if may_create:  # tests look through the pages' eyes, too
            db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(WEB), sql.Identifier(OWNER)))
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            db.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )
    if may_create:
        with connect(places, "template1") as db:
            extend(db)
    furnish(places, DATABASE)


def furnish(places: Places, name: str) -> None:
    """Give a database of the embedded server its extensions, and both roles their rights in it."""
    with connect(places, name) as db:
        extend(db)
        grant(db, owner=OWNER, app=APP, database=name)


def extend(db: psycopg.Connection) -> None:
    for extension in EXTENSIONS:
        db.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))


def _role(db: psycopg.Connection, role: str, password: str, *, may_create: bool) -> None:
    known = db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    statement = "ALTER ROLE {} " if known else "CREATE ROLE {} "
    statement += "LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS "
    statement += "CREATEDB " if may_create else "NOCREATEDB "
    statement += "PASSWORD {}"
    db.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))


def grant(db: psycopg.Connection, *, owner: str, app: str, database: str) -> None:
    """The app role may read and write rows of what the owner made and will make, nothing more.

    The web role is its member and has the same, but for the walls (core/walls.py).
    """
    names = {
        "owner": sql.Identifier(owner),
        "app": sql.Identifier(app),
        "database": sql.Identifier(database),
    }
    for statement in (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT ALL ON SCHEMA public TO {owner}",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
        " GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    ):
        db.execute(sql.SQL(statement).format(**names))
