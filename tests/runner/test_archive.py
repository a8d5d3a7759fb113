"""A backup's file: whole or refused."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from patentops.keeping import archive, restore
from patentops.keeping.archive import Archive, Manifest, Unusable
from patentops.keeping.database import Failed
from patentops.keeping.proof import Page, Proof

MANIFEST = Manifest(
    made_at="2026-11-20T10:00:00+00:00",
    version="0.1.0",
    postgres=180006,
    migrations=["core.0001_initial"],
    counts={"core_user": 3},
    audit_position=2,
    audit_digest="ab",
)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A backup of a dump and one file."""
    (tmp_path / "dump").write_bytes(b"rows" * 1_000)
    (tmp_path / "proof.pdf").write_bytes(b"%PDF")
    target = tmp_path / "a.backup"
    with archive.writing(target) as writer:
        writer.add(tmp_path / "dump", archive.DUMP)
        writer.add(tmp_path / "proof.pdf", "media/attachments/2026/11/x.pdf")
        writer.close(MANIFEST)
    return target


def test_what_went_in_comes_out(whole: Path, tmp_path: Path) -> None:
    with Archive(whole) as backup:
        backup.unpack(tmp_path / "out")
        assert replace(backup.manifest, members={}) == MANIFEST
    assert (tmp_path / "out" / archive.DUMP).read_bytes() == b"rows" * 1_000
    assert (tmp_path / "out/media/attachments/2026/11/x.pdf").read_bytes() == b"%PDF"
    assert whole.stat().st_mode & 0o077 == 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_backup_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> None:
        with archive.writing(tmp_path / "b.backup"):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        breaks()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
def test_a_file_cut_off_is_refused(whole: Path, share: float) -> None:
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Unusable, match=r"备份"):
        Archive(whole)


def test_a_changed_byte_is_found(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[content.index(b"rowsrows") + 1] ^= 1
    whole.write_bytes(content)
    with Archive(whole) as backup, pytest.raises(Unusable, match="不一致"):
        backup.unpack(tmp_path / "out")


def rewritten(target: Path, manifest: dict[str, object], members: dict[str, bytes]) -> None:
    with tarfile.open(target, "w") as tar:
        for name, content in {**members, archive.MANIFEST: json.dumps(manifest).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "media/../../evil", "media", "x/y"])
def test_nothing_is_written_outside_its_folder(tmp_path: Path, name: str) -> None:
    rewritten(tmp_path / "c", asdict(MANIFEST) | {"members": {name: "00"}}, {name: b"x"})
    with Archive(tmp_path / "c") as backup, pytest.raises(Unusable, match="位置不对"):
        backup.unpack(tmp_path / "out")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (asdict(MANIFEST) | {"format": archive.FORMAT + 1}, "更新的版本"),
        ({"format": 1}, "读不出来"),
        ({}, "读不出来"),
        ([], "读不出来"),
    ],
)
def test_a_manifest_we_cannot_read_is_refused(
    tmp_path: Path, manifest: dict[str, object], said: str
) -> None:
    rewritten(tmp_path / "d", manifest, {})
    with pytest.raises(Unusable, match=said):
        Archive(tmp_path / "d")


def test_a_member_that_is_missing_is_named(tmp_path: Path) -> None:
    rewritten(tmp_path / "e", asdict(MANIFEST) | {"members": {archive.DUMP: "00"}}, {})
    with Archive(tmp_path / "e") as backup, pytest.raises(Unusable, match=r"缺少 database\.dump"):
        backup.unpack(tmp_path / "out")


def test_a_backup_of_a_later_version_is_refused() -> None:
    restore.known(MANIFEST)
    restore.known(replace(MANIFEST, migrations=["auth.9999_of_a_library"]))  # not ours to know
    with pytest.raises(Unusable, match="先升级平台"):
        restore.known(replace(MANIFEST, migrations=["core.9999_later"]))


GOOD = Proof(audit_position=2, audit_digest="ab", pages=[Page("/", 200, "首页")])


def test_a_sound_proof_passes() -> None:
    restore.judge(GOOD, MANIFEST)


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (replace(GOOD, audit_break=7), "第 7 条断开"),
        (replace(GOOD, audit_digest="cd"), "末端"),
        (replace(GOOD, audit_position=1), "末端"),
        (replace(GOOD, lost=["a.pdf"]), "a.pdf"),
        (replace(GOOD, altered=["b.pdf"]), "b.pdf"),
        (replace(GOOD, pages=[Page("/patents/", 500, "")]), r"/patents/（500）"),
    ],
)
def test_whatever_is_wrong_stops_the_restore(proof: Proof, said: str) -> None:
    with pytest.raises(Failed, match=said):
        restore.judge(proof, MANIFEST)
