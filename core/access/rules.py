"""What a password may be, and what devices are called. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable

LEAST_CLASSES = 3  # of graded protection (等保, GB/T 22239)
LEAST_LETTERS = 4  # of one's own beside words that anybody would guess here

WAYS = {
    "password": "密码",
    "totp": "验证器",
    "recovery_codes": "恢复码",
    "mfa": "两步验证",
    "socialaccount": "统一身份认证",
}

# How it is made sure who asks for a lost factor to be taken away: as when accounts are opened.
EVIDENCE = {
    "in_person": "本人到场，核对了身份证件",
    "video": "视频通话，核对了身份证件和本人",
    "sealed_letter": "所在机构盖章的书面证明，并电话向机构核实",
}

# The first words that somebody tries who knows what this platform is (docs/security.md).
OUR_WORDS = (
    "patentops", "patent", "zhuanli", "zhuanhua", "yunyong", "pingtai", "zhishichanquan", "zscq",
    "xuke", "zhiya", "cnipa", "administrator", "admin", "guanliyuan", "office", "bureau",
    "enterprise", "inventor", "exchange", "auditor", "sysadmin", "password", "mima",
    "专利转化运用平台", "专利转化", "专利", "转化", "运用", "平台", "知识产权局", "知识产权",
    "开放许可", "许可", "质押", "管理员", "密码",
)  # fmt: skip


def is_ours(password: str, names: Iterable[str] = ()) -> bool:
    """Whether it is made of words of the platform or of these names, with digits and signs.

    `patentops-2026` is; `patentops horse battery` is not, for what else is in it.
    """
    left = "".join(c for c in password.lower() if c.isalpha())
    words = {"".join(c for c in word.lower() if c.isalpha()) for word in (*OUR_WORDS, *names)}
    found = False
    for word in sorted(words - {""}, key=lambda word: (-len(word), word)):
        if len(word) >= 2 and word in left:
            found, left = True, left.replace(word, "")
    return found and len(left) < LEAST_LETTERS


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
