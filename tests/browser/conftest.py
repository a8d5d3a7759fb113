"""A real Chromium against a real installation, as a visitor would have it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patentops.runner.testing import BROWSERS
from tests.runner.installation import Installation

QUIET = [
    "--no-sandbox",  # Chromium refuses its sandbox to root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's browser: pytest-playwright would want one it downloads."""
    found = os.environ.get("PATENTOPS_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if not found:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return {**browser_type_launch_args, "executable_path": found, "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A visitor in China on a laptop."""
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1440, "height": 900},
    }


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """`manage.py up` with the sample, in a state folder of its own."""
    with tempfile.TemporaryDirectory(prefix="patentops-browser-") as folder:
        os.chmod(folder, 0o711)  # user nobody must reach PostgreSQL's data
        made = Installation(Path(folder) / "state")
        made.start(sample=True)
        yield made
        made.stop()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> str:
    """Its address, such as http://127.0.0.1:43210; PATENTOPS_BROWSER_SITE names one that runs."""
    running = os.environ.get("PATENTOPS_BROWSER_SITE", "").rstrip("/")
    if running:
        return running
    made: Installation = request.getfixturevalue("installation")
    return made.url


@pytest.fixture(scope="session")
def base_url(site: str) -> str:
    """So that `page.goto("/patents/")` is enough."""
    return site
