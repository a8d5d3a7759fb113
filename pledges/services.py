"""What pledges do: record, consent, release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from listings import selectors as listings
from listings import services as encumbrances
from listings.types import (
    Action,
    Blocker,
    EncumbranceKind,
    PatentCard,
    PatentKind,
    PatentStatus,
    hard,
)
from pledges import rules, selectors
from pledges.models import Pledge, PledgeeConsent, PledgeItem
from pledges.types import PledgeInput

CONSENTABLE = tuple(action for action in Action if action not in (Action.PLEDGE, Action.PUBLISH))


@transaction.atomic
def record_pledge(*, data: PledgeInput, by: Actor, now: datetime) -> Pledge:
    """Record a registered pledge: from now on the patents are bound until it is released."""
    require(by, Permission.RECORD_PLEDGE)
    if by.organisation_id is None:
        raise NotAllowed(_("请以金融机构的身份登记质押。"))
    today = legal_day(now)
    terms = rules.PledgeTerms(
        principal=data.principal,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        registered_on=data.registered_on,
        register_number=data.register_number,
        today=today,
    )
    errors = rules.term_errors(terms)
    if not data.debtor_name.strip():
        errors["debtor_name"] = [_("请填写债务人名称。")]
    if errors:
        raise Invalid(fields=errors)
    # In the order of their ids: two banks that pledge the same patents never wait in a circle.
    cards = _cards(sorted(set(data.patent_ids)))
    pledgor_id = cards[0].organisation_id if cards else None
    _refuse(_blockers(cards, terms, pledgor_id, data.confirmed, now=now))
    if pledgor_id is None:
        raise Conflict(_("专利没有登记管理单位，请先核实专利权人。"), code="holder-unknown")
    if pledgor_id == by.organisation_id:
        raise Conflict(_("质权人不能是出质人自己。"), code="own-patent")
    pledge = _store(data, cards, by.organisation_id, pledgor_id, by=by, now=now)
    _bind(pledge, cards, data.confirmed, by=by, now=now)
    _tell_of_recording(pledge, cards, by=by, now=now)
    return pledge


def _cards(patent_ids: Sequence[int]) -> list[PatentCard]:
    """These patents in this order, whoever asks; Missing when one of them is not there."""
    found = listings.cards(patent_ids, viewer=Actor.system())
    if missing := [pk for pk in patent_ids if pk not in found]:
        message = _("没有找到这些专利：%(ids)s。请核对后重新填写。")
        raise Missing(message % {"ids": "、".join(map(str, missing[:20]))})
    return [found[pk] for pk in patent_ids]


def _blockers(
    cards: Sequence[PatentCard],
    terms: rules.PledgeTerms,
    pledgor_id: int | None,
    confirmed: Sequence[str],
    *,
    now: datetime,
) -> list[Blocker]:
    """Everything against the pledge: of each patent, of the contract, and unconfirmed."""
    rights = [rules.PledgedRight(c.printed, c.expires_on, c.organisation_id) for c in cards]
    found = rules.contract_blockers(terms, rights, pledgor_id=pledgor_id)
    for card in cards:
        against = selectors.blockers_for(card.id, at=now, kind=PatentKind(card.kind))
        found += [
            replace(blocker, message=f"{card.printed}：{blocker.message}")
            for blocker in rules.unconfirmed(against, confirmed)
        ]
    return found


def _refuse(blockers: Sequence[Blocker]) -> None:
    if blockers:
        message = _("有 %(count)d 项不符合质押登记条件，请逐项处理或确认。")
        raise Conflict(message % {"count": len(blockers)}, code="blocked", blockers=blockers)


def _store(
    data: PledgeInput,
    cards: Sequence[PatentCard],
    pledgee_id: int,
    pledgor_id: int,
    *,
    by: Actor,
    now: datetime,
) -> Pledge:
    pledge = Pledge(
        pledgee_id=pledgee_id,
        pledgor_id=pledgor_id,
        debtor_name=data.debtor_name.strip(),
        principal=data.principal,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        register_number=data.register_number.strip().upper(),
        registered_on=data.registered_on,
        region=people.organisation(pledgor_id).region or cards[0].region,
        recorded_at=now,
        recorded_by=by.key,
    )
    message = _("这个质押登记号已经登记过，请核对，或在质押列表中查找。")
    with refused_as(Conflict(message, code="number-taken"), by="pledge_number_once"):
        pledge.save()
    return pledge


def _bind(
    pledge: Pledge,
    cards: Sequence[PatentCard],
    confirmed: Sequence[str],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Bind each patent, then ask once more what stands against it.

    Binding locks the patent: what a rival committed before is only now seen for certain.
    """
    for card in cards:
        encumbrance_id = encumbrances.encumber(
            patent_id=card.id,
            kind=EncumbranceKind.PLEDGE,
            starts_on=pledge.registered_on,
            ends_on=None,  # it lasts until its registration is cancelled, not until the debt is due
            source="pledges",
            reference=f"pledge:{pledge.pk}",
            party_id=pledge.pledgee_id,
            register_number=pledge.register_number,
            by=by,
            now=now,
        )
        against = listings.can(card.id, Action.PLEDGE, at=now, except_for=encumbrance_id)
        _refuse(hard(against))
        PledgeItem.objects.create(
            pledge=pledge,
            patent_id=card.id,
            patent_number=card.printed,
            patent_title=card.title,
            encumbrance_id=encumbrance_id,
            confirmed=sorted(set(confirmed)),
        )


