"""The standard-library bootstrap: what it passes on, and when it installs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from patentops.runner import bootstrap

PIP_SAYS = """\
global.index-url='https://far.example/simple'
install.index-url='https://mirror.example/simple'
:env:.extra-index-url='https://a.example/simple https://b.example/simple'
global.cert='/etc/ssl/own.pem'
freeze.all='1'
nonsense
"""


def test_pip_settings_rank_environment_over_install_over_global() -> None:
    assert bootstrap.parse_pip_settings(PIP_SAYS) == {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://a.example/simple https://b.example/simple",
        "cert": "/etc/ssl/own.pem",
    }


def test_uv_is_told_what_pip_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    told = bootstrap.uv_environment(bootstrap.parse_pip_settings(PIP_SAYS))
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert told["UV_INDEX"].split() == ["https://a.example/simple", "https://b.example/simple"]
    assert told["SSL_CERT_FILE"] == "/etc/ssl/own.pem"


def test_what_the_user_told_uv_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://chosen.example/simple")
    told = bootstrap.uv_environment({"index-url": "https://mirror.example/simple"})
    assert told["UV_DEFAULT_INDEX"] == "https://chosen.example/simple"


def test_uv_itself_is_pinned_by_hash() -> None:
    block = bootstrap.locked_block("uv").splitlines()
    assert block[0].startswith("uv==")
    assert all(line.lstrip().startswith("--hash=sha256:") for line in block[1:])
    assert not block[-1].endswith("\\")


@pytest.mark.parametrize(
    ("stamped", "wanted", "fresh"),
    [
        ("run", "run", True),
        ("test", "test", True),
        ("test", "run", True),  # the two commands do not undo each other
        ("run", "test", False),
        ("older", "run", False),
    ],
)
def test_the_stamp_says_whether_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stamped: str, wanted: str, fresh: bool
) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text(json.dumps({"lock": stamped}))
    monkeypatch.setattr(bootstrap, "STAMP", stamp)
    monkeypatch.setattr(bootstrap, "digest", lambda lock: lock)
    monkeypatch.setattr(bootstrap, "works", lambda python: True)
    assert bootstrap.is_fresh(wanted) is fresh


def test_without_a_stamp_or_with_half_a_stamp_it_installs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stamp = tmp_path / "stamp.json"
    monkeypatch.setattr(bootstrap, "STAMP", stamp)
    assert not bootstrap.is_fresh("run")
    stamp.write_text('{"lock": "ab')
    assert not bootstrap.is_fresh("run")


def test_a_missing_venv_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(bootstrap.CannotInstall, match=r"apt-get install python3\.\d+-venv"):
        bootstrap.get_ensurepip()


def test_every_package_of_the_run_lock_is_in_the_test_lock_at_the_same_version() -> None:
    def pins(lock: str) -> set[str]:
        lines = bootstrap.LOCKS[lock].read_text("utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and line[0].isalnum()}

    assert pins("run") <= pins("test")


def test_the_bootstrap_needs_only_the_standard_library() -> None:
    import ast
    import sys

    from patentops.runner.places import ROOT

    todo, seen = ["manage.py", "patentops/runner/main.py"], set()
    while todo:
        name = todo.pop()
        seen.add(name)
        body = ast.parse((ROOT / name).read_text("utf-8")).body
        for node in body:  # imports at the top only: later ones run inside .venv
            found = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                found = [node.module or ""]
                if node.module == "patentops.runner":
                    found = [f"patentops.runner.{a.name}" for a in node.names]
            for module in found:
                if module.startswith("patentops"):
                    file = module.replace(".", "/") + ".py"
                    todo += [file] if file not in seen and (ROOT / file).exists() else []
                else:
                    assert module.partition(".")[0] in sys.stdlib_module_names, (name, module)
    assert "patentops/runner/bootstrap.py" in seen
