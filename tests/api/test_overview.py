"""What is kept of a data source, over the API: the same as on its page."""

from __future__ import annotations

from datetime import timedelta

from app.services.context import Context
from datasources._imageboard.store import coverage, unread
from datasources._imageboard.store.threads import Due
from tests.api.conftest import Call
from tests.board_posts import START, keep, post
from tests.scraping import count_board_posts

PATH = "/api/datasources/{}/overview"


def test_parts_activity_and_gaps(call: Call, ctx: Context) -> None:
    keep(ctx, [post(1), post(2), post(3, board="g", created=START + timedelta(days=1))])
    count_board_posts(ctx)
    for hours in (0, 2):
        coverage.note(ctx.database, "fourchan", "pol", START + timedelta(hours=hours), 60)  # type: ignore[arg-type]

    found = call("owner", "GET", PATH.format("fourchan")).json

    assert (found["id"], found["keeps_posts"], found["period"]) == ("fourchan", True, "day")
    assert found["activity"] == [
        {"date": "2026-03-01", "part": "pol", "posts": 2},
        {"date": "2026-03-02", "part": "g", "posts": 1},
    ]
    pol = {"name": "pol", "posts": 2, "first": "2026-03-01", "last": "2026-03-01", "every": None}
    assert found["parts"][0] == pol | {"looked": "2026-03-01T14:00:00+00:00"}
    assert [(gap["part"], gap["began"], gap["ended"]) for gap in found["gaps"]] == [
        ("pol", "2026-03-01T12:00:00+00:00", "2026-03-01T14:00:00+00:00")
    ]
    assert found["gaps"][0]["reason"].startswith("Nobody looked")
    assert (found["gaps"][0]["threads"], found["all_gaps"]) == (None, 1)
    assert "fourchan.boards" in found["hint"]


def test_threads_that_were_not_read_are_gaps_with_their_number(call: Call, ctx: Context) -> None:
    for minutes in (0, 1):
        at = START + timedelta(minutes=minutes)
        coverage.note(ctx.database, "fourchan", "pol", at, 60)  # type: ignore[arg-type]
    due = [Due(number, START, "It is away.") for number in (1, 2)]
    for minutes, waiting in ((3, due), (4, [])):
        at = START + timedelta(minutes=minutes)
        unread.note(ctx.database, "fourchan", "pol", at, 60, waiting)  # type: ignore[arg-type]
    [gap] = call("owner", "GET", PATH.format("fourchan")).json["gaps"]
    assert gap == {
        "part": "pol",
        "began": "2026-03-01T12:00:00+00:00",
        "ended": "2026-03-01T12:04:00+00:00",
        "reason": "It is away.",
        "threads": 2,
    }


def test_a_source_that_keeps_nothing_and_one_that_is_not_there(call: Call) -> None:
    nothing = {"parts": [], "activity": [], "gaps": [], "all_gaps": 0, "period": None, "hint": ""}
    assert call("reader", "GET", PATH.format("upload")).json == {"id": "upload", "keeps_posts": False} | nothing
    assert call("owner", "GET", PATH.format("nowhere")).status_code == 404


def test_a_database_that_is_too_busy_is_said_so(call: Call, ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        tx.run("LOCK TABLE imageboard_days IN ACCESS EXCLUSIVE MODE")
        answer = call("owner", "GET", PATH.format("fourchan"))
    assert answer.status_code == 503
    assert answer.json["message"] == "The database took too long to answer this."
