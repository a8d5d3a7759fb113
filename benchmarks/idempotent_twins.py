"""Thirty-two twins of two hundred requests, over every creating POST of the API.

    python benchmarks/idempotent_twins.py --twins 32 --keys 200

A database of its own (thrown away), threads of one process. For every POST that the matrix
(`tests/matrix`) sends with an Idempotency-Key and lets somebody make: the twins start together, and
whoever hears that a twin is running asks again. Expected of each key: one answer that is no replay,
all answers the same to the byte, audit entries and events as of one request alone; 409 only while a
twin runs; then 422 for another body and 400 without a key, which leave no trace.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--twins", type=int, default=32)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--rooms", default="", help="listings,pledges: only theirs")
    asked = parser.parse_args()
    sizes = {"TWINS": str(asked.twins), "TWIN_KEYS": str(asked.keys), "TWIN_ROOMS": asked.rooms}
    begun = time.monotonic()
    test = "tests/faults/test_twins.py::test_many_twins"
    command = [sys.executable, "-m", "pytest", test, "-q", "-s"]
    code = subprocess.run(command, cwd=ROOT, env=os.environ | sizes, check=False).returncode
    print(f"{time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f}")
    return code


if __name__ == "__main__":
    sys.exit(main())
