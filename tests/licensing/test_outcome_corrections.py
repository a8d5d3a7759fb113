"""Putting an outcome right: what proves it then, who hears of it, and what is not put right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.errors import Conflict, Missing, NotAllowed
from core.people.models import Membership
from licensing import services
from licensing.models import Outcome
from licensing.services import outcome_corrections as corrections
from licensing.types import OutcomeReport
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF, TODAY
from tests.licensing.refusing import names, says
from tests.licensing.telling import told

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=3)


@pytest.fixture
def office() -> Membership:
    return make.office(region="310115")


def pdf(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


def said(**changes: Any) -> OutcomeReport:
    known: dict[str, Any] = {"patent_id": 0, "code": "ordinary", "happened_on": TODAY}
    return OutcomeReport(**(known | changes))


def reported(office: Membership, evidence: str = "", **changes: Any) -> Outcome:
    report = said(**({"patent_id": lic.patent(office)} | changes))
    paper = pdf(evidence) if evidence else None
    return services.report_outcome(report=report, evidence=paper, by=actor(office), now=NOON)


def corrected(
    row: Outcome, office: Membership, *, reason: str = "写错", evidence: str = "", **changes: Any
) -> Outcome:
    return corrections.correct_outcome(
        outcome_id=row.pk, report=said(**changes), reason=reason, by=actor(office), now=LATER,
        evidence=pdf(evidence) if evidence else None,
    )  # fmt: skip


def test_the_paper_handed_in_before_still_proves_what_is_put_right(office: Membership) -> None:
    row = reported(office, "旧.pdf")
    done = corrected(row, office, note=" 金额另计 ")
    assert done.evidence is not None
    assert (done.evidence.name, done.note, done.contract_number) == ("旧.pdf", "金额另计", "")
    again = corrected(row, office, evidence="新.pdf")
    assert again.evidence is not None
    assert again.evidence.name == "新.pdf"


def test_what_lost_its_contract_needs_a_paper(office: Membership) -> None:
    row = reported(office, contract_number="HT-1")
    names("evidence", ask=lambda: corrected(row, office))
    names("happened_on", ask=lambda: corrected(
        row, office, contract_number="HT-1", happened_on=LATER.date() + timedelta(days=1)
    ))  # fmt: skip
    names("reason", ask=lambda: corrected(row, office, reason=" ", contract_number="HT-1"))
    row.refresh_from_db()
    assert (row.contract_number, row.revisions.count()) == ("HT-1", 0)
    assert corrected(row, office, evidence="证明.pdf").evidence is not None


def test_the_bureau_hears_of_a_correction_and_decides_anew(office: Membership) -> None:
    bureau = make.bureau("31")
    row = reported(office, contract_number="HT-1")
    services.verify_outcome(outcome_id=row.pk, by=actor(bureau), now=NOON)
    colleague = make.MembershipFactory(organisation=office.organisation, role="office")
    done = corrected(row, colleague, contract_number="HT-1", code="sole")
    assert (done.status, done.code, done.decided_by) == ("reported", "sole", None)
    assert (done.reported_at, done.reported_by) == (LATER, actor(colleague).key)
    assert told(f"outcome-reported:{row.pk}:{LATER.isoformat()}") == {bureau.user_id}
    assert [(old.code, old.status) for old in row.revisions.all()] == [("ordinary", "verified")]


def test_who_does_not_hold_the_patent_takes_nothing_back(office: Membership) -> None:
    row = reported(office, contract_number="HT-1")
    known: dict[str, Any] = {"outcome_id": row.pk, "reason": "未发生", "now": LATER}
    for who, refusal in ((make.office(), Missing), (make.bureau("31"), NotAllowed)):
        with pytest.raises(refusal):
            corrections.withdraw_outcome(**known, by=actor(who))
    gone = corrections.withdraw_outcome(**known, by=actor(office))
    assert (gone.status, gone.reported_at) == ("withdrawn", LATER)
    says("illegal-move", lambda: corrections.withdraw_outcome(**known, by=actor(office)))
    says("illegal-move", lambda: corrected(row, office, contract_number="HT-1"))
    assert row.revisions.count() == 1


def test_what_is_put_right_into_another_reports_words_is_refused_and_says_which(
    office: Membership,
) -> None:
    """Its key is another, so the database would take it: the paper's number is left open."""
    row = reported(office, "证明.pdf", counterparty="乙公司")
    reported(office, patent_id=row.patent_id, contract_number="HT-2", counterparty="甲公司")
    with pytest.raises(Conflict, match=f"{TODAY}，待核验") as refused:
        corrected(row, office, counterparty=" 甲公司 ")
    assert refused.value.code == "already-reported"
    row.refresh_from_db()
    assert (row.counterparty, row.revisions.count()) == ("乙公司", 0)
