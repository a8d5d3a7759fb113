"""Needs, subscriptions and matches for tests, made by the room's own services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.people.models import Membership
from listings.models import Patent
from matching import services
from matching.models import Match, Need, Subscription
from matching.types import NeedInput, SubscriptionInput
from tests.factories import core
from tests.factories import listings as board

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))

# Three fields far from each other, so that what fits and what does not is beyond doubt.
BATTERY: dict[str, Any] = {
    "title": "一种磷酸铁锂电池低温脉冲自加热方法",
    "abstract": "低温充电时以双向变换器产生脉冲电流，使电芯自加热，不析锂。",
    "ipc": ("H01M 10/615", "H02J 7/00"),
    "sheet": {
        "problem": "储能柜冬天充不进电，加热膜升温慢",
        "how": "脉冲电流让电芯自己发热，不加加热膜",
        "benefit": "零下二十度升到五度八分钟，电芯温差三度",
        "asking_price": Decimal("200000.00"),
    },
}
WATER: dict[str, Any] = {
    "title": "一种含氟废水深度处理的除氟吸附剂及制备方法",
    "abstract": "公开一种锆基除氟吸附剂，用于光伏含氟废水深度处理，出水氟离子低于一毫克每升。",
    "ipc": ("C02F 1/28",),
    "sheet": {
        "problem": "含氟废水排放不达标",
        "how": "锆基吸附剂吸附氟离子",
        "benefit": "出水氟低于一毫克每升",
    },
}
WELD: dict[str, Any] = {
    "title": "一种铝合金薄板激光焊接的焊缝跟踪装置",
    "abstract": "本实用新型涉及激光焊接，以结构光传感器跟踪铝合金薄板焊缝，焊接气孔少。",
    "ipc": ("B23K 26/21",),
    "sheet": {
        "problem": "铝板激光焊接焊缝偏移、气孔多",
        "how": "结构光跟踪焊缝并修正",
        "benefit": "偏差小于零点一毫米",
    },
}
COLD = NeedInput(
    title="储能柜冬天充不进电，求磷酸铁锂电池低温快速升温办法",
    situation="内蒙古的工商业储能，零下二十五度。",
    problem="加热膜升温慢，电芯温差大；希望用脉冲电流让电池自加热，不析锂。",
    targets="零下二十度升到五度不超过十分钟。",
    budget=Decimal("350000"),
    industry_codes=("3841",),
    ipc=("H01M",),
)
FLUORIDE = NeedInput(
    title="光伏含氟废水除氟不达标",
    problem="含氟废水深度处理出水氟离子超标，想找除氟吸附剂。",
    industry_codes=("4620",),
)


def need(firm: Membership | None = None, data: NeedInput = COLD, **options: Any) -> Need:
    """A need that is open for matching, unless `open_now=False`."""
    firm = firm or core.enterprise()
    given: dict[str, Any] = {"open_now": True, "now": NOON} | options
    return services.post_need(data=data, by=core.actor(firm), **given)


def profile(**fields: Any) -> SubscriptionInput:
    """What a firm wants pushed about cold batteries."""
    given: dict[str, Any] = {
        "name": "低温电池",
        "text": "磷酸铁锂电池低温充电，脉冲电流自加热，不加加热膜",
        "keywords": ("自加热", "脉冲电流", "低温充电"),
    } | fields
    return SubscriptionInput(**given)


def subscription(firm: Membership | None = None, **fields: Any) -> Subscription:
    """An active subscription."""
    firm = firm or core.enterprise()
    return services.subscribe(data=profile(**fields), by=core.actor(firm), now=NOON)


def stock(keeper: Membership | None = None) -> dict[str, Patent]:
    """Three listed patents in three fields."""
    keeper = keeper or core.office()
    kinds = {"battery": BATTERY, "water": WATER, "weld": WELD}
    return {name: board.listed_patent(keeper, **fields) for name, fields in kinds.items()}


def match(
    drain: Callable[[], int], firm: Membership | None = None, keeper: Membership | None = None
) -> Match:
    """A firm's need with its best match: the battery patent."""
    patents = stock(keeper)
    row = need(firm)
    drain()
    return Match.objects.get(need=row, patent=patents["battery"])
