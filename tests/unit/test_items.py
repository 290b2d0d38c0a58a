"""Pages of rows: order, filters, bounds, and what is said about wrong ones."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import Conflict, InvalidInput, NotCompatible, NotFound
from app.domain.user import User
from app.services.context import Context
from app.services.items import ItemPage, page
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.results import new_dataset, store_bytes, store_graph, store_table


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path)


def ids(found: ItemPage) -> str:
    return "".join(row["id"] for row in found.rows)


def test_a_page_holds_json_values_in_file_order(ctx: Context, user: User, posts: Dataset) -> None:
    found = page(ctx, user, posts.key, offset=1, limit=2)
    assert (found.total, ids(found)) == (6, "23")
    assert found.rows[1] == {
        "id": "3",
        "timestamp": "2026-01-03T12:30:03Z",
        "author": "ann",
        "body": "two\nlines",
        "likes": "100",
        "score": None,
        "hashtags": None,
    }
    assert found.types["timestamp"] == "datetime"
    assert (found.types["likes"], found.types["score"], found.types["hashtags"]) == ("text", "number", "list")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("likes", "612354"),  # -2, 9, 10, 100, then what is no number, and the empty one last
        ("-likes", "321654"),
        ("-timestamp", "654321"),
        ("author", "613245"),  # by code points: Z comes before a
        ("score", "145632"),
    ],
)
def test_sorting(ctx: Context, user: User, posts: Dataset, sort: str, order: str) -> None:
    assert ids(page(ctx, user, posts.key, sort=sort)) == order


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("author==ann", "13"),
        ("author != ann", "2456"),
        ("author==", "45"),
        ("author!=", "1236"),
        ("author~^a", "13"),
        ("body~CLIMATE", "6"),
        ("body!~l", "145"),
        ("likes>9", "23"),
        ("likes>=9", "123"),
        ("likes<0", "6"),
        ("score>3", "356"),
        ("score==3", "4"),
        ("timestamp==2026-01-03", "3"),
        ("timestamp>2026-01-03", "456"),
        ("timestamp<=2026-01-03", "123"),
        ("timestamp>=2026-01-05 12:30:05", "56"),
        ("timestamp>2026-01-05T12:30:05+00:00", "6"),
        ("timestamp!=2026-01-03", "12456"),
        ("hashtags==a", "15"),
        ("hashtags!=a", "2346"),
        ("hashtags==", "23"),
        ('body==say "hi", all', "2"),
    ],
)
def test_filters(ctx: Context, user: User, posts: Dataset, condition: str, expected: str) -> None:
    found = page(ctx, user, posts.key, filter=condition)
    assert (ids(found), found.total) == (expected, len(expected))


def test_conditions_must_all_hold(ctx: Context, user: User, posts: Dataset) -> None:
    assert ids(page(ctx, user, posts.key, filter=["author==ann", "likes>10"], sort="-id")) == "3"


@pytest.mark.parametrize(
    ("asked", "field", "named"),
    [
        ({"filter": "autor==x"}, "filter", "autor"),
        ({"filter": "likes"}, "filter", "operator"),
        ({"filter": "score>many"}, "filter", "score"),
        ({"filter": "timestamp>yesterday"}, "filter", "yesterday"),
        ({"filter": "body~(a"}, "filter", "(a"),
        ({"filter": "likes>"}, "filter", "value"),
        ({"sort": "-nothing"}, "sort", "nothing"),
        ({"columns": ["id", "nope"]}, "columns", "nope"),
        ({"limit": 1001}, "limit", "1000"),
        ({"offset": -1}, "offset", "0"),
        ({"role": "edges"}, "part", "edges"),
    ],
)
def test_a_wrong_question_is_named(
    ctx: Context, user: User, posts: Dataset, asked: dict[str, Any], field: str, named: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        page(ctx, user, posts.key, **asked)
    assert named in error.value.fields[field][0]


def test_column_names_are_taken_as_they_are(ctx: Context, user: User, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"Body": ["a", "b"], "body": ["x", "y"], "a>b": [1, 2], 'q"t': ["", "z"], "file_row_number": [7, 8]}
    )
    odd = store_table(ctx, user, tmp_path, frame)
    assert page(ctx, user, odd.key, filter="a>b>1").rows == [
        {"Body": "b", "body": "y", "a>b": 2, 'q"t': "z", "file_row_number": 8}
    ]
    assert page(ctx, user, odd.key, sort="-body", columns=["body"]).rows == [{"body": "y"}, {"body": "x"}]
    assert page(ctx, user, odd.key, filter='q"t==z', columns=["Body"]).rows == [{"Body": "b"}]


def test_sql_in_a_filter_is_only_text(ctx: Context, user: User, posts: Dataset) -> None:
    assert page(ctx, user, posts.key, filter="author==x' OR '1'='1").total == 0


def test_networks_show_nodes_and_edges(ctx: Context, user: User, tmp_path: Path) -> None:
    graph = store_graph(ctx, user, tmp_path)
    assert page(ctx, user, graph.key).columns[0] == "id"
    assert page(ctx, user, graph.key, role="edges", sort="-weight").rows[0]["source"] == "a"


def test_what_has_no_rows_says_so(ctx: Context, user: User, tmp_path: Path) -> None:
    chart = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", b"<p>hello</p>")
    with pytest.raises(NotCompatible, match="page"):
        page(ctx, user, chart.key)


def test_a_dataset_without_a_result_says_why(ctx: Context, user: User) -> None:
    waiting = new_dataset(user)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, waiting)
    with pytest.raises(Conflict, match="not finished"):
        page(ctx, user, waiting.key)
    with ctx.database.transaction() as tx:
        datasets.end(tx, waiting.key, Ending(Status.FAILED, "The file was broken."))
    with pytest.raises(Conflict, match="broken"):
        page(ctx, user, waiting.key)


def test_an_empty_dataset_has_no_rows(ctx: Context, user: User) -> None:
    empty = new_dataset(user)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, empty)
        datasets.end(tx, empty.key, Ending(Status.EMPTY, "Nothing was found.", columns=("id",)))
    found = page(ctx, user, empty.key)
    assert (found.columns, found.rows, found.total) == (["id"], [], 0)


def test_private_datasets_are_hidden_from_others(ctx: Context, admin: User, user: User, tmp_path: Path) -> None:
    hidden = store_table(ctx, admin, tmp_path)
    with pytest.raises(NotFound):
        page(ctx, user, hidden.key)


def test_deep_pages_of_a_large_table_are_quick(ctx: Context, user: User, tmp_path: Path) -> None:
    rows = 1_000_000
    frame = pl.DataFrame(
        {"id": pl.int_range(rows, eager=True).cast(pl.String), "body": pl.Series(["some words"] * rows)}
    )
    large = store_table(ctx, user, tmp_path, frame)
    page(ctx, user, large.key)
    started = time.monotonic()
    found = page(ctx, user, large.key, offset=900_000, limit=50)
    assert found.rows[0]["id"] == "900000"
    assert time.monotonic() - started < 1.0


def test_threads_do_not_disturb_each_other(ctx: Context, user: User, posts: Dataset) -> None:
    found: list[str] = []

    def ask(sort: str) -> None:
        for _ in range(5):
            found.append(ids(page(ctx, user, posts.key, sort=sort)))

    threads = [threading.Thread(target=ask, args=(sort,)) for sort in ("id", "-id") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(found)) == ["123456", "654321"]
    assert len(found) == 40
