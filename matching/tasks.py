"""Matching's tasks: the row is the message, the queue only a nudge."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.errors import Conflict
from core.people.types import Actor
from matching import services
from matching.exchanges.mail import DjangoPostman
from matching.services import delivering, gatherings, implicit, learning, need_imports


@shared_task(
    name="matching.run_shard", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def run_shard(*, shard_id: int) -> None:
    """One slice of a full run."""
    services.run_shard(shard_id=shard_id, now=timezone.now())


@shared_task(
    name="matching.tell_shard", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def tell_shard(*, shard_id: int) -> None:
    """Push the best of one slice, after the switch."""
    services.tell_shard(shard_id=shard_id, now=timezone.now())


@shared_task(name="matching.sweep", ignore_result=True)
def sweep() -> None:
    """Hand out again what lost nudges and dead workers left."""
    services.sweep(now=timezone.now())


@shared_task(name="matching.full_run", ignore_result=True)
def full_run() -> None:
    """Everything against everything, every night; one at a time."""
    try:
        services.start_full_run(by=Actor.system(), now=timezone.now())
    except Conflict:
        return  # yesterday's is still under way; the sweep looks after it


@shared_task(name="matching.push_waiting", ignore_result=True)
def push_waiting() -> None:
    """What a day's share left waiting."""
    services.push_waiting(now=timezone.now())


@shared_task(name="matching.measure_all", acks_late=True, ignore_result=True)
def measure_all(*, run_id: int) -> None:
    """How much demand there is for each patent, after a full run."""
    services.measure_after(run_id=run_id, now=timezone.now())


@shared_task(
    name="matching.deliver", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def deliver() -> None:
    """Digests and mails that are due."""
    delivering.deliver(postman=DjangoPostman(), now=timezone.now())


@shared_task(name="matching.keep_standing", ignore_result=True)
def keep_standing() -> None:
    """Needs that end soon or have ended."""
    services.keep_standing(now=timezone.now())
    services.forget_drafts(now=timezone.now())


@shared_task(
    name="matching.take_list", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def take_list(*, import_id: int) -> None:
    """A list of needs, portion by portion; each is whole whenever the worker dies."""
    while need_imports.take_portion(import_id=import_id, now=timezone.now()):
        pass


@shared_task(name="matching.take_lists", ignore_result=True)
def take_lists() -> None:
    """Take up again what a dead worker or a lost nudge left."""
    for import_id in need_imports.unfinished_lists():
        take_list(import_id=import_id)


@shared_task(name="matching.refresh_profiles", ignore_result=True)
def refresh_profiles() -> None:
    """Implicit demand of those who consented, once a night."""
    implicit.refresh_profiles(now=timezone.now())


@shared_task(name="matching.learn", acks_late=True, ignore_result=True)
def learn() -> None:
    """Whether the ratings teach better weights, every week."""
    learning.learn(by=Actor.system(), now=timezone.now())


@shared_task(name="matching.remind_gatherings", ignore_result=True)
def remind_gatherings() -> None:
    """A day ahead of an event, once."""
    gatherings.remind(now=timezone.now())
