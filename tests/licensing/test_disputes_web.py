"""Disputes and conduct notes on pages: opened, answered, settled; what is typed is not lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from licensing.models import ConductNote, Dispute
from licensing.services import settling
from tests.factories import core as make
from tests.factories.disputes import Quarrel, offer
from tests.licensing.test_conduct import stated

pytestmark = pytest.mark.django_db


def test_a_firm_opens_the_office_answers_and_both_settle(client):
    at = Quarrel()
    client.force_login(at.firm_member.user)
    page = reverse("licensing:dispute-new", args=["licence", at.licence.pk])
    said = {"topic": "fee", "facts": "口径不同", "wish": "", "line": f"due-{at.due.pk}"}
    refused = client.post(page, said)
    assert refused.status_code == 422
    assert "口径不同" in refused.text
    done = client.post(page, said | {"wish": "重算", "amount": "3000"})
    row = Dispute.objects.get()
    assert (done.url, row.due, row.holds) == (
        reverse("licensing:dispute", args=[row.pk]), at.due, True,
    )  # fmt: skip
    assert "暂停催款" in client.get(done.url).text
    assert "有争议" in client.get(reverse("licensing:statement", args=[at.licence.pk])).text
    assert "有争议" in client.get(reverse("licensing:dues")).text
    client.force_login(at.office_member.user)
    step = reverse("licensing:dispute-step", args=[row.pk, "answer"])
    assert client.post(step, {"answer": "按合同"}).status_code == 302
    settling.propose_settlement(
        dispute_id=row.pk,
        offer=offer(pay_by=timezone.localdate() + timedelta(days=30)),
        by=at.firm,
        now=timezone.now(),
    )
    step = reverse("licensing:dispute-step", args=[row.pk, "verdict"])
    assert "再无争议" in client.get(step).text
    assert client.post(step, {"version": 1, "verdict": "refuse"}).status_code == 422
    assert client.post(step, {"version": 1, "verdict": "accept"}).status_code == 302
    paper = client.get(reverse("licensing:dispute-pdf", args=[row.pk]))
    assert paper.headers["Content-Type"] == "application/pdf"


def test_a_party_reads_its_note_and_appeals(client):
    at, bureau = Quarrel(), make.bureau()
    client.force_login(bureau.user)
    page = reverse("licensing:conduct-state", args=["licence", at.licence.pk])
    said = {
        "organisation_id": at.firm.organisation_id,
        "kind": "false_report",
        "happened_on": "2026-11-20",
        "fact": "漏报一张发票",
    }
    assert client.post(page, said).status_code == 422
    assert client.post(page, said | {"source": "核查笔录 3 号"}).status_code == 302
    note = ConductNote.objects.get()
    client.force_login(at.firm_member.user)
    assert "漏报一张发票" in client.get(reverse("licensing:conduct-note", args=[note.pk])).text
    step = reverse("licensing:conduct-step", args=[note.pk, "appeal"])
    assert client.post(step, {"appeal": "已补报"}).status_code == 302
    client.force_login(bureau.user)
    step = reverse("licensing:conduct-step", args=[note.pk, "decide"])
    assert client.post(step, {"verdict": "uphold", "decision": "属实"}).status_code == 302
    note.refresh_from_db()
    assert note.status == "struck"


def test_the_other_side_sees_nothing_that_does_not_count_yet(client):
    at = Quarrel()
    stated(at, make.bureau())
    client.force_login(at.office_member.user)
    text = client.get(reverse("licensing:conduct-of", args=["licence", at.licence.pk])).text
    assert "没有生效中的信用记录" in text
