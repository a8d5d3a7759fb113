"""What a consent taken back 撤回同意 does to an open licence that stands (docs/adr/0022)."""

from datetime import date, timedelta

CONSENT_DAYS = 15  # where a region says nothing
STANDS = (
    "公告的声明在撤回公告之前继续有效，已经取得和撤回前付清的许可都不受影响"
    "（专利法第五十条、第五十一条）；撤回须全体共有人同意。"
)


def decide_by(taken_back_on: date, days: int) -> date:
    """The last day on which the declarant is to say whether the declaration is withdrawn."""
    return taken_back_on + timedelta(days=days)
