"""JSON, NDJSON and XLSX files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins import EmptyResult, InvalidInput
from datasources.upload import _json
from datasources.upload._records import as_text, flatten
from tests.unit.upload_files import NOTHING, import_data, import_path, preview_data


def ndjson(*records: Any) -> str:
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)


def test_nested_objects_become_columns(tmp_path: Path) -> None:
    record = {
        "id": 12345678901234567890,
        "user": {"name": "ann", "counts": {"likes": 3, "share": 0.5}},
        "tags": ["a", "b"],
        "media": [{"url": "x"}],
        "ok": True,
        "none": None,
        "empty": {},
    }
    found = import_data(tmp_path, ndjson(record, {"id": 2}), "posts.ndjson", **NOTHING)

    assert {name: value for name, value in found.rows[0].items() if name not in NOTHING} == {
        "id_2": "12345678901234567890",
        "user.name": "ann",
        "user.counts.likes": "3",
        "user.counts.share": "0.5",
        "tags": "a,b",
        "media": '[{"url":"x"}]',
        "ok": "true",
        "none": None,
        "empty": "{}",
    }


def test_columns_that_appear_late_are_there_from_the_first_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_json, "PIECE_ROWS", 10)
    records = [{"id": str(n), "text": "t"} for n in range(95)] + [{"id": "95", "late": "here"}]

    found = import_data(tmp_path, ndjson(*records), "posts.jsonl")

    assert len(found.rows) == 96
    assert found.rows[0]["late"] is None
    assert found.rows[95]["late"] == "here"
    assert found.rows[95]["body"] is None


def test_lines_that_are_no_json_are_set_aside(tmp_path: Path) -> None:
    data = '{"id": 1}\n\n{"id": 2,\n{"id": 3}\n[1, 2]\n'

    found = import_data(tmp_path, data, "posts.ndjson")

    assert found.column("id") == ["1", "3"]
    assert [line for line, _, _ in found.quarantined] == [3, 5]
    assert "not valid JSON" in found.quarantined[0][1]
    assert found.quarantined[0][2] == '{"id": 2,'


def test_wrong_bytes_in_a_line_are_replaced(tmp_path: Path) -> None:
    data = '{"id": 1, "text": "ünï cödé"}\n'.encode() + b'{"id": 2, "text": "bro\xffken"}\n'

    found = import_data(tmp_path, data, "posts.ndjson")

    assert found.column("body") == ["ünï cödé", "bro�ken"]
    assert "line 2" in found.warnings[0]


@pytest.mark.parametrize("around", ["{}", '{{"data": {}}}', '{{"n": 2, "result": {{"items": {}}}}}'])
def test_lists_in_objects_are_found(tmp_path: Path, around: str) -> None:
    posts = json.dumps([{"id": str(n), "text": f"post {n}"} for n in range(3)])

    found = import_data(tmp_path, around.format(posts), "posts.json")

    assert found.column("body") == ["post 0", "post 1", "post 2"]


def test_large_objects_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_json, "LARGEST_OBJECT", 10)
    data = json.dumps({"paging": {"n": [1, 2]}, "result": {"rows": [{"id": 1.5, "text": "a"}, {"id": 2, "text": "b"}]}})

    found = import_data(tmp_path, data, "posts.json")

    assert found.column("id") == ["1.5", "2"]


def test_a_json_file_cut_short_gives_what_is_whole(tmp_path: Path) -> None:
    found = import_data(tmp_path, '[{"id": 1}, {"id": 2}, {"id": 3', "posts.json")

    assert found.column("id") == ["1", "2"]
    assert found.quarantined[0][0] == 3
    assert "not valid JSON" in found.quarantined[0][1]


def test_json_in_utf16(tmp_path: Path) -> None:
    data = json.dumps([{"id": 1, "text": "žluťoučký"}], ensure_ascii=False).encode("utf-16")

    assert import_data(tmp_path, data, "posts.json").column("body") == ["žluťoučký"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ('{"a": }', InvalidInput),
        ("[]", EmptyResult),
        ("[1, 2, 3]", InvalidInput),
        ('{"id": 1,\n{"id": 2,\n', InvalidInput),
    ],
)
def test_json_without_posts(tmp_path: Path, data: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        import_data(tmp_path, data, "posts.json")


def test_pages_and_envelopes(tmp_path: Path) -> None:
    page = {
        "data": [{"id": "1", "author_id": "9"}, {"id": "2", "author_id": "8"}],
        "includes": {"users": [{"id": "9", "username": "ann"}]},
    }
    envelope = {"data": {"id": "3"}, "source_platform": "x.com", "id": "ignored"}

    found = import_data(tmp_path, ndjson(page, {"data": [], "meta": {}}, envelope), "posts.ndjson")

    assert found.column("id") == ["1", "2", "3"]
    assert found.column("author") == ["ann", None, None]
    assert found.rows[2]["meta.source_platform"] == "x.com"
    assert found.rows[2]["meta.id"] == "ignored"


def test_records_with_very_many_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_json, "WIDEST", 3)
    found = import_data(tmp_path, ndjson({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}), "posts.ndjson", **NOTHING)

    assert found.own() == [{"a": "1", "b": "2", "c": "3", "more_fields": '{"d":"4","e":"5"}'}]
    assert "more_fields" in found.warnings[0]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_any_value_becomes_text(value: Any) -> None:
    assert as_text(value) is None if value is None else isinstance(as_text(value), str)


def test_names_that_meet_are_kept_apart() -> None:
    assert flatten({"a.b": 1, "a": {"b": 2}}) == {"a.b": "1", "a.b_2": "2"}


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_cells_of_a_workbook_become_text(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [],
        ["id", "date", "text", "score", "seen"],
        [1, datetime(2020, 1, 2, 3, 4, 5), "a\nb", 1.5, True],
        ["08123", datetime(2020, 1, 3), None, 3.0, False],
    ]
    found = import_path(workbook(tmp_path / "posts.xlsx", notes=[], posts=rows))

    assert found.column("id") == ["1", "08123"]
    assert found.column("timestamp")[0] == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.column("body") == ["a\nb", ""]
    assert found.column("score") == ["1.5", "3"]
    assert found.column("seen") == ["true", "false"]
    assert "“posts” was read" in found.warnings[0]


def test_a_sheet_can_be_chosen(tmp_path: Path) -> None:
    path = workbook(tmp_path / "posts.xlsx", one=[["id"], [1]], two=[["id"], [2], [3]])

    assert import_path(path, sheet="two").column("id") == ["2", "3"]
    with pytest.raises(InvalidInput, match=r"no sheet “three”.*one, two"):
        import_path(path, sheet="three")


def test_workbooks_without_rows_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        import_path(workbook(tmp_path / "empty.xlsx", one=[]))
    data = workbook(tmp_path / "whole.xlsx", one=[["id"], [1]]).read_bytes()
    with pytest.raises(InvalidInput):
        import_data(tmp_path, data[: len(data) // 2], "half.xlsx")


def test_previews_say_what_was_found(tmp_path: Path) -> None:
    sheet = workbook(tmp_path / "posts.xlsx", one=[["id", "text"], [1, "a"]]).read_bytes()
    many = ndjson(*({"id": n, "text": "x" * 50} for n in range(5_000)))

    assert preview_data(tmp_path, sheet, "posts.xlsx")["described"] == "Workbook, sheet “one”, 2 columns, 1 row"
    assert preview_data(tmp_path, '[{"id": 1}]', "p.json")["described"] == "JSON, UTF-8, 1 column, 1 row"
    assert 4_500 < preview_data(tmp_path, many, "p.ndjson")["rows_estimated"] < 5_500
