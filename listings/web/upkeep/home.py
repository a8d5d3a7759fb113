"""What home pages show of annuities, consents and candidates."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.days import legal_day
from core.people.types import Actor, Role
from core.web.home import Part, Tile, Todo, contribute
from listings.selectors.ownership import candidates, consents
from listings.selectors.upkeep import annuities


@contribute("upkeep", order=22)
def upkeep(actor: Actor, now: datetime) -> Part:
    """What is late or due soon, what waits for an answer; a bureau's count of candidates."""
    todos: list[Todo] = []
    tiles: list[Tile] = []
    on = legal_day(now)
    if actor.acts_for:
        todos.append(
            Todo(
                _("份共有人意见等您答复"),
                reverse("listings:consents"),
                consents.asked_of(actor).count(),
            )
        )
    calendar = reverse("listings:annuities")
    if actor.has(Role.OFFICE, Role.BROKER):
        late, soon = annuities.waiting(viewer=actor, on=on)
        todos.append(Todo(_("件专利年费在滞纳期内"), f"{calendar}?state=late", late))
        todos.append(Todo(_("件专利年费 30 天内到期"), f"{calendar}?state=soon", soon))
    if actor.has(Role.BUREAU):
        count = candidates.counted(candidates.candidates(viewer=actor, on=on))
        more = "+" if count == candidates.MOST else ""
        years = candidates.candidate_years(actor.region)
        url = reverse("listings:candidates")
        tiles.append(
            Tile(
                _("开放许可候选"),
                f"{count:,}{more}",
                url,
                unit=_("件"),
                hint=_("授权满 %(n)s 年、没有实施") % {"n": years},
            )
        )
    return Part(todos=tuple(todos), tiles=tuple(tiles))
