"""What `python3 manage.py …` does first: our own commands, else Django's."""

from __future__ import annotations

import os
import sys

# These change tables, so they run as the owner of the database.
OWNER_COMMANDS = {"migrate", "sqlmigrate", "sqlflush", "flush", "makemigrations", "pgtrigger"}


def main(argv: list[str]) -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    if len(argv) > 1 and argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("PATENTOPS_DB_ROLE", "owner")
    if len(argv) > 1 and argv[1] == "test":
        os.environ.setdefault("PATENTOPS_PROCESS", "test")
        import pytest

        sys.exit(pytest.main(argv[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)
