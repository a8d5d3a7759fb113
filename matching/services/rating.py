"""What receivers do with a match: look, rate, opt out; and what others tell us came of it."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from core.reference import selectors as reference
from listings import selectors as listings
from matching import rules
from matching.models import Evaluation, Lead, Match, MatchOptOut, Need, Subscription
from matching.selectors import feeding
from matching.services.implicit import note_reading
from matching.services.interest import tell_holder
from matching.services.judging import take_judgement
from matching.services.pushing import leads_of
from matching.services.runs import Item, note
from matching.types import NeedStatus, SupplyCard, Verdict


@transaction.atomic
def view_match(*, match_id: int, by: Actor, now: datetime) -> None:
    """Remember that the receiver has looked; the first look counts."""
    match = Match.objects.visible_to(by).get(pk=match_id)
    if match.organisation_id not in by.acts_for:
        return  # an auditor's look is not the receiver's
    lead = lead_of(match.organisation_id, match.patent_id, now=now)
    if lead.viewed_at is None:
        lead.viewed_at, lead.viewed_by = now, by.key
        lead.save(update_fields=["viewed_at", "viewed_by"])
    note_reading(patent_id=match.patent_id, by=by, now=now)


@transaction.atomic
def rate_match(*, match_id: int, verdict: Verdict, by: Actor, now: datetime) -> Evaluation:
    """The receiver's last word on a patent; the next list and the patent's layer follow from it.

    Saying the same again changes nothing and tells nobody.
    """
    match = _ratable(match_id, by=by)
    lead = lead_of(match.organisation_id, match.patent_id, now=now)
    return take_verdict(lead, verdict, need_id=match.need_id, match=match, by=by, now=now)


def take_verdict(
    lead: Lead,
    verdict: Verdict,
    *,
    need_id: int | None,
    match: Match | None,
    by: Actor,
    now: datetime,
) -> Evaluation:
    """Keep what a receiver says of a patent, whoever brought the two together.

    `match` is the engine's own, where it found the pair too: learning reads its signals.
    """
    require(by, Permission.RATE_MATCH, on=lead)
    values = _values(verdict)
    known = Evaluation.objects.filter(lead=lead).first()
    if known is not None and all(getattr(known, name) == v for name, v in values.items()):
        return known
    card = _supply_card(lead.patent_id)
    row, _new = Evaluation.objects.update_or_create(
        lead=lead,
        defaults={
            **values,
            "subclasses": card.subclasses,
            "holders": card.holders,
            "rated_at": now,
            "rated_by": by.key,
        },
    )
    lead.rated_at, lead.rated_by = now, by.key
    offers_hand = verdict.interested and bool(verdict.cooperation.strip() or verdict.intents)
    makes_contact = offers_hand and lead.contacted_at is None
    if makes_contact:
        lead.contacted_at, lead.contacted_by = now, by.key
        _met(need_id, now=now)
    lead.save()
    tell_holder(lead, row, card, makes_contact=makes_contact, before=known, now=now)
    audit.record(
        "match.rated",
        subject=lead,
        by=by,
        at=now,
        changes={
            "prospect": row.prospect,
            "interested": row.interested,
            "reason": row.reason,
            "wishes": row.wishes,
            "intents": row.intents,
        },
    )
    if known is None and match is not None:
        take_judgement(row, match, now=now)
    _tell(lead, row, by=by, now=now)
    return row


def _values(verdict: Verdict) -> dict[str, object]:
    if verdict.prospect is not None and not 1 <= verdict.prospect <= 5:
        raise Invalid(fields={"prospect": [_("应用前景应为 1 至 5。")]})
    if verdict.reason is not None and verdict.interested:
        raise Invalid(fields={"reason": [_("选择了“感兴趣”，就不必再选不适合的原因。")]})
    if verdict.intents and not verdict.interested:
        raise Invalid(fields={"intents": [_("选择了“不适合”，就不必再选合作方式。")]})
    implied = rules.INTERESTED_PROSPECT if verdict.interested else rules.REJECTED_PROSPECT
    for name, text in (("improvement", verdict.improvement), ("cooperation", verdict.cooperation)):
        if len(text) > 500:
            raise Invalid(fields={name: [_("最多 500 字。")]})
    return {
        "prospect": implied if verdict.prospect is None else verdict.prospect,
        "is_implied": verdict.prospect is None,
        "interested": verdict.interested,
        "reason": "" if verdict.reason is None else verdict.reason.value,
        "improvement": verdict.improvement.strip(),
        "cooperation": verdict.cooperation.strip(),
        "wishes": sorted({wish.value for wish in verdict.wishes}),
        "intents": sorted({intent.value for intent in verdict.intents}),
    }


def _ratable(match_id: int, *, by: Actor) -> Match:
    """The match as it may be rated; a kind refusal where it was withdrawn meanwhile.

    What the firm may not see stays unknown to it; its own match that is off says why.
    """
    rows = Match.objects.select_related("need")
    found = rows.visible_to(by).filter(pk=match_id).first()
    if found is None:
        found = rows.get(pk=match_id, organisation_id__in=by.acts_for)
        withdrawn = True
    else:
        withdrawn = not any(f.matchable for f in feeding.facts({found.patent_id}))
    if withdrawn:
        raise Conflict(
            _(
                "这件专利刚刚下架、被占用，或已被贵单位屏蔽，评价没有保存。"
                "恢复在架后它会重新出现在匹配列表里，那时可以再评价。"
            ),
            code="match-withdrawn",
        )
    return found


def lead_of(organisation_id: int, patent_id: int, *, now: datetime) -> Lead:
    """The lasting lead of a receiver with a patent, made if need be, and locked."""
    pair = {"organisation_id": organisation_id, "patent_id": patent_id}
    if not Lead.objects.filter(**pair).exists():
        leads_of(organisation_id, feeding.facts({patent_id}), now=now)
    return Lead.objects.select_for_update(of=("self",)).get(**pair)


def _supply_card(patent_id: int) -> SupplyCard:
    """The fields and holders a rating teaches about."""
    card = listings.card(patent_id, viewer=Actor.system())
    found = dict.fromkeys(reference.ipc_subclass(symbol) for symbol in card.ipc)
    name = card.organisation_name
    return SupplyCard(
        title=card.title,
        subclasses=[s for s in found if s],
        holders=[name[:200]] if name else [],
    )


def _met(need_id: int | None, *, now: datetime) -> None:
    """A need whose owner wants to talk to a holder has met something."""
    if need_id is None:
        return
    need = Need.objects.select_for_update(of=("self",)).get(pk=need_id)
    if need.status == NeedStatus.OPEN:
        need.status = rules.after(rules.NEED_MOVES, need.status, "match")
        need.changed_at = now
        need.version += 1
        need.save(update_fields=["status", "changed_at", "version"])


def _tell(lead: Lead, row: Evaluation, *, by: Actor, now: datetime) -> None:
    payload = {
        "lead_id": lead.pk,
        "patent_id": lead.patent_id,
        "organisation_id": lead.organisation_id,
        "prospect": row.prospect,
        "interested": row.interested,
        "reason": row.reason,
    }
    outbox.emit("match.rated", subject=lead, by=by, at=now, payload=payload)


def remember(*, organisation_id: int, by: Actor, now: datetime) -> int | None:
    """What an organisation said is to show in its lists: have all its demands ranked anew."""
    items: list[Item] = [
        ("need", pk)
        for pk in Need.objects.live()
        .filter(organisation_id=organisation_id)
        .values_list("pk", flat=True)
    ]
    items += [
        ("subscription", pk)
        for pk in Subscription.objects.live()
        .filter(organisation_id=organisation_id)
        .values_list("pk", flat=True)
    ]
    return note(items=items, by=by, now=now) if items else None


# --- opting out ------------------------------------------------------------------------------


@transaction.atomic
def opt_out(*, match_id: int, holder: bool = False, by: Actor, now: datetime) -> MatchOptOut:
    """Never show this patent (or anything of its holder) again; holds at the very next request."""
    match = Match.objects.visible_to(by).get(pk=match_id)
    lead = lead_of(match.organisation_id, match.patent_id, now=now)
    require(by, Permission.RATE_MATCH, on=lead)
    if holder and match.supplier_id is None:
        raise Invalid(
            _("这件专利的权利人没有平台账户，不能按权利人屏蔽；可屏蔽这件专利。"), code="no-holder"
        )
    thing = {"holder_id": match.supplier_id} if holder else {"patent_id": match.patent_id}
    standing = MatchOptOut.objects.filter(
        organisation_id=match.organisation_id, lifted_at__isnull=True, **thing
    )
    known = standing.first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            row = MatchOptOut.objects.create(
                organisation_id=match.organisation_id, made_at=now, made_by=by.key, **thing
            )
    except IntegrityError:  # a colleague was quicker
        return standing.get()
    audit.record("match.opted_out", subject=row, by=by, at=now, changes=dict(thing))
    remember(organisation_id=match.organisation_id, by=by, now=now)
    return row


@transaction.atomic
def lift_opt_out(*, opt_out_id: int, by: Actor, now: datetime) -> MatchOptOut:
    """Show it again; lifting twice changes nothing."""
    row = MatchOptOut.objects.select_for_update(of=("self",)).get(
        pk=opt_out_id, organisation_id__in=by.acts_for
    )
    require(by, Permission.RATE_MATCH, on=row)
    if row.lifted_at is None:
        row.lifted_at, row.lifted_by = now, by.key
        row.save(update_fields=["lifted_at", "lifted_by"])
        audit.record("match.opt_out_lifted", subject=row, by=by, at=now)
        remember(organisation_id=row.organisation_id, by=by, now=now)
    return row


# --- what came of it -------------------------------------------------------------------------


def mark(
    moment: str, *, organisation_id: int, patent_ids: list[int], by_key: str, at: datetime
) -> int:
    """Set the first "contacted" or "deal" moment of leads; how many had none yet."""
    rows = Lead.objects.filter(
        organisation_id=organisation_id,
        patent_id__in=patent_ids,
        **{f"{moment}_at__isnull": True},
    )
    return rows.update(**{f"{moment}_at": at, f"{moment}_by": by_key})
