"""Questions about registrations of contracts, certificates, and what exchanges reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, Model, Q, QuerySet

from core.errors import Missing
from core.people import selectors as people
from core.people.models import OrganisationKind
from core.people.selectors import OrganisationCard
from core.people.types import Actor
from core.permissions import Permission, allowed
from licensing.models import Certificate, ExchangeReport, Registration
from licensing.rules import registrations as rules

MOST_EXCHANGES = 200


def registrations(*, viewer: Actor, status: str = "") -> QuerySet[Registration]:
    """What the viewer may see, the most urgent first."""
    rows = Registration.objects.visible_to(viewer).select_related("holder", "taker")
    if status:
        return rows.filter(status=status).order_by("due_on", "pk")
    return rows.order_by("-pk")


def registration(registration_id: int, *, viewer: Actor) -> Registration:
    """One registration; Missing when the viewer may not see it."""
    rows = registrations(viewer=viewer).select_related("holder", "taker", "paper")
    found = rows.filter(pk=registration_id).first()
    if found is None:
        raise Missing("没有找到这份技术合同登记，或您无权查看。")
    return found


def certificates(*, viewer: Actor, status: str = "") -> QuerySet[Certificate]:
    """What the viewer may see, the newest first."""
    rows = Certificate.objects.visible_to(viewer).select_related("holder", "taker", "exchange")
    return (rows.filter(status=status) if status else rows).order_by("-pk")


def certificate(certificate_id: int, *, viewer: Actor) -> Certificate:
    """One certificate; Missing when the viewer may not see it."""
    rows = certificates(viewer=viewer).select_related("holder", "taker", "exchange", "document")
    found = rows.filter(pk=certificate_id).first()
    if found is None:
        raise Missing("没有找到这份鉴证，或您无权查看。")
    return found


def reports(*, viewer: Actor) -> QuerySet[ExchangeReport]:
    """What exchanges reported, as far as the viewer may see it."""
    return ExchangeReport.objects.visible_to(viewer).select_related("exchange").order_by("-pk")


def reports_on(contract_number: str, *, viewer: Actor) -> list[ExchangeReport]:
    """What exchanges reported of one contract, oldest first."""
    return list(reports(viewer=viewer).filter(contract_number=contract_number).order_by("pk"))


@dataclass(frozen=True, slots=True)
class OfOneContract:
    """What stands on a contract's own page."""

    registration: Registration | None = None
    certificates: list[Certificate] = field(default_factory=list)
    reports: list[ExchangeReport] = field(default_factory=list)

    @property
    def live(self) -> bool:
        """Whether a certificate is asked for or issued."""
        return any(c.status in rules.LIVE_CERTIFICATES for c in self.certificates)


def of_contract(contract_number: str, *, viewer: Actor) -> OfOneContract:
    """Its registration, its certificates, and what was done elsewhere; three queries."""
    if not contract_number:
        return OfOneContract()
    known = {"contract_number": contract_number}
    return OfOneContract(
        registration=Registration.objects.visible_to(viewer).filter(**known).first(),
        certificates=list(certificates(viewer=viewer).filter(**known)),
        reports=reports_on(contract_number, viewer=viewer),
    )


def exchanges(*, but: Iterable[int] = ()) -> list[OrganisationCard]:
    """Who can be asked for a certificate: exchanges other than the parties."""
    found = people.organisations_in("", [OrganisationKind.EXCHANGE], limit=MOST_EXCHANGES)
    return [card for card in found if card.id not in set(but)]


@dataclass(frozen=True, slots=True)
class RegistrationsWaiting:
    """How many wait for the viewer, and since when the oldest does."""

    to_apply: int = 0
    to_apply_since: datetime | None = None
    to_decide: int = 0
    to_decide_since: datetime | None = None
    to_certify: int = 0
    to_certify_since: datetime | None = None


def _count(rows: QuerySet[Model], since: str) -> tuple[int, datetime | None]:
    found = rows.aggregate(n=Count("pk"), since=Min(since))
    return found["n"], found["since"]


def registrations_waiting(*, viewer: Actor) -> RegistrationsWaiting:
    """What waits for this actor: as a seller, as a bureau, as an exchange."""
    told: dict[str, int | datetime | None] = {}
    mine = Registration.objects.visible_to(viewer)
    if viewer.acts_for and allowed(viewer, Permission.REGISTER_CONTRACT):
        todo = Q(holder_id__in=viewer.acts_for, status__in=sorted(s.value for s in rules.TO_DO))
        told["to_apply"], told["to_apply_since"] = _count(mine.filter(todo), "opened_at")
    if allowed(viewer, Permission.DECIDE_REGISTRATION):
        rows = mine.filter(status=rules.RegistrationStatus.APPLIED)
        told["to_decide"], told["to_decide_since"] = _count(rows, "applied_at")
    if allowed(viewer, Permission.CERTIFY_DEAL) and viewer.organisation_id is not None:
        asked = Certificate.objects.filter(
            exchange_id=viewer.organisation_id, status=rules.CertificateStatus.REQUESTED
        )
        told["to_certify"], told["to_certify_since"] = _count(asked, "requested_at")
    return RegistrationsWaiting(**told)  # type: ignore[arg-type]


REPORT_SORTS = [(s.value, rules.SORT_LABELS[s]) for s in rules.ReportSort]
SETTLEMENT_STATES = [(s.value, rules.STATE_LABELS[s]) for s in rules.SettlementState]


def no_reports() -> QuerySet[ExchangeReport]:
    """An empty answer, for describing the resource."""
    return ExchangeReport.objects.none()
