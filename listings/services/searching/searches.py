"""Keeping searches: saved, renamed, asked anew, silenced, removed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import SavedSearch, SearchHit
from listings.rules import alerts, records
from listings.rules.alerts import Frequency
from listings.selectors.searching import searches
from listings.selectors.searching.search import STAFF, BoardQuery, check
from listings.services.searching.alerts import catch_up

LONGEST_NAME = 60
SAVING_LOCK = 0x5EA2


@transaction.atomic
def save_search(
    *, name: str, query: BoardQuery, frequency: Frequency, by: Actor, now: datetime
) -> int:
    """Keep a question to the board; what answers it already is no news. Its id."""
    require(by, Permission.SAVE_SEARCH)
    owner = _person(by)
    name, asked = _name(name), _asked(query, by)
    _one_at_a_time(owner)
    mine = SavedSearch.objects.visible_to(by)
    if mine.count() >= alerts.MOST_SEARCHES:
        raise Conflict(
            f"您已保存 {alerts.MOST_SEARCHES} 个检索，达到上限。"
            "请先在“保存的检索”里删除不再需要的，再保存新的。",
            code="too-many-searches",
        )
    _refuse_twin(by, name)
    row = SavedSearch(
        user_id=owner,
        organisation_id=by.organisation_id,
        name=name,
        frequency=frequency.value,
        created_at=now,
        due_at=alerts.next_check(frequency, now),
        **asked,
    )
    _remember(row, now=now)
    row.save()
    audit.record("search.saved", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def edit_search(
    *,
    search_id: int,
    by: Actor,
    now: datetime,
    name: str | None = None,
    frequency: Frequency | None = None,
    query: BoardQuery | None = None,
) -> None:
    """Rename it, hear of it more or less often, or let it ask something else from now on."""
    row = _lock(search_id, by=by)
    _one_at_a_time(row.user_id)
    changes: dict[str, Any] = {}
    if name is not None and _name(name) != row.name:
        _refuse_twin(by, _name(name))
        changes["name"], row.name = [row.name, _name(name)], _name(name)
    if query is not None:
        asked = _asked(query, by)
        if asked["fingerprint"] != row.fingerprint or asked["sort"] != row.sort:
            changes["query"] = [row.fingerprint, asked["fingerprint"]]
            for field, value in asked.items():
                setattr(row, field, value)
            row.organisation_id = by.organisation_id
            row.hits.all().delete()
            _remember(row, now=now)
    if frequency is not None and frequency.value != row.frequency:
        changes["frequency"] = [row.frequency, frequency.value]
        _switch(row, frequency, now=now)
    if changes:
        row.save()
        audit.record("search.edited", subject=row, by=by, at=now, changes=changes)


@transaction.atomic
def remove_search(*, search_id: int, by: Actor, now: datetime) -> None:
    """Keep it no longer; nobody is told of it again."""
    row = _lock(search_id, by=by)
    audit.record("search.removed", subject=row, by=by, at=now)
    row.delete()


@transaction.atomic
def see_hits(*, search_id: int, by: Actor, now: datetime) -> int:
    """The person has looked at what is new; how many it were. Reading needs no audit entry."""
    row = SavedSearch.objects.visible_to(by).filter(pk=search_id).first()
    if row is None:
        return 0
    return SearchHit.objects.filter(search=row, seen_at__isnull=True).update(seen_at=now)


def _person(by: Actor) -> int:
    if by.user_id is None:
        raise Invalid("保存的检索属于个人账户，请登录个人账户后再保存。")
    return by.user_id


def _one_at_a_time(owner: int) -> None:
    """Two windows of one person cannot pass the ceiling, nor give two searches one name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SAVING_LOCK, owner % 2**31])


def _name(name: str) -> str:
    tidy = records.tidy(name)
    if not tidy:
        raise Invalid(fields={"name": ["请给这个检索起个名字，方便以后辨认。"]})
    if len(tidy) > LONGEST_NAME:
        raise Invalid(fields={"name": [f"名字有 {len(tidy)} 个字，最多 {LONGEST_NAME} 个字。"]})
    return tidy


def _asked(query: BoardQuery, by: Actor) -> dict[str, Any]:
    """What is asked, in its stored form. Layers are for staff; nobody else can ask for them."""
    check(query)
    chosen = {
        name: list(values)
        for name, values in query.chosen.items()
        if values and (name != searches.FOR_STAFF or by.has(*STAFF))
    }
    if not query.text and not chosen:
        raise Invalid(
            "没有检索词，也没有筛选条件。请先在“找专利”里输入检索词或选择条件，再保存。",
            code="empty-search",
        )
    return {
        "text": query.text,
        "chosen": chosen,
        "sort": query.sort,
        "words": searches.words_of(query),
        "fingerprint": alerts.fingerprint(query.text, chosen),
    }


def _refuse_twin(by: Actor, name: str) -> None:
    if SavedSearch.objects.visible_to(by).filter(name=name).exists():
        raise Invalid(fields={"name": ["您已经有一个同名的检索，请换个名字。"]})


def _remember(row: SavedSearch, *, now: datetime) -> None:
    """What answers now is known."""
    viewer = searches.viewers([row])[row.pk]
    found = searches.answering(row, viewer=viewer, limit=alerts.REMEMBERED + 1)
    row.known_all = len(found) <= alerts.REMEMBERED
    row.known = sorted(found) if row.known_all else []
    row.saved_at = row.checked_at = now


def _switch(row: SavedSearch, frequency: Frequency, *, now: datetime) -> None:
    """From now on at another pace: what was missed meanwhile is counted, and told with the rest
    unless the search was silent."""
    silent = row.frequency == Frequency.OFF
    catch_up(row, now=now)
    if silent or frequency is Frequency.OFF:
        row.hits.filter(told_at__isnull=True).update(told_at=now)
    row.frequency, row.due_at = frequency.value, alerts.next_check(frequency, now)
    if frequency is Frequency.AT_ONCE and row.hits.filter(told_at__isnull=True).exists():
        row.due_at = now


def _lock(search_id: int, *, by: Actor) -> SavedSearch:
    require(by, Permission.SAVE_SEARCH)
    row = SavedSearch.objects.visible_to(by).select_for_update().filter(pk=search_id).first()
    if row is None:
        raise Missing("没有找到这个保存的检索，可能已被删除。")
    return row
