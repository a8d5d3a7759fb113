"""The pictures of the guides: which page of which person each shows, and what must be on it."""

from __future__ import annotations

from dataclasses import dataclass

from patentops.runner.places import ROOT

FOLDER = ROOT / "docs" / "images" / "guide"


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as somebody sees it: the address, a link to follow from there, words it has."""

    name: str
    path: str
    says: tuple[str, ...]
    login: str = ""
    follow: str = ""  # the first link of the main part whose address begins so
    height: int = 680


PICTURES = (
    Picture("search", "/patents/?q=电池", ("导出结果", "保存这次检索")),
    Picture("patent", "/patents/?q=电池", ("法律状态",), follow="/patents/"),
    Picture("open-licences", "/open-licences/", ("开放许可",)),
    Picture("sme-home", "/", ("待办",), "sme"),
    Picture("sme-matches", "/matches/", ("匹配",), "sme"),
    Picture("sme-needs", "/needs/mine/", ("我的需求",), "sme"),
    Picture("sme-licences", "/licences/", ("许可",), "suwei"),
    Picture("office-home", "/", ("待办",), "office"),
    Picture("office-library", "/library/", ("专利库",), "office"),
    Picture("office-import", "/library/imports/new/", ("上传并预检", "下载模板"), "office"),
    Picture("office-annuities", "/library/annuities/", ("年费",), "office"),
    Picture("inventor-disclosures", "/disclosures/", ("发明披露",), "inventor"),
    Picture("bureau-oversight", "/oversight/", ("监管看板",), "bureau"),
    Picture("bureau-outcomes", "/outcomes/", ("转化反馈",), "bureau"),
    Picture("bank-pledges", "/pledges/records/", ("质押",), "bank"),
    Picture("exchange-console", "/open-platform/console/", ("密钥",), "exchange"),
)
