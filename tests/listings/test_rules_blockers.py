"""What a blocker says: its article by the act, its words, whether it refuses or only warns."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from listings.rules import blockers
from listings.rules.annuities import Annuity, AnnuityState
from listings.rules.binding import ALL_CELLS, SI27
from listings.rules.blockers import CoOwner, Facts
from listings.rules.standing import Standing
from listings.types import Action, Blocker, Consent, EncumbranceKind, PatentKind, PatentStatus
from tests.listings.test_rules_binding import bond, facts

A, K = Action, EncumbranceKind
PLEDGED = facts(bonds=(bond(K.PLEDGE),))
ARRESTED = facts(bonds=(bond(K.PRESERVATION),))
DESIGN: dict[str, Any] = {"kind": PatentKind.DESIGN}
LATE = Annuity(AnnuityState.GRACE, date(2026, 3, 1), date(2026, 9, 1))


def only(found: list[Blocker], code: str) -> Blocker:
    (blocker,) = (b for b in found if b.code == code)
    return blocker


def lost(status: PatentStatus) -> Facts:
    return facts(standing=Standing(status))


@pytest.mark.parametrize(
    ("known", "action", "code", "article", "words"),
    [
        (lost(PatentStatus.INVALID), A.PLEDGE, "invalid", "专利法第四十七条", "质押"),
        (lost(PatentStatus.LAPSED), A.PLEDGE, "lapsed", "专利权质押登记办法", "质押"),
        (lost(PatentStatus.LAPSED), A.TRANSFER, "lapsed", "专利法第十条", "转让"),
        (lost(PatentStatus.LAPSED), A.LICENSE_SOLE, "lapsed", "第八百六十五条", "排他"),
        (facts(annuity=LATE), A.PLEDGE, "annuity-late", "质押登记办法", "滞纳期"),
        (facts(annuity=LATE), A.DECLARE_OPEN, "annuity-late", "第八十六条", "2026-03-01"),
        (facts(annuity=LATE), A.TRANSFER, "annuity-late", "第一百一十五条", "2026-09-01"),
        (ARRESTED, A.DECLARE_OPEN, "preserved", "第八十六条", "声明开放许可"),
        (ARRESTED, A.TRANSFER, "preserved", "专利法实施细则第一百零三条", "转让"),
        (PLEDGED, A.DECLARE_OPEN, "pledged", "实施细则第八十六条", "请先取得质权人书面同意"),
        (PLEDGED, A.LICENSE_SOLE, "pledged", "民法典第四百四十四条", "不能订立排他许可"),
        (PLEDGED, A.PUBLISH, "pledged", "民法典第四百四十四条", "可以展示"),
        (facts(bonds=(bond(K.SOLE),)), A.DECLARE_OPEN, "sole-licence", "八十六条", "已有排他许可"),
        (facts(bonds=(bond(K.SOLE),)), A.LICENSE_SOLE, "sole-licence", "二十五条", "至 2027-12-31"),
        (facts(bonds=(bond(K.ORDINARY, ends_on=None),)), A.LICENSE_EXCLUSIVE, "ordinary-licence",
         "二十五条", "没有约定终止日"),
        (facts(bonds=(bond(K.OPEN_DECLARATION),)), A.DECLARE_OPEN, "already-declared", "第五十条",
         "不能重复声明"),
        (facts(bonds=(bond(K.OPEN_DECLARATION),)), A.LICENSE_SOLE, "open-declared", "第五十一条",
         "请先撤回声明"),
        (facts(**DESIGN), A.DECLARE_OPEN, "evaluation-missing", "第五十条", "外观设计"),
        (facts(kind=PatentKind.UTILITY_MODEL), A.DECLARE_OPEN, "evaluation-missing", "第五十条",
         "实用新型"),
        (facts(ends_on=date(2039, 3, 1)), A.PLEDGE, "beyond-term", "债务履行期限", "2039-03-01"),
        (facts(ends_on=date(2039, 3, 1)), A.LICENSE_SOLE, "beyond-term", "八百六十五条", "届满"),
    ],
)  # fmt: skip
def test_a_blocker_names_its_article_and_says_what_to_do(
    known: Facts, action: Action, code: str, article: str, words: str
) -> None:
    found = only(blockers.blockers(known, action), code)
    assert article in found.article
    assert words in found.message


def test_an_act_before_the_declaration_has_another_article_than_the_declaration() -> None:
    for known, code in ((PLEDGED, "pledged"), (ARRESTED, "preserved")):
        declared = only(blockers.blockers(known, A.DECLARE_OPEN), code).article
        assert declared != only(blockers.blockers(known, A.TRANSFER), code).article


@pytest.mark.parametrize("gone", [{"managed": False}, {"owners": ()}])
def test_without_a_known_holder_nobody_can_act(gone: dict[str, Any]) -> None:
    found = blockers.blockers(facts(**gone), A.LICENSE_ORDINARY)
    assert [(b.code, b.hard) for b in found] == [("holder-unknown", True)]


def test_a_keeper_who_is_no_patentee_may_show_it_and_nothing_more() -> None:
    other = (CoOwner("某大学", Consent.ALL),)
    for action in Action:
        found = only(blockers.blockers(facts(owners=other), action), "holder-not-registered")
        assert found.hard is (action is not A.PUBLISH)


def test_a_missing_consent_is_named_with_the_article_of_the_act() -> None:
    owners = (CoOwner("某大学", Consent.ALL, is_managing=True), CoOwner("甲公司", Consent.NONE))
    declared = only(blockers.blockers(facts(owners=owners), A.DECLARE_OPEN), "co-owner-consent")
    sold = only(blockers.blockers(facts(owners=owners), A.TRANSFER), "co-owner-consent")
    assert ("甲公司" in sold.message, sold.article) == (True, "专利法第十四条")
    assert declared.article == "专利法第十四条、专利法实施细则第八十五条"


def test_an_inventors_right_of_use_outlives_a_transfer_and_bars_what_is_exclusive() -> None:
    asked = facts(users=(CoOwner("张三", Consent.NONE),))
    agreed = facts(users=(CoOwner("张三", Consent.ALL),))
    for action in (A.LICENSE_SOLE, A.LICENSE_EXCLUSIVE):
        assert only(blockers.blockers(asked, action), "inventor-use").hard
        assert blockers.blockers(agreed, action) == []
    for known in (asked, agreed):
        told = only(blockers.blockers(known, A.TRANSFER), "inventor-use-survives")
        assert (told.hard, "张三" in told.message) == (False, True)
        assert blockers.blockers(known, A.LICENSE_ORDINARY) == []


def test_the_exception_of_a_sole_licensor_is_for_ordinary_licences_and_once() -> None:
    sole, used = bond(K.SOLE), bond(K.ORDINARY, id=2, exception=SI27)
    for action in (A.LICENSE_SOLE, A.PLEDGE):
        assert not {b.code for b in blockers.blockers(facts(exception=SI27), action)} & {
            "si27-without-sole",
            "si27-used",
        }
    for bonds, codes in (
        ((), ["si27-without-sole"]),
        ((sole,), []),
        ((sole, used), ["si27-used"]),
        ((sole, bond(K.ORDINARY, id=3)), []),
    ):
        found = blockers.blockers(facts(bonds=bonds, exception=SI27), A.LICENSE_ORDINARY)
        assert [b.code for b in found] == codes


def test_a_term_ends_before_the_patent_does() -> None:
    last = date(2039, 2, 28)
    for action in (*blockers.LICENSING, A.PLEDGE, A.DECLARE_OPEN):
        assert blockers.blockers(facts(ends_on=last), action) == []
        assert blockers.blockers(facts(ends_on=last, expires_on=None), action) == []
        assert blockers.blockers(facts(ends_on=date(2040, 1, 1), expires_on=None), action) == []
        assert only(blockers.blockers(facts(ends_on=date(2039, 3, 1)), action), "beyond-term").hard
    assert blockers.blockers(facts(ends_on=date(2050, 1, 1)), A.TRANSFER) == []


def test_what_is_wanted_elsewhere_or_later_does_not_meet_what_is_bound() -> None:
    sole = facts(bonds=(bond(K.SOLE, cells=frozenset({311})),), cells=ALL_CELLS - {311})
    assert blockers.blockers(sole, A.LICENSE_SOLE) == []
    later = facts(bonds=(bond(K.SOLE),), starts_on=date(2028, 1, 1))
    assert blockers.blockers(later, A.LICENSE_SOLE) == []


def test_what_refuses_comes_before_what_warns() -> None:
    known = facts(
        bonds=(bond(K.PLEDGE), bond(K.EXCLUSIVE, id=2)), funding_project="国家重点研发计划"
    )
    found = [b.hard for b in blockers.blockers(known, A.TRANSFER)]
    assert found == sorted(found, reverse=True)
    assert found.count(False) == 2
