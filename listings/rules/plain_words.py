"""What keeps a firm from understanding a sheet, or an office from publishing it with a good
conscience: patent prose, praise without numbers, words that the Advertising Law forbids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from listings.rules.sheets import LONGEST_SUMMARY
from listings.types import OfferInput

TEXTS = ("summary", "problem", "how", "benefit", "maturity")
LONGEST_SENTENCE = 90

PROSE = re.compile(
    r"本(?:发明|实用新型|外观设计|申请|技术方案)(?:公开|涉及|提供|属于|的目的)?了?"
    r"|其特征(?:在于|是)|所述|权利要求|实施例|如图\s*\d+\s*所示|说明书附图"
    r"|技术领域|背景技术|现有技术|有益效果|优选地|进一步地|(?:第[一二三]|若干)个?壳体"
    r"|一种[^，。；]{2,30}(?:方法|装置|系统|设备|及其应用)"
)
# Advertising Law of 2021, article 9 (3): 国家级、最高级、最佳 and the like.
SUPERLATIVE = re.compile(
    r"国家级|世界级|最高级|最佳|最好|最优|最强|最先进|最低价|第一品牌|全国第一|世界第一|全球第一|行业第一"
    r"|唯一|独一无二|首选|顶级|顶尖|极致|绝无仅有|史无前例|前无古人|填补(?:国内|国际|世界)?空白"
    r"|(?:国际|国内|世界|全球|行业)(?:领先|首创|一流|先进水平)|100\s*[%％]\s*(?:有效|安全|成功)|万能|零风险"
)
VAGUE = re.compile(
    r"(?:大幅|显著|极大|明显|有效|大大|进一步)(?:地)?(?:提高|提升|降低|减少|改善|缩短|增强|节约)"
)
NUMBER = re.compile(
    r"[0-9０-９]|[一二三四五六七八九十百千万两半]\s*(?:倍|成|分之|度|元|年|天|小时|分钟)"
)
SENTENCE = re.compile(r"[^。；！？!?;\n]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on one field, with the words it is about."""

    field: str
    code: str
    quote: str
    message: str


def findings(sheet: OfferInput) -> list[Finding]:
    """Everything worth a second look; nothing of it forbids saving."""
    found = []
    for name in TEXTS:
        found += list(_of_text(name, getattr(sheet, name)))
    for row in sheet.contrasts:
        found += [f for text in (row.usual, row.ours) for f in _forbidden("contrasts", text)]
    if len(sheet.summary) > LONGEST_SUMMARY:
        found.append(
            Finding(
                "summary",
                "too-long",
                "",
                f"有 {len(sheet.summary)} 字，列表里放不下；请压缩到 {LONGEST_SUMMARY} 字以内。",
            )
        )
    if sheet.benefit.strip() and not sheet.gains and not NUMBER.search(sheet.benefit):
        found.append(
            Finding(
                "benefit",
                "no-number",
                "",
                "没有数字。请写：什么指标、变化多少、和什么比、怎样测得。",
            )
        )
    return found


def _of_text(name: str, text: str) -> Iterator[Finding]:
    for quote in _quotes(PROSE, text):
        yield Finding(
            name, "patent-prose", quote, f"“{quote}”是专利文书的写法，请换成平常说话的句子。"
        )
    yield from _forbidden(name, text)
    for sentence in SENTENCE.findall(text):
        vague = VAGUE.search(sentence)
        if vague and not NUMBER.search(sentence):
            yield Finding(
                name,
                "vague",
                vague.group(),
                f"“{vague.group()}”没有说多少。请换成数字，或者删去。",
            )
        if len(sentence.strip()) > LONGEST_SENTENCE:
            start = sentence.strip()[:12]
            yield Finding(name, "long-sentence", start, f"“{start}…”这一句太长，请拆成两三句。")


def _forbidden(name: str, text: str) -> Iterator[Finding]:
    for quote in _quotes(SUPERLATIVE, text):
        yield Finding(
            name,
            "superlative",
            quote,
            f"“{quote}”属于绝对化或无法证实的宣传用语（广告法第九条），请改成可以核对的事实。",
        )


def _quotes(pattern: re.Pattern[str], text: str) -> list[str]:
    """The different words that match, in order."""
    return list(dict.fromkeys(match.group() for match in pattern.finditer(text)))
