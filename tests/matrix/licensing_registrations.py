"""Who registers, certifies and reports: the seller, its bureau, the exchange that was asked."""

from __future__ import annotations

from typing import Any

from licensing.services import certificates, registrations
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.licensing import NOON
from tests.matrix import Row, World, logged_in, only

READERS = ("office", "enterprise", "bureau", "auditor")
REASON = {"reason": "x"}
HEADERS = {"Idempotency-Key": "matrix"}


def licence(world: World) -> Any:
    parties = world.members["office"], world.members["enterprise"]
    return world.thing("registered-licence", lambda w: lic.licence(*parties))


def registration(world: World) -> Any:
    def build(w: World) -> Any:
        return registrations.open_registration(licence=licence(w), now=NOON)

    return world.thing("registration", build)


def certificate(world: World) -> Any:
    def build(w: World) -> Any:
        exchange = w.members["exchange"].organisation_id
        return certificates.request_certificate(
            exchange_id=exchange,
            licence_id=licence(w).pk,
            by=make.actor(w.members["office"]),
            now=NOON,
        )

    return world.thing("certificate", build)


def of(world: World) -> dict[str, Any]:
    return {"registration_id": registration(world).pk}


def cert(world: World) -> dict[str, Any]:
    return {"certificate_id": certificate(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": registration(world).pk}


def cert_pk(world: World) -> dict[str, Any]:
    return {"pk": certificate(world).pk}


def acts(*who: str, status: int, readers: tuple[str, ...] = READERS) -> dict[str, int]:
    """These act, others who see it are refused, strangers find nothing."""
    refused = {r: 403 for r in readers if r not in who}
    return only(*who, status=status, others=404, **refused)


def api(kwargs: Any, *who: str, data: dict[str, Any] | None = None,
        readers: tuple[str, ...] = READERS, status: int = 409) -> Row:  # fmt: skip
    post = acts(*who, status=status, readers=readers) | {"anonymous": 401}
    return Row(kwargs=kwargs, post=post, data=lambda w: data or {})


SEERS = (*READERS, "exchange")
SUMS = {"kind": "licence", "amount": "2.00", "technical": "1.00"}
NUMBER = {"number": "x", "registered_on": "2026-11-20"}
EXPECTATIONS: dict[str, Row] = {
    "licensing:registrations": Row(get=logged_in()),
    "licensing:registration": Row(kwargs=of, get=only(*READERS, others=404)),
    "licensing:registration-paper": Row(kwargs=of, get=only(others=404)),
    "licensing:registration-step": Row(
        kwargs=lambda w: of(w) | {"name": "waive"},
        get=acts("office", status=200),
        post=acts("office", status=422),
    ),
    "licensing:certificates": Row(get=logged_in()),
    "licensing:certificate": Row(kwargs=cert, get=only(*SEERS, others=404)),
    "licensing:certificate-pdf": Row(kwargs=cert, get=only(others=404)),
    "licensing:certificate-step": Row(
        kwargs=lambda w: cert(w) | {"name": "issue"},
        get=acts("exchange", status=200, readers=SEERS),
        post=acts("exchange", status=422, readers=SEERS),
    ),
    "licensing:certificate-ask": Row(
        kwargs=lambda w: {"sort": "licence", "contract_id": licence(w).pk},
        get=acts("office", "enterprise", status=200),
        post=acts("office", "enterprise", status=422),
    ),
    "licensing-api:registration-list": Row(get=logged_in(anonymous=401)),
    "licensing-api:registration-detail": Row(
        kwargs=pk, get=only(*READERS, others=404, anonymous=401)
    ),
    "licensing-api:registration-apply": api(pk, "office", data=SUMS, status=200),
    "licensing-api:registration-register": api(pk, "bureau", data=NUMBER),
    "licensing-api:registration-send-back": api(pk, "bureau", data=REASON),
    "licensing-api:registration-waive": api(pk, "office", data=REASON, status=200),
    "licensing-api:registration-reopen": api(pk, "office"),
    "licensing-api:certificate-list": Row(
        get=logged_in(anonymous=401),
        post=logged_in(404, anonymous=401),  # a contract that nobody sees
        data=lambda w: {"exchange_id": 1, "licence_id": 999_999_999},
        headers=HEADERS,
    ),
    "licensing-api:certificate-detail": Row(
        kwargs=cert_pk, get=only(*SEERS, others=404, anonymous=401)
    ),
    "licensing-api:certificate-issue": api(
        cert_pk, "exchange", data={"statement": "x"}, readers=SEERS, status=200
    ),
    "licensing-api:certificate-decline": api(
        cert_pk, "exchange", data=REASON, readers=SEERS, status=200
    ),
    "licensing-api:certificate-withdraw": api(
        cert_pk, "office", "enterprise", readers=SEERS, status=200
    ),
    "licensing-api:certificate-revoke": api(cert_pk, "exchange", data=REASON, readers=SEERS),
    "interchange-api:exchange-reports": Row(
        get=logged_in(anonymous=401),
        post=only("exchange", status=404, anonymous=401),
        data=lambda w: {
            "contract_number": "QT0", "patent_number": "1", "sort": "certificate", "number": "1",
            "on": "2026-11-20",
        },
        headers=HEADERS,
    ),
}  # fmt: skip
