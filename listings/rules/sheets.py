"""A whole offer sheet 推介表: what to ask of each field, what is missing, what each part is worth.

The points say how much a part helps a firm to decide whether to call; they add up to 100.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from listings.types import OfferInput

LONGEST_SUMMARY = 40
SHORTEST_TEXT = 12
MOST_GAINS = 8
MOST_CONTRASTS = 8
MOST_SCENES = 8
MOST_FILES = 8


class SheetState(StrEnum):
    """Where a sheet stands between its writer and its reviewer."""

    WRITING = "writing"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"


MOVES: dict[str, tuple[frozenset[SheetState], SheetState]] = {
    "save": (frozenset(SheetState), SheetState.WRITING),
    "submit": (frozenset({SheetState.WRITING, SheetState.RETURNED}), SheetState.IN_REVIEW),
    "approve": (frozenset({SheetState.IN_REVIEW}), SheetState.APPROVED),
    "send_back": (frozenset({SheetState.IN_REVIEW}), SheetState.RETURNED),
}


@dataclass(frozen=True, slots=True)
class Guide:
    """How one field is asked for: the question, an answer that helps and one that does not."""

    question: str
    good: str
    bad: str
    why: str


GUIDES: dict[str, Guide] = {
    "summary": Guide(
        "用一句话（40 字以内）告诉老板：谁、在什么场合、得到什么好处？",
        "北方物流车 7 分钟把冻住的电池热起来，不加任何零件",
        "一种锂离子电池组的双向脉冲自加热方法及装置",
        "列表里先看到的就是这一句，专利名称说不清好处。",
    ),
    "problem": Guide(
        "企业现在哪里疼？多花了什么钱、耽误了什么事？",
        "冬天电池充不进电、跑不远，贴加热膜要二十多分钟，还会局部过热。",
        "现有技术中存在加热效率低下的技术问题。",
        "写场景和损失，不写“现有技术存在不足”。",
    ),
    "how": Guide(
        "不用公式和权利要求，你会怎样向隔壁车间的师傅解释？",
        "让两半电池互相倒电，用电池自己的内阻发热，原有变换器改软件即可。",
        "其特征在于，所述双向直流变换器与所述电池组电性连接。",
        "说清改了哪一步、要不要换设备。",
    ),
    "benefit": Guide(
        "用上以后，省多少、快多少、多卖多少？数字是怎样测出来的？",
        "零下 20℃ 升到 10℃ 只要 7 分钟；每套省去加热膜和线束约 420 元，第三方低温箱实测。",
        "大幅提高效率，显著降低成本，效果国内领先。",
        "没有数字的好处等于没有说。",
    ),
    "gains": Guide(
        "逐条填：什么指标、多少、什么单位、和什么比？",
        "升温时间：7 分钟，对照贴加热膜的 23 分钟",
        "性能：更好",
        "企业按数字筛选；对照物写清楚，数字才有意义。",
    ),
    "contrasts": Guide(
        "企业今天用的办法是什么？逐项和它比，也写出不如它的地方。",
        "改装成本：加热膜每套 420 元；本方案 0 元，只改软件",
        "优于现有技术",
        "买方一定会问“凭什么换”，先替他比好。",
    ),
    "scenes": Guide(
        "可以用在哪些产品、工序或场合？每行一个。",
        "北方城市物流车 / 户外储能柜 / 高寒地区基站",
        "电池领域",
        "买方按场景找，不按分类号找。",
    ),
    "maturity": Guide(
        "做到了哪一步？谁用过、做了多少、跑了多久？",
        "已在一台物流车和一个 20 千瓦时储能柜上跑完一个冬天，有第三方报告。",
        "技术成熟",
        "决定买方还要投多少钱、等多久。",
    ),
    "routes": Guide(
        "你愿意怎样合作？可以多选。",
        "开放许可、先使用后付费",
        "（空着）",
        "方式不明，企业不知道该怎么开口。",
    ),
    "asking_price": Guide(
        "想要多少？留空就是面议。",
        "180000",
        "（空着）",
        "标了价的专利，企业可以直接比较预算。",
    ),
    "contact": Guide(
        "谁来接电话？登录用户才能看到。",
        "技术转移中心 林老师 021-5555 0101，工作日 9:00—17:00",
        "见官网",
        "留能接通的人，不留总机。",
    ),
    "trl": Guide(
        "按 1—9 级，现在是哪一级？",
        "6 级：在真实环境里跑过样机",
        "9 级（只有实验室数据）",
        "级别要和上面的文字对得上。",
    ),
    "files": Guide(
        "有没有检测报告、样品照片、用户证明？",
        "第三方低温测试报告.pdf",
        "专利证书扫描件",
        "能证明数字的材料最有用；证书人人查得到。",
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a whole sheet has: its points, and how to earn them."""

    code: str
    field: str
    label: str
    points: int
    advice: str
    there: Callable[[OfferInput], bool]


