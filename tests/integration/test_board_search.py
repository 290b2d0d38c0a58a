"""Searches in imageboards: by real workers from the form to the table, and all that can be asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.errors import InvalidInput
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.estimate import estimate_capture
from app.storage import setting
from datasources._imageboard.search import Limits
from datasources.fourchan import FourChan
from tests.board_posts import FOUND_WITH_STARS, START, WITH_STARS, Here, keep, post
from tests.conftest import Process, wait_for_end


def ask(ctx: Context, actor: User, **parameters: Any) -> Dataset:
    """Ask for a search of 4chan and wait for its end."""
    return wait_for_end(ctx, create_capture(ctx, actor, "fourchan", parameters).key)


def table(ctx: Context, dataset: Dataset) -> pl.DataFrame:
    """What was found."""
    assert dataset.result is not None, dataset.message
    return pl.read_parquet(ctx.files.local(dataset.result.files["table"]))


@pytest.fixture
def here(ctx: Context, tmp_path: Path) -> Here:
    """Searches in this process."""
    return Here(ctx, tmp_path)


SAID = {
    1: "Coffee and milk",
    2: "tea with milk",
    3: "hot coffee",
    4: "coffee, not hot",
    5: "decaf coffee",
    6: "toffee",
    7: "covid-19 is 100% over_rated",
    8: 'caf&eacute; <a href="#p1">&gt;&gt;1</a><br>привет 日本語',
    9: "milk before coffee",
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("coffee milk", {1, 9}),
        ("coffee | tea", {1, 2, 3, 4, 5, 9}),
        ("milk coffee | tea", {1, 2, 9}),
        ('"hot coffee"', {3}),
        ("coffee -decaf", {1, 3, 4, 9}),
        ("coffee !hot !decaf", {1, 9}),
        ("coff*", {1, 3, 4, 5, 9}),
        ("*ffee -coffee", {6}),
        ("t*fee", {6}),
        ("^coffee", {1, 4}),
        ("coffee$", {3, 5, 9}),
        ("coffee << milk", {1}),
        ("milk << coffee", {9}),
        ("(hot coffee) | tea", {2, 3, 4}),
        ("covid-19", {7}),
        ("100%", {7}),
        ("over_rated", {7}),
        ("cafe", {8}),
        ("“ПРИВЕТ 日本”", {8}),
        ("nowhere", set()),
    ],
)
def test_every_operator(ctx: Context, here: Here, query: str, found: set[int]) -> None:
    keep(ctx, [post(number, body) for number, body in SAID.items()])
    assert set(here(body_match=query)) == found


@pytest.mark.parametrize(("query", "found"), FOUND_WITH_STARS)
def test_stars_beside_punctuation(ctx: Context, here: Here, query: str, found: list[int] | None) -> None:
    keep(ctx, [post(number, body) for number, body in WITH_STARS.items()])
    if found is None:
        with pytest.raises(InvalidInput, match="▸"):
            here(body_match=query)
    else:
        assert here(body_match=query) == sorted(found)


def test_a_search_becomes_a_table(ctx: Context, user: User, workers: Process) -> None:
    moment = START + timedelta(days=1)
    keep(
        ctx,
        [
            post(
                101, "<b>Coffee</b> &amp; milk<br>again", subject="A &lt;thread&gt;", country_code="NL", deleted=moment
            ),
            post(102, "nothing"),
        ],
    )
    ended = ask(ctx, user, body_match="coffee -tea", subject_match="^thread | a", get_deleted=True)

    assert (ended.status, ended.rows) == (Status.FINISHED, 1), ended.message
    found = table(ctx, ended).row(0, named=True)
    assert found == {
        "id": "101",
        "thread_id": "100",
        "timestamp": START + timedelta(minutes=101),
        "author": None,
        "body": "Coffee & milk\nagain",
        "subject": "A <thread>",
        "board": "pol",
        "image_file": None,
        "image_4chan": None,
        "image_md5": None,
        "country_name": None,
        "country_code": "NL",
        "timestamp_deleted": moment,
        "unix_timestamp": int((START + timedelta(minutes=101)).timestamp()),
        "author_trip": None,
        "author_type": None,
        "author_type_id": None,
        "image_width": None,
        "image_height": None,
        "image_filesize": None,
    }
    assert ended.columns == list(found)
    empty = ask(ctx, user, body_match="tea")
    assert (empty.status, "4chan" in empty.message) == (Status.EMPTY, True)


def test_names_are_replaced(ctx: Context, user: User, workers: Process) -> None:
    keep(ctx, [post(101, "coffee")])
    ctx.database.run("UPDATE imageboard_posts SET author = 'xanthippe'")
    asked = create_capture(ctx, user, "fourchan", {"body_match": "coffee"}, pseudonymise="anonymise")
    assert table(ctx, wait_for_end(ctx, asked.key))["author"].to_list() == ["REDACTED"]


def test_boards_dates_flags_and_deleted_posts(ctx: Context, here: Here) -> None:
    keep(
        ctx,
        [
            post(1, "coffee", country_code="NL"),
            post(2, "coffee", country_code="DE", deleted=START),
            post(3, "coffee", country_code="t_AC"),
            post(4, "coffee", board="g"),
            post(5, "tea", country_code="SX"),
        ],
    )
    assert here(body_match="coffee") == [1, 3, 4]
    assert here(body_match="coffee", get_deleted=True) == [1, 2, 3, 4]
    assert here(body_match="coffee", board="/g/") == [4]
    assert here(board="pol, g") == here(board="all") == [1, 3, 4, 5]
    assert here(body_match="coffee", country_name=["t_AC", "NL"]) == [1, 3]
    assert here(country_name=["netherlands"]) == [1, 5]
    assert here(country_name=["european-union"], get_deleted=True) == [1, 2]
    second, fourth = ((START + timedelta(minutes=number)).isoformat() for number in (2, 4))
    assert here(daterange={"after": second}) == [3, 4, 5]
    assert here(daterange={"before": fourth}) == [1, 3]
    assert here(daterange={"after": second, "before": fourth}, get_deleted=True) == [2, 3]


def test_flags_can_be_asked_for_on_every_board_that_shows_them(ctx: Context, here: Here) -> None:
    boards = ("pol", "sp", "int", "bant")
    keep(
        ctx, [post(number, "coffee", board=board, country_code="NL") for number, board in enumerate((*boards, "g"), 1)]
    )
    assert [here(country_name=["netherlands"], board=board) for board in boards] == [[1], [2], [3], [4]]
    with pytest.raises(InvalidInput, match="Only these boards show flags: pol, sp, int, bant"):
        here(country_name=["netherlands"], board="g")


def test_whole_threads(ctx: Context, here: Here) -> None:
    keep(ctx, [post(100 + number, "coffee" if number < 3 else "tea") for number in range(10)])
    keep(ctx, [post(200 + number, "coffee" if number < 4 else "tea") for number in range(20)])
    keep(ctx, [post(300 + number, "tea", deleted=START if number == 1 else None) for number in range(3)])
    first, second = list(range(100, 110)), list(range(200, 220))

    assert here(body_match="coffee", search_scope="full-threads") == first + second
    assert here(body_match="tea", search_scope="full-threads")[-2:] == [300, 302]
    assert here(body_match="tea", search_scope="full-threads", get_deleted=True)[-3:] == [300, 301, 302]
    dense: dict[str, Any] = {"body_match": "coffee", "search_scope": "dense-threads"}
    assert here(**dense, scope_length=9, scope_density=30) == first
    assert here(**dense, scope_length=9, scope_density=31) == []
    assert here(**dense, scope_length=9, scope_density=20) == first + second
    assert here(**dense, scope_length=10, scope_density=20) == second


def test_given_numbers_and_samples(ctx: Context, here: Here) -> None:
    keep(ctx, [post(number, "coffee" if number % 2 else "tea") for number in range(1, 201)])
    chosen: dict[str, Any] = {"search_scope": "match-ids", "valid_ids": ">>7, 3\n8;9999"}
    assert here(**chosen) == [3, 7, 8]
    assert here(**chosen, body_match="coffee") == [3, 7]
    assert here(**chosen, board="pol") == [3, 7, 8]

    sample = here(search_scope="random-sample", sample_size=20)
    assert len(set(sample)) == 20
    assert sample == sorted(sample)
    assert sample == here(search_scope="random-sample", sample_size=20)
    assert sample != here(search_scope="random-sample", sample_size=20, seed=2)
    assert all(number % 2 for number in here(search_scope="random-sample", sample_size=20, body_match="coffee"))
    assert len(here(search_scope="random-sample", sample_size=900)) == 200


class Small(FourChan):
    """Search 4chan within small limits."""

    limits = Limits(posts=5, threads=2)


def test_limits(ctx: Context, here: Here) -> None:
    keep(ctx, [post(100 * thread + number, "coffee") for thread in range(1, 4) for number in range(2)])

    assert here(Small, body_match="coffee") == [100, 101, 200, 201, 300]
    assert ["More than 5 posts fit" in text for text in here.run.warnings] == [True]
    assert len(here(body_match="coffee")) == 6
    assert here.run.warnings == []
    with pytest.raises(InvalidInput, match="More than 2 threads qualify"):
        here(Small, body_match="coffee", search_scope="full-threads")
    with pytest.raises(InvalidInput, match="More than 2 threads qualify"):
        here(Small, body_match="coffee", search_scope="dense-threads", scope_length=1)


def test_threads_are_chosen_by_all_that_matches_however_much_that_is(ctx: Context, here: Here) -> None:
    keep(ctx, [post(100 + number, "coffee" if number < 10 else "tea") for number in range(40)])
    keep(ctx, [post(200 + number, "coffee" if number < 4 else "tea") for number in range(5)])
    dense: dict[str, Any] = {"body_match": "coffee", "search_scope": "dense-threads", "scope_length": 3}

    assert here(Small, **dense, scope_density=80) == list(range(200, 205))
    assert here.run.warnings == []
    keep(ctx, [post(300, "coffee")])
    with pytest.raises(InvalidInput, match="More than 2 threads qualify"):
        here(Small, body_match="coffee", search_scope="full-threads")


def test_too_many_whole_threads_are_refused_with_advice(ctx: Context, user: User, workers: Process) -> None:
    ctx.database.run(
        "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen, body, body_words)"
        " SELECT 'fourchan', 'pol', n, n, now(), now(), 'tea', ' tea ' FROM generate_series(1, 25001) AS n"
    )
    ended = ask(ctx, user, body_match="tea", search_scope="full-threads")
    assert ended.status is Status.FAILED
    assert ended.message.startswith("More than 25,000 threads qualify"), ended.message
    assert "Ask for a shorter time" in ended.message


@pytest.mark.parametrize(
    ("parameters", "field", "said"),
    [
        ({"body_match": 'hot "coffee'}, "body_match", "not closed. (at the mark: hot ▸"),
        ({"body_match": "a", "subject_match": "x <<"}, "subject_match", "A word is missing here."),
        ({"body_match": "-decaf"}, "body_match", "besides what you do not want"),
        ({}, "body_match", "Say what posts contain"),
        ({"search_scope": "full-threads"}, "body_match", "Say what posts contain"),
        ({"body_match": "a", "board": "pol,xyz"}, "board", "No posts of xyz are kept here. Kept are: g, pol."),
        ({"body_match": "a", "board": "g", "country_name": ["NL"]}, "country_name", "Only these boards show flags"),
        ({"body_match": "a", "country_name": ["Atlantis"]}, "country_name", "not a choice"),
        ({"search_scope": "match-ids", "valid_ids": "1, two"}, "valid_ids", "“two” is not the number of a post."),
        ({"search_scope": "match-ids"}, "valid_ids", "Give the numbers"),
        ({"body_match": "a", "daterange": "2026-02-01,2026-01-01"}, "daterange", "must come after"),
        ({"body_match": "a", "search_scope": "dense-threads", "scope_density": 0}, "scope_density", "from 1 to 100"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    ctx: Context, user: User, parameters: dict[str, Any], field: str, said: str
) -> None:
    keep(ctx, [post(1, "a"), post(2, "a", board="g")])
    with pytest.raises(InvalidInput) as refused:
        create_capture(ctx, user, "fourchan", parameters)
    assert list(refused.value.fields) == [field]
    assert said in refused.value.fields[field][0]


def test_all_posts_where_that_is_allowed(ctx: Context, user: User) -> None:
    keep(ctx, [post(1, "a")])
    setting.put(ctx.database, "fourchan.can_query_without_keyword", True)
    assert create_capture(ctx, user, "fourchan", {}).status is Status.WAITING


def test_estimates(ctx: Context, user: User) -> None:
    keep(ctx, [post(number, "coffee" if number % 4 else "tea") for number in range(2_000)])
    ctx.database.run("ANALYZE imageboard_posts")
    assert 1_200 < (estimate_capture(ctx, user, "fourchan", {"body_match": "coffee"}) or 0) < 1_800
    assert estimate_capture(ctx, user, "fourchan", {"search_scope": "random-sample", "sample_size": 7}) == 7
    assert estimate_capture(ctx, user, "fourchan", {"body_match": "tea", "search_scope": "full-threads"}) is None
    with pytest.raises(InvalidInput):
        estimate_capture(ctx, user, "fourchan", {"body_match": "(tea"})
