"""What a unified social credit code is (统一社会信用代码, GB 32100-2015)."""

from __future__ import annotations

import unicodedata

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError

USCC_LENGTH = 18


def clean_uscc(code: str) -> str:
    """The code in its one written form: 18 characters, upper case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", code).split()).replace("-", "").upper()


def uscc_error(code: str) -> str | None:
    """Why this is not a unified social credit code, in Chinese; None when it is one.

    Checks length, alphabet and the check character of GB 32100-2015 section 5.
    """
    code = clean_uscc(code)
    try:
        uscc.validate(code)
    except InvalidLength:
        return f"统一社会信用代码应为 {USCC_LENGTH} 位，现为 {len(code)} 位，请核对营业执照。"
    except InvalidChecksum:
        return (
            f"统一社会信用代码的校验位不符：末位应为 {uscc.calc_check_digit(code[:-1])}，"
            "请核对是否抄错。"
        )
    except InvalidComponent:
        return "统一社会信用代码中的登记机关或行政区划代码不存在，请核对营业执照。"
    except ValidationError:
        return "统一社会信用代码只含数字和大写字母（不含 I、O、S、V、Z），请核对营业执照。"
    return None
