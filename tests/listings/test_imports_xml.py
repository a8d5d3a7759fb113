"""Patent documents in WIPO's XML, and files that break off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from listings.imports import columns
from listings.imports.intake import FileRefused, streamed

ST36 = """<patent-document country="CN" doc-number="107123456" kind="B" lang="zh">
 <bibliographic-data>
  <publication-reference><document-id><country>CN</country><doc-number>107123456</doc-number>
   <kind>B</kind><date>20191105</date></document-id></publication-reference>
  <application-reference appl-type="invention"><document-id><country>CN</country>
   <doc-number>201710601862.3</doc-number><date>20170721</date></document-id></application-reference>
  <classifications-ipcr><classification-ipcr><text>H01M  10/0525      20100101AFI</text>
   </classification-ipcr><classification-ipcr><section>C</section><class>01</class>
   <subclass>B</subclass><main-group>32</main-group><subgroup>184</subgroup></classification-ipcr>
  </classifications-ipcr>
  <invention-title lang="en">A film</invention-title>
  <invention-title lang="zh">一种{n}号散热膜</invention-title>
  <parties><applicants><applicant><addressbook><orgname>示例大学</orgname></addressbook></applicant>
   <applicant><addressbook><last-name>王</last-name><first-name>小明</first-name></addressbook>
   </applicant></applicants><inventors><inventor><addressbook><name>李四</name></addressbook>
   </inventor></inventors></parties>
 </bibliographic-data>
 <abstract lang="zh"><p>本发明公开了一种膜，</p><p>导热好。</p></abstract>
 <claims><claim><claim-text>1. 一种膜</claim-text></claim></claims>
</patent-document>"""
ST96 = """<pat:PatentPublication xmlns:pat="urn:st96:Patent" xmlns:com="urn:st96:Common">
 <pat:BibliographicData>
  <pat:PatentPublicationIdentification><com:IPOfficeCode>CN</com:IPOfficeCode>
   <pat:PublicationNumber>107123456</pat:PublicationNumber>
   <com:PatentDocumentKindCode>B</com:PatentDocumentKindCode>
   <com:PublicationDate>2019-11-05</com:PublicationDate></pat:PatentPublicationIdentification>
  <pat:ApplicationIdentification><com:IPOfficeCode>CN</com:IPOfficeCode><pat:ApplicationNumber>
   <com:ApplicationNumberText>201710601862.3</com:ApplicationNumberText></pat:ApplicationNumber>
   <pat:FilingDate>2017-07-21+08:00</pat:FilingDate></pat:ApplicationIdentification>
  <pat:PatentClassificationBag><pat:IPCRClassificationBag><pat:IPCRClassification>
   <pat:Section>H</pat:Section><pat:Class>01</pat:Class><pat:Subclass>M</pat:Subclass>
   <pat:MainGroup>10</pat:MainGroup><pat:Subgroup>0525</pat:Subgroup></pat:IPCRClassification>
   <pat:IPCRClassification><pat:PatentClassificationText>C01B 32/184</pat:PatentClassificationText>
   </pat:IPCRClassification></pat:IPCRClassificationBag></pat:PatentClassificationBag>
  <pat:InventionTitle com:languageCode="zh">一种{n}号散热膜</pat:InventionTitle>
  <pat:PartyBag><pat:ApplicantBag><pat:Applicant><com:Contact><com:Name><com:OrganizationName>
   <com:OrganizationStandardName>示例大学</com:OrganizationStandardName></com:OrganizationName>
   </com:Name></com:Contact></pat:Applicant><pat:Applicant><com:Contact><com:Name><com:PersonName>
   <com:LastName>王</com:LastName><com:FirstName>小明</com:FirstName></com:PersonName></com:Name>
   </com:Contact></pat:Applicant></pat:ApplicantBag></pat:PartyBag>
 </pat:BibliographicData>
 <pat:Abstract com:languageCode="zh"><com:P>本发明公开了一种膜，</com:P><com:P>导热好。</com:P>
 </pat:Abstract>
 <pat:Description><com:P>很长</com:P></pat:Description>
