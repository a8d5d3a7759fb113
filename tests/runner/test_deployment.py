"""Containers and gateway settings say what the runner says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from patentops import celery
from patentops.runner import prepare
from patentops.runner.checks import PRODUCTION
from patentops.runner.database import APP, DATABASE, EXTENSIONS, OWNER, WEB
from patentops.runner.places import ROOT


def test_the_compose_file_has_every_process_and_waits_for_what_it_needs() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    services = compose["services"]
    assert set(services) == {"db", "valkey", "migrate", "web", "worker", "beat"}
    for name in ("web", "worker", "beat"):
        assert services[name]["environment"]["PATENTOPS_PROCESS"] == name
        assert services[name]["depends_on"]["migrate"] == {
            "condition": "service_completed_successfully"
        }
    assert services["db"]["image"] == "pgvector/pgvector:pg18"
    assert "--locale=C.UTF-8" in services["db"]["environment"]["POSTGRES_INITDB_ARGS"]


def follows_the_specification(compose: Path) -> subprocess.CompletedProcess[str]:
    """The compose specification's own schema, which the library carries with it."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, compose], capture_output=True, text=True, check=False)


def test_the_compose_file_follows_the_compose_specification(tmp_path: Path) -> None:
    done = follows_the_specification(ROOT / "docker-compose.yml")
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services: {db: {imagee: pgvector, restart: [no]}}", "utf-8")
    assert "imagee" in follows_the_specification(wrong).stdout


