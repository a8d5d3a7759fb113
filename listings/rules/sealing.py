"""A sealed bid: an amount that cannot be read before it is opened with the platform's key."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from decimal import Decimal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

WIDTH = 24  # every amount is as long as any other


class Unreadable(Exception):
    """The seal was made with another key, for another bidder, or tampered with."""


def _box(secrets: Sequence[str]) -> MultiFernet:
    keys = [hashlib.sha256(b"sealed bid\0" + secret.encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def seal(amount: Decimal, *, about: str, secrets: Sequence[str]) -> bytes:
    """The amount under seal, bound to what it is about; the first secret closes it."""
    return _box(secrets).encrypt(f"{about}={amount:>{WIDTH}}".encode())


def unseal(sealed: bytes, *, about: str, secrets: Sequence[str]) -> Decimal:
    """The amount; any of the secrets opens it. Unreadable when none does."""
    try:
        found, _, amount = _box(secrets).decrypt(sealed).decode().rpartition("=")
    except InvalidToken as error:
        raise Unreadable from error
    if found != about:
        raise Unreadable
    return Decimal(amount.strip())
