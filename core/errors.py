"""Refusals that people read.

Every refusal of the domain is a `DomainError` with a Chinese message that says what happened
and what to do. The doors map it once: `core.web.middleware` to a page, `core.api.exceptions`
to an RFC 9457 problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class BlockerLike(Protocol):
    """Why something may not happen: a stable code, a Chinese sentence and the article behind it."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def article(self) -> str: ...


class DomainError(Exception):
    """Something the platform refuses to do.

    `message` is Chinese and for people; `code` is stable and for programs; `blockers` lists
    every reason at once where a rule gave several.
    """

    status = 409
    default_code = "conflict"

    def __init__(
        self, message: str, *, code: str | None = None, blockers: Sequence[BlockerLike] = ()
    ) -> None:
        super().__init__(message)
        self.message = str(message)
        self.code = code or self.default_code
        self.blockers = tuple(blockers)


class NotAllowed(DomainError):
    """The actor may see the thing but not do this to it."""

    status = 403
    default_code = "not-allowed"


class Missing(DomainError):
    """There is no such thing, or the actor may not know that there is."""

    status = 404
    default_code = "not-found"


class Conflict(DomainError):
    """The state of things does not admit the command: too late, taken, or changed meanwhile."""


class Invalid(DomainError):
    """The input cannot be used. `fields` maps a field's name to its Chinese messages."""

    status = 422
    default_code = "invalid"

    def __init__(
        self,
        message: str = "提交的内容有误，请按提示修改后重新提交。",
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        code: str | None = None,
        blockers: Sequence[BlockerLike] = (),
    ) -> None:
        super().__init__(message, code=code, blockers=blockers)
        self.fields: dict[str, list[str]] = {k: list(v) for k, v in (fields or {}).items()}
