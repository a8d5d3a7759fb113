"""An uploaded file on its way to a worker: in the database, in pieces, until it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.db import connection

from listings.models import ImportBatch, ImportPiece

PIECE: Final = 1024 * 1024


def put(batch: ImportBatch, path: Path) -> None:
    """Keep the file, a piece at a time."""
    table = connection.ops.quote_name(ImportPiece._meta.db_table)
    with path.open("rb") as stream, connection.cursor() as cursor:
        copied = f"COPY {table} (batch_id, position, body) FROM STDIN"
        with cursor.copy(copied) as copy:
            for position, piece in enumerate(iter(lambda: stream.read(PIECE), b"")):
                copy.write_row((batch.pk, position, piece))


@contextmanager
def fetched(batch_id: int) -> Iterator[Path]:
    """The file on this machine's disk, for as long as it is read."""
    with TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as stream:
            pieces = ImportPiece.objects.filter(batch_id=batch_id).order_by("position")
            for body in pieces.values_list("body", flat=True).iterator(chunk_size=4):
                stream.write(body)
        yield path


def drop(batch_id: int) -> None:
    """The rows are stored: the file is not needed any more."""
    ImportPiece.objects.filter(batch_id=batch_id).delete()
