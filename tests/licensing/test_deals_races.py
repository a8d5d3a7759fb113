"""Rivals for one exclusive right: one is signed, whoever comes first."""

from __future__ import annotations

import pytest

from benchmarks.deal_rivals import overlaps, race
from licensing.models import Deal
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic


@pytest.mark.django_db(transaction=True)
def test_rivals_for_one_exclusive_scope_leave_one_licence():
    at = given.table()
    patent_id = lic.listed(at.office)
    kinds = ("exclusive", "sole", "exclusive", "transfer")
    tables = [given.Table(at.office, at.second, make.enterprise()) for _ in kinds]
    ids = [
        given.uploaded(one, patent_id, kind=kind).pk
        for one, kind in zip(tables, kinds, strict=True)
    ]
    ends = [end for end, _took in race(ids, at.checker)]
    signed = Deal.objects.filter(status="signed")
    licences = [row for row in signed if row.is_licence]
    assert len(licences) <= 1
    assert signed.count() == ends.count("done") >= 1
    assert overlaps() == 0
