"""What stands against letting a patent lapse on purpose 不再维持."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from listings.rules import binding
from listings.rules.binding import Bond
from listings.types import Blocker, EncumbranceKind


def against_dropping(
    bonds: Iterable[Bond], *, on: date, licensees_agreed: bool = False
) -> list[Blocker]:
    """Every reason why its keeper may not simply stop paying."""
    running = [bond for bond in bonds if bond.runs_on(on)]
    kinds = {bond.kind for bond in running}
    found = []
    if EncumbranceKind.PLEDGE in kinds:
        found.append(
            Blocker(
                "pledged",
                "专利权已经出质，放弃须经质权人同意，请先解除质押。",
                "民法典第四百四十四条、专利权质押登记办法",
            )
        )
    if EncumbranceKind.PRESERVATION in kinds:
        found.append(
            Blocker(
                "preserved",
                "专利权处于保全或中止程序，其间不能放弃。",
                "专利法实施细则第一百零三条、第一百零四条",
            )
        )
    if EncumbranceKind.OPEN_DECLARATION in kinds:
        found.append(
            Blocker(
                "open-declared",
                "开放许可声明仍在公告中，请先撤回声明。",
                "专利法第五十条",
            )
        )
    held = [bond for bond in running if bond.kind in binding.LICENCES]
    if held:
        found.append(
            Blocker(
                "licences-live",
                f"还有 {len(held)} 项许可在有效期内，许可人应当维持专利有效；"
                "被许可人书面同意的，请勾选后再提交。",
                "法释〔2020〕19号第二十六条",
                hard=not licensees_agreed,
            )
        )
    return found
