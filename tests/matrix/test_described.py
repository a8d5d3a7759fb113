"""What visitors may read is described as open."""

from __future__ import annotations

import re

from django.urls import Resolver404, resolve

from core.api.description import described
from tests.matrix.test_matrix import ROWS


def test_reading_is_described_as_open_where_visitors_may_read() -> None:
    wrong, looked_at = [], 0
    for path, operations in described("v1")["paths"].items():
        try:
            row = ROWS.get(resolve(re.sub(r"{\w+}", "1", path)).view_name)
        except Resolver404:  # a path whose parts are no numbers
            continue
        if row is None or row.get is None or "get" not in operations:
            continue
        looked_at += 1
        if row.get["anonymous"] < 400 and {} not in operations["get"].get("security", [{}]):
            wrong.append(path)
    assert looked_at > 100
    assert wrong == [], "open to visitors, but described as needing an account"
