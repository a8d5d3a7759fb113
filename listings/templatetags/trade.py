"""What else is on offer around a patent, for its pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.templatetags.ui import zhdate, zhdatetime
from listings.selectors.cards import printed as as_printed
from listings.selectors.shelves import bundles
from listings.selectors.trading import auctions, price_postings

register = template.Library()


@register.filter
def printed(patent: Any) -> str:
    """The number of a patent as it stands on the certificate, such as ZL 2017 1 0601862.3."""
    return as_printed(patent)


@register.inclusion_tag("listings/_around.html", takes_context=True)
def around_patent(context: template.Context, patent_id: int) -> dict[str, Any]:
    """Links to the live auctions and postings of a patent."""
    now, viewer = timezone.now(), context["request"].actor
    links = [
        {
            "url": reverse("listings:posting", kwargs={"pk": row.pk}),
            "label": _("成果转化公示"),
            "note": _("公示期到 %(t)s") % {"t": zhdate(row.ends_on)},
        }
        for row in price_postings.live_postings_of(patent_id, viewer=viewer)
    ]
    links += [
        {
            "url": reverse("listings:bundle", kwargs={"pk": row.pk}),
            "label": row.title,
            "note": _("专利组合"),
        }
        for row in bundles.listed_bundles_of(patent_id)
    ]
    for row in auctions.live_auctions_of(patent_id):
        opened = row.opens_at <= now
        moment = zhdatetime(row.ends_at if opened else row.opens_at)
        said = _("竞价中，%(t)s 截止") if opened else _("公示中，%(t)s 开始竞价")
        links.append(
            {
                "url": reverse("listings:auction", kwargs={"pk": row.pk}),
                "label": row.title,
                "note": said % {"t": moment},
            }
        )
    return {"links": links}
