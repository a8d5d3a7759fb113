"""Load the sample through the rooms' own services, in the order in which it happened.

Every paper becomes steps with a moment each, counted back from `now`; the steps run by time, so
the trail, the notices and the events read as if people had done it all. What is there already
stays as it is: a second load changes nothing.

The heart comes first and at once, since every page waits for it. The volumes, two more years of
the same, follow one by one, each all or nothing, while the pages already answer; at the end comes
what was filed and dealt with on patents of any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction

from interchange import services as interchange
from patentops.sample.answers import Answers
from patentops.sample.content import Sample, sample, volumes
from patentops.sample.contracts import Contracts
from patentops.sample.crew import Crew
from patentops.sample.dealings import Dealings
from patentops.sample.deals import Deals
from patentops.sample.demands import Demands
from patentops.sample.desk import Desk
from patentops.sample.disputes import Disputes
from patentops.sample.filings import Filings
from patentops.sample.finding import Finding
from patentops.sample.gatherings import Gatherings
from patentops.sample.income import Income
from patentops.sample.layers import Layers
from patentops.sample.library import FOUNDED, Patents, Plan
from patentops.sample.pools import Pools
from patentops.sample.ratings import Ratings
from patentops.sample.register import Register
from patentops.sample.rights import Rights
from patentops.sample.trade import Trade
from patentops.sample.upkeep import Upkeep


@transaction.atomic
def load(*, now: datetime, content: Sample | None = None) -> int:
    """Bring in whatever of the heart is missing, all of it or nothing; how many steps it took."""
    content = content or sample()
    crew = Crew(began=now - FOUNDED)
    crew.enrol(content)
    plan = Plan(content, now, crew)
    Patents(plan).prepare()
    Deals(plan).prepare()
    Disputes(plan).prepare()
    Contracts(plan).prepare()
    Rights(plan).prepare()
    Demands(plan).prepare()
    Trade(plan).prepare()
    Answers(plan).prepare()
    Pools(plan).prepare()
    Gatherings(plan).prepare()
    Finding(plan).prepare()
    Desk(plan).prepare()
    Layers(plan).prepare()
    Upkeep(plan).prepare()
    Register(plan).prepare()
    Income(plan).prepare()
    Ratings(plan).prepare()
    for partner in content.partners:
        if crew.created:
            join = partial(_join, crew, partner.org)
            plan.then(plan.ago(partner.joined_days_ago), join)
    plan.run()
    return crew.created + len(plan.steps)


def load_volumes(*, now: datetime, tell: Callable[[int, int], None]) -> int:
    """Bring in the volumes that are missing; how many steps it took.

    `tell` hears before each how many are in, of how many.
    """
    crew, books = enrolled(now=now), volumes()
    steps, parts = crew.created, len(books) + 1
    for done, book in enumerate(books):
        tell(done, parts)
        steps += load_volume(book, crew, now=now)
    tell(len(books), parts)
    return steps + load_rest(crew, now=now)


@transaction.atomic
def enrolled(*, now: datetime) -> Crew:
    """The people of the heart and of all volumes."""
    crew = Crew(began=now - FOUNDED)
    for content in (sample(), *volumes()):
        crew.enrol(content)
    return crew


@transaction.atomic
def load_volume(book: Sample, crew: Crew, *, now: datetime) -> int:
    """Bring in whatever of one volume is missing, all of it or nothing."""
    plan = Plan(book, now, crew, history=FOUNDED)
    Patents(plan).prepare()
    Deals(plan).prepare()
    Demands(plan).prepare()
    plan.run()
    return len(plan.steps)


@transaction.atomic
def load_rest(crew: Crew, *, now: datetime) -> int:
    """Bring in whatever is missing of what stands on patents of the heart and of all volumes."""
    plan = Plan(sample(), now, crew, history=FOUNDED)
    for book in (sample(), *volumes()):
        Patents(replace(plan, content=book)).recall()
    Filings(plan).prepare()
    Dealings(plan).prepare()
    plan.run()
    return len(plan.steps)


def _join(crew: Crew, org: str, at: datetime) -> int:
    """The exchange joins the open platform."""
    return interchange.join(by=crew.actor(org), now=at)
