"""Setting papers in type: content in, PDF out.

typst runs in this process with the one font we ship; the system's fonts are never consulted, so
the same paper looks the same everywhere. There is no bold Hanzi: weight comes from size and colour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import qrcode
import typst
from qrcode.image.svg import SvgPathImage


@cache
def _fonts() -> Path:
    """The folder of the CJK font's package."""
    spec = find_spec("noto_cjk_sans_otc")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package noto-cjk-sans-otc is not installed.")
    return Path(spec.origin).parent


def typeset(source: Path, data: Mapping[str, Any]) -> bytes:
    """The PDF of a typst template that reads `data` as JSON from sys.inputs."""
    return _set(str(source), json.dumps(data, ensure_ascii=False))


@lru_cache(maxsize=32)
def _set(source: str, data: str) -> bytes:
    """The same words make the same paper: both parties and whoever oversees them fetch it."""
    pdf: bytes = typst.compile(
        source,
        font_paths=[str(_fonts())],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
    )
    return pdf


def qr_code(address: str) -> str:
    """The address as an SVG that a phone's camera reads."""
    image = qrcode.make(address, image_factory=SvgPathImage, box_size=10, border=2)
    text: str = image.to_string(encoding="unicode")
    return text
