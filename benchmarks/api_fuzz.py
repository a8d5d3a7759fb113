"""The whole API under schemathesis, as a visitor, as somebody logged in, or with an exchange's key.

    PATENTOPS_THROTTLE_FACTOR=1000 python3 manage.py up --port 8001      # of its own: rows are made
    .venv/bin/python benchmarks/api_fuzz.py --base http://127.0.0.1:8001
        [--as office@example.cn | --key CLIENT_ID:SECRET]
        [--phases fuzzing coverage] [--seconds 600] [--examples 25] [--only /deals/]

Looks for failures of ours, answers that the description does not name, types it does not name, and
doors that forget who asks. Each phase runs by itself, so that the enumeration of boundary values
does not eat the time of the fuzzing: `fuzzing` tries every operation with so many random examples,
`coverage` enumerates for so many seconds. Exits with 1 when it found any; the last line counts.
Not a part of the tests: it takes minutes and fills the database it is let loose on.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,ignored_auth"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
GENERATED = re.compile(r"([\d,]+) generated")
TOKENS = "/identity/o/api/token"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def session(base: str, email: str, password: str) -> list[str]:
    """Headers of a login."""
    client = httpx.Client(base_url=base, follow_redirects=True)
    page = client.get("/accounts/login/").text
    form = {
        "login": email,
        "password": password,
        "csrfmiddlewaretoken": TOKEN.search(page).group(1),  # type: ignore[union-attr]
    }
    answer = client.post("/accounts/login/", data=form, headers={"Referer": base})
    if answer.url.path.startswith("/accounts/login"):
        raise SystemExit("登录没有成功，请检查账号。")
    told = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return [f"Cookie: {told}", f"X-CSRFToken: {client.cookies['csrftoken']}", f"Referer: {base}/"]


def described(base: str, folder: Path) -> Path:
    """The API's description in a file, its keys named as bearer tokens.

    schemathesis leaves OAuth 2.0 schemes out of what it looks after: with them declared as they
    are, a door that forgets to ask for the key would never be found.
    """
    told = httpx.get(f"{base}/api/v1/schema/?format=json").json()
    schemes = told["components"]["securitySchemes"]
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            schemes[name] = {"type": "http", "scheme": "bearer"}
    path = folder / "schema.json"
    path.write_text(json.dumps(told), "utf-8")
    return path


def token(base: str, key: str) -> list[str]:
    """The header of a key of the open platform (OAuth 2.0 client credentials)."""
    client_id, _, secret = key.partition(":")
    said = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = httpx.post(f"{base}{TOKENS}", data=said)
    if answer.status_code != 200:
        raise SystemExit(f"换取令牌没有成功：{answer.text[:200]}")
    return [f"Authorization: Bearer {answer.json()['access_token']}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--as", dest="email", default="")
    parser.add_argument("--key", default="", help="CLIENT_ID:SECRET of an exchange")
    parser.add_argument("--password", default="patentops-2026")
    parser.add_argument("--phases", nargs="+", default=["fuzzing", "coverage"])
    parser.add_argument("--seconds", type=int, default=600, help="for each phase")
    parser.add_argument("--examples", type=int, default=25, help="for each operation")
    parser.add_argument("--only", default="", help="operations whose path matches this")
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    if httpx.URL(chosen.base).host not in LOOPBACK:
        raise SystemExit("只对本机的平台运行：它会提交成千上万条内容。")
    headers = session(chosen.base, chosen.email, chosen.password) if chosen.email else []
    if chosen.key:
        headers = token(chosen.base, chosen.key)
    total, failed = 0, False
    with tempfile.TemporaryDirectory() as folder:
        schema = described(chosen.base, Path(folder))
        for phase in chosen.phases:
            count, good = run(phase, chosen, schema, headers)
            total, failed = total + count, failed or not good
            print(f"{phase}: {count} cases", flush=True)
    print(f"{total} cases, {'with failures' if failed else 'no failure'}")
    return 1 if failed else 0


def run(
    phase: str, chosen: argparse.Namespace, schema: Path, headers: list[str]
) -> tuple[int, bool]:
    """One phase: how many cases it tried, and whether all went well."""
    command = [
        str(Path(sys.executable).with_name("st")), "run",
        str(schema), "--url", chosen.base, "--checks", CHECKS,
        "--continue-on-failure", "--no-shrink",
        "--phases", phase, "--workers", str(chosen.workers), "--no-color",
        "--output-sanitize", "true", "--warnings", "off",
        "--max-examples", str(chosen.examples), "--request-timeout", "20",
    ]  # fmt: skip
    if phase != "fuzzing":
        command += ["--max-time", str(chosen.seconds)]
    if chosen.only:
        command += ["--include-path-regex", chosen.only]
    for header in headers:
        command += ["--header", header]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    print(done.stdout[-20_000:], done.stderr[-2_000:], sep="\n")
    found = GENERATED.search(done.stdout)
    return int(found.group(1).replace(",", "")) if found else 0, done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
