"""Forms that ask for a list of patents."""

from __future__ import annotations

from typing import Any

from django import forms

from core.people.types import Actor
from listings.selectors.shelves import lineup


class LineupForm(forms.Form):
    """Its bad lines are named together with whatever else is wrong in it, not one page later."""

    def __init__(self, *args: Any, viewer: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def clean_patents(self) -> str:
        """The list as it was typed; every line that is no use is an error of the field."""
        text = str(self.cleaned_data["patents"])
        if problems := lineup.read(text, viewer=self.viewer).problems:
            raise forms.ValidationError(problems)
        return text
