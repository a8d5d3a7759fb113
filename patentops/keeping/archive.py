"""One backup in one file: a tar of the database's dump, the files, and a manifest that seals them.

The manifest is the last member, so a file that was cut off has none and is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORMAT = 1
MANIFEST, DUMP, FILES = "manifest.json", "database.dump", "media"
_CHUNK = 1 << 20


class Unusable(Exception):
    """The file is no backup that can be restored; the message (Chinese) says why."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and what must be found again after it is restored."""

    made_at: str  # ISO 8601, UTC
    version: str  # of the platform
    postgres: int  # server_version_num, e.g. 180006
    migrations: list[str]  # "room.0001_initial"
    counts: dict[str, int]  # rows of each table
    audit_position: int  # of the newest sealed entry; 0 where there is none
    audit_digest: str
    format: int = FORMAT
    members: dict[str, str] = field(default_factory=dict)  # name → SHA-256

    @classmethod
    def read(cls, content: bytes) -> Manifest:
        """Unusable unless it is a manifest of a format that this version knows."""
        try:
            said: dict[str, Any] = json.loads(content)
            if int(said["format"]) > FORMAT:
                raise Unusable("这个备份由更新的版本制作，请先升级平台，再恢复。")
            return cls(**said)
        except (ValueError, TypeError, KeyError) as problem:
            raise Unusable("备份的清单读不出来，文件可能已损坏。请换一份备份。") from problem


class Writer:
    """Adds members to a backup and remembers their digests."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, str] = {}

    def add(self, path: Path, name: str) -> None:
        """Put in one file. A file that has gone meanwhile raises FileNotFoundError."""
        with path.open("rb") as file:
            entry = self._tar.gettarinfo(arcname=name, fileobj=file)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o600
            reader = Hashing(file)
            self._tar.addfile(entry, reader)
        self.members[name] = reader.digest()

    def close(self, manifest: Manifest) -> None:
        """The manifest, with the digests of all that was added."""
        sealed = asdict(manifest) | {"members": self.members}
        content = json.dumps(sealed, ensure_ascii=False, indent=1, sort_keys=True).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
        self._tar.addfile(entry, io.BytesIO(content))


class Hashing:
    """A file whose digest is known once it was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._hash.update(content)
        return content

    def digest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """A backup that appears under its name only when it is whole, readable by its owner alone."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield Writer(tar)
            tar.close()
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(target)
    finally:
        fresh.unlink(missing_ok=True)


class Archive:
    """A backup that is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115  closed in __exit__
            members = {member.name: member for member in self._tar.getmembers()}
        except (tarfile.TarError, EOFError) as problem:
            raise Unusable(f"{path} 不是本平台的备份，或者没有写完。请换一份备份。") from problem
        if MANIFEST not in members:
            raise Unusable(f"{path} 没有清单：文件不完整。请换一份备份。")
        content = self._tar.extractfile(members[MANIFEST])
        assert content is not None
        self.manifest = Manifest.read(content.read())
        self._members = members

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def unpack(self, folder: Path) -> None:
        """All members below `folder`; Unusable when one is missing, altered or out of place."""
        for name, wanted in self.manifest.members.items():
            if not _in_place(name):
                raise Unusable(f"备份里有位置不对的文件（{name}），不能恢复。")
            member = self._members.get(name)
            if member is None or not member.isfile():
                raise Unusable(f"备份里缺少 {name}：文件不完整。请换一份备份。")
            if self._copy(member, folder / name) != wanted:
                raise Unusable(f"备份里的 {name} 与清单不一致，文件已损坏或被改动。请换一份备份。")

    def _copy(self, member: tarfile.TarInfo, target: Path) -> str:
        source = self._tar.extractfile(member)
        assert source is not None
        target.parent.mkdir(parents=True, exist_ok=True)
        reader = Hashing(source)
        try:
            with target.open("wb") as file:
                while chunk := reader.read(_CHUNK):
                    file.write(chunk)
        except tarfile.TarError as problem:
            raise Unusable("备份在中途断了：文件不完整。请换一份备份。") from problem
        return reader.digest()


def _in_place(name: str) -> bool:
    path = PurePosixPath(name)
    if name == DUMP:
        return True
    return path.parts[:1] == (FILES,) and len(path.parts) > 1 and ".." not in path.parts
