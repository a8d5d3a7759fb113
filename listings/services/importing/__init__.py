"""A file of stock: taken in, judged, carried out row by row, undone.

The rows are stored before anything is judged, so nothing that was uploaded is lost. Judging and
carrying out make the same plan from the same facts. Rows are carried out in portions, each in its
own transaction that also marks them done: after a crash the sweep goes on where it stopped.
"""

from listings.services.importing.batches import stuck_batches
from listings.services.importing.flow import choose_columns, start, take_in, work_on
from listings.services.importing.undoing import undo

__all__ = ["choose_columns", "start", "stuck_batches", "take_in", "undo", "work_on"]
