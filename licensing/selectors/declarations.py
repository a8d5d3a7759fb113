"""Questions about open declarations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from core.days import legal_day
from core.errors import Missing
from core.people.types import Actor
from licensing.models import OpenDeclaration
from licensing.rules import fees, guards, moves
from licensing.types import DeclarationCard, DeclarationTerms
from listings import selectors as listings
from listings.types import Action, Blocker

_S = moves.DeclarationStatus


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the live check: a tick, or what stands in the way, with its article."""

    ok: bool
    hard: bool
    message: str
    article: str

    @property
    def stops(self) -> bool:
        """Whether the declaration cannot be made as it stands: a high fee needs its reasons."""
        return not self.ok and (self.hard or self.article == guards.CAP_ARTICLE)


# What the law asks of a declaration, in the order in which an office thinks of it: the codes that
# fail the line, what the tick says, and the article.
LAW: Sequence[tuple[frozenset[str], str, str]] = (
    (
        frozenset(
            {"number-unverified", "not-granted", "lapsed", "expired", "invalid", "abandoned"}
        ),
        "专利权已授权公告，且维持有效",
        "专利法实施细则第八十五条、第八十六条",
    ),
    (
        frozenset({"annuity-late", "annuity-unpaid", "annuity-unknown"}),
        "年费已按时缴纳",
        "专利法实施细则第八十六条",
    ),
    (
        frozenset({"holder-unknown", "holder-not-registered", "co-owner-consent"}),
        "由专利权人声明，全体共有人书面同意",
        "专利法第十四条、专利法实施细则第八十五条",
    ),
    (
        frozenset({"evaluation-missing", "evaluation-against"}),
        "实用新型、外观设计有支持授权的评价报告（发明不需要）",
        "专利法第五十条",
    ),
    (
        frozenset({"exclusive-licence", "sole-licence", "ordinary-licence"}),
        "没有有效期内的独占或排他许可",
        "专利法实施细则第八十六条",
    ),
    (
        frozenset({"preserved"}),
        "没有处于权属纠纷中止或保全程序",
        "专利法实施细则第八十六条、第一百零三条、第一百零四条",
    ),
    (
        frozenset({"pledged"}),
        "没有质押，或质权人已书面同意",
        "民法典第四百四十四条、专利法实施细则第八十六条",
    ),
    (frozenset({"already-declared"}), "没有已公告的开放许可声明", "专利法第五十条"),
    (frozenset({"fee-plan"}), "写明了许可使用费的支付方式和标准", guards.IR85),
    (
        frozenset({"fee-above-cap", "rate-above-cap"}),
        "费用在一般上限之内，或已说明理由（固定费用 2000 万元；净销售额 20% 或利润 40%）",
        guards.CAP_ARTICLE,
    ),
    (frozenset({"term", "beyond-term"}), "许可期限明确，不超过专利权期限", guards.IR85),
    (frozenset({"advertising"}), "没有商业性宣传用语", guards.IR85),
)


def guards_for(
    patent_id: int, *, terms: DeclarationTerms | None, at: datetime, by: Actor
) -> list[Check]:
    """Every condition of a declaration with its tick or what stands in the way.

    Without terms, only what the patent itself must meet. A blocker that no line names comes
    last, so nothing is ever left unsaid.
    """
    found = listings.can(patent_id, Action.DECLARE_OPEN, at=at, by=by)
    if terms is not None:
        card = listings.card(patent_id, viewer=by)
        today = legal_day(at)
        found = found + guards.declaration_blockers(
            guards.DeclarationFacts(
                parts=terms.parts,
                months=terms.months,
                expires_on=card.expires_on or today,
                today=today,
                texts=(terms.remarks, terms.cap_reasons),
                cap_reasons=terms.cap_reasons,
            )
        )
    return _as_checks(found, with_terms=terms is not None)


def guards_of(declaration_id: int, *, at: datetime, viewer: Actor) -> list[Check]:
    """The live check of a declaration that exists, for its holder; Missing for others."""
    row = declaration(declaration_id, viewer=viewer)
    if row.licensor_id not in viewer.acts_for:
        raise Missing("没有找到这份开放许可声明，或您无权查看。")
    return guards_for(row.patent_id, terms=terms_of(row), at=at, by=viewer)


def terms_of(row: OpenDeclaration) -> DeclarationTerms:
    """What the declaration offers, as the services take it."""
    return DeclarationTerms(
        parts=row.plan.terms(),
        months=row.months,
        remarks=row.remarks,
        cap_reasons=row.cap_reasons,
    )


