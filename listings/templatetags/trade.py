"""What else is on offer around a patent, for its pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.templatetags.ui import zhdatetime
from listings.selectors import auctions

register = template.Library()


@register.inclusion_tag("listings/_around.html")
def around_patent(patent_id: int) -> dict[str, Any]:
    """Links to the live auctions of a patent."""
    now = timezone.now()
    links = []
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
