"""What one upload may be. Beyond these an upload is refused early, with a message."""

from typing import Final

MIB: Final = 1024 * 1024

UPLOAD_BYTES: Final = 200 * MIB
INFLATED_BYTES: Final = 1024 * MIB
# A workbook that inflates beyond this AND by more than this factor is a bomb, not a table.
# Ordinary sheets inflate 5 to 40 times.
SUSPECT_INFLATED_BYTES: Final = 48 * MIB
SUSPECT_RATIO: Final = 100
ZIP_MEMBERS: Final = 1_000

ROWS: Final = 100_000
COLUMNS: Final = 256
# One cell may hold this much before the row is refused; fields have narrower limits of their own.
CELL_CHARACTERS: Final = 50_000
# A sheet with more filled cells than this cannot be within ROWS x COLUMNS of a stock list.
FILLED_CELLS: Final = 5_000_000

CHILD_SECONDS: Final = 180
CHILD_MEMORY_BYTES: Final = 1_536 * MIB
# What is read while somebody waits for the page: a hostile file is refused within two seconds.
SMALL_SECONDS: Final = 2
SMALL_MEMORY_BYTES: Final = 320 * MIB  # of addresses, of which the interpreter takes 60
SMALL_INFLATED_BYTES: Final = 48 * MIB

# Up to this size a file is read and judged within the request, a workbook being packed; up to
# this many rows are carried out or taken back there.
INLINE_BYTES: Final = 512 * 1024
INLINE_WORKBOOK_BYTES: Final = 96 * 1024
INLINE_ROWS: Final = 300
