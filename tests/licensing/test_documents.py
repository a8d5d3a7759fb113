"""Papers: their hash is that of their words, and they say what was agreed."""

from __future__ import annotations

import hashlib
import json

import pytest

from core.people.models import Organisation
from licensing import services
from licensing.models import Document
from licensing.rules.fees import FeeMode
from licensing.services.documents import content_hash
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON


def test_the_hash_is_that_of_the_words_as_utf_8_so_that_others_reckon_the_same():
    said = [["许可人", "甲大学"], ["付费标准", ["一", "二"]], ["b", {"z": 1, "a": 2}]]
    plain = '[["许可人","甲大学"],["付费标准",["一","二"]],["b",{"a":2,"z":1}]]'
    assert content_hash(said) == hashlib.sha256(plain.encode()).hexdigest()
    assert content_hash(json.loads(plain)) == content_hash(said)


@pytest.mark.django_db
def test_a_declaration_without_months_and_remarks_says_so():
    office = make.office()
    row = lic.declaration(office, mode=FeeMode.FREE, months=None)
    said = dict(Document.objects.get(declaration=row).content)
    assert said["许可期限"] == "自许可生效之日起至专利权期限届满"
    assert said["其他事项"] == "无"
    other = lic.declaration(office, mode=FeeMode.FREE, months=12, remarks="限华东")
    said = dict(Document.objects.get(declaration=other).content)
    assert said["许可期限"] == "自许可生效之日起 12 个月，但不超过专利权期限"
    assert said["其他事项"] == "限华东"


@pytest.mark.django_db
def test_a_contract_names_the_codes_its_declaration_and_its_days():
    office, firm = make.office(), make.enterprise()
    Organisation.objects.filter(pk=office.organisation_id).update(uscc="91310115MA1H7PN84G")
    Organisation.objects.filter(pk=firm.organisation_id).update(uscc=None)
    offered = lic.declaration(office, mode=FeeMode.FREE)
    row = services.take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON)
    paper = Document.objects.get(licence=row)
    said = dict(paper.content)
    assert said["许可人统一社会信用代码"] == "91310115MA1H7PN84G"
    assert said["被许可人统一社会信用代码"] == "—"
    assert (said["依据声明"], paper.number) == (offered.number, row.number)
    assert said["生效时间"] == "2026-11-20 12:00"
    assert said["许可期限"] == "2026-11-20 至 2029-11-19"
    assert len(said["防伪码"]) == 16
