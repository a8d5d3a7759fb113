"""The whole path of docs/operation.md in containers: from nothing to a restored backup.

    python -m benchmarks.containers [--port N] [--keep]

Builds the image, starts docker-compose.yml as a project of its own (`patentops-drill`) with
passwords of every kind of character, opens the first administrator, logs in and walks the pages,
kills the worker's and the scheduler's process, backs up, restores into a second database, takes
everything down and up again with the data kept, then switches to the restored database. Needs
docker with its compose plugin and the base images. Prints a line a step with its seconds; exit 1
at the first thing that does not hold. At the end the project goes with its volumes (`--keep`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from patentops.runner.places import ROOT

EMAIL, PASSWORD = "first@example.org", secrets.token_urlsafe(16)
ODD = "p@s s/w:o%r?d#&=+'"  # what an address could not hold
PAGES = (
    *("/", "/patents/", "/help/", "/accounts/login/", "/sitemap.xml", "/healthz", "/readyz"),
    *("/api/v1/patents/", "/api/v1/schema/", "/metrics"),
)
MINE = ("/", "/patents/", "/notices/", "/audit/", "/matching/runs/", "/admin/")
END = """
import os, signal, pathlib
for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
    pid, _, rest = stat.read_text().partition(' ')
    if rest.rpartition(')')[2].split()[1] == '1':
        os.kill(int(pid), signal.SIGKILL)
"""


class Failed(Exception):
    """Something did not hold."""


class Project:
    """One project of docker compose, with an environment of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self.file = port, folder / "drill.env"
        self.settings = {
            "PATENTOPS_SECRET_KEY": secrets.token_urlsafe(48),
            **{
                f"PATENTOPS_{role}_PASSWORD": ODD.replace("'", "") + secrets.token_urlsafe(8)
                for role in ("OWNER", "APP", "WEB")
            },
            "PATENTOPS_PORT": str(port),
            "PATENTOPS_METRICS_TOKEN": secrets.token_urlsafe(8),
        }
        self.write()

    def write(self, **more: str) -> None:
        self.settings |= more
        lines = (f"{name}='{value}'\n" for name, value in self.settings.items())
        self.file.write_text("".join(lines), "utf-8")

    def run(self, *arguments: str, said: str = "") -> str:
        """`docker compose …`; what it printed."""
        done = subprocess.run(
            ["docker", "compose", "-p", "patentops-drill",
             "--env-file", str(self.file), *arguments],
            cwd=ROOT, input=said, capture_output=True, text=True, check=False,
            env={k: v for k, v in os.environ.items() if not k.startswith("PATENTOPS_")},
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"{' '.join(arguments)}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

    def owner(self, *arguments: str, said: str = "") -> str:
        """One command of the platform as the owner of the database."""
        return self.run(
            "run", "--rm", "-T", "migrate", "python", "manage.py", *arguments, said=said
        )

    def query(self, statement: str, database: str = "patentops") -> str:
        return self.run("exec", "-T", "db", "psql", "-qAt", "-U", "postgres", "-d", database,
                        "-c", statement).strip()  # fmt: skip

    def states(self) -> dict[str, str]:
        """Each running service and its health."""
        rows = map(json.loads, self.run("ps", "--format", "json").splitlines())
        return {row["Service"]: row["Health"] for row in rows}


def asked(client: httpx.Client, path: str) -> httpx.Response:
    answer = client.get(path)
    if answer.status_code >= 400:
        raise Failed(f"{path} answers {answer.status_code}")
    return answer


def walk(project: Project) -> int:
    """Visitors' pages, then the administrator's with the style sheet they name; how many."""
    token = {"Authorization": f"Bearer {project.settings['PATENTOPS_METRICS_TOKEN']}"}
    with httpx.Client(
        base_url=f"http://localhost:{project.port}", follow_redirects=True, timeout=30
    ) as client:
        for path in PAGES:
            client.headers.update(token if path == "/metrics" else {})
            asked(client, path)
            client.headers.pop("Authorization", None)
        form = asked(client, "/accounts/login/").text
        known = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert known
        client.post(
            "/accounts/login/",
            data={"csrfmiddlewaretoken": known[1], "login": EMAIL, "password": PASSWORD},
            headers={"Referer": f"http://localhost:{project.port}/accounts/login/"},
        )
        home = asked(client, "/").text
        if "退出" not in home:
            raise Failed("the first administrator is not logged in")
        for path in (*MINE, *set(re.findall(r'"(/static/[^"]+\.css)"', home))):
            if "/accounts/login/" in str(asked(client, path).url):
                raise Failed(f"{path} asks to log in")
    return len(PAGES) + len(MINE)


def healthy(project: Project, *, within: float = 180) -> None:
    """All four processes and both servers are well."""
    end = time.monotonic() + within
    wanted = {"db", "valkey", "web", "worker", "beat"}
    while {name for name, state in project.states().items() if state == "healthy"} != wanted:
        if time.monotonic() > end:
            raise Failed(f"not healthy: {project.states()}")
        time.sleep(1)


def drill(project: Project) -> None:
    """Step by step."""
    clock = time.monotonic()

    def said(step: str) -> None:
        nonlocal clock
        print(f"{time.monotonic() - clock:6.1f} s  {step}", flush=True)
        clock = time.monotonic()

    project.run("build", "--quiet", "web")
    said("the image is built")
    project.run("up", "-d", "--wait")
    healthy(project)
    said("everything is up and healthy")
    project.owner("add_administrator", EMAIL, "--name", "第一人", said=f"{PASSWORD}\n")
    said(f"the first administrator sees {walk(project)} pages")
    for service in ("worker", "beat"):
        project.run("exec", "-T", service, "python", "-c", END)
    time.sleep(2)
    healthy(project)
    said("worker and scheduler were killed and are back")
    project.run("exec", "-T", "worker", "python", "manage.py", "doctor")
    said("the doctor finds nothing wrong")
    project.owner("backup", "/backups/drill.tar")
    said("a backup is taken")
    new = "patentops_restored"
    script = "/docker-entrypoint-initdb.d/10-roles.sh"
    project.run("exec", "-T", "-e", f"PATENTOPS_DATABASE={new}", "db", script)
    url = f"postgresql://patentops_owner@db:5432/{new}"
    project.owner("restore", "--into", url, "/backups/drill.tar")
    said("it is restored into a second database and proven")
    entries = project.query("SELECT count(*) FROM core_auditentry")
    project.run("down")
    project.run("up", "-d", "--wait")
    walk(project)
    if int(project.query("SELECT count(*) FROM core_auditentry")) < int(entries):
        raise Failed("entries of the audit trail are gone")
    said("down and up again: the data is kept")
    project.write(PATENTOPS_DATABASE=new, PATENTOPS_MEDIA=f"/state/media_restored_{new}")
    project.run("up", "-d", "--wait")
    walk(project)
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'patentops'"
    if project.query(f"{busy} AND usename <> 'postgres'") != "0":
        raise Failed("somebody still works on the database of before")
    said("the restored database serves")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--keep", action="store_true", help="leave it running at the end")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="containers-") as folder:
        project = Project(Path(folder), options.port)
        try:
            drill(project)
        except Failed as problem:
            sys.exit(f"{problem}\n{project.run('logs', '--tail', '15', '--no-color')}")
        finally:
            if not options.keep:
                project.run("down", "-v", "--remove-orphans")
    print("Everything held.")


if __name__ == "__main__":
    main()
