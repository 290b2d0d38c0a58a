"""Find out what sort of file it is: its format, delimiter, quotes and header. Looks at the first megabyte only."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import orjson

from app.domain.texts import say
from app.plugins import InvalidInput
from datasources.upload._encoding import ENCODINGS, detect_encoding, mark_of
from datasources.upload._rows import Row, Rows, Shape

SAMPLE_BYTES = 1 << 20
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_SPELLED = DELIMITERS | {"\\t": "\t"}
_RARE = ("^", "~", "\x1f", "\x01", ":")
_NDJSON_SUFFIXES = (".ndjson", ".jsonl")
_JUDGED_CHARACTERS = 200_000
_JUDGED_ROWS = 300
_ORANGE_TYPES = frozenset(("discrete", "continuous", "string", "time", "d", "c", "s", "t", ""))
_SORTS = (
    ("number", re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?%?")),
    ("date", re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")),
    ("address", re.compile(r"https?://\S+|[^@\s]+@[^@\s]+\.\w+")),
)


@dataclass(frozen=True)
class Dialect:
    """What sort of file it is. `type_rows` are rows behind the header that describe the columns (Orange's format)."""

    format: str
    encoding: str = "utf-8"
    encoding_detected: bool = False
    shape: Shape = field(default_factory=lambda: Shape(","))
    has_header: bool = True
    sheet: str = ""
    only_returns: bool = False
    type_rows: int = 0
    names: tuple[str, ...] = ()

    @property
    def is_delimited(self) -> bool:
        """Whether it is a text of rows and cells."""
        return self.format in ("csv", "tsv")


@dataclass(frozen=True)
class Wanted:
    """What the user has said of the file; empty where it is to be detected. `has_header` is `yes`, `no` or empty."""

    format: str = ""
    delimiter: str = ""
    encoding: str = ""
    has_header: str = ""
    sheet: str = ""


def read_sample(path: Path) -> bytes:
    """The beginning of a file. :raises InvalidInput: when it is empty"""
    with path.open("rb") as source:
        sample = source.read(SAMPLE_BYTES)
    if not sample:
        raise InvalidInput({"file": [say("The file is empty.")]})
    return sample


def detect(path: Path, filename: str, wanted: Wanted) -> Dialect:
    """What sort of file this is, as far as the user has not said.

    :raises InvalidInput: when it cannot be read as a table of posts at all
    """
    sample = read_sample(path)
    complete = len(sample) < SAMPLE_BYTES
    if sample.startswith(b"PK\x03\x04") and _is_workbook(path):
        return Dialect("xlsx", sheet=wanted.sheet, has_header=wanted.has_header != "no")
    if wanted.format == "xlsx" or PurePath(filename).suffix.lower() in (".xlsx", ".xlsm"):
        raise InvalidInput({"file": [say("This is not a whole XLSX workbook. Open it and save it again as XLSX.")]})
    encoding = wanted.encoding or detect_encoding(sample, complete=complete)
    text = decode_sample(sample, encoding)
    if not text.strip():
        raise InvalidInput({"file": [say("The file holds only blank lines.")]})
    form = wanted.format or _text_format(text, filename)
    detected = not wanted.encoding
    if form in ("json", "ndjson"):
        return Dialect(form, encoding, detected)
    return _delimited(text, PurePath(filename).suffix.lower(), complete, encoding, wanted)


def decode_sample(sample: bytes, encoding: str) -> str:
    """The sample as text, without a mark at its beginning and with NUL characters taken out."""
    length, marked = mark_of(sample)
    text = sample[length if marked == encoding else 0 :].decode(encoding, "replace")
    if len(sample) >= SAMPLE_BYTES:
        text = text.rstrip("�")
    return text.replace("\0", "")


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _text_format(text: str, filename: str) -> str:
    """JSON, NDJSON or delimited, from how the text begins."""
    start = text.lstrip()
    if start[:1] not in ("{", "[") or not re.match(r'[{\[]\s*(["{}\[\]\d\-]|\Z|true|false|null)', start):
        return "csv"
    named_so = PurePath(filename).suffix.lower() in _NDJSON_SUFFIXES
    if start[0] == "[":
        return "json"
    lines = [line for line in start.split("\n", 2)[:2] if line.strip()]
    try:
        orjson.loads(lines[0])
    except orjson.JSONDecodeError:
        return "ndjson" if named_so else "json"
    return "ndjson" if len(lines) > 1 or named_so else "json"


def _delimited(text: str, suffix: str, complete: bool, encoding: str, wanted: Wanted) -> Dialect:
    only_returns = "\n" not in text and "\r" in text.strip()
    text = text.replace("\r", "\n") if only_returns else text
    judged = text[:_JUDGED_CHARACTERS]
    final = complete and len(judged) == len(text)
    given = _SPELLED.get(wanted.delimiter, wanted.delimiter)
    if not given and wanted.format == "tsv":
        given = "\t"
    shape = _best_shape(judged, final, given, suffix)
    rows = sample_rows(judged, shape, final)
    if not rows:
        raise InvalidInput({"file": [say("No row of this file can be read. Choose its delimiter and encoding.")]})
    headed = wanted.has_header != "no" if wanted.has_header else has_header(rows)
    form = "tsv" if shape.delimiter == "\t" and (suffix in (".tsv", ".tab") or wanted.format == "tsv") else "csv"
    form = "tsv" if shape.delimiter == "\t" and not wanted.format else form
    return Dialect(
        form,
        encoding,
        not wanted.encoding,
        shape,
        headed,
        only_returns=only_returns,
        type_rows=_type_rows(rows) if headed else 0,
        names=tuple(rows[0].cells if headed else [""] * len(rows[0].cells)),
    )


def sample_rows(text: str, shape: Shape, final: bool, limit: int = _JUDGED_ROWS) -> list[Row]:
    """The first rows that can be read."""
    found: list[Row] = []
    for row in Rows(text, shape, final=final):
        if not row.reason:
            found.append(row)
        if len(found) >= limit:
            break
    if not found and not final and text:
        return sample_rows(text, shape, True, limit)
    return found


def _best_shape(text: str, final: bool, given: str, suffix: str) -> Shape:
    """The delimiter and quotes under which the rows agree best with the first one."""
    if given:
        candidates = [(given, 1.0)]
    else:
        candidates = [(delimiter, 1.0) for delimiter in DELIMITERS.values()] + [(rare, 0.5) for rare in _RARE]
    best, best_score = Shape(given or "\x1f"), 0.0
    for delimiter, weight in candidates:
        for shape in (Shape(delimiter), Shape(delimiter, escape="\\"), Shape(delimiter, quote="")):
            if shape.escape and '\\"' not in text:
                continue
            score = weight * _agreement(text, shape, final)
            if suffix in (".tsv", ".tab") and delimiter == "\t":
                score *= 1.5
            if score > best_score + 1e-9:
                best, best_score = shape, score
    return best


def _agreement(text: str, shape: Shape, final: bool) -> float:
    """How well the rows agree with the first: their share, weighed by how many cells there are."""
    widths: list[int] = []
    broken = quoted = 0
    for row in Rows(text, shape, final=final):
        broken += bool(row.reason)
        quoted += '"' in row.raw
        widths.append(0 if row.reason else len(row.cells))
        if len(widths) >= _JUDGED_ROWS:
            break
    first = next((width for width in widths if width), 0)
    if first < 2:
        return 0.0
    share = widths.count(first) / len(widths)
    if not shape.quote:
        # Quotation marks are ordinary characters only if that is plain from several rows: otherwise one stray mark
        # would decide for the whole file.
        loose = _loose_rows(text, final, shape.delimiter)
        share = share - 0.01 if loose >= 3 else 0.0
    elif shape.escape:
        share -= 0.02
    return share * (1 - 1 / first)


def _loose_rows(text: str, final: bool, delimiter: str) -> int:
    """How many rows hold quotation marks that do not quote, beyond those whose marks do."""
    rows = [row for _, row in zip(range(_JUDGED_ROWS), Rows(text, Shape(delimiter), final=final), strict=False)]
    broken = sum(bool(row.reason) for row in rows)
    return broken if broken > sum('"' in row.raw for row in rows if not row.reason) else 0


def sort_of(value: str) -> str:
    """What a value looks like: number, date, address, text, or nothing when it is empty."""
    value = value.strip()
    if not value:
        return ""
    return next((sort for sort, pattern in _SORTS if pattern.fullmatch(value)), "text")


def has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row names the columns: unlike the values below it, it holds no numbers, dates or addresses."""
    first, others = rows[0].cells, rows[1:]
    if not others:
        return True
    same = different = 0
    for place, name in enumerate(first):
        below = Counter(sort_of(row.cells[place]) for row in others if len(row.cells) > place)
        below.pop("", None)
        usual = below.most_common(1)[0][0] if below else ""
        own = sort_of(name)
        same += own == usual and own not in ("", "text")
        different += own == "text" and usual not in ("", "text")
    return not same or different > same


def _type_rows(rows: Sequence[Row]) -> int:
    """2 when Orange's rows of types and roles stand below the header."""
    if len(rows) < 3:
        return 0
    types, roles = ([cell.strip() for cell in row.cells] for row in rows[1:3])
    if not any(types) or not set(types) <= _ORANGE_TYPES:
        return 0
    known = all(role == "" or role.startswith(("class", "meta", "ignore", "include")) for role in roles)
    return 2 if known else 0


def described_encoding(encoding: str) -> str:
    """The name of an encoding as people write it."""
    return ENCODINGS.get(encoding, encoding)
