"""Values and lines of calendars (RFC 5545), for every room that writes one."""

from __future__ import annotations

OCTETS = 75  # of a line, its end not counted (section 3.1)


def escaped(text: str) -> str:
    """TEXT (section 3.3.11): no control characters, and what has a meaning is marked."""
    for plain, marked in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        text = text.replace(plain, marked)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in text if c in "\n\t" or (c.isprintable() or c == " "))
    return kept.replace("\n", "\\n")


def folded(line: str) -> list[str]:
    """The line in parts of at most 75 octets, no character cut; those after the first indented."""
    parts, part, room = [], "", OCTETS
    for character in line:
        size = len(character.encode())
        if size > room:
            parts.append(part)
            part, room = " ", OCTETS - 1
        part += character
        room -= size
    return [*parts, part]
