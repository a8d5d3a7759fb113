"""`manage.py security_doc` writes docs/security.md from docs/security/; `--check` compares."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

FOLDER = settings.BASE_DIR / "docs" / "security"
TARGET = settings.BASE_DIR / "docs" / "security.md"
STATES = {"met": "met", "none": "not there", "partly": "**partly**", "open": "**open**"}
CHAPTERS = {
    "V1": "Encoding and sanitization",
    "V2": "Validation and business logic",
    "V3": "Browsers",
    "V4": "API",
    "V5": "Files",
    "V6": "Authentication",
    "V7": "Sessions",
    "V8": "Authorization",
    "V9": "Self-contained tokens",
    "V10": "OAuth and OIDC",
    "V11": "Cryptography",
    "V12": "Secure communication",
    "V13": "Configuration",
    "V14": "Data protection",
    "V15": "Secure coding",
    "V16": "Logging and errors",
    "V17": "WebRTC",
}
WHAT = {
    "search": ("searches on the board, needs, open licences, similar patents, the audit trail", ""),
    "export": ("papers and tables made on demand", ""),
    "api": ("the API with a key or logged in", "key or person"),
    "api-visitor": ("the API without", "address"),
    "token": ("asking for tokens, and tokens that are wrong", "address"),
    "policy-report": ("reports of browsers", "address"),
}


class Command(BaseCommand):
    """Writes the page, or says that it is not what the tables say."""

    help = "Write docs/security.md from docs/security/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        text = page()
        if not options["check"]:
            TARGET.write_text(text, "utf-8")
        elif TARGET.read_text("utf-8") != text:
            raise CommandError("docs/security.md 已过时，请运行：python3 manage.py security_doc")


def load(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


def page() -> str:
    """The whole page as it should be."""
    asvs = load("asvs.toml")
    tests: dict[str, str] = asvs.pop("tests")
    head = (FOLDER / "head.md").read_text("utf-8").replace("{limits}", "\n".join(_limits()))
    head = head.replace("{personal}", "\n".join(_personal()))
    parts = [head.rstrip(), "", *_top10(load("api_top10.toml"), tests), "", *_summary(asvs)]
    for chapter, rows in asvs.items():
        parts += ["", f"### {chapter} {CHAPTERS[chapter]}", ""]
        parts += ["| no. | level | requirement | state | evidence |", "|---|---|---|---|---|"]
        parts += [
            f"| {number} | {row['l']} | {row['w']} | {STATES[row['s']]} | {_evidence(row, tests)} |"
            for number, row in rows.items()
        ]
    return "\n".join(parts) + "\n"


def _limits() -> list[str]:
    rows = []
    for name, (most, seconds) in settings.THROTTLES.items():
        what, who = WHAT.get(name, (name, ""))
        rows.append(f"| {what} | {most} in {seconds} s | {who or 'person, else address'} |")
    return rows


def _personal() -> list[str]:
    """What becomes of texts when somebody asks to be forgotten."""
    decided = load("personal.toml")
    cleared = [f"| {row['what']} | cleared | |" for row in decided["cleared"]]
    kept = [f"| {row['what']} | kept | {row['why']} |" for row in decided["kept"]]
    return ["| texts | | why |", "|---|---|---|", *cleared, *kept]


def _top10(entries: dict[str, Any], tests: dict[str, str]) -> list[str]:
    lines = ["## OWASP API Security Top 10 (2023)", "", "| | attack | answer | tried by |"]
    lines.append("|---|---|---|---|")
    lines += [
        f"| {code} | {entry['name']} | {entry['we']} | {_named(entry['by'], tests)} |"
        for code, entry in entries.items()
    ]
    return lines


def _summary(chapters: dict[str, Any]) -> list[str]:
    lines = [
        "## OWASP ASVS 5.0", "",
        "Level 1 and level 2 whole, of level 3 what a platform like this needs most; in our own",
        "words. `met` has a test or a file as evidence, `not there` says why it does not arise.",
        "",
        "| level | requirements | met | not there | partly | open |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    rows = [row for chapter in chapters.values() for row in chapter.values()]
    for level in (1, 2, 3):
        of = [row["s"] for row in rows if row["l"] == level]
        counts = " | ".join(str(of.count(state)) for state in STATES)
        lines.append(f"| {level} | {len(of)} | {counts} |")
    return lines


def _evidence(row: dict[str, Any], tests: dict[str, str]) -> str:
    return "; ".join(
        part for part in (row.get("why", ""), _named(row.get("by", []), tests)) if part
    )


def _named(names: list[str], tests: dict[str, str]) -> str:
    return ", ".join(f"`{tests.get(name, name).rpartition('::')[2]}`" for name in names)
