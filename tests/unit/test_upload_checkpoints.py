"""An import that is broken off at any checkpoint and goes on there gives what an unbroken one gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import UserError
from app.plugins.testing import MemoryRun
from app.plugins.validation import load
from datasources.upload import Upload, _csv, _json, _lines, _xlsx
from tests.unit.upload_files import GivenFile


@dataclass
class Run:
    """One import: its items, what was said, and how much there was at each of its checkpoints."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    schemas: set[pa.Schema] = field(default_factory=set)
    quarantined: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    lengths: list[tuple[int, int]] = field(default_factory=list)


def import_from(path: Path, folder: Path, state: dict[str, Any] | None, **options: Any) -> Run:
    found = Run()
    run = MemoryRun(folder, resumed=state, quarantined=found.quarantined, warnings=found.warnings)
    run.checkpoints = found.checkpoints
    run.at_checkpoint = lambda: found.lengths.append((len(found.rows), len(found.quarantined)))
    for batch in Upload().import_file(GivenFile(path), load(Upload.Options, options), run):
        found.schemas.add(batch.schema)
        found.rows += batch.to_pylist()
    return found


def assert_same_wherever_broken_off(path: Path, folder: Path, least: int, **options: Any) -> None:
    whole = import_from(path, folder, None, **options)
    assert len(whole.checkpoints) >= least
    numbers = range(len(whole.checkpoints))
    for number in {*numbers[:: max(len(numbers) // 5, 1)], *numbers[-1:]}:
        rows, bad = whole.lengths[number]
        rest = import_from(path, folder, whole.checkpoints[number], **options)
        assert whole.rows[:rows] + rest.rows == whole.rows, (path, number)
        assert whole.quarantined[:bad] + rest.quarantined == whole.quarantined
        assert rest.warnings == whole.warnings
        assert rest.schemas <= whole.schemas
        assert rest.checkpoints == whole.checkpoints[number + 1 :]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces so small that the samples have several."""
    monkeypatch.setattr(_csv, "BLOCK", 50_000)
    monkeypatch.setattr(_lines, "BLOCK", 30_000)
    monkeypatch.setattr(_json, "PIECE_ROWS", 60)
    monkeypatch.setattr(_xlsx, "PIECE_ROWS", 60)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("name", "least", "options"),
    [
        ("reddit/coffee.csv", 7, {}),
        ("reddit/python.csv", 7, {"timestamp": "__now__", "id": "__auto__"}),
        ("tweets/538-twitter-ratio-BarackObama.csv", 8, {}),
        ("tweets/orange-election-tweets-2016.tab", 20, {}),
        ("text/orange-slo-opinion-corpus.tab", 10, {"strip_html": True}),
        ("truth/truth_archive_small.csv", 1, {}),
        ("reddit/praw-comment-forest-limit.ndjson", 8, {}),
        ("twitter/twarc-v2-2sets.jsonl", 1, {}),
        ("truth/truth_archive_small.json", 2, {}),
    ],
)
def test_files_of_real_tools(samples: Path, tmp_path: Path, name: str, least: int, options: dict[str, Any]) -> None:
    assert_same_wherever_broken_off(samples / name, tmp_path, least, **options)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gb18030", "big5", "shift_jis"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "posts.csv"
    lines = [f'{n},2020-01-{1 + n % 28:02d} 10:00:00,"人人, 中文 {n}\n{"日本 " * (n % 40)}"' for n in range(4_000)]
    path.write_bytes("\n".join(["id,date,text", *lines]).encode(encoding))
    chosen = "auto" if encoding.startswith("utf") else encoding
    assert_same_wherever_broken_off(path, tmp_path, 5, encoding=chosen)


@pytest.mark.usefixtures("small_pieces")
def test_a_file_that_proves_not_to_be_utf_8_late(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    plain = "".join(f"{n},2020-01-01 10:00:00,a text of some length {n}\n" for n in range(8_000))
    late = "".join(f"{n},2020-01-01 10:00:00,café crème {n}\n" for n in range(2_000))
    path.write_bytes(b"id,date,text\n" + plain.encode() + late.encode("windows-1252"))
    assert_same_wherever_broken_off(path, tmp_path, 8)
    assert import_from(path, tmp_path, None).rows[-1]["body"] == "café crème 1999"


@pytest.mark.usefixtures("small_pieces")
def test_times_whose_order_shows_late(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    early = "".join(f"{n},01/02/2020 at 10:{n % 60:02d},a text of some length {n}\n" for n in range(3_000))
    path.write_text("id,date,text\n" + early + "last,21/02/2020,text\nworse,no date,text\n")
    assert_same_wherever_broken_off(path, tmp_path, 2)


@pytest.mark.usefixtures("small_pieces")
def test_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "created_at", "text"])
    for number in range(500):
        sheet.append([number, "2020-01-01 10:00:00" if number % 50 else "never", f"text {number}"])
    sheet.append([1, "2020-01-01 10:00:00", "too", "long"])
    book.save(tmp_path / "posts.xlsx")
    assert_same_wherever_broken_off(tmp_path / "posts.xlsx", tmp_path, 8)


CELLS = st.sampled_from(["", "a", "é", "日本", '"quoted, cell"', '"two\nlines"', 'stray"quote', "x\0y", "long " * 30])
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=40)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Arrow's, for rows that are no UTF-8
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, block=st.sampled_from([16, 64, 300]), damage=st.binary(max_size=3), place=st.integers(0, 500))
def test_any_table_of_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], block: int, damage: bytes, place: int
) -> None:
    monkeypatch.setattr(_csv, "BLOCK", block)
    text = "\n".join(",".join(["1", *row]) for row in rows)
    data = f"id,text,more\n{text}\n1,fine,row\n".encode()
    path = tmp_path / "posts.csv"
    path.write_bytes(data[:place] + damage + data[place:])
    given_options = {"id": "__auto__", "timestamp": "__empty__", "body": "__empty__", "delimiter": "comma"}
    try:
        assert_same_wherever_broken_off(path, tmp_path, 0, encoding="utf-8", has_header="yes", **given_options)
    except UserError as refused:
        assert str(refused)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.sampled_from(["a", "é", "日本", "x" * 50, "\\u0000"]), min_size=1, max_size=60),
    block=st.sampled_from([16, 200]),
    damage=st.binary(max_size=3),
    place=st.integers(0, 500),
)
def test_any_lines_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[str], block: int, damage: bytes, place: int
) -> None:
    monkeypatch.setattr(_lines, "BLOCK", block)
    monkeypatch.setattr(_json, "PIECE_ROWS", 3)
    lines = [f'{{"id": {n}, "text": "{value}", "extra_{n % 7}": 1}}\n' for n, value in enumerate(values)]
    data = "".join(lines).encode()
    path = tmp_path / "posts.ndjson"
    path.write_bytes(data[:place] + damage + data[place:])
    try:
        assert_same_wherever_broken_off(path, tmp_path, 0, file_format="ndjson", timestamp="__empty__")
    except UserError as refused:
        assert str(refused)
