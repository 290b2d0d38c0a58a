"""Small things that would become large: each is refused, or read, in seconds and in little memory."""

from __future__ import annotations

import gzip
import io
import json
import resource
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.plugins import InvalidInput
from tests.api.conftest import Call, call, tokens  # noqa: F401 - fixtures
from tests.unit.upload_files import import_data, preview_data

SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SECONDS, MEGABYTES = 60, 400
"""Far more than any of these takes on a busy machine, and far less than what it would unpack to."""


@pytest.fixture(autouse=True)
def _within_bounds() -> Iterator[None]:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.monotonic() - began < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES


def workbook(sheet: str | Callable[[Any], None], name: str = SHEET) -> bytes:
    """A workbook of which one part is something else."""
    import openpyxl

    plain, made = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["id", "body"])
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        with new.open(name, "w", force_zip64=True) as target:
            sheet(target) if callable(sheet) else target.write(sheet.encode())
    return made.getvalue()


def rows(inner: str, before: str = "") -> str:
    """A sheet with these rows."""
    return f"{before}<worksheet {NAMESPACE}><sheetData>{inner}</sheetData></worksheet>"


def blanks(target: Any) -> None:
    """A part of 160 MB of nothing."""
    target.write(f"<worksheet {NAMESPACE}><sheetData>".encode())
    for _ in range(160):
        target.write(b" " * (1 << 20))
    target.write(b"</sheetData></worksheet>")


ENTITIES = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">' for n in range(8))
CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>'
BOOKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "unpacks to 160 MB": (lambda: workbook(blanks), "would unpack to"),
    "texts that unpack": (lambda: workbook(blanks, "xl/sharedStrings.xml"), "would unpack to"),
    "entities": (
        lambda: workbook(rows(CELL.format("&i;"), f'<!DOCTYPE l [<!ENTITY a "{"lol" * 50}">{ENTITIES}]>')),
        "damaged",
    ),
    "a file of ours": (
        lambda: workbook(rows(CELL.format("&x;"), '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
        "damaged",
    ),
    "a column too far": (lambda: workbook(rows('<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>')), "damaged"),
}


@pytest.mark.parametrize("name", BOOKS)
def test_a_workbook_that_is_a_bomb_is_refused(tmp_path: Path, name: str) -> None:
    make, sentence = BOOKS[name]
    data = make()
    assert len(data) < 2_000_000
    for read in (preview_data, import_data):
        with pytest.raises(InvalidInput, match=sentence):
            read(tmp_path, data, "posts.xlsx")


def test_a_row_far_below_does_not_make_millions_of_empty_ones(tmp_path: Path) -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="99999999999"><c r="A99999999999"><v>2</v></c></row>'
    found = import_data(tmp_path, workbook(rows(far)), "posts.xlsx", has_header="no")
    assert len(found.rows) + len(found.quarantined) == 1


@pytest.mark.parametrize(
    "data",
    [b"[" * 1_000_000, b'[{"a":' + b"[" * 400_000 + b"]" * 400_000 + b"}]", b'[{"a":' * 100_000],
    ids=["open", "closed", "objects"],
)
def test_json_that_is_nested_deeply_is_refused(tmp_path: Path, data: bytes) -> None:
    for read in (preview_data, import_data):
        with pytest.raises(InvalidInput, match="nested more than 500 times"):
            read(tmp_path, data, "posts.json")


def test_brackets_within_texts_are_no_depth(tmp_path: Path) -> None:
    text = ':[ "quoted\\" {{{ \\\\' * 20_000
    found = import_data(tmp_path, json.dumps([{"id": str(n), "body": text} for n in range(5)]), "posts.json")
    assert (len(found.rows), found.quarantined) == (5, [])
    assert found.rows[4]["body"] == text


def test_a_deep_record_is_put_aside_and_the_next_is_read(tmp_path: Path) -> None:
    data = b'{"id":1,"a":' + b"[" * 100_000 + b"]" * 100_000 + b'}\n{"id":2,"body":"tea"}\n'
    found = import_data(tmp_path, data, "posts.ndjson")
    assert (len(found.rows), len(found.quarantined)) == (1, 1)


def test_a_cell_of_megabytes_is_a_cell(tmp_path: Path) -> None:
    found = import_data(tmp_path, b'id,body\n1,"' + b"a" * 20_000_000 + b'"\n2,tea\n')
    assert [len(row["body"]) for row in found.rows] == [20_000_000, 3]


def test_a_parquet_file_is_not_read_at_all(tmp_path: Path) -> None:
    for read in (preview_data, import_data):
        with pytest.raises(InvalidInput, match="Parquet"):
            read(tmp_path, b"PAR1" + b"\xff" * 64 + b"\xff\xff\xff\x7fPAR1", "posts.parquet")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"datasource": ' + b"[" * 500 + b"]" * 500 + b"}", 400),
        (b'{"datasource": "upload", "parameters": {"n": NaN}}', 400),
        (b'{"datasource": "' + b"a" * 3_000_000 + b'"}', 413),
        (gzip.compress(b'{"datasource": "' + b"a" * 50_000_000 + b'"}'), 400),
        (b"9" * 10_000, 400),
    ],
    ids=["open", "deep", "nan", "long", "packed", "digits"],
)
def test_a_body_of_json_that_is_a_bomb_is_refused(call: Call, body: bytes, status: int) -> None:  # noqa: F811
    headers = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    for path in ("/api/datasets", "/api/datasources/fourchan/estimate"):
        answer = call("owner", "POST", path, data=body, headers=headers, content_type="application/json")
        assert answer.status_code == status, answer.text[:300]
        assert answer.json["code"] == status
