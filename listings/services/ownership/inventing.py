"""Commands on inventors: their names on a patent, and their wish not to be shown."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Invalid, NotAllowed
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import InventorSilence, PatentInventors
from listings.rules import inventing as rules
from listings.selectors.ownership.inventing import own_name
from listings.services.locks import lock_patent


@transaction.atomic
def name_inventors(*, patent_id: int, names: str, by: Actor, now: datetime) -> tuple[str, ...]:
    """Write down who invented it; an empty list takes the names away."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.EDIT_PATENT, on=patent)
    found = rules.names_of(names)
    if problems := rules.wrong_with(found):
        raise Invalid(fields={"names": problems})
    row = PatentInventors.objects.filter(patent=patent).first()
    before = tuple(row.names) if row else ()
    if found == before:
        return found
    if found:
        PatentInventors.objects.update_or_create(
            patent=patent,
            defaults={"names": list(found), "changed_at": now, "changed_by": by.key},
        )
    elif row is not None:
        row.delete()
    changes = {"names": [len(before), len(found)]}  # how many, not who: the trail is for ever
    audit.record("patent.inventors_named", subject=patent, by=by, at=now, changes=changes)
    return found


@transaction.atomic
def hide_inventor(*, name: str, by: Actor, now: datetime) -> InventorSilence:
    """Show this person nowhere among the teams of their house; asking twice changes nothing."""
    organisation_id, name = _allowed(name, by)
    standing = InventorSilence.objects.filter(
        organisation_id=organisation_id, name=name, lifted_at__isnull=True
    )
    if (known := standing.first()) is not None:
        return known
    row, _new = InventorSilence.objects.get_or_create(
        organisation_id=organisation_id,
        name=name,
        lifted_at=None,
        defaults={"asked_at": now, "asked_by": by.key},
    )
    audit.record("inventor.hidden", subject=row, by=by, at=now)
    return row


@transaction.atomic
def show_inventor(*, name: str, by: Actor, now: datetime) -> None:
    """They do not mind any more."""
    organisation_id, name = _allowed(name, by)
    rows = InventorSilence.objects.select_for_update().filter(
        organisation_id=organisation_id, name=name, lifted_at__isnull=True
    )
    if (row := rows.first()) is not None:
        row.lifted_at, row.lifted_by = now, by.key
        row.save(update_fields=["lifted_at", "lifted_by"])
        audit.record("inventor.shown", subject=row, by=by, at=now)


def _allowed(name: str, by: Actor) -> tuple[int, str]:
    """The house's office for anybody of the house, an inventor for themself."""
    name = " ".join(name.split())
    if by.organisation_id is None:
        raise NotAllowed("请先以机构成员的身份登录。")
    if not by.has(Role.OFFICE) and not (by.has(Role.INVENTOR) and own_name(viewer=by) == name):
        raise NotAllowed("只有本人或本单位的技术转移机构可以办理。")
    if problems := rules.wrong_with((name,)) if name else ["请填写姓名。"]:
        raise Invalid(fields={"name": problems})
    return by.organisation_id, name
