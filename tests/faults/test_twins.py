"""Twins of one request have one effect and one answer; the many are in a benchmark."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.faults.twins import Case, Found, Refused, Unkeyed, afresh, alone, creating, spread, twins

FEW = ("licensing-api:open-declaration-list", "pledges-api:pledge-list")
MANY, KEYS = int(os.environ.get("TWINS", "0")), int(os.environ.get("TWIN_KEYS", "200"))


def test_every_room_has_creating_posts() -> None:
    """The harness finds them: nearly a hundred, in every room with an API of commands."""
    found = creating()
    assert len(found) >= 90
    assert {each.name.split("-api")[0] for each in found} >= {
        *("listings", "licensing", "pledges", "matching"),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(MANY > 0, reason="the many are sent instead")
def test_a_few_twins() -> None:
    for each in creating():
        if each.name in FEW:
            found = twins(Case(each), many=4, alone=alone(each))
            assert found.wrong == [], found


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(MANY == 0, reason="benchmarks/idempotent_twins.py runs it")
def test_many_twins() -> None:
    wrong, keys, statuses = [], 0, Counter[int]()
    unkeyed = set()
    for each, share in spread(KEYS):
        for _ in range(share):
            try:
                expected, case = afresh(each)
            except Unkeyed:
                unkeyed.add(each.name)
                break
            except Refused as refusal:
                wrong.append(Found(each.name, wrong=[str(refusal)]))
                print(refusal, flush=True)
                break
            found = twins(case, many=MANY, alone=expected)
            keys, statuses = keys + 1, statuses + found.statuses
            if found.wrong:
                wrong.append(found)
                print(each.name, found.wrong, flush=True)
    print(
        f"\n{len(creating())} POSTs, {keys} keys of {MANY} twins: {sum(statuses.values())} answers"
    )
    print("guarded by their state, without a key:", sorted(unkeyed))
    print("by status:", dict(sorted(statuses.items())), "wrong:", len(wrong))
    assert not wrong
