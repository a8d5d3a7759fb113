"""Files are taken by content and kept under our own names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.attachments import services
from core.errors import Invalid
from core.people.types import Actor

PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.mark.django_db
def test_a_pdf_is_kept_with_its_hash(now: datetime, settings: object, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)  # type: ignore[attr-defined]
    upload = SimpleUploadedFile("..\\..\\付款凭证.exe", PDF)
    row = services.store(upload, purpose="payment", by=Actor(user_id=1), now=now)
    assert row.content_type == "application/pdf"
    assert row.name == "付款凭证.exe"
    assert Path(row.file.path).suffix == ".pdf"
    assert len(row.sha256) == 64


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "空"), (b"<html>", "只接受"), (b"MZ\x90", "只接受"), (PDF * 100_000, "超过")],
)
def test_other_files_are_refused_with_a_reason(now: datetime, content: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        services.store(
            SimpleUploadedFile("a.pdf", content), purpose="x", by=Actor.system(), now=now
        )
    assert words in refusal.value.fields["file"][0]
