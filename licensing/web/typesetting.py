"""Setting papers in type: content in, PDF out.

typst runs in this process with the one font we ship; the system's fonts are never consulted, so
the same paper looks the same everywhere. There is no bold Hanzi: weight comes from size and colour.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typst

SOURCE = Path(__file__).resolve().parents[2] / "templates" / "licensing" / "paper.typ"


@cache
def _fonts() -> Path:
    """The folder of the CJK font's package."""
    spec = find_spec("noto_cjk_sans_otc")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package noto-cjk-sans-otc is not installed.")
    return Path(spec.origin).parent


def typeset(
    *, title: str, content: Sequence[tuple[str, Any]], content_hash: str, address: str
) -> bytes:
    """A paper of two columns, item and wording, with its hash and the page that checks it."""
    data = {
        "title": title,
        "rows": [
            [label, value if isinstance(value, list) else [str(value)]] for label, value in content
        ],
        "hash": content_hash,
        "address": address,
    }
    pdf: bytes = typst.compile(
        str(SOURCE),
        font_paths=[str(_fonts())],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    return pdf
