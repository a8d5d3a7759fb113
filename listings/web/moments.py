"""Moments as people read them: how long it still takes, and how to type one."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.translation import gettext as _

FORMAT = "%Y-%m-%dT%H:%M"


class Moment(forms.DateTimeField):
    """A date and time that the browser helps with, in Shanghai."""

    def __init__(self, **kwargs: object) -> None:
        widget = forms.DateTimeInput(format=FORMAT, attrs={"type": "datetime-local"})
        super().__init__(widget=widget, **kwargs)  # type: ignore[arg-type]


def until(moment: datetime, now: datetime) -> str:
    """How long it is until then, in the two largest units; "" when it is past."""
    seconds = int((moment - now).total_seconds())
    if seconds < 0:
        return ""
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return _("%(d)s 天 %(h)s 小时") % {"d": days, "h": hours}
    if hours:
        return _("%(h)s 小时 %(m)s 分") % {"h": hours, "m": minutes}
    return _("%(m)s 分 %(s)s 秒") % {"m": minutes, "s": seconds % 60}
