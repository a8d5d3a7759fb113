"""Issuing papers: what they say is stored with its hash, and can be checked by anyone."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.money import yuan
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Distribution, Document, Licence, OpenDeclaration
from licensing.rules import effect, fees


def content_hash(content: Sequence[Sequence[object]]) -> str:
    """SHA-256 of the content in its one canonical spelling."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def issue_declaration(declaration: OpenDeclaration, *, by: Actor, now: datetime) -> Document:
    """The declaration as announced, in the items the rules ask for (IR85)."""
    terms = declaration.plan.terms()
    content: dict[str, object] = {
        "声明编号": declaration.number,
        "专利号": declaration.patent_number,
        "专利名称": declaration.patent_title,
        "专利权人": declaration.patentees,
        "付费方式": fees.MODE_LABELS[fees.mode_of(terms)],
        "付费标准": fees.standard_lines(terms),
        "许可期限": _term(declaration.months),
        "许可范围": "中国境内的任何单位或个人，以普通许可方式实施本专利，条件同等。",
        "其他事项": declaration.remarks or "无",
        "提交日": f"{declaration.filed_on:%Y-%m-%d}",
        "公告日": f"{declaration.announced_on:%Y-%m-%d}",
    }
    return issue(
        Document(
            kind=Document.Kind.DECLARATION,
            number=declaration.number or "",
            declaration=declaration,
        ),
        content,
        by=by,
        now=now,
    )


def issue_contract(licence: Licence, *, by: Actor, now: datetime) -> Document:
    """The licence as it took effect, on the announced terms."""
    terms = licence.plan.terms()
    parties = people.organisations([licence.licensor_id, licence.licensee_id])
    licensor, licensee = parties[licence.licensor_id], parties[licence.licensee_id]
    declaration, effective_at = licence.declaration, licence.effective_at
    assert declaration is not None  # only open licences have their contract written here,
    assert effective_at is not None  # at the moment they take effect
    content: dict[str, object] = {
        "许可编号": licence.number,
        "许可人": licensor.name,
        "许可人统一社会信用代码": licensor.uscc or "—",
        "被许可人": licensee.name,
        "被许可人统一社会信用代码": licensee.uscc or "—",
        "专利号": licence.patent_number,
        "专利名称": licence.patent_title,
        "许可种类": "普通许可（专利开放许可）",
        "依据声明": declaration.number,
        "许可地域": "中国境内",
        "付费方式": fees.MODE_LABELS[fees.mode_of(terms)],
        "付费标准": fees.standard_lines(terms),
        "通知送达时间": effect.minute_text(licence.served_at),
        "生效时间": effect.minute_text(effective_at),
        "生效说明": licence.explanation,
        "许可期限": f"{licence.starts_on:%Y-%m-%d} 至 {licence.ends_on:%Y-%m-%d}",
    }
    return issue(
        Document(kind=Document.Kind.CONTRACT, number=licence.number or "", licence=licence),
        content,
        by=by,
        now=now,
    )


def issue_income(row: Distribution, *, by: Actor, now: datetime) -> Document:
    """The statement of an approved distribution 收益分配单."""
    persons = [
        f"{p.name}（{p.get_role_display()}） {p.share.normalize():f}%：{yuan(p.amount)}"
        for p in row.persons.all()
    ]
    content: dict[str, object] = {
        "编号": row.number,
        "单位": people.organisation(row.organisation_id).name,
        "专利": f"{row.patent_number} {row.patent_title}",
        "收入种类": row.get_kind_display(),
        "到账收入": yuan(row.gross),
        "扣除": [f"{label} {yuan(value)}" for label, value in row.deducted] or "无",
        "净收入": yuan(row.net),
        "奖励比例": f"{row.percent.normalize():f}%，不低于 {row.floor.normalize():f}%"
        f"（{row.floor_article}）",
        "奖励总额": f"{yuan(row.award)}（向上取到分）",
        "分配": persons,
        "利益冲突声明": row.conflict,
        "公示": f"{row.posted_on:%Y-%m-%d} 至 {row.posted_until:%Y-%m-%d}，"
        f"异议 {row.objections.count()} 件",
        "批准时间": effect.minute_text(now),
        "税务说明": row.tax_note or "—",
    }
    return issue(
        Document(kind=Document.Kind.INCOME, number=row.number or ""), content, by=by, now=now
    )


def _term(months: int | None) -> str:
    if months is None:
        return "自许可生效之日起至专利权期限届满"
    return f"自许可生效之日起 {months} 个月，但不超过专利权期限"


def issue(
    document: Document, content: Mapping[str, object], *, by: Actor, now: datetime
) -> Document:
    """Store a paper with its hash and salt."""
    # Pairs, because the database does not keep the order of an object's keys. The salt keeps a
    # paper's hash from being found by guessing what it says.
    document.content = [[k, v] for k, v in content.items()] + [["防伪码", secrets.token_hex(8)]]
    document.content_hash = content_hash(document.content)
    document.issued_at, document.issued_by = now, by.key
    document.save()
    return document
