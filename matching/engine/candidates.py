"""Who is worth scoring: a stage of its own, so that its recall can be measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Candidates(Protocol):
    """Chooses, for each demand, the supplies that are scored."""

    def choose(
        self, demands: NDArray[np.float32], supplies: NDArray[np.float32]
    ) -> NDArray[np.bool_] | None:
        """A demand x supply mask from the two sides' vectors; None scores everything."""
        ...


@dataclass(frozen=True, slots=True)
class Everything:
    """Exhaustive: exact, and the same in whatever shards."""

    def choose(
        self, demands: NDArray[np.float32], supplies: NDArray[np.float32]
    ) -> NDArray[np.bool_] | None:
        return None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Only the `count` supplies closest in meaning: approximate, to be measured."""

    count: int

    def choose(
        self, demands: NDArray[np.float32], supplies: NDArray[np.float32]
    ) -> NDArray[np.bool_] | None:
        if len(supplies) <= self.count:
            return None
        near = demands @ supplies.T
        least = -np.partition(-near, self.count - 1, axis=1)[:, self.count - 1 : self.count]
        mask: NDArray[np.bool_] = near >= least
        return mask