def _as_checks(found: Sequence[Blocker], *, with_terms: bool) -> list[Check]:
    checks: list[Check] = []
    named: set[str] = set()
    own = {"fee-plan", "fee-above-cap", "rate-above-cap", "term", "beyond-term", "advertising"}
    for codes, tick, article in LAW:
        if not with_terms and codes & own:
            continue
        against = [b for b in found if b.code in codes]
        named |= codes
        if not against:
            checks.append(Check(True, True, tick, article))
        checks += [Check(False, b.hard, b.message, b.article) for b in against]
    return checks + [
        Check(False, b.hard, b.message, b.article) for b in found if b.code not in named
    ]


def _with_plan(rows: QuerySet[OpenDeclaration]) -> QuerySet[OpenDeclaration]:
    return rows.select_related("plan").prefetch_related("plan__parts")


def shelf(
    *, at: datetime, mode: str = "", region: str = "", q: str = ""
) -> QuerySet[OpenDeclaration]:
    """What anyone may take today, newest first; narrowed by fee mode, region prefix and words."""
    rows = _searched(_takeable(at), region=region, q=q)
    if mode:
        rows = rows.filter(plan__mode=mode)
    return _with_plan(rows).order_by("-announced_on", "-pk")


def _takeable(at: datetime) -> QuerySet[OpenDeclaration]:
    """Announced, and nothing came between since: a pledge, an arrest, an annuity in arrear."""
    rows = OpenDeclaration.objects.on_offer()
    between = listings.barred(Action.LICENSE_ORDINARY, among=rows.values("patent_id"), at=at)
    return rows.exclude(patent_id__in=between)


def _searched(rows: QuerySet[OpenDeclaration], *, region: str, q: str) -> QuerySet[OpenDeclaration]:
    for word in q.split()[:8]:
        rows = rows.filter(
            Q(patent_title__icontains=word)
            | Q(patent_number__icontains=word)
            | Q(patentees__icontains=word)
            | Q(number__iexact=word)
        )
    return rows.filter(region__startswith=region) if region else rows


def mode_counts(*, at: datetime, region: str = "", q: str = "") -> dict[str, int]:
    """How many are on the shelf in each fee mode, by the same words and region."""
    rows = _searched(_takeable(at), region=region, q=q)
    return dict(rows.values_list("plan__mode").annotate(n=Count("pk")).order_by())


def declaration(declaration_id: int, *, viewer: Actor) -> OpenDeclaration:
    """One declaration with its plan; Missing when the viewer may not see it."""
    rows = _with_plan(OpenDeclaration.objects.visible_to(viewer))
    found = rows.select_related("plan", "licensor", "document").filter(pk=declaration_id).first()
    if found is None:
        raise Missing("没有找到这份开放许可声明，或您无权查看。")
    return found


def declarations_of(*, viewer: Actor) -> QuerySet[OpenDeclaration]:
    """The viewer's own declarations, newest first, with how many licences each gave."""
    rows = OpenDeclaration.objects.filter(licensor_id__in=viewer.acts_for)
    live = Q(licences__status__in=[s.value for s in moves.IN_FORCE])
    return _with_plan(rows.annotate(given=Count("licences", filter=live))).order_by("-pk")


def declaration_for(patent_id: int, *, viewer: Actor) -> OpenDeclaration | None:
    """The declaration in progress or announced on this patent that the viewer may see."""
    return (
        _with_plan(OpenDeclaration.objects.visible_to(viewer))
        .filter(patent_id=patent_id, status__in=[s.value for s in moves.OPEN_DECLARATIONS])
        .first()
    )


def open_declaration_for(patent_id: int, *, viewer: Actor) -> DeclarationCard | None:
    """The open licence on offer for this patent, for other rooms; None when there is none."""
    row = (
        _with_plan(OpenDeclaration.objects.visible_to(viewer))
        .filter(patent_id=patent_id, status=_S.ANNOUNCED)
        .first()
    )
    return None if row is None else declaration_card(row)


def declaration_card(row: OpenDeclaration) -> DeclarationCard:
    """The declaration as anyone may read it."""
    terms = row.plan.terms()
    mode = fees.FeeMode(row.plan.mode)
    announced: date | None = row.announced_on
    return DeclarationCard(
        id=row.pk,
        number=row.number or "",
        status=row.status,
        status_label=row.get_status_display(),
        patent_id=row.patent_id,
        patent_number=row.patent_number,
        patent_title=row.patent_title,
        patentees=row.patentees,
        licensor_id=row.licensor_id,
        region=row.region,
        mode=mode.value,
        mode_label=fees.MODE_LABELS[mode],
        price=fees.price_text(terms),
        standard=tuple(fees.standard_lines(terms)),
        months=row.months,
        remarks=row.remarks,
        announced_on=announced,
        patent_lapsed_on=row.patent_lapsed_on,
    )
