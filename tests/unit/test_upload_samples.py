"""Real and nasty files import with the values they hold, or fail with an error a person can act on."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datasources.upload import Upload
from tests.unit.upload_files import NOTHING, import_data, import_path

TWINS = (
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines", "quotes_and_newlines", "simple",
    "simple_crlf", "utf8",
)  # fmt: skip


def twin(samples: Path, name: str) -> object:
    return json.loads((samples / f"nasty/csv-spectrum/json/{name}.json").read_text())


@pytest.mark.parametrize("name", TWINS)
def test_nasty_csv_holds_what_its_json_twin_states(samples: Path, name: str) -> None:
    found = import_path(samples / f"nasty/csv-spectrum/csvs/{name}.csv", **NOTHING)

    assert found.own() == twin(samples, name)
    assert found.quarantined == []


@pytest.mark.parametrize("name", (*TWINS, "newlines_crlf"))
def test_json_twins_import_as_they_are(samples: Path, name: str) -> None:
    found = import_path(samples / f"nasty/csv-spectrum/json/{name}.json", **NOTHING)

    assert found.own() == twin(samples, name)


def test_crlf_in_cells_is_kept(samples: Path, tmp_path: Path) -> None:
    # The sample's line ends were changed to LF on its way here, so they are put back first.
    data = (samples / "nasty/csv-spectrum/csvs/newlines_crlf.csv").read_bytes()
    restored = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    assert import_data(tmp_path, restored, **NOTHING).own() == twin(samples, "newlines_crlf")


def test_location_coordinates(samples: Path) -> None:
    # Its twin is an object instead of a list and states another telephone number: a slip of its makers.
    found = import_path(samples / "nasty/csv-spectrum/csvs/location_coordinates.csv", **NOTHING)

    stated = twin(samples, "location_coordinates")
    assert isinstance(stated, dict)
    assert found.own() == [stated | {"Contact Phone Number": "2095257564"}]


def test_the_object_twin_is_one_row(samples: Path) -> None:
    path = samples / "nasty/csv-spectrum/json/location_coordinates.json"

    assert import_path(path, **NOTHING).own() == [twin(samples, "location_coordinates")]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("dummy.csv", [{"a": "1", "b": "2", "c": "3"}]),
        ("dummy2.csv", [{"a": "1", "b": "2", "c": "3"}]),
        ("dummy3.csv", [{"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4", "c": "5"}]),
        ("dummy_col_shuffled.csv", [{"b": "2", "c": "3", "a": "1"}]),
        ("dummy_col_shuffled_ragged.csv", [{"b": "2", "c": "3", "a": "1", "d": "4"}]),
        ("dummy.xlsx", [{"a": "1", "b": "2", "c": "3"}]),
    ],
)
def test_small_files(samples: Path, name: str, rows: list[dict[str, str]]) -> None:
    assert import_path(samples / "nasty/csvkit" / name, **NOTHING).own() == rows


@pytest.mark.parametrize(("name", "lines"), [("bad.csv", [2, 3]), ("bad_skip_lines.csv", [5, 6])])
def test_ragged_rows_are_set_aside_with_their_lines(samples: Path, name: str, lines: list[int]) -> None:
    found = import_path(samples / "nasty/csvkit" / name, **NOTHING)

    assert found.own() == [{"column_a": "0", "column_b": "mixed types.... uh oh", "column_c": "17"}]
    assert [line for line, _, _ in found.quarantined] == lines
    assert "4 cells where the table has 3" in found.quarantined[0][1]
    assert found.quarantined[1][2] == ',"I\'m too short!"'


def test_a_file_without_header_is_recognised(samples: Path) -> None:
    path = samples / "nasty/papaparse-long-sample.csv"
    found = import_path(path)

    with path.open(newline="") as source:
        written = list(csv.reader(source))
    assert len(found.rows) == len(written) == 8
    assert found.column("column_1") == [row[0] for row in written]
    assert found.rows[0]["timestamp"] == datetime(2013, 11, 23, 10, 30, 31, tzinfo=UTC)


def test_reddit(samples: Path) -> None:
    path = samples / "reddit/coffee.csv"
    found = import_path(path)

    with path.open(newline="") as source:
        written = list(csv.DictReader(source))
    assert len(found.rows) == len(written) == 1000
    assert found.quarantined == []
    for item, column in {"id": "id", "subject": "title", "body": "selftext", "url": "url", "score": "score"}.items():
        assert found.column(item) == [row[column] for row in written]
    assert found.column("timestamp")[0] == datetime.fromtimestamp(1355940081, UTC)


def test_pages_of_tweets_are_unpacked_with_their_authors(samples: Path) -> None:
    found = import_path(samples / "twitter/twarc-v2-2sets.jsonl")

    lines = (samples / "twitter/twarc-v2-2sets.jsonl").read_text().splitlines()
    tweets = [tweet for line in lines for tweet in json.loads(line)["data"]]
    assert found.column("id") == [tweet["id"] for tweet in tweets]
    assert found.column("body") == [tweet["text"] for tweet in tweets]
    assert found.rows[0]["author"] == "ximerios12_"
    assert None not in found.column("timestamp")


def test_broken_encoding_is_read_and_reported(samples: Path) -> None:
    found = import_path(samples / "tweets/538-twitter-ratio-BarackObama.csv")

    assert len(found.rows) + len(found.quarantined) == 3207
    assert found.rows[1]["timestamp"] == datetime(2017, 10, 2, 12, 41, tzinfo=UTC)
    assert any("read as Windows-1252" in text for text in found.warnings)
    assert any("46 characters were not valid" in text and "282, 307" in text for text in found.warnings)


def test_orange_tables_leave_out_the_rows_that_describe_columns(samples: Path) -> None:
    found = import_path(samples / "tweets/orange-election-tweets-2016.tab")

    assert len(found.rows) == 6444
    assert [line for line, _, _ in found.quarantined] == [2, 3]
    assert found.rows[0]["author"] == "HillaryClinton"
    assert found.rows[0]["body"].startswith("The question in this election")


def test_truth_social_is_the_same_from_csv_and_json(samples: Path) -> None:
    from_csv = import_path(samples / "truth/truth_archive_small.csv")
    from_json = import_path(samples / "truth/truth_archive_small.json")

    assert len(from_csv.rows) == len(from_json.rows) == 140
    for column in ("id", "timestamp", "body", "url"):
        assert from_csv.column(column) == from_json.column(column)


@pytest.mark.parametrize(
    ("name", "rows", "first"),
    [
        ("telegram/telethon-bloomberg.ndjson", 3, {"id": "3187", "peer_id.channel_id": "1488156064"}),
        ("facebook/wagtail-facebook.json", 25, {"author": "Python Developers"}),
        ("text/scattertext-convention-2016.csv", 60, {"author": "Willie Robertson", "party": "republican"}),
        ("text/orange-slo-opinion-corpus.tab", 1740, {"author": "bobbek", "Category": "Šport"}),
        ("reddit/praw-comment-forest-limit.ndjson", 537, {"author": "your_local_librarian", "meta.kind": "t3"}),
        ("zeeschuimer/twitter-raw_search.ndjson", 20, {"author": "piloly", "meta.source_platform": "twitter.com"}),
        ("youtube/pyyoutube-search-search_by_keywords_p1.json", 25, {"id": "gQ_1zX-F_No", "author": "Jamie O'Brien"}),
        ("twitter/orange-tweets-test.json", 20, {"id": "741719513847070720", "author": "aqua_pri_0216"}),
    ],
)
def test_other_files_of_real_tools(samples: Path, name: str, rows: int, first: dict[str, str]) -> None:
    found = import_path(samples / name)

    assert len(found.rows) == rows
    assert {column: found.rows[0][column] for column in first} == first
    assert isinstance(found.rows[0]["timestamp"], datetime)


def test_every_table_of_the_samples_previews(samples: Path) -> None:
    names = [*samples.glob("*/*.csv"), *samples.glob("*/*.ndjson"), *samples.glob("*/*.jsonl")]

    for path in names:
        found = Upload().preview(path, path.name, {})
        assert found["columns"], path
        assert found["rows"], path
        assert all(len(row) == len(found["columns"]) for row in found["rows"]), path
