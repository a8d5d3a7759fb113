"""Passwords where graded protection (等保, GB/T 22239) asks for more than length. Plain Python."""

from __future__ import annotations

LEAST_CLASSES = 3


def classes(password: str) -> int:
    """How many of the four there are: lower case, upper case, digits, others."""
    found = (
        any("a" <= c <= "z" for c in password),
        any("A" <= c <= "Z" for c in password),
        any(c.isdecimal() for c in password),
        any(not c.isascii() or not c.isalnum() for c in password),
    )
    return sum(found)


def device(user_agent: str) -> str:
    """What people call the browser and system behind a User-Agent line."""
    browsers = (
        ("MicroMessenger", "微信"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    )  # fmt: skip
    systems = (
        ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
        ("HarmonyOS", "鸿蒙"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
    )  # fmt: skip
    browser = next((name for mark, name in browsers if mark in user_agent), "其他程序")
    system = next((name for mark, name in systems if mark in user_agent), "")
    return f"{browser} · {system}" if system else browser
