"""Does a restored database carry the platform? Run in a process of its own, on that database.

`python -m patentops.keeping.proof`: one line of JSON. Nothing it does stays: logins and whatever
pages write are rolled back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROLES_ASKED = 8
NEWEST = "/api/v1/patents/?page_size=3"
PUBLIC = [
    "/",
    "/patents/",
    "/patents/?q=方法",
    "/collections/",
    "/needs/",
    "/open-licences/",
    "/gatherings/",
    "/open-platform/",
    "/help/",
    "/accounts/login/",
    "/robots.txt",
    "/sitemap.xml",
    "/healthz",
    "/readyz",
    NEWEST,
    "/api/v1/listings/?page_size=3",
    "/api/v1/schema/?format=json",
]


@dataclass(frozen=True)
class Page:
    """How one page answered: its status, and what stands on it that a restore must not change."""

    path: str
    status: int
    mark: str  # a page's title, or the digest of a JSON body


@dataclass
class Proof:
    """What was found; empty lists and None are good."""

    audit_break: int | None = None
    audit_position: int = 0
    audit_digest: str = ""
    attachments: int = 0
    lost: list[str] = field(default_factory=list)  # attachments without their file
    altered: list[str] = field(default_factory=list)  # whose content is not what was handed in
    pages: list[Page] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> Proof:
        said = json.loads(text)
        return cls(**said | {"pages": [Page(**page) for page in said["pages"]]})

    @property
    def failing(self) -> list[Page]:
        return [page for page in self.pages if page.status != 200]


def main() -> None:
    """Print the proof."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    import django

    django.setup()
    from django.db import transaction

    found = Proof()
    audit(found)
    attachments(found)
    with transaction.atomic():
        found.pages = pages()
        transaction.set_rollback(True)
    json.dump(asdict(found), sys.stdout, ensure_ascii=False)


def audit(found: Proof) -> None:
    """The chain from its first entry to its last."""
    from core.audit.models import AuditEntry
    from core.audit.selectors import first_break

    found.audit_break = first_break()
    head = AuditEntry.objects.filter(position__isnull=False).order_by("-position").first()
    if head is not None:
        found.audit_position, found.audit_digest = head.position or 0, head.digest or ""


def attachments(found: Proof) -> None:
    """Every attachment's file, with the content that was handed in."""
    from core.attachments.models import Attachment

    for row in Attachment.objects.order_by("pk").iterator():
        found.attachments += 1
        path = Path(row.file.path)
        if not path.exists():
            found.lost.append(str(row.file.name))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != row.sha256:
            found.altered.append(str(row.file.name))


def pages() -> list[Page]:
    """What visitors, programs and one person of each role see first."""
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    visitor = Client()
    found = [ask(visitor, path) for path in PUBLIC]
    listed = visitor.get(NEWEST, secure=True)
    if listed.status_code == 200:
        keys = [row["id"] for row in listed.json()["results"]]
        found += [ask(visitor, f"/patents/{key}/") for key in keys]
    for user in one_of_each_role():
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        found.append(ask(client, "/"))
    return found


def one_of_each_role() -> list[Any]:
    """The first active member of each role."""
    from core.people.models import Membership

    found: dict[str, Any] = {}
    rows = Membership.objects.filter(user__is_active=True).select_related("user").order_by("pk")
    for membership in rows.iterator():
        found.setdefault(membership.role, membership.user)
        if len(found) == ROLES_ASKED:
            break
    return list(found.values())


def ask(client: Any, path: str) -> Page:
    """One request, over HTTPS so that production does not send us elsewhere."""
    answer = client.get(path, secure=True, headers={"accept-language": "zh-CN"})
    body = answer.content if not answer.streaming else b"".join(answer.streaming_content)
    if answer.get("Content-Type", "").startswith("application/json"):
        return Page(path, answer.status_code, hashlib.sha256(body).hexdigest())
    title = re.search(rb"<title>(.*?)</title>", body, re.DOTALL)
    mark = re.sub(r"\s+", " ", title[1].decode()).strip() if title else ""
    return Page(path, answer.status_code, mark)


if __name__ == "__main__":
    main()
