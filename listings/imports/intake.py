"""Read an upload through the confined child, and say in Chinese why one cannot be read."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from listings.imports import limits

ROOT: Final = Path(__file__).resolve().parents[2]
# Nothing of our own environment: the child needs no passwords.
ENVIRONMENT: Final = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "too-large": (
        "文件超过 200 MB，未接收。",
        "请按年份或学院拆成几个文件，分批上传。",
    ),
    "empty": ("文件是空的，没有可读的内容。", "请下载模板，按模板填写后再上传。"),
    "no-rows": ("只有表头，没有数据行。", "请在表头下面填写专利，每行一件。"),
    "zip-bomb": (
        "文件解压后大得异常（疑似压缩炸弹），为安全起见没有打开。",
        "请在 Excel 中新建空白工作簿，只粘贴数据（粘贴为数值），另存为 .xlsx 后再上传。",
    ),
    "password": (
        "文件有打开密码，系统无法读取。",
        "请在 Excel“文件—信息—保护工作簿”中取消密码，保存后再上传。",
    ),
    "old-excel": (
        "这是旧版 Excel（.xls）文件。",
        "请在 Excel 或 WPS 中“另存为”.xlsx 格式后再上传。",
    ),
    "broken-workbook": (
        "文件已损坏或没有传完整，只能读出一部分，因此没有导入任何一行。",
        "请用 Excel 或 WPS 打开原文件，另存为新的 .xlsx 后再上传。",
    ),
    "not-a-workbook": (
        "这个压缩包不是 Excel 工作簿。",
        "请上传 .xlsx、.csv、.jsonl 或 .xml 文件；压缩包请先解压。",
    ),
    "not-a-table": (
        "这不是表格文件（看起来是{found}）。",
        "请上传 .xlsx、.csv、.jsonl 或 .xml 文件。",
    ),
    "markup": (
        "这是网页内容，不是表格（有些系统导出的“.xls”其实是网页）。",
        "请用 Excel 打开后“另存为”.xlsx 再上传。",
    ),
    "xml-doctype": (
        "这份 XML 里有文档类型（DOCTYPE）或实体，可能引用外部文件或无限展开，为安全起见没有读取。",
        "请用不带 DTD 的格式重新导出；或删去 <!DOCTYPE …> 一段，并把 &…; 实体换成文字后再上传。",
    ),
    "xml-unknown": (
        "这份 XML 里没有 WIPO ST.36 或 ST.96 格式的专利记录。",
        "请确认导出时选的是 ST.36 或 ST.96；其他 XML 请先转成表格（.xlsx 或 .csv）。",
    ),
    "cut-off": (
        "文件不完整，连第一条记录也没有传完。",
        "请重新下载或导出原文件，核对大小后再上传。",
    ),
    "json-array": (
        "这是一个 JSON 数组，不是 JSONL。",
        "请改成每行一个 JSON 对象（不要最外层的方括号和行尾逗号）。",
    ),
    "broken-json": (
        "第 {row} 行不是完整的 JSON 对象，因此没有导入任何一行。",
        '请检查该行的括号和引号；每行一个对象，例如 {{"title": "…"}}。',
    ),
    "broken-csv": (
        "第 {row} 行起无法按表格读取，多半是引号没有成对。",
        "请检查该行的双引号，或改用 .xlsx 格式上传。",
    ),
    "encoding": (
        "无法识别文件的文字编码（既不是 UTF-8，也不是 GBK/GB18030）。",
        "请在 Excel 中另存为“CSV UTF-8（逗号分隔）”，或直接上传 .xlsx。",
    ),
    "big5": (
        "文件像是繁体中文的 Big5 编码，按简体编码读出来会是乱码，因此没有读取。",
        "请在 Excel 中打开，确认文字正常后另存为“CSV UTF-8（逗号分隔）”或 .xlsx 再上传。",
    ),
    "too-many-rows": (
        "行数超过一次导入的上限（{limit} 行）。",
        "请拆成几个文件分批上传；重复上传同一件专利不会产生重复记录。",
    ),
    "too-many-columns": (
        "有 {found} 列，超过上限（{limit} 列）。",
        "请删去无关的列，只保留要导入的内容。",
    ),
    "too-big": (
        "文件内容过大，读取时超出了内存或时间限制，没有导入任何一行。",
        "请删去多余的工作表、格式和空白区域，或拆成几个文件后再上传。",
    ),
}


class FileRefused(Exception):
    """The whole file is refused; nothing of it was kept."""

    def __init__(self, code: str, **about: Any) -> None:
        reason, mend = REASONS.get(code, REASONS["too-big"])
        filler = {"found": "其他文件", "row": "?", "limit": "", **about}
        self.code = code
        self.reason = reason.format(**filler)
        self.mend = mend.format(**filler)
        super().__init__(f"{self.reason}{self.mend}")


@dataclass
class Table:
    """What was found in the file, and its rows, read once from front to back."""

    about: dict[str, Any]
    rows: Iterator[tuple[int, list[Any]]]
    cut_off: dict[str, Any] | None = None  # known once the last row was read

    @property
    def header(self) -> list[str]:
        return list(self.about["header"])


def check_size(size: int) -> None:
    """Call before reading the body of an upload."""
    if size > limits.UPLOAD_BYTES:
        raise FileRefused("too-large")
    if size == 0:
        raise FileRefused("empty")


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """The table in `path`. The child has finished before the first row is given: all or nothing."""
    check_size(path.stat().st_size)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "listings.imports.reading", str(path)],
                stdout=answer,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                timeout=limits.CHILD_SECONDS * 1.5,
                cwd=ROOT,
                env=ENVIRONMENT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FileRefused("too-big") from error
        answer.seek(0)
        if done.returncode == 3:
            about = last_line(answer)
            raise FileRefused(about.pop("refused", "too-big"), **about)
        if done.returncode != 0:
            raise died(done.returncode)
        first = answer.readline()
        yield Table(json.loads(first), (as_row(line) for line in answer if line[0] != "{"))


@contextmanager
def streamed(path: Path, *, small: bool = False) -> Iterator[Table]:
    """The same while the child still reads: a refusal may come after some rows were given.

    `small`, and any file that is read within a request: narrower limits, for somebody waits.
    """
    size = path.stat().st_size
    check_size(size)
    how = ["--small"] if small or size <= limits.INLINE_BYTES else []
    with subprocess.Popen(
        [sys.executable, "-m", "listings.imports.reading", *how, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env=ENVIRONMENT,
        encoding="utf-8",
    ) as child:
        try:
            assert child.stdout is not None
            first = child.stdout.readline()
            if not first:
                raise died(child.wait())
            table = Table(spoken(json.loads(first)), iter(()))
            table.rows = rows_of(child, table)
            yield table
        finally:
            child.kill()


def rows_of(child: subprocess.Popen[str], table: Table) -> Iterator[tuple[int, list[Any]]]:
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("{"):
            table.cut_off = spoken(json.loads(line)).get("cut_off")
        else:
            yield as_row(line)
    if child.wait() != 0:
        raise died(child.returncode)


def spoken(told: dict[str, Any]) -> dict[str, Any]:
    """A line about the file, unless it is a refusal."""
    if "refused" in told:
        raise FileRefused(told.pop("refused"), **told)
    return told


def died(code: int) -> FileRefused:
    """Killed by its limits, or broken by what it read: neither is the uploader's to debug."""
    return FileRefused("too-big" if code < 0 else "broken-workbook")


def last_line(answer: Any) -> dict[str, Any]:
    """A refusal may come after some rows; those are not used."""
    found = ""
    for found in answer:  # noqa: B007
        pass
    return dict(json.loads(found)) if found else {}


def as_row(line: str) -> tuple[int, list[Any]]:
    number, cells = json.loads(line)
    return int(number), list(cells)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
