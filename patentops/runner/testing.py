"""`manage.py test [pytest arguments] [--browser]`."""

from __future__ import annotations

import os
import shutil
import sys

from patentops.runner.bootstrap import apt_install
from patentops.runner.places import ROOT
from patentops.runner.screen import say

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TAKE_A_VALUE = {"-k", "-m", "-p", "-n", "-o", "-c", "--maxfail", "--durations", "--dist", "--tb"}


def run(arguments: list[str]) -> int:
    """Run pytest inside .venv with the right selection."""
    browser = "--browser" in arguments
    arguments = [argument for argument in arguments if argument != "--browser"]
    if browser:
        find_browser()
    os.chdir(ROOT)
    os.environ["PATENTOPS_PROCESS"] = "test"
    command = [sys.executable, "-m", "pytest", *selection(arguments, browser=browser)]
    os.execv(sys.executable, command)


def selection(arguments: list[str], *, browser: bool) -> list[str]:
    """Browser tests run on their own; a whole run without them uses both cores."""
    chosen = list(arguments)
    if not any(a == "-m" or a.startswith("-m=") for a in arguments) and not has_path(arguments):
        chosen = ["-m", "browser" if browser else "not browser", *chosen]
    elif browser:
        chosen = ["-m", "browser", *chosen]
    own_workers = any(a.startswith(("-n", "--numprocesses", "--pdb")) for a in arguments)
    if not browser and not own_workers and not has_path(arguments):
        chosen = ["-n", "2", "--dist", "worksteal", *chosen]
    return chosen


def has_path(arguments: list[str]) -> bool:
    """Did the caller name tests?"""
    values = {i + 1 for i, a in enumerate(arguments) if a in TAKE_A_VALUE}
    return any(not a.startswith("-") and i not in values for i, a in enumerate(arguments))


def find_browser() -> str | None:
    """The system's Chromium; as root on Debian we may fetch it. Else the tests skip."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say("正在用 apt-get 安装 chromium（浏览器测试需要，约一分钟）……")
        apt_install("chromium")
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        say("没有找到 Chromium：浏览器测试将跳过。Debian/Ubuntu：sudo apt-get install chromium")
    else:
        os.environ["PATENTOPS_CHROMIUM"] = found
    return found
