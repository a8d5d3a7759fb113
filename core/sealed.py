"""Secrets that must be read again (authenticators' seeds, recovery codes) lie sealed in tables.

Fernet: AES-128 in CBC with HMAC-SHA256. The keys are PATENTOPS_FACTOR_KEYS, else made from the
secret key; the first one seals, all of them open, so that a key is exchanged without a gap. What
was stored before there were keys is read as it is, and sealed by `manage.py seal_factors`.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from core.errors import Conflict

MARK: Final = "sealed:"
PURPOSE: Final = b"patentops.second-factors"
UNREADABLE = (
    "两步验证的密钥现在读不出来，无法核对验证码。请联系平台管理员，核实身份后重新设置两步验证。"
)


def _from_secret(secret: str) -> bytes:
    return urlsafe_b64encode(hmac.digest(secret.encode(), PURPOSE, hashlib.sha256))


def _keys() -> MultiFernet:
    """Newest first."""
    chosen = [key.encode() for key in settings.FACTOR_KEYS]
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(key) for key in [*chosen, *map(_from_secret, secrets)]])


def seal(text: str) -> str:
    """The text under the newest key."""
    return MARK + _keys().encrypt(text.encode()).decode("ascii")


def unseal(stored: str) -> str:
    """What was sealed. A key that is gone is a refusal: an empty secret would be everybody's."""
    if not stored.startswith(MARK):
        return stored
    try:
        return _keys().decrypt(stored.removeprefix(MARK)).decode()
    except InvalidToken:
        raise Conflict(UNREADABLE, code="factor-unreadable") from None


def renewed(stored: str) -> str:
    """The same secret under the newest key, also when it lay open."""
    return seal(unseal(stored))
