"""Every link in the documents leads somewhere, and every command can be given as written."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

from patentops.runner.main import COMMANDS
from patentops.runner.places import ROOT
from tests.docs import papers as written

PAPERS = written.papers()
NAMES = [str(paper.relative_to(ROOT)) for paper in PAPERS]
OURS = ("patentops.", "core.", "listings.", "licensing.", "matching.")
# Served beside Django's own addresses.
BESIDE = ("/static/", "/media/")


@pytest.mark.parametrize("paper", PAPERS, ids=NAMES)
def test_links_lead_to_files_and_headings(paper: Path) -> None:
    dead = []
    for _picture, target in written.links(paper):
        if re.match(r"[a-z]+:", target) or target.startswith("/"):
            continue
        path, _, anchor = target.partition("#")
        file = (paper.parent / path).resolve() if path else paper
        if not file.exists() or (anchor and anchor not in written.anchors(file)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("paper", PAPERS, ids=NAMES)
def test_addresses_of_the_platform_resolve(paper: Path) -> None:
    unknown = [a for a in written.addresses(paper) if not _resolves(a)]
    assert unknown == []


def _resolves(address: str) -> bool:
    """As it stands, with a number or a word for each placeholder, or with its last slash."""
    if address.startswith(BESIDE):
        return True
    for filled in ("1", "x"):
        path = re.sub(r"<[^>]*>|\{[^}]*\}", filled, address)
        for end in ("", "/"):
            try:
                resolve(path + end)
            except Resolver404:
                continue
            return True
    return False


@pytest.mark.parametrize("paper", PAPERS, ids=NAMES)
def test_commands_exist_with_these_options(paper: Path) -> None:
    wrong = []
    for line in written.commands(paper):
        name, *rest = line.split()
        options = {
            re.split(r"[=\]]", word.strip("[]"))[0] for word in rest if word.startswith("--")
        }
        known = _options(name)
        if known is None or options - known:
            wrong.append(line)
    assert wrong == []


def _options(name: str) -> set[str] | None:
    """The options of a command; None if there is no such command."""
    if name in COMMANDS:
        source = inspect.getsource(import_module(COMMANDS[name][0]))
        return set(re.findall(r"\"(--[a-z-]+)\"", source))
    app = get_commands().get(name)
    if app is None:
        return None
    command = app if not isinstance(app, str) else load_command_class(app, name)
    parser = command.create_parser("manage.py", name)
    return {option for action in parser._actions for option in action.option_strings}


def test_the_checks_see_what_is_wrong(tmp_path: Path) -> None:
    paper = tmp_path / "broken.md"
    paper.write_text(
        "# One\n[a](missing.md) [b](#two) [c](/no/such/page/)\n`manage.py backup --wings`\n"
        "```\npython3 manage.py fly\n```\n",
        "utf-8",
    )
    assert written.anchors(paper) == {"one"}
    assert [target for _p, target in written.links(paper)] == [
        "missing.md",
        "#two",
        "/no/such/page/",
    ]
    assert not _resolves("/no/such/page/")
    assert list(written.commands(paper)) == ["fly", "backup --wings"]
    assert _options("fly") is None
    assert "--wings" not in (_options("backup") or set())
    assert "--yes" in (_options("remove_sample") or set())
