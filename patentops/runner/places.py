"""Where this checkout keeps its state and its sockets. Standard library only.

settings.py and the runner both ask here, so `manage.py shell` finds the servers of a running `up`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POSTGRES_PORT = 5432
LONGEST_SOCKET_PATH = 107  # bytes, Linux sun_path without its closing NUL


@dataclass(frozen=True)
class Places:
    """The folders and files of one installation."""

    state: Path
    run: Path

    @property
    def postgres(self) -> Path:
        return self.state / "postgres"

    @property
    def valkey(self) -> Path:
        return self.state / "valkey"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def static(self) -> Path:
        return self.state / "static"

    @property
    def metrics(self) -> Path:
        return self.state / "metrics"

    @property
    def postgres_run(self) -> Path:
        return self.run / "pg"

    @property
    def valkey_socket(self) -> Path:
        return self.run / "valkey" / "valkey.sock"

    def secret(self, name: str) -> str:
        """A generated password or key, or "" before the first `up`."""
        try:
            return (self.secrets / name).read_text("ascii").strip()
        except (FileNotFoundError, PermissionError):
            return ""


def digest(path: Path) -> str:
    """A short, stable name for a folder."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def open_to_others(path: Path) -> bool:
    """May any user of this machine walk down to `path`?"""
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents) if step.exists())


def state_folder(root: Path = ROOT) -> Path:
    """PATENTOPS_STATE, else var/ in the checkout, else (root in a closed home) /var/lib.

    As root PostgreSQL runs as nobody, who must be able to walk down to its data folder.
    """
    chosen = os.environ.get("PATENTOPS_STATE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    outside = Path("/var/lib/patentops") / digest(root)
    if os.geteuid() == 0 and (outside.exists() or not open_to_others(root)):
        return outside
    return root / "var"


def run_folder(state: Path) -> Path:
    """Where sockets live: below the state, or in a short folder when that path is long or odd."""
    inside = state / "run"
    text = str(inside)
    longest = len(os.fsencode(inside / "pg" / f".s.PGSQL.{POSTGRES_PORT}"))
    plain = text.isascii() and not set(text) & set(" %?#@:&+'\"\\")
    if plain and longest <= LONGEST_SOCKET_PATH:
        return inside
    return Path("/tmp") / f"patentops-{os.geteuid()}-{digest(state)}"


def places(state: Path | None = None) -> Places:
    """The folders of this checkout, or of the given state folder."""
    state = state or state_folder()
    return Places(state=state, run=run_folder(state))