def _said(text: str) -> bool:
    return len(text.strip()) >= SHORTEST_TEXT


def _sized(sheet: OfferInput) -> bool:
    return any(gain.against for gain in sheet.gains)


PARTS: tuple[Part, ...] = (
    Part("summary", "summary", "一句话简介", 10, "写一句 40 字以内的简介。",
         lambda s: bool(s.summary.strip())),
    Part("problem", "problem", "解决什么问题", 15, "写清企业的损失和场景，不少于 12 个字。",
         lambda s: _said(s.problem)),
    Part("how", "how", "怎样解决", 10, "用外行听得懂的话写做法，不少于 12 个字。",
         lambda s: _said(s.how)),
    Part("benefit", "benefit", "效果说明", 5, "写清数字怎样测得，不少于 12 个字。",
         lambda s: _said(s.benefit)),
    Part("gains", "gains", "量化收益", 10, "至少填一条带数字的收益。", lambda s: bool(s.gains)),
    Part("gains-against", "gains", "收益的对照", 5, "至少一条收益写明和什么比。", _sized),
    Part("contrasts", "contrasts", "与常规方案对比", 10, "至少比一项成本、效率或维护。",
         lambda s: bool(s.contrasts)),
    Part("scenes", "scenes", "应用场景", 8, "至少写一个能用的产品或工序。",
         lambda s: bool(s.scenes)),
    Part("maturity", "maturity", "成熟程度", 7, "写清做到哪一步、谁用过。",
         lambda s: bool(s.maturity.strip())),
    Part("trl", "trl", "技术成熟度等级", 3, "选一个等级（1—9）。", lambda s: s.trl is not None),
    Part("routes", "routes", "希望的转化方式", 5, "至少选一种。", lambda s: bool(s.routes)),
    Part("price", "asking_price", "意向价格", 5, "填一个价格，0 表示免费。",
         lambda s: s.asking_price is not None),
    Part("contact", "contact", "联系方式", 4, "留一个能接通的联系人。",
         lambda s: bool(s.contact.strip())),
    Part("files", "files", "证明材料", 3, "上传一份检测报告、照片或用户证明。",
         lambda s: bool(s.files)),
)  # fmt: skip
TOTAL = sum(part.points for part in PARTS)


@dataclass(frozen=True, slots=True)
class Completeness:
    """How whole a sheet is, and what each missing part would add."""

    points: int
    missing: tuple[Part, ...]

    @property
    def tone(self) -> str:
        return "ok" if self.points >= 80 else "warn" if self.points >= 50 else "danger"


def completeness(sheet: OfferInput) -> Completeness:
    """The points of the sheet, and the missing parts, the weightiest first."""
    missing = [part for part in PARTS if not part.there(sheet)]
    return Completeness(
        points=TOTAL - sum(part.points for part in missing),
        missing=tuple(sorted(missing, key=lambda part: -part.points)),
    )


def is_empty(sheet: OfferInput) -> bool:
    """Whether nobody has written a word of it yet: nothing that a reviewer could read."""
    return not (
        sheet.summary or sheet.problem or sheet.how or sheet.benefit or sheet.maturity
        or sheet.gains or sheet.contrasts or sheet.scenes
    )  # fmt: skip
