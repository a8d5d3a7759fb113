"""Look now whether the ratings teach better weights, instead of waiting for Sunday."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.people.types import Actor
from matching.services import learning


class Command(BaseCommand):
    help = "Fit the match weights from ratings, if there are enough, and judge a version on trial."

    def handle(self, *args: Any, **options: Any) -> None:
        row = learning.learn(by=Actor.system(), now=timezone.now())
        self.stdout.write(
            f"{row.get_outcome_display()}: {row.ratings} ratings of {row.firms} organisations"
        )
