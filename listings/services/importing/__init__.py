"""A file of stock: taken in, judged, carried out row by row, undone.

A file is read once, its rows stored and judged in portions; nothing else is written until it is
started. Then its rows land in portions, each in its own transaction that also marks them done, and
an undo takes them back the same way: after a crash the sweep goes on where it stopped.
"""

from listings.services.importing.absences import decide as decide_absent
from listings.services.importing.flow import (
    choose_columns,
    kept_rows,
    resume,
    start,
    stop,
    take_in,
    undo,
    work_on,
)
from listings.services.importing.shifts import stuck_batches

__all__ = [
    "choose_columns",
    "decide_absent",
    "kept_rows",
    "resume",
    "start",
    "stop",
    "stuck_batches",
    "take_in",
    "undo",
    "work_on",
]
