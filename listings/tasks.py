"""What this room does by the clock: terms that run out, patents whose index lost its nudge,
imports that stopped half-way."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from listings import services
from listings.selectors.searching import exports as export_selectors
from listings.services import drives, gazette, importing, upkeep
from listings.services.layers import layering, promotion, scoring
from listings.services.searching import alerts, exports, token_postings
from listings.services.trading import price_postings, settling


@shared_task(name="listings.refresh_standing", acks_late=True, ignore_result=True)
def refresh_standing() -> None:
    """Fold anew whatever the calendar alone has changed."""
    while services.refresh_standing(now=timezone.now()):
        pass


@shared_task(
    name="listings.work_on_event_file",
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
)
def work_on_event_file(*, file_id: int) -> None:
    """Judge or record a large file of legal events, from where it stands."""
    gazette.work_on(file_id=file_id, now=timezone.now())


@shared_task(name="listings.resume_event_files", acks_late=True, ignore_result=True)
def resume_event_files() -> None:
    """The sweep: files of events whose nudge was lost or whose worker died."""
    for file_id in gazette.stuck_files(now=timezone.now()):
        work_on_event_file.delay(file_id=file_id)


@shared_task(name="listings.index_stale", acks_late=True, ignore_result=True)
def index_stale() -> None:
    """Index whatever is out of date."""
    while services.index_stale(now=timezone.now()):
        pass


@shared_task(
    name="listings.work_on_import", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def work_on_import(*, batch_id: int) -> None:
    """Read, carry out or take back a large import, from where it stands."""
    importing.work_on(batch_id=batch_id, clock=timezone.now)


@shared_task(name="listings.resume_imports", acks_late=True, ignore_result=True)
def resume_imports() -> None:
    """The sweep: imports whose nudge was lost or whose worker died."""
    for batch_id in importing.stuck_batches(now=timezone.now()):
        work_on_import.delay(batch_id=batch_id)  # one that keeps failing must not stop the others


@shared_task(name="listings.score_due", acks_late=True, ignore_result=True)
def score_due() -> None:
    """Score what was marked, or has come of age, portion by portion."""
    now = timezone.now()
    while layering.end_overrides(now=now):
        pass
    scoring.apply_rules(now=now)
    while scoring.score_due(now=now):
        pass


@shared_task(name="listings.tell_searches", acks_late=True, ignore_result=True)
def tell_searches() -> None:
    """Daily and weekly searches, and news that was held back to be told together."""
    while alerts.tell_due(now=timezone.now()):
        pass


@shared_task(
    name="listings.write_export", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def write_export(*, export_id: int) -> None:
    """Write the file of one export."""
    exports.write_export(export_id=export_id, clock=timezone.now)


@shared_task(name="listings.resume_exports", acks_late=True, ignore_result=True)
def resume_exports() -> None:
    """The sweep: exports whose nudge was lost or whose worker died."""
    for export_id in export_selectors.waiting(now=timezone.now()):
        write_export.delay(export_id=export_id)


@shared_task(name="listings.expire_exports", acks_late=True, ignore_result=True)
def expire_exports() -> None:
    """Files that have been kept long enough."""
    while exports.expire_exports(now=timezone.now()):
        pass


@shared_task(name="listings.settle_auctions", acks_late=True, ignore_result=True)
def settle_auctions() -> None:
    """Auctions that the clock has overtaken start, close and are decided; postings end."""
    settling.settle_due(now=timezone.now())
    price_postings.complete_due(now=timezone.now())


@shared_task(name="listings.remind_of_annuities", acks_late=True, ignore_result=True)
def remind_of_annuities() -> None:
    """Tell organisations of annuities that fall due; a second run the same day tells nothing."""
    upkeep.remind(now=timezone.now())


@shared_task(name="listings.remind_of_reviews", acks_late=True, ignore_result=True)
def remind_of_reviews() -> None:
    """Archived patents whose review day is today."""
    promotion.remind_of_reviews(now=timezone.now())


@shared_task(name="listings.keep_postings", acks_late=True, ignore_result=True)
def keep_postings() -> None:
    """Bring the board's postings of common words up to what was listed since."""
    token_postings.keep_postings(now=timezone.now())


@shared_task(name="listings.remind_drives", acks_late=True, ignore_result=True)
def remind_drives() -> None:
    """Institutions that have yet to take stock, seven days and one day before the end."""
    drives.remind_by_clock(now=timezone.now())
