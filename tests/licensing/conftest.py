"""Who meets in most of these tests."""

from __future__ import annotations

import pytest

from core.people.models import Membership
from tests.factories import core as make


@pytest.fixture
def office() -> Membership:
    """Somebody of a university's office."""
    return make.office()


@pytest.fixture
def firm() -> Membership:
    """Somebody of a firm."""
    return make.enterprise()