def _facts(pledge: Pledge, patent_ids: Iterable[int]) -> dict[str, object]:
    return {
        "pledge_id": pledge.pk,
        "patent_ids": sorted(patent_ids),
        "pledgor_id": pledge.pledgor_id,
        "pledgee_id": pledge.pledgee_id,
        "region": pledge.region,
        "status": pledge.status,
    }


def _tell_of_recording(
    pledge: Pledge, cards: Sequence[PatentCard], *, by: Actor, now: datetime
) -> None:
    audit.record(
        "pledge.recorded",
        subject=pledge,
        by=by,
        at=now,
        changes={"register_number": pledge.register_number, "patents": [c.id for c in cards]},
    )
    outbox.emit(
        "pledge.recorded",
        subject=pledge,
        by=by,
        at=now,
        payload=_facts(pledge, [c.id for c in cards]),
    )
    _notify(
        pledge,
        [pledge.pledgor_id],
        key=f"pledge-recorded:{pledge.pk}",
        title=_("专利质押已登记：%(number)s") % {"number": pledge.register_number},
        body=_("%(count)d 件专利在质押期间未经质权人同意不能许可和转让。如有出入，请联系质权人。")
        % {"count": len(cards)},
        now=now,
    )


def _notify(
    pledge: Pledge, organisations: Iterable[int], *, key: str, title: str, now: datetime, body: str
) -> None:
    members = people.members_of(organisations)
    notices.notify(
        users={user for found in members.values() for user in found},
        kind="pledge.progress",
        key=key,
        title=title,
        body=body,
        url=f"/pledges/{pledge.pk}/",
        now=now,
    )


def _locked(pledge_id: int, *, by: Actor) -> Pledge:
    pledge = (
        Pledge.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=pledge_id).first()
    )
    if pledge is None:
        raise Missing(_("没有找到这笔质押，或您无权查看。"))
    return pledge


@transaction.atomic
def consent(
    *, pledge_id: int, patent_id: int, action: str, reference: str, by: Actor, now: datetime
) -> PledgeeConsent:
    """The pledgee agrees in writing to one act with one pledged patent (CC444)."""
    pledge = _locked(pledge_id, by=by)
    require(by, Permission.CONSENT_AS_PLEDGEE, on=pledge)
    if pledge.status != rules.PledgeStatus.REGISTERED:
        raise Conflict(_("这笔质押已经解除，不再需要质权人同意。"), code="released")
    errors: dict[str, list[str]] = {}
    if action not in CONSENTABLE:
        errors["action"] = [_("请从列表中选择同意的事项。")]
    if not reference.strip() or len(reference.strip()) > 120:
        errors["reference"] = [_("请填写书面同意书的编号（最多 120 个字符）。")]
    item = pledge.items.filter(patent_id=patent_id).first()
    if item is None:
        errors["patent"] = [_("这件专利不在这笔质押之内。")]
    if errors or item is None:
        raise Invalid(fields=errors)
    if item.agreements.filter(action=action).exists():
        raise Conflict(_("这一事项已经同意过，不需要重复登记。"), code="already-consented")
    agreement = PledgeeConsent.objects.create(
        item=item, action=action, reference=reference.strip(), given_at=now, given_by=by.key
    )
    encumbrances.consent_as_pledgee(
        encumbrance_id=item.encumbrance_id,
        actions=[Action(a) for a in item.agreements.values_list("action", flat=True)],
        reference=agreement.reference,
        by=by,
        now=now,
    )
    audit.record("pledge.consented", subject=pledge, by=by, at=now, changes={"action": action})
    _notify(
        pledge,
        [pledge.pledgor_id],
        key=f"pledge-consent:{agreement.pk}",
        title=_("质权人已同意：%(action)s") % {"action": selectors.action_label(action)},
        body=f"{item.patent_number} {item.patent_title}"[:200],
        now=now,
    )
    return agreement


