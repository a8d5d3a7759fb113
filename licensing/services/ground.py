"""What every command of this room begins or ends with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from django.db import models
from django.utils.translation import gettext as _

from core.errors import Conflict, Missing
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Licence
from licensing.rules import moves
from listings import selectors as listings
from listings import services as encumbrances
from listings.types import (
    MODES,
    WHOLE_COUNTRY,
    Action,
    Blocker,
    EncumbranceKind,
    PatentCard,
    hard,
)

Row = TypeVar("Row", bound=models.Model)
AS_ACTION = {
    EncumbranceKind.OPEN_DECLARATION: Action.DECLARE_OPEN,
    EncumbranceKind.ORDINARY: Action.LICENSE_ORDINARY,
    EncumbranceKind.SOLE: Action.LICENSE_SOLE,
    EncumbranceKind.EXCLUSIVE: Action.LICENSE_EXCLUSIVE,
}


def locked(rows: models.QuerySet[Row], pk: int) -> Row:
    """The row of these, locked until the transaction ends; Missing when it is not among them."""
    return seen(rows.select_for_update(of=("self",)), pk)


def seen(rows: models.QuerySet[Row], pk: int) -> Row:
    """The row of these as it is before any lock: it names what is to be locked first."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Missing(_("没有找到这条记录，或您无权查看。"))
    return row


def moved(
    table: Mapping[str, tuple[frozenset[moves.S], moves.S]],
    labels: Mapping[moves.S, str],
    row: models.Model,
    move: str,
) -> None:
    """Put the row's status where the move leads, or Conflict in words."""
    status: str = row.status  # type: ignore[attr-defined]
    try:
        row.status = moves.after(table, status, move)  # type: ignore[attr-defined]
    except moves.IllegalMove:
        label = next((text for code, text in labels.items() if code == status), status)
        message = _("当前状态是“%(status)s”，不能办理这一步，请刷新页面查看最新状态。")
        raise Conflict(message % {"status": label}, code="illegal-move") from None


def patent(patent_id: int) -> PatentCard:
    """The patent as the register has it, whoever asks: for what the command itself must know."""
    return listings.card(patent_id, viewer=Actor.system())


def refuse_if_blocked(patent_id: int, action: Action, *, now: datetime) -> None:
    """Conflict with every hard blocker, or nothing.

    Who may see the patent is not asked again: the caller's declaration or licence is the door.
    """
    refuse(hard(listings.can(patent_id, action, at=now)))


def bind(
    *,
    patent_id: int,
    kind: EncumbranceKind,
    starts_on: date,
    ends_on: date | None,
    reference: str,
    party_id: int | None,
    territory: str = WHOLE_COUNTRY,
    modes: tuple[str, ...] = MODES,
    by: Actor,
    now: datetime,
) -> int:
    """Write the encumbrance, then ask once more what stands against it; its id.

    Writing it locks the patent. Whatever a rival committed before that is only now seen for
    certain, so a pledge that came in between refuses the act here and all of it is undone.
    """
    encumbrance_id = encumbrances.encumber(
        patent_id=patent_id,
        kind=kind,
        starts_on=starts_on,
        ends_on=ends_on,
        source="licensing",
        reference=reference,
        territory=territory,
        modes=modes,
        party_id=party_id,
        by=by,
        now=now,
    )
    action = AS_ACTION[kind]
    found = listings.can(
        patent_id,
        action,
        at=now,
        except_for=encumbrance_id,
        starts_on=starts_on,
        ends_on=ends_on,
        territory=territory,
        modes=modes,
    )
    refuse(hard(found))
    return encumbrance_id


def refuse(blockers: Sequence[Blocker]) -> None:
    """Conflict that carries all of these, or nothing when there are none."""
    if blockers:
        message = _("有 %(count)d 项不符合办理条件，请逐项处理后再试。") % {"count": len(blockers)}
        raise Conflict(message, code="blocked", blockers=blockers)


def tell(
    organisation_ids: Iterable[int],
    *,
    kind: str,
    key: str,
    title: str,
    url: str,
    now: datetime,
    body: str = "",
) -> None:
    """Put a notice into the bell of everyone in these organisations, once."""
    members = people.members_of(set(organisation_ids))
    users = {user for found in members.values() for user in found}
    notices.notify(users=users, kind=kind, key=key, title=title, body=body, url=url, now=now)


def licence_facts(licence: Licence) -> dict[str, object]:
    """What every event of a licence carries."""
    return {
        "licence_id": licence.pk,
        "declaration_id": licence.declaration_id,
        "patent_id": licence.patent_id,
        "licensor_id": licence.licensor_id,
        "licensee_id": licence.licensee_id,
        "region": licence.region,
        "kind": licence.kind,
        "status": licence.status,
    }


def licence_url(licence: Licence) -> str:
    """Where the parties find it. A plain path: services do not know the web floor's names."""
    return f"/licences/{licence.pk}/"