</pat:PatentPublication>"""
Read = Callable[[bytes], tuple[dict[str, Any], list[Any], Any]]


def wrapped(record: str, count: int) -> str:
    inner = "\n".join(record.replace("{n}", str(n)) for n in range(1, count + 1))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<documents>\n{inner}\n</documents>\n'


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def found(body: bytes) -> tuple[dict[str, Any], list[Any], Any]:
        path = tmp_path / "upload"
        path.write_bytes(body)
        with streamed(path) as table:
            rows = list(table.rows)
            return table.about, rows, table.cut_off

    return found


@pytest.mark.parametrize("record", [ST36, ST96])
def test_both_standards_say_the_same_of_a_patent(read: Read, record: str) -> None:
    about, rows, cut_off = read(wrapped(record, 2).encode())
    assert about["format"] == "xml"
    assert len(columns.guess(about["header"])) == len(about["header"])
    assert cut_off is None
    assert [number for number, _ in rows] == [1, 2]
    assert rows[1][1] == [
        "201710601862.3",
        "一种2号散热膜",
        "本发明公开了一种膜， 导热好。",
        "示例大学；王小明",
        "H01M 10/0525；C01B 32/184",
        "2017-07-21",
        "2019-11-05",
    ]


def test_one_document_without_a_wrapper_and_in_gbk_is_read(read: Read) -> None:
    body = '<?xml version="1.0" encoding="GB18030"?>' + ST36.replace("{n}", "1")
    about, rows, _ = read(body.encode("gb18030"))
    assert about["encoding"] == "gb18030"
    assert rows[0][1][1] == "一种1号散热膜"


@pytest.mark.parametrize("record", [ST36, ST96])
@pytest.mark.parametrize("left", [0.5, 0.75, 0.97])
def test_a_file_cut_off_keeps_what_was_whole_and_says_where(
    read: Read, record: str, left: float
) -> None:
    body = wrapped(record, 4).encode()
    _, rows, cut_off = read(body[: int(len(body) * left)])
    assert 1 <= len(rows) < 4
    assert cut_off["records"] == len(rows)
    assert cut_off["line"] == body[: int(len(body) * left)].count(b"\n") + 1


@pytest.mark.parametrize("back", range(1, 5))
def test_a_cut_within_a_character_is_a_cut_like_any_other(read: Read, back: int) -> None:
    body = wrapped(ST36, 3).encode()
    at = body.rindex("号散热膜".encode()) + back
    _, rows, cut_off = read(body[:at])
    assert (len(rows), cut_off["records"]) == (2, 2)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('<!DOCTYPE x SYSTEM "a.dtd"><x><patent-document/></x>', "xml-doctype"),
        (
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
            "xml-doctype",
        ),
        (
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
            "xml-doctype",
        ),
        ("<x><patent-document>&unknown;</patent-document></x>", "xml-doctype"),
        ("<note><to>x</to></note>", "xml-unknown"),
        ("<html><table><tr><td>1</td></tr></table></html>", "markup"),
        ("<documents><patent-document><bibl", "cut-off"),
    ],
)
def test_xml_that_is_not_read_is_refused_with_a_way_to_mend(
    read: Read, body: str, code: str
) -> None:
    with pytest.raises(FileRefused) as caught:
        read(body.encode())
    assert caught.value.code == code
    assert caught.value.mend


@pytest.mark.parametrize(
    ("body", "kept", "line"),
    [
        ('{"title": "甲"}\n{"title": "乙"}\n{"title": "丙', 2, 3),
        ("名称,申请号,摘要\n甲,1,好\n乙,2,好\n丙,3", 2, 4),
    ],
)
def test_lines_cut_off_too_keep_what_was_whole(read: Read, body: str, kept: int, line: int) -> None:
    _, rows, cut_off = read(body.encode())
    assert len(rows) == kept
    assert cut_off == {"records": kept, "line": line}
    _, rows, cut_off = read((body + "丙").encode()[:-2])
    assert cut_off == {"records": kept, "line": line}


def test_a_last_line_without_its_newline_is_whole(read: Read) -> None:
    _, rows, cut_off = read("名称,申请号\n甲,1\n乙,2".encode())
    assert len(rows) == 2
    assert cut_off is None
