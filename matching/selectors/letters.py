"""What a digest says: asked anew at the moment it is written, so that nothing stale goes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from core.people import selectors as people
from core.people.types import Actor
from listings import selectors as listings
from matching.exchanges.port import Letter
from matching.models import Digest, Match, PushDelivery
from matching.selectors import feeding
from matching.selectors.matches import MatchCard, cards
from matching.selectors.receivers import stop_token


def standing(rows: Sequence[PushDelivery]) -> set[int]:
    """Those of these deliveries, of one receiver, whose match may be shown at this moment."""
    leads = {row.pk: row.push.lead for row in rows}
    owners = {lead.organisation_id for lead in leads.values()}
    patents = {lead.patent_id for lead in leads.values()}
    wanted = set(
        Match.objects.wanted()
        .filter(organisation_id__in=owners, patent_id__in=patents)
        .values_list("organisation_id", "patent_id")
    )
    offered = {facts.patent_id for facts in feeding.facts(patents) if facts.matchable}
    return {
        pk
        for pk, lead in leads.items()
        if lead.patent_id in offered and (lead.organisation_id, lead.patent_id) in wanted
    }


def titles(patent_ids: Sequence[int]) -> list[str]:
    """The titles of these patents, in this order."""
    found = listings.cards(patent_ids, viewer=Actor.system())
    return [found[pk].title for pk in patent_ids if pk in found]


def compose(digest: Digest) -> Letter | None:
    """The mail of a digest as it may be sent now; None when nothing of it is left to say.

    Links lead to the pages of the platform and nothing in it tells us that it was read.
    """
    address = people.mail_addresses([digest.user_id]).get(digest.user_id)
    shown = _matches(digest)
    if address is None or not shown:
        return None
    with override("zh-hans"):
        return _letter(digest, address, shown)


def _letter(digest: Digest, address: str, shown: list[MatchCard]) -> Letter:
    stop = f"{settings.PUBLIC_URL}/pushes/stop/" + stop_token(
        user_id=digest.user_id, organisation_id=digest.organisation_id
    )
    firm = people.organisation(digest.organisation_id)
    context = {
        "firm": firm.name,
        "cards": shown,
        "site": settings.PUBLIC_URL,
        "stop_url": f"{stop}/",
    }
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    if len(shown) == 1:
        subject = _("新匹配 %(score)d 分：%(title)s") % {
            "score": shown[0].score,
            "title": shown[0].patent.title,
        }
    else:
        subject = _("%(n)d 件专利与贵单位的需求匹配：%(title)s 等") % {
            "n": len(shown),
            "title": shown[0].patent.title,
        }
    return Letter(
        to=address,
        subject=" ".join(subject.split())[:180],
        text=render_to_string("matching/mail/digest.txt", context),
        html=render_to_string("matching/mail/digest.html", context),
        message_id=f"<digest-{digest.pk}-{int(digest.created_at.timestamp())}@{host}>",
        headers={
            "List-Unsubscribe": f"<{stop}/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"PatentOps matches <matches.{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def _matches(digest: Digest) -> list[MatchCard]:
    """What of a digest may be shown now, best first, each patent once."""
    rows = list(digest.items.filter(dropped_at__isnull=True).select_related("push__lead"))
    keep = standing(rows)
    patents = {row.push.lead.patent_id for row in rows if row.pk in keep}
    viewer = Actor(user_id=digest.user_id, organisation_id=digest.organisation_id)
    return cards(_best(digest.organisation_id, patents), viewer=viewer)


def _best(organisation_id: int, patents: Iterable[int]) -> list[Match]:
    rows = (
        Match.objects.wanted()
        .filter(organisation_id=organisation_id, patent_id__in=list(patents))
        .order_by("-ticks", "patent_id", "pk")
    )
    best: dict[int, Match] = {}
    for row in rows:
        best.setdefault(row.patent_id, row)
    return list(best.values())
