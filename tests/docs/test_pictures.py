"""Every picture of a guide is one that the browser tests take, and all of them are small."""

from __future__ import annotations

from patentops.runner.places import ROOT
from tests.docs import papers as written
from tests.docs.pictures import FOLDER, PICTURES

GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))


def test_guides_show_what_the_browser_tests_take() -> None:
    shown = set()
    for guide in GUIDES:
        for picture, target in written.links(guide):
            if picture:
                shown.add((guide.parent / target).resolve())
    assert shown == {FOLDER / f"{picture.name}.png" for picture in PICTURES}
    assert shown == set(FOLDER.glob("*.png"))


def test_every_role_has_a_guide_with_a_picture() -> None:
    without = [
        guide.name
        for guide in GUIDES
        if guide.name not in {"README.md", "account.md", "api.md"}
        and not any(picture for picture, _target in written.links(guide))
    ]
    assert without == []


def test_the_pictures_stay_small() -> None:
    sizes = [file.stat().st_size for file in FOLDER.iterdir()]
    assert sum(sizes) < 2_500_000
    assert max(sizes) < 300_000