def test_every_secret_of_the_compose_file_has_its_line_in_the_example() -> None:
    named = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    example = set(re.findall(r"^#?\s*(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.M))
    assert named <= example, sorted(named - example)
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_the_image_holds_no_tests_and_no_sample() -> None:
    """What is left out is used by nothing that stays in."""
    left = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert {"tests", "benchmarks", "patentops/sample", "patentops/demo"} <= set(left)
    rooms = ("core", "listings", "licensing", "pledges", "matching", "oversight", "interchange")
    stays = [
        path
        for room in (*rooms, "patentops")
        for path in (ROOT / room).rglob("*.py")
        if not any(f"{path.relative_to(ROOT)}/".startswith(f"{gone}/") for gone in left)
    ]
    assert len(stays) > 400
    for path in stays:
        imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text("utf-8"), re.M)
        gone = ("patentops.sample", "patentops.demo", "tests", "benchmarks")
        assert [n for n in imported if f"{n}.".startswith(tuple(f"{g}." for g in gone))] == [], path


def test_the_containers_database_is_made_like_the_embedded_one() -> None:
    script = (ROOT / "deploy/postgres/10-roles.sh").read_text("utf-8")
    assert set(re.findall(r"CREATE EXTENSION IF NOT EXISTS (\w+);", script)) == set(EXTENSIONS)
    for role in (OWNER, APP):
        assert re.search(rf"ALTER ROLE {role} LOGIN NOSUPERUSER .*NOBYPASSRLS PASSWORD", script)
    assert re.search(rf"ALTER ROLE {WEB} NOSUPERUSER .*NOBYPASSRLS;", script)
    assert f"GRANT {APP} TO {WEB};" in script
    assert f"${{PATENTOPS_DATABASE:-{DATABASE}}}" in script
    assert f"OWNER {OWNER}" in script


def services() -> dict[str, dict[str, Any]]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_every_documented_setting_reaches_the_containers() -> None:
    """But those that the file itself says, and those of one machine's own folders."""
    table = (ROOT / "docs/operation.md").read_text("utf-8").partition("## Servers of your own")[2]
    documented = set(re.findall(r"`(PATENTOPS_[A-Z_]+|EMAIL_URL)`", table.partition("\n## ")[0]))
    own = {"PATENTOPS_STATE", "PATENTOPS_DEBUG", "PATENTOPS_NO_BOOTSTRAP"}
    for name in ("web", "worker", "beat", "migrate"):
        assert documented - own <= set(services()[name]["environment"]), name


def test_each_process_holds_its_own_database_password_only() -> None:
    found = {
        name: {word for word in ("OWNER", "APP", "WEB") if f"{word}_PASSWORD" in str(service)}
        for name, service in services().items()
        if name in {"web", "worker", "beat", "migrate"}
    }
    assert found == {
        "web": {"WEB", "APP"},  # the app's where there is no second wall
        "worker": {"APP"},
        "beat": {"APP"},
        "migrate": {"OWNER"},
    }
    assert "@db" not in re.sub(r"//patentops_\w+@db", "", str(services()))  # none in an address


def test_every_container_is_watched_bounded_and_read_only() -> None:
    for name, service in services().items():
        assert service["logging"]["options"]["max-size"], name
        assert ("healthcheck" in service) is (name != "migrate"), name
        if "build" in service:
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


def test_the_scheduler_and_the_worker_leave_a_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery.signals import after_task_publish, beat_init, heartbeat_sent

    sign = tmp_path / "alive"
    heartbeat_sent.send(sender=None)
    assert not sign.exists()  # on one machine nobody asked for it
    monkeypatch.setenv("PATENTOPS_ALIVE", str(sign))
    heartbeat_sent.send(sender=None)
    assert sign.exists()
    sign.unlink()
    after_task_publish.send(sender="some.task")
    assert not sign.exists()  # what a worker's task publishes says nothing about its worker
    beat_init.send(sender=None)
    try:
        after_task_publish.send(sender="some.task")
        assert sign.exists()
    finally:
        after_task_publish.disconnect(celery._alive)


def test_static_files_of_the_release_before_stay_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.STATIC_ROOT = tmp_path
    week = prepare.OUTLIVED + 60

    def release(*names: str) -> None:
        def collect(*_: object, **__: object) -> None:
            for name in names:
                (tmp_path / f"{name}.css").write_text(name, "ascii")
                (tmp_path / f"{name}.css.br").write_text(name, "ascii")
            paths = {name: f"{name}.css" for name in names}
            (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": paths}), "ascii")

        monkeypatch.setattr(prepare, "call_command", collect)
        prepare.collect_static()

    def older() -> None:
        for file in tmp_path.iterdir():
            os.utime(file, (time.time() - week,) * 2)

    release("a1", "b1")
    older()
    release("a2", "b1")  # old as a1 is, it was in use until now
    assert {"a1.css", "a1.css.br", "a2.css", "b1.css"} <= {f.name for f in tmp_path.iterdir()}
    older()
    release("a2", "b1")
    assert {f.name for f in tmp_path.iterdir() if f.suffix == ".css"} == {"a2.css", "b1.css"}
    assert not (tmp_path / "a1.css.br").exists()


def settings_with(**environment: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PATENTOPS_", "DJANGO_"))}
    command = [sys.executable, "-c", "import patentops.settings as s; print(s.SECURE_HSTS_SECONDS)"]
    return subprocess.run(
        command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False
    )


def test_production_settings_load() -> None:
    done = settings_with(**PRODUCTION, PATENTOPS_SECRET_KEY="k" * 60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "31536000"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"PATENTOPS_PROCESS": "webb"}, "PATENTOPS_PROCESS"),
        ({"PATENTOPS_DB_ROLE": "root"}, "PATENTOPS_DB_ROLE"),
        ({**PRODUCTION, "PATENTOPS_STATE": "/nonexistent"}, "PATENTOPS_SECRET_KEY"),
        ({"PATENTOPS_PRODUCTION": "1", "PATENTOPS_SECRET_KEY": "k"}, "PATENTOPS_HOSTS"),
        (
            {**PRODUCTION, "PATENTOPS_SECRET_KEY": "k", "PATENTOPS_DEBUG": "1"},
            "PATENTOPS_DEBUG",
        ),
        ({"DATABASE_URL": "mysql://me@host/db"}, "PostgreSQL"),
        ({"REDIS_URL": "amqp://host"}, "Redis or Valkey"),
    ],
)
def test_a_wrong_setting_fails_loudly(environment: dict[str, str], named: str) -> None:
    done = settings_with(**environment)
    assert done.returncode != 0
    assert named in done.stderr.splitlines()[-1]
