"""Bring in the rest of the sample once the first page answers, in a process of its own.

`python -m patentops.runner.fill FINGERPRINT`, run as the owner of the database. What it was asked
for is noted in the state folder, so that a warm start does not start Django for nothing.
"""

from __future__ import annotations

import os
import sys

import django
from django.core.management import call_command

from patentops.runner.freshness import Prepared
from patentops.runner.places import state_folder
from patentops.runner.up import FILLED


def main(arguments: list[str]) -> None:
    """Load what is missing, then note it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    os.nice(10)  # pages and tasks come first
    django.setup()
    call_command("load_sample", rest=True)
    Prepared(state_folder(), FILLED).note(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
