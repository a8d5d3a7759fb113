"""Which column is what: guessed from the header, changeable by the person who uploads."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from listings.rules.sheets import LONGEST_SUMMARY


@dataclass(frozen=True)
class Field:
    """One thing a stock list may say about a patent."""

    name: str
    label: str
    example: str
    help: str
    known_as: str
    required: bool = False

    @property
    def synonyms(self) -> tuple[str, ...]:
        """What people call this column."""
        return (*self.known_as.split("|"), self.label)


FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "number",
        "申请号/专利号",
        "201710601862.3",
        "13 位，末位是校验位；ZL、CN、空格和点可写可不写。没有号码的可留空，按“待核实”收下，"
        "核实前不能许可。",
        "申请号|专利号|申请号/专利号|专利申请号|申请(专利)号|专利(申请)号|授权号|专利编号|"
        "号码|application number|application no|appl no|patent number|patent no|number|"
        "patentnumber|applicationnumber",
    ),
    Field(
        "title",
        "名称",
        "一种石墨烯复合散热膜的制备方法",
        "专利名称，不超过 500 个字。必填。",
        "名称|专利名称|发明名称|标题|题名|专利题目|title|name|invention title|patent title",
        required=True,
    ),
    Field(
        "abstract",
        "摘要",
        "本发明公开了……",
        "说明书摘要，不超过 20000 个字。",
        "摘要|专利摘要|说明书摘要|技术摘要|简介|abstract|summary",
    ),
    Field(
        "kind",
        "专利类型",
        "发明",
        "发明、实用新型或外观设计；有号码时可留空，由号码得出。",
        "专利类型|类型|专利种类|种类|类别|kind|type|patent type",
    ),
    Field(
        "holders",
        "申请人/专利权人",
        "示例大学；示例科技有限公司",
        "多个用分号隔开。",
        "申请人|专利权人|申请人/专利权人|权利人|申请(专利权)人|当前专利权人|当前权利人|"
        "第一申请人|持有人|applicant|applicants|assignee|assignees|patentee|owner|holder|"
        "holders",
    ),
    Field(
        "ipc",
        "IPC 分类号",
        "H01M 10/0525；C01B 32/184",
        "国际专利分类号，多个用分号隔开；外观设计请填洛迦诺分类号，如 10-05。",
        "ipc|ipc分类号|ipc分类|ipc主分类号|主分类号|分类号|国际专利分类号|国际分类号|"
        "洛迦诺分类号|ipc class|ipc classes|ipc code|classification",
    ),
    Field(
        "filed_on",
        "申请日",
        "2017-07-21",
        "年-月-日。",
        "申请日|申请日期|申请时间|filing date|filed|filed on|application date|filed_on|date",
    ),
    Field(
        "granted_on",
        "授权日",
        "2019-11-05",
        "授权公告日，年-月-日；未授权的留空。",
        "授权日|授权日期|授权公告日|授权时间|公告日|grant date|granted|granted on|granted_on|"
        "issue date",
    ),
    Field(
        "annuity_paid_to",
        "年费缴至",
        "2027-07-21",
        "年费已缴到哪一天，年-月-日。",
        "年费缴至|年费缴至日|年费缴纳至|年费有效期至|年费截止日|年费到期日|缴费截止日|"
        "annuity paid to|annuity_paid_to|paid to|fee paid until",
    ),
    Field(
        "status",
        "法律状态",
        "有效",
        "有效、审中、未缴年费终止、期限届满、放弃、全部无效。",
        "法律状态|当前法律状态|专利状态|状态|有效性|legal status|status",
    ),
    Field(
        "status_on",
        "法律状态日",
        "2024-03-01",
        "终止、放弃、无效的公告日，年-月-日；有效和审中的留空。",
        "法律状态日|法律状态日期|法律状态公告日|状态日期|失效日|终止日|status date|status_on",
    ),
    Field(
        "trl",
        "技术成熟度",
        "6",
        "TRL 1 到 9 级（GB/T 22900）。",
        "trl|技术成熟度|成熟度|技术就绪度|成熟度等级|技术成熟度等级|trl等级|trl level|maturity",
    ),
    Field(
        "family_size",
        "同族数",
        "3",
        "同族专利件数，含本件；不知道的留空。",
        "同族数|同族专利数|同族数量|简单同族数|扩展同族数|同族专利数量|family size|family_size",
    ),
    Field(
        "cited_by",
        "被引次数",
        "12",
        "被后来的专利引用的次数；不知道的留空。",
        "被引次数|被引证次数|被引用次数|被引频次|被引证专利数|引证次数(被引)|cited by|cited_by|"
        "forward citations|citations",
    ),
    Field(
        "price",
        "报价（元）",
        "120000",
        "期望价格，单位元；列名写明“万元”时按万元读；未定请填“面议”。",
        "报价|价格|期望价格|期望报价|转让价格|许可费|意向价格|标价|挂牌价|price|asking price|"
        "asking_price",
    ),
    Field(
        "summary",
        "一句话简介",
        "手机不再烫手的薄散热膜",
        "一句大白话，不超过 40 个字。",
        "一句话简介|一句话介绍|一句话|亮点|summary line|headline",
    ),
    Field(
        "problem",
        "解决什么问题",
        "薄型电子产品局部过热",
        "用企业看得懂的话写，不超过 1000 字。",
        "解决什么问题|解决的问题|解决问题|技术问题|痛点|problem",
    ),
    Field(
        "how",
        "怎样解决",
        "石墨烯与聚酰亚胺交替铺层，一次热压成膜",
        "用企业看得懂的话写，不超过 1000 字。",
        "怎样解决|如何解决|技术方案|解决方案|技术手段|how|solution",
    ),
    Field(
        "benefit",
        "效益（数字）",
        "导热率提高 40%，成本下降 15%",
        "尽量用数字说明，不超过 1000 字。",
        "效益|效益(数字)|技术效果|技术优势|优势|有益效果|benefit|advantage",
    ),
    Field(
        "maturity",
        "成熟程度说明",
        "已在一条产线试用半年",
        "做到哪一步了，不超过 300 字；等级填在“技术成熟度”。",
        "成熟程度|成熟程度说明|成熟度说明|成熟情况|产业化进展|进展|development stage",
    ),
    Field(
        "contact",
        "联系方式",
        "技术转移办公室 021-00000000",
        "登录的用户可见，不超过 200 字。",
        "联系方式|联系人及电话|联系人|联系电话|contact",
    ),
    Field(
        "industry",
        "行业代码",
        "C3971",
        "GB/T 4754—2017 行业代码，多个用分号隔开。",
        "行业代码|国民经济行业|国民经济行业代码|行业分类|所属行业|gb/t4754|industry|"
        "industry code|industry codes",
    ),
    Field(
        "project",
        "资助项目编号",
        "2021YFB3800001",
        "财政资助项目形成的专利请填项目编号。",
        "资助项目编号|项目编号|资助项目|基金项目|财政资助项目|课题编号|funding project|"
        "project|grant number",
    ),
)
BY_NAME: Final = {field.name: field for field in FIELDS}
# The texts of the offer sheet 推介表 that a list may bring: how long each may be.
SHEET: Final = {
    "summary": LONGEST_SUMMARY, "problem": 1000, "how": 1000, "benefit": 1000, "maturity": 300,
    "contact": 200,
}  # fmt: skip
PARAGRAPHS: Final = frozenset({"problem", "how", "benefit"})
IN_WAN: Final = re.compile(r"万元?")


def folded(header: str) -> str:
    """Header text without case, spaces, units, stars and notes in brackets at its end."""
    plain = unicodedata.normalize("NFKC", header).lower().strip().strip("*＊").strip()
    plain = re.sub(r"\s+", " ", plain).rstrip(":：")
    return plain.replace("（", "(").replace("）", ")")


def without_note(plain: str) -> str:
    """“报价(万元)” → “报价”, “授权日(年-月-日)” → “授权日”."""
    return re.sub(r"\s*[(\[【].*[)\]】]\s*$", "", plain).strip()


SYNONYMS: Final[dict[str, str]] = {
    folded(synonym): field.name for field in FIELDS for synonym in field.synonyms
}
COMPACT: Final[dict[str, str]] = {
    re.sub(r"[ _/.\-]", "", word): name for word, name in SYNONYMS.items()
}


def guess(header: Sequence[str]) -> dict[str, int]:
    """Field name → column. The first column that fits wins; a sure fit beats a loose one."""
    found: dict[str, int] = {}
    for reading in (exact, loose):
        for index, title in enumerate(header):
            name = reading(title)
            if name and name not in found and index not in found.values():
                found[name] = index
    return found


def exact(title: str) -> str | None:
    return SYNONYMS.get(folded(title)) or SYNONYMS.get(without_note(folded(title)))


def loose(title: str) -> str | None:
    return COMPACT.get(re.sub(r"[ _/.\-]", "", without_note(folded(title))))


def labels(header: Sequence[str]) -> list[str]:
    """What each column is called on pages: its header, or its letter where that is blank."""
    return [title or f"第 {index + 1} 列" for index, title in enumerate(header)]


def problems(mapping: Mapping[str, int], width: int) -> list[str]:
    """Why rows cannot be judged with this mapping; empty if they can."""
    found = []
    if "title" not in mapping:
        found.append("没有指定“名称”列：请选择哪一列是专利名称。")
    taken: dict[int, str] = {}
    for name, index in mapping.items():
        if name not in BY_NAME or not 0 <= index < width:
            found.append("所选的列不存在，请重新选择。")
        elif index in taken:
            found.append(
                f"“{BY_NAME[taken[index]].label}”和“{BY_NAME[name].label}”选了同一列，请改正其一。"
            )
        else:
            taken[index] = name
    return found


def price_in_wan(header: Sequence[str], mapping: Mapping[str, int]) -> bool:
    """Whether the header of the price column says 万元."""
    index = mapping.get("price")
    return index is not None and bool(IN_WAN.search(header[index]))
