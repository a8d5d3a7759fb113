"""Files of legal events for tests, taken in by the room's own service."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.people.models import Membership
from listings.models import EventFile
from listings.services import gazette
from tests.factories import core
from tests.factories.listings import NOON

HEADER = "申请号,法律状态,生效日,登记号,变更前权利人,变更后权利人,到期日"


def taken_in(
    sender: Membership, *lines: str, header: str = HEADER, name: str = "公报.csv"
) -> EventFile:
    """A file of these lines, judged."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as kept:
        kept.write("".join(f"{line}\n" for line in (header, *lines) if line).encode())
        kept.flush()
        pk = gazette.take_in(path=Path(kept.name), filename=name, by=core.actor(sender), now=NOON)
    return EventFile.objects.get(pk=pk)


def started(sender: Membership, *lines: str) -> EventFile:
    """The same, recorded."""
    file = taken_in(sender, *lines)
    gazette.start(file_id=file.pk, by=core.actor(sender), now=NOON)
    file.refresh_from_db()
    return file
