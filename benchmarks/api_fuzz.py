"""The whole API under schemathesis, as a visitor and as somebody logged in.

    PATENTOPS_THROTTLE_FACTOR=1000 python3 manage.py up --port 8001      # of its own: rows are made
    .venv/bin/python benchmarks/api_fuzz.py --base http://127.0.0.1:8001 [--as office@example.cn]
        [--seconds 600] [--examples 60]

Looks for failures of ours, answers that the description does not name, types it does not name, and
doors that forget who asks. Exits with 1 when it found any; its last lines count the cases.
Not a part of the tests: it takes minutes and fills the database it is let loose on.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import httpx

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,ignored_auth"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--as", dest="email", default="")
    parser.add_argument("--password", default="patentops-2026")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--examples", type=int, default=60)
    chosen = parser.parse_args()
    if httpx.URL(chosen.base).host not in LOOPBACK:
        raise SystemExit("只对本机的平台运行：它会提交成千上万条内容。")
    headers = session(chosen.base, chosen.email, chosen.password) if chosen.email else []
    schema = f"{chosen.base}/api/v1/schema/?format=json"
    command = [
        str(Path(sys.executable).with_name("st")), "run", schema,
        "--url", chosen.base, "--checks", CHECKS, "--continue-on-failure", "--no-shrink",
        "--phases", "examples,coverage,fuzzing", "--max-time", str(chosen.seconds),
        "--max-examples", str(chosen.examples), "--workers", "1", "--no-color",
        "--output-sanitize", "true",
    ]  # fmt: skip
    for header in headers:
        command += ["--header", header]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
