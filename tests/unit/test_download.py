"""Downloads: every format, read back with a reader that is not ours."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import fastexcel
import polars as pl
import pytest

from app.domain.dataset import Dataset, Kind, Result
from app.domain.errors import Conflict, InvalidInput
from app.domain.user import User
from app.services.context import Context
from app.services.download import file_name, formats, open_download
from app.storage import dataset as datasets
from tests.results import POSTS, new_dataset, store, store_bytes, store_graph, store_table


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path)


def fetch(ctx: Context, user: User, dataset: Dataset, format: str, **options: bool) -> bytes:
    return b"".join(open_download(ctx, user, dataset.key, format, **options).chunks)


def test_csv_is_read_back_as_it_was(ctx: Context, user: User, posts: Dataset) -> None:
    content = fetch(ctx, user, posts, "csv").decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["body"] for row in rows] == POSTS["body"].to_list()
    assert rows[0]["timestamp"] == "2026-01-01 12:30:01"
    assert rows[0]["hashtags"] == "a,b"
    assert (rows[2]["score"], rows[5]["author"]) == ("", "Zoë")
    assert content.count("\r\n") == 7


def test_csv_for_spreadsheets(ctx: Context, user: User, posts: Dataset) -> None:
    content = fetch(ctx, user, posts, "csv", bom=True, excel_safe=True)
    assert content.startswith(b"\xef\xbb\xbfid,")
    bodies = [row["body"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    assert bodies[3:5] == ["'=1+1", "-5"]


def test_ndjson_keeps_lists_and_types(ctx: Context, user: User, posts: Dataset) -> None:
    rows = [json.loads(line) for line in fetch(ctx, user, posts, "ndjson").splitlines()]
    assert rows[0]["hashtags"] == ["a", "b"]
    assert rows[2]["body"] == "two\nlines"
    assert rows[2]["score"] is None
    assert rows[0]["timestamp"] == "2026-01-01T12:30:01Z"


def test_json_is_one_array(ctx: Context, user: User, posts: Dataset) -> None:
    assert [row["id"] for row in json.loads(fetch(ctx, user, posts, "json"))] == list("123456")


def test_parquet_is_the_stored_file(ctx: Context, user: User, posts: Dataset) -> None:
    found = open_download(ctx, user, posts.key, "parquet")
    content = b"".join(found.chunks)
    assert found.size == len(content)
    assert pl.read_parquet(io.BytesIO(content)).equals(POSTS, null_equal=True)
    assert found.read is not None
    assert b"".join(found.read(4, 10)) == content[4:10]


@pytest.mark.parametrize("format", ["csv", "ndjson", "json", "xlsx"])
def test_a_table_without_rows_keeps_its_form(ctx: Context, user: User, tmp_path: Path, format: str) -> None:
    empty = store_table(ctx, user, tmp_path, POSTS.head(0))
    content = fetch(ctx, user, empty, format)
    if format == "csv":
        assert content.decode().strip() == ",".join(POSTS.columns)
    elif format == "json":
        assert json.loads(content) == []
    elif format == "ndjson":
        assert content == b""
    else:
        assert fastexcel.read_excel(content).load_sheet("data").available_columns()[0].name == "id"


def test_networks_as_gexf_graphml_and_csv(ctx: Context, user: User, tmp_path: Path) -> None:
    graph = store_graph(ctx, user, tmp_path)
    gexf = ET.fromstring(fetch(ctx, user, graph, "gexf"))
    assert len([node for node in gexf.iter() if node.tag.endswith("}node")]) == 3
    assert [part.get("defaultedgetype") for part in gexf.iter() if part.tag.endswith("}graph")] == ["directed"]
    graphml = ET.fromstring(fetch(ctx, user, graph, "graphml"))
    assert len([edge for edge in graphml.iter() if edge.tag.endswith("}edge")]) == 2
    assert fetch(ctx, user, graph, "edges-csv").decode().splitlines()[:2] == ["source,target,weight", "a,b,2"]


def test_charts_are_drawn(ctx: Context, user: User, tmp_path: Path) -> None:
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": [{"a": "x", "b": 1}, {"a": "y", "b": 2}]},
        "mark": "bar",
        "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
    }
    chart = store_bytes(ctx, user, tmp_path, Kind.CHART, "chart", "chart.json", json.dumps(spec).encode())
    assert fetch(ctx, user, chart, "svg").startswith(b"<svg")
    assert fetch(ctx, user, chart, "png").startswith(b"\x89PNG")
    assert json.loads(fetch(ctx, user, chart, "json")) == spec


def test_pages_and_archives_are_sent_as_they_are(ctx: Context, user: User, tmp_path: Path) -> None:
    page = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", b"<p>hello</p>")
    assert fetch(ctx, user, page, "html") == b"<p>hello</p>"
    archive = store_bytes(ctx, user, tmp_path, Kind.FILES, "archive", "archive.zip", b"PK...")
    assert open_download(ctx, user, archive.key).media_type == "application/zip"


def test_captures_keep_what_came_in(ctx: Context, user: User, tmp_path: Path) -> None:
    POSTS.write_parquet(tmp_path / "table.parquet")
    (tmp_path / "original.csv").write_bytes(b"id\n1\n")
    files = {"table": tmp_path / "table.parquet", "original": tmp_path / "original.csv"}
    made = store(ctx, user, Kind.TABLE, files, columns=POSTS.columns, rows=6, work={"filename": "Mine.CSV"})
    assert [name for name, _ in formats(made)][-1] == "original"
    found = open_download(ctx, user, made.key, "original")
    assert (b"".join(found.chunks), Path(found.filename).suffix) == (b"id\n1\n", ".CSV")


def test_a_wrong_format_names_the_right_ones(ctx: Context, user: User, posts: Dataset) -> None:
    with pytest.raises(InvalidInput, match="csv, ndjson, xlsx, json, parquet"):
        open_download(ctx, user, posts.key, "gexf")


def test_without_a_result_there_is_no_download(ctx: Context, user: User) -> None:
    waiting = new_dataset(user)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, waiting)
    assert formats(waiting) == []
    with pytest.raises(Conflict, match="not finished"):
        open_download(ctx, user, waiting.key, "csv")


@pytest.mark.parametrize(
    ("label", "start"),
    [
        ("Tweets about “tea”", "tweets-about-tea-"),
        ('x"\r\nSet-Cookie: a=b', "x-set-cookie-a-b-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("Café Zürich", "café-zürich-"),
        ("???", "upload-"),
    ],
)
def test_file_names_are_harmless(user: User, label: str, start: str) -> None:
    made = new_dataset(user, label=label)
    assert file_name(made, ".csv") == f"{start}{made.key[:8]}.csv"


def test_a_changed_result_has_another_etag(ctx: Context, user: User, posts: Dataset, tmp_path: Path) -> None:
    other = store_table(ctx, user, tmp_path, POSTS.head(3))
    tags = {open_download(ctx, user, made.key, name).etag for made in (posts, other) for name in ("csv", "ndjson")}
    assert len(tags) == 4


def test_streams_hold_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    rows = 2_000_000
    pl.DataFrame(
        {
            "id": pl.int_range(rows, eager=True),
            "body": pl.Series([f"{n % 977} some words in a post" for n in range(rows)]),
        }
    ).write_parquet(path, row_group_size=65_536)
    program = (
        "import resource, sys; from pathlib import Path; from app.services import table_export\n"
        "stream = table_export.csv(Path(sys.argv[1])); first = len(next(stream))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "total = first + sum(len(chunk) for chunk in stream)\n"
        "print(total, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    size, grown = map(int, done.stdout.split())
    assert size > 50_000_000
    assert grown < 150, f"the stream grew by {grown} MB"


def test_result_roles_that_are_missing_are_not_offered(posts: Dataset) -> None:
    assert posts.result is not None
    bare = replace(posts, result=Result(Kind.GRAPH, {"nodes": posts.result.files["table"]}))
    assert [name for name, _ in formats(bare)] == ["nodes-csv"]
