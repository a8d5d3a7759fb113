"""Where classifications meet: IPC with IPC, industry with industry, industry with IPC."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Divisions of GB/T 4754-2017 (two digits) and the IPC classes their products mostly fall in.
# A hint of our own making, coarse on purpose: it may raise a match a little and never lowers one.
_CLASSES = {
    "01": "A01 C05", "02": "A01 B27", "03": "A01 A22", "04": "A01", "05": "A01 C05",
    "06": "E21 B03", "07": "E21 C10", "08": "B03 E21 C22", "09": "B03 E21 C22", "10": "B28 E21",
    "13": "A23 A21 C12", "14": "A23 A21 C12", "15": "C12 A23", "16": "A24",
    "17": "D01 D02 D03 D04 D06", "18": "A41 A42", "19": "A43 C14", "20": "B27 E04", "21": "A47",
    "22": "D21 B31", "23": "B41 B42", "24": "A63 G09 G10", "25": "C10",
    "26": "C01 C05 C07 C08 C09 C11 B01", "27": "A61 C07 C12", "28": "D01 C08",
    "29": "B29 B32 C08 B60", "30": "C03 C04 B28 E04", "31": "C21 C22 B21 B22", "32": "C22 C25 B22",
    "33": "B21 B22 B23 E05 F16", "34": "F04 F16 B23 B25 B65 B66",
    "35": "B29 B02 A01 E02 A61 H01 B07", "36": "B60 B62 F02", "37": "B61 B63 B64 B62",
    "38": "H01 H02 F21 H05", "39": "G06 H04 H01 H05 H03 G09", "40": "G01 G02 G05 G03 G04",
    "41": "A46 B43 A44", "42": "B09 C02 C08 C22", "43": "B23 B61", "44": "H02 F22 F01",
    "45": "C10 F17", "46": "C02 E03", "47": "E04 E02 E01", "48": "E01 E02 E04", "49": "H02 F24",
    "53": "B61 G08", "54": "B60 G08", "55": "B63 G08", "56": "B64 G08", "59": "B65 G06",
    "63": "H04", "64": "G06 H04", "65": "G06 H04", "74": "G01", "77": "C02 B09 B01",
    "84": "A61 G16",
}  # fmt: skip
INDUSTRY_CLASSES = {code: frozenset(classes.split()) for code, classes in _CLASSES.items()}
_SUBCLASS = re.compile(r"[A-H]\d\d[A-Z]")


def subclasses(symbols: Iterable[str]) -> frozenset[str]:
    """The IPC subclasses ("H01M") of symbols in any spelling."""
    heads = (symbol.strip().upper().replace(" ", "")[:4] for symbol in symbols)
    return frozenset(head for head in heads if _SUBCLASS.fullmatch(head))


def divisions(codes: Iterable[str]) -> frozenset[str]:
    """The two-digit divisions of GB/T 4754 codes, with or without the section's letter."""
    digits = (code.strip().lstrip("ABCDEFGHIJKLMNOPQRST")[:2] for code in codes)
    return frozenset(part for part in digits if len(part) == 2 and part.isdigit())


def classes_of(industries: Iterable[str]) -> frozenset[str]:
    """The IPC classes where these divisions' products mostly fall."""
    found: set[str] = set()
    for division in industries:
        found |= INDUSTRY_CLASSES.get(division, frozenset())
    return frozenset(found)


# How much each kind of meeting is worth, best first, and the reason's code.
LEVELS = (
    ("subclass", 1.0, "same-ipc"),
    ("division", 0.6, "same-industry"),
    ("class", 0.5, "same-ipc"),
    ("hint", 0.4, "industry-fits"),
)


def offered(ipc: Iterable[str], industries: Iterable[str]) -> dict[str, frozenset[str]]:
    """What a supply brings to each level."""
    fine = subclasses(ipc)
    coarse = frozenset(symbol[:3] for symbol in fine)
    return {"subclass": fine, "division": divisions(industries), "class": coarse, "hint": coarse}


def wanted(ipc: Iterable[str], industries: Iterable[str]) -> dict[str, frozenset[str]]:
    """What a demand looks for at each level."""
    fine, own = subclasses(ipc), divisions(industries)
    coarse = frozenset(symbol[:3] for symbol in fine)
    return {"subclass": fine, "division": own, "class": coarse, "hint": classes_of(own)}