@transaction.atomic
def release_pledge(
    *, pledge_id: int, ending: str, released_on: date, by: Actor, now: datetime
) -> Pledge:
    """Note that the registration was cancelled: the patents are free from that day."""
    pledge = _locked(pledge_id, by=by)
    require(by, Permission.RELEASE_PLEDGE, on=pledge)
    try:
        pledge.status = rules.after(pledge.status, "release")
    except rules.IllegalMove:
        raise Conflict(_("这笔质押已经解除。"), code="released") from None
    errors: dict[str, list[str]] = {}
    if ending not in list(rules.Ending):
        errors["ending"] = [_("请选择注销原因。")]
    if released_on > legal_day(now):
        errors["released_on"] = [_("注销日不能晚于今天。")]
    elif released_on < pledge.registered_on:
        errors["released_on"] = [_("注销日不能早于登记日。")]
    if errors:
        raise Invalid(fields=errors)
    pledge.ending, pledge.released_on = ending, released_on
    pledge.released_at, pledge.released_by = now, by.key
    pledge.save(update_fields=["status", "ending", "released_on", "released_at", "released_by"])
    items = list(pledge.items.order_by("patent_id"))
    for item in items:
        encumbrances.release(
            encumbrance_id=item.encumbrance_id,
            ended_on=released_on,
            reason=rules.ENDING_LABELS[rules.Ending(ending)],
            by=by,
            now=now,
        )
    audit.record("pledge.released", subject=pledge, by=by, at=now, changes={"ending": ending})
    outbox.emit(
        "pledge.released",
        subject=pledge,
        by=by,
        at=now,
        payload=_facts(pledge, [item.patent_id for item in items]),
    )
    _notify(
        pledge,
        [pledge.pledgor_id],
        key=f"pledge-released:{pledge.pk}",
        title=_("专利质押已解除：%(number)s") % {"number": pledge.register_number},
        body=pledge.get_ending_display(),
        now=now,
    )
    _ask_how_it_was(pledge, now=now)
    return pledge


def _ask_how_it_was(pledge: Pledge, *, now: datetime) -> None:
    """Whoever pledged may rate whoever lent, once the pledge is over."""
    offer_rating(
        service="pledge",
        reference=f"pledge:{pledge.pk}",
        title=f"专利质押：{pledge.register_number}",
        url=f"/pledges/{pledge.pk}/",
        organisation_id=pledge.pledgor_id,
        provider_id=pledge.pledgee_id,
        now=now,
    )


@transaction.atomic
def follow_register(*, patent_id: int, turn: str, event: str, now: datetime) -> int:
    """Tell both parties that a pledged patent is no longer in force, or is again; how many.

    It asks instead of believing the event: what has been overtaken meanwhile is not told.
    """
    is_in_force = _cards([patent_id])[0].status == PatentStatus.GRANTED
    if is_in_force != (event == "patent.restored"):
        return 0
    pledges = list(
        Pledge.objects.filter(
            items__patent_id=patent_id, status=rules.PledgeStatus.REGISTERED
        ).order_by("pk")
    )
    title = _("质押的专利已恢复：%(number)s") if is_in_force else _("质押的专利已失效：%(number)s")
    body = (
        _("专利权恢复有效，质权照旧。已约定补充担保的，请双方核对是否仍然需要。")
        if is_in_force
        else _("请双方核对担保物，协商补充担保或提前清偿。")
    )
    for pledge in pledges:
        _notify(
            pledge,
            [pledge.pledgor_id, pledge.pledgee_id],
            key=f"pledge-{'back' if is_in_force else 'lapse'}:{pledge.pk}:{patent_id}:{turn}",
            title=title % {"number": pledge.register_number},
            body=body,
            now=now,
        )
    return len(pledges)


@transaction.atomic
def end_by_register(pledge_id: int, *, ended_on: date, now: datetime) -> None:
    """The register cancelled the pledge on a patent: released here once all its patents are."""
    by = Actor.system()
    pledge = Pledge.objects.select_for_update(of=("self",)).filter(pk=pledge_id).first()
    if pledge is None or pledge.status != rules.PledgeStatus.REGISTERED:
        return
    items = {item.encumbrance_id: item.patent_id for item in pledge.items.all()}
    running = listings.encumbrances_of(items.values(), at=now)
    bound = {card.id for cards in running.values() for card in cards} & set(items)
    if not bound:
        release_pledge(
            pledge_id=pledge_id,
            ending=rules.Ending.OTHER,
            released_on=max(ended_on, pledge.registered_on),
            by=by,
            now=now,
        )
    _notify(
        pledge,
        [pledge.pledgor_id, pledge.pledgee_id],
        key=f"pledge-cancelled:{pledge.pk}:{len(bound)}",
        title=_("公报登记质押注销：%(number)s") % {"number": pledge.register_number},
        body=_("还有 %(n)d 件专利仍在质押，请双方核对。") % {"n": len(bound)}
        if bound
        else _("平台已按公报解除这笔质押。有误的，请向登记机构更正。"),
        now=now,
    )


def remind_of_maturity(*, now: datetime, days: Sequence[int] = (30, 7, 1)) -> int:
    """Ring both parties when a secured debt falls due in 30, 7 and 1 days; each alarm once."""
    today = legal_day(now)
    rung = 0
    for pledge in Pledge.objects.filter(
        status=rules.PledgeStatus.REGISTERED, ends_on__gte=today
    ).order_by("pk"):
        left = (pledge.ends_on - today).days
        alarm = min((d for d in days if left <= d), default=None)
        if alarm is None:
            continue
        rung += 1
        _notify(
            pledge,
            [pledge.pledgor_id, pledge.pledgee_id],
            key=f"pledge-maturity:{pledge.pk}:{alarm}",
            title=_("质押债务将于 %(day)s 到期") % {"day": f"{pledge.ends_on:%Y-%m-%d}"},
            body=_("质押登记号 %(number)s。清偿后请及时办理注销登记。")
            % {"number": pledge.register_number},
            now=now,
        )
    return rung
