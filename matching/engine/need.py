"""What a need really asks: its title, problem and target, without the company's own praise.

Three rules, in this order, measured in docs/matching.md:
1. A section headed 现有工作基础, 公司简介, 预算 and the like is dropped up to the next heading.
2. Of the rest, a sentence about the firm (founded, staff, revenue, prizes, patents held) or
   about money is dropped.
3. If nothing is left (all of it under 公司简介, say), only the second rule is kept to; if that
   leaves nothing either, the whole text is: a poor description beats none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

# A heading stands at the beginning, after a blank or after a full stop, may carry a number
# ("3、", "（二）") and ends with a colon or a blank.
_NUMBER = r"(?:[（(]?(?:[一二三四五六七八九十]{1,2}|\d{1,2}(?:\.\d)?)[)）、.．]?\s*)?"
_START = rf"(?:^|(?<=[\s。；;，,、])){_NUMBER}"
_OWN = re.compile(
    _START + r"(?:(?:现有|已有|现在|目前|我方|公司|企业)?的?(?:工作|研究|技术|合作|前期|现有)?"
    r"(?:基础|条件|工作内容|成果|专利|简介|概况|介绍)(?:及投入资金|和条件)?"
    r"|(?:已|计划|预计)?投入(?:资金|经费)|(?:经费|资金)?预算|研发费用|资金投入"
    r"|联系人|联系方式|合作方式|(?:企业|单位|团队)(?:简介|概况|介绍))\s*[：:\s]"
)
_ASKED = re.compile(
    _START + r"[^\s。；;：:，,、]{0,8}(?:需求|目标|难题|问题|内容|要求|指标|参数|方向|难点|结果"
    r"|目的|现状|背景|关键技术|任务)[^\s。；;：:，,、]{0,6}\s*[：:\s]"
)
_SENTENCE = re.compile(r"[^。；;！!？?\n]+[。；;！!？?\n]?")
_FIRM = re.compile(
    r"占地|注册资[本金]|员工|职工|产值|销售收入|销售额|营业收入|营收|利税|税收|利润|荣获"
    r"|获得?[^，。；]{0,12}(?:奖|称号)|高新技术企业|龙头企业|有限公司(?:是|成立|位于|始建|坐落)"
    r"|公司(?:成立|创建|始建|位于|坐落|现有|拥有|总部|主要从事|主营|是一家)|我公司(?:是|现有)"
    r"|建筑面积|专利[^，。；]{0,8}\d+\s*项|\d+\s*项[^，。；]{0,8}专利|SCI|发表[^，。；]{0,8}论文"
    r"|工程技术研究中心|院士|博士|硕士|万元|亿元|就业|经济效益|社会效益"
)


def asked(text: str) -> str:
    """The part of a need's description that says what is wanted."""
    for sentences in (_wanted(text), _SENTENCE.findall(text)):
        kept = "".join(sentence for sentence in sentences if not _FIRM.search(sentence)).strip()
        if kept:
            return kept
    return text


def _wanted(text: str) -> Iterator[str]:
    """The sentences outside the sections about the firm itself."""
    own = {match.start() for match in _OWN.finditer(text)}
    other = {match.start() for match in _ASKED.finditer(text)} - own
    cuts = sorted({0, len(text)} | own | other)
    for start, end in pairwise(cuts):
        if start not in own:
            yield from _SENTENCE.findall(text[start:end])
