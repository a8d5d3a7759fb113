"""The sample's files: one TOML file a topic, its tables by name."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def written(topic: str) -> dict[str, list[dict[str, Any]]]:
    """What the file of a topic says, as written."""
    text = (files("patentops.sample") / f"{topic}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
