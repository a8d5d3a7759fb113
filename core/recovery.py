"""Recovery codes, of which only hashes stay once their owner has seen them.

django-allauth makes codes anew from a seed, which could be read by whoever has database and keys.
So the seed lives from making the codes to showing them, sealed; then their hashes take its place,
salted and slow like those of passwords (eight digits are guessed soon otherwise), and sealed too.
allauth keeps them where it keeps codes brought from elsewhere, and compares what is typed with
each: `Hashed` is equal to the code that it is the hash of.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from core.sealed import renewed, seal, unseal

MARK: Final = "hashed:"
DIGITS: Final = 8
SECRETS: Final = ("secret", "seed")


class Hashed(str):
    """Stars to whoever reads it, equal to the code itself and to nothing else."""

    encoded: str

    def __new__(cls, encoded: str) -> Hashed:
        made = super().__new__(cls, "*" * DIGITS)
        made.encoded = encoded
        return made

    def __eq__(self, typed: object) -> bool:
        if not isinstance(typed, str) or isinstance(typed, Hashed):
            return self is typed
        code = _digits(typed)
        # What is no recovery code at all, as six digits of an authenticator, costs no hashing.
        return len(code) == DIGITS and check_password(code, self.encoded)

    def __ne__(self, typed: object) -> bool:
        return not self == typed

    __hash__ = str.__hash__


def _digits(typed: str) -> str:
    """As people write them: with blanks or dashes in between."""
    return "".join(typed.replace("-", "").split())


def opened(stored: str) -> str:
    """What lies sealed in a row: a secret, or a code of which only the hash is known."""
    text = unseal(stored)
    return Hashed(text.removeprefix(MARK)) if text.startswith(MARK) else text


@transaction.atomic
def keep_hashes_only(authenticator_id: int) -> bool:
    """Forget codes that were shown; whether there was anything to forget."""
    rows = Authenticator.objects.select_for_update()
    row = rows.filter(pk=authenticator_id, type=Authenticator.Type.RECOVERY_CODES).first()
    if row is None or "seed" not in row.data or not row.wrap().did_view:
        return False
    codes = row.wrap().get_unused_codes()
    kept: dict[str, Any] = {k: v for k, v in row.data.items() if k not in ("seed", "used_mask")}
    row.data = kept | {"migrated_codes": [seal(MARK + make_password(code)) for code in codes]}
    row.save(update_fields=["data"])
    return True


@transaction.atomic
def seal_anew(authenticator_id: int) -> None:
    """Everything of a row under the newest key; Conflict where a key is gone."""
    row = Authenticator.objects.select_for_update().get(pk=authenticator_id)
    row.data |= {name: renewed(row.data[name]) for name in SECRETS if name in row.data}
    if codes := row.data.get("migrated_codes"):
        row.data["migrated_codes"] = [renewed(code) for code in codes]
    row.save(update_fields=["data"])
    keep_hashes_only(row.pk)
