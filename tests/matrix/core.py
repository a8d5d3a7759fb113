"""Core's own URLs, and those of the libraries it brings in."""

from __future__ import annotations

from tests.matrix import Row, everyone, logged_in, only

EXPECTATIONS: dict[str, Row] = {
    "core:home": Row(get=everyone(200)),
    "core:notices": Row(get=logged_in()),
    "core:notices-read": Row(post=logged_in(302)),
    "core:notice-preferences": Row(post=logged_in(302)),
    "core:notice": Row(kwargs=lambda world: {"notice_id": 1}, get=logged_in(404)),
    "core:acting-as": Row(get=logged_in(), post=logged_in(404)),
    "core:audit": Row(get=only("auditor", "sysadmin")),
    "core:help": Row(get=everyone(200)),
    "core:manual": Row(kwargs=lambda world: {"slug": "api"}, get=everyone(200)),
    "core:help-topic": Row(kwargs=lambda world: {"topic": "privacy"}, get=everyone(200)),
    "core:sitemap": Row(get=everyone(200)),
    "core:sitemap-part": Row(kwargs=lambda world: {"name": "pages", "part": 0}, get=everyone(200)),
    "core:robots": Row(get=everyone(200)),
    "core:healthz": Row(get=everyone(200)),
    "core:favicon": Row(get=everyone(302)),
    "set_language": Row(get=everyone(302), post=everyone(302)),
    "core:readyz": Row(get=everyone(200)),
    "metrics": Row(get=everyone(404)),  # not there without the token
}

# Views of libraries: django-allauth, Django's admin, drf-spectacular. Only their presence is
# pinned here (a new one must be looked at); what they answer is tested where we configure them.
# The live stream is asynchronous and has tests of its own (tests/core/test_live.py).
ELSEWHERE: frozenset[str] = frozenset({"core:events"})
LIBRARY_PREFIXES: tuple[str, ...] = (
    "admin:",
    "account_",
    "mfa_",
    "usersessions_",
    "socialaccount_",
    "openid_connect_",
    "?social/",  # old addresses that lead to the new ones
    "idp:",
)
