"""Files of legal events: taken in, judged row by row, recorded; what waits, and for whom."""

from listings.services.gazette.flow import start, stuck_files, take_in, work_on
from listings.services.gazette.waiting import drop_waiting, record_waiting

__all__ = ["drop_waiting", "record_waiting", "start", "stuck_files", "take_in", "work_on"]
