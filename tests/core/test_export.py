"""Downloads that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from core.web.export import FORMULA_STARTS, csv_download, inert


@given(st.text(max_size=30))
def test_no_cell_starts_a_formula(text: str) -> None:
    assert not str(inert(text)).startswith(FORMULA_STARTS)


def test_a_file_reads_back() -> None:
    answer = csv_download("x", ["名称"], [["=1+1"], ["甲,乙"], [None]])
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [["名称"], ["'=1+1"], ["甲,乙"], [""]]
