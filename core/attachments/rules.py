"""Which files may be handed in as attachments: by content, not by name."""

from __future__ import annotations

MAX_BYTES = 10 * 1024 * 1024
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)


def content_type(head: bytes) -> tuple[str, str] | None:
    """The type and ending that a file's first bytes show; None when it is not one we take."""
    for signature, kind, ending in SIGNATURES:
        if head.startswith(signature):
            return kind, ending
    return None
