"""The pages about data sources: what is kept of each, and what was missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.errors import NotAllowed
from app.domain.user import User
from app.plugins.overview import Activity, Overview
from app.services.context import Context
from app.services.overview import activity_chart, source_activity, source_overview
from app.storage import setting
from datasources._imageboard.overview import STRETCHES
from datasources._imageboard.store import coverage
from tests.board_posts import keep, post
from tests.scraping import count_board_posts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOMEBODY = User(7, "ursula")


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def store(ctx: Context, *posts: dict[str, object]) -> None:
    keep(ctx, list(posts))
    count_board_posts(ctx)


def look(ctx: Context, *at: float, board: str = "pol", failure: str = "") -> None:
    for moment in at:
        coverage.note(ctx.database, "fourchan", board, minutes(moment), 60, failure=failure)  # type: ignore[arg-type]


def found_of(ctx: Context, source: str = "fourchan") -> Overview:
    found = source_overview(ctx, SOMEBODY, source)[1]
    assert found is not None
    return found


def activity_of(ctx: Context) -> Activity:
    found = source_activity(ctx, SOMEBODY, "fourchan")
    assert found is not None
    return found


def test_boards_have_their_posts_days_and_looks(ctx: Context) -> None:
    store(ctx, post(1), post(2), post(3, board="g", created=NOON + timedelta(days=1)))
    look(ctx, 0, 1)
    setting.put(ctx.database, "fourchan.boards", "pol:60,his")
    setting.put(ctx.database, "fourchan.autoscrape", True)
    pol, g, his = found_of(ctx).parts
    assert (pol.name, pol.posts, pol.first, pol.last, pol.every) == ("pol", 2, NOON.date(), NOON.date(), 60)
    assert pol.looked == minutes(1)
    assert (g.name, g.posts, g.every, g.looked) == ("g", 1, None, None)
    assert (his.name, his.posts, his.first, his.every) == ("his", 0, None, 60)


def test_times_without_looks_are_gaps_and_failures_say_why(ctx: Context) -> None:
    look(ctx, 0, 1, 2)
    look(ctx, 10, 11, failure="The board answers with status 503.")
    look(ctx, 12, 13)
    found = found_of(ctx)
    assert [(gap.began, gap.ended, gap.reason.split(":")[0]) for gap in found.gaps] == [
        (minutes(10), minutes(12), "The board answers with status 503."),
        (minutes(2), minutes(10), "Nobody looked"),
    ]
    assert found.all_gaps == 2


def test_a_gap_goes_on_only_where_the_board_is_to_be_scraped(ctx: Context) -> None:
    look(ctx, 0, 1)
    assert found_of(ctx).gaps == []
    setting.put(ctx.database, "fourchan.boards", "pol")
    setting.put(ctx.database, "fourchan.autoscrape", True)
    assert [(gap.began, gap.ended) for gap in found_of(ctx).gaps] == [(minutes(1), None)]


def test_a_failure_that_was_seen_last_goes_on(ctx: Context) -> None:
    setting.put(ctx.database, "fourchan.boards", "pol")
    setting.put(ctx.database, "fourchan.autoscrape", True)
    now = ctx.database.one("SELECT now() AS now")["now"]
    coverage.note(ctx.database, "fourchan", "pol", now, 3600, failure="It is away.")  # type: ignore[arg-type]
    assert [(gap.began, gap.ended, gap.reason) for gap in found_of(ctx).gaps] == [(now, None, "It is away.")]


def wait_for_threads(ctx: Context, *stretches: tuple[float, float | None, int, int]) -> None:
    """Threads of /pol/ were not read from one minute to another: how many, and how many had been asked for in vain."""
    for began, ended, number, failed in stretches:
        ctx.database.run(
            "INSERT INTO imageboard_unread (source, board, noticed, began, looked, ended, threads, failed, reason)"
            " VALUES ('fourchan', 'pol', %(looked)s, %(began)s, %(looked)s, %(ended)s, %(number)s, %(failed)s,"
            " 'It answers with status 502.')",
            began=minutes(began),
            looked=minutes(began + 2),
            ended=None if ended is None else minutes(ended),
            number=number,
            failed=failed,
        )


def test_times_in_which_threads_were_not_read_are_gaps_too(ctx: Context, ada: FlaskClient) -> None:
    look(ctx, *range(30))
    wait_for_threads(ctx, (3, 6, 1, 1), (10, 15, 1200, 0), (20, None, 12, 2))
    found = found_of(ctx)
    said = [(gap.began, gap.ended, gap.threads, gap.reason) for gap in found.gaps]
    both = "2 could not be read: It answers with status 502. The others waited for their turn."
    assert (said[0], said[2]) == (
        (minutes(20), minutes(22), 12, both),
        (minutes(3), minutes(6), 1, "It answers with status 502."),
    )
    assert said[1][:3] == (minutes(10), minutes(15), 1200)
    assert said[1][3].startswith("They waited for their turn: more had changed than the pace allows")
    assert found.all_gaps == 3
    page = ada.get("/datasources/fourchan").text
    assert all(text in page for text in ("1,200 threads", "1 thread<", both))

    setting.put(ctx.database, "fourchan.boards", "pol")
    setting.put(ctx.database, "fourchan.autoscrape", True)
    assert (minutes(20), None) in [(gap.began, gap.ended) for gap in found_of(ctx).gaps if gap.threads == 12]


def test_only_the_newest_stretches_are_looked_through(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        tx.run(
            "INSERT INTO imageboard_coverage (source, board, began, ended, outcome, interval)"
            " SELECT 'fourchan', board, moment, moment, 'read', 60 FROM unnest(ARRAY['g', 'pol', 'λ']) AS board,"
            " generate_series(%(first)s, %(last)s, interval '1 hour') AS moment WHERE board <> 'g' OR moment < %(few)s",
            first=NOON,
            last=NOON + timedelta(hours=STRETCHES + 10),
            few=NOON + timedelta(hours=3),
        )
    found = found_of(ctx)
    assert [part.name for part in found.parts] == ["g", "pol", "λ"]
    assert (len(found.gaps), found.all_gaps) == (50, None)
    ctx.database.run("DELETE FROM imageboard_coverage WHERE board <> 'g'")
    assert found_of(ctx).all_gaps == 2
    look(ctx, 200)
    wait_for_threads(ctx, *((began, began + 3, 1, 0) for began in range(STRETCHES + 10)))
    assert (len(found_of(ctx).gaps), found_of(ctx).all_gaps) == (50, None)


def test_who_is_switched_off_sees_nothing(ctx: Context) -> None:
    for look_at in (source_overview, source_activity):
        with pytest.raises(NotAllowed):
            look_at(ctx, User(7, "ursula", is_active=False), "fourchan")


def test_what_the_database_cannot_tell_in_time_is_left_out(ctx: Context, ada: FlaskClient) -> None:
    store(ctx, post(1))
    with ctx.database.transaction() as tx:
        tx.run("LOCK TABLE imageboard_days IN ACCESS EXCLUSIVE MODE")
        page = ada.get("/datasources/fourchan")
    assert page.status_code == 200
    assert "What is kept of 4chan cannot be told now. The database" in page.text
    assert "About this source" in page.text


def test_a_picture_is_drawn_once(ctx: Context, ada: FlaskClient) -> None:
    store(ctx, post(1))
    address = "/datasources/fourchan/activity.svg"
    first = ada.get(address)
    again = {"If-None-Match": first.headers["ETag"]}
    assert ada.get(address, headers=again).status_code == 304
    assert ada.get(f"{address}?theme=dark", headers=again).status_code == 200
    store(ctx, post(2))
    assert ada.get(address, headers=again).status_code == 200
    assert first.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@pytest.mark.parametrize(
    ("days", "period", "first"), [(5, "day", "2026-03-01"), (200, "month", "2026-03"), (5000, "year", "2026")]
)
def test_long_archives_are_shown_by_longer_periods(ctx: Context, days: int, period: str, first: str) -> None:
    store(ctx, post(1), post(2, created=NOON + timedelta(days=days)))
    assert (found_of(ctx).period, activity_of(ctx).period) == (period, period)
    values = activity_chart(activity_of(ctx))["data"]["values"]
    assert (values[0]["date"], sum(value["posts"] for value in values)) == (first, 2)


def test_beyond_the_largest_boards_the_rest_are_one(ctx: Context) -> None:
    store(ctx, *(post(number, board=f"b{number % 12}") for number in range(60)))
    names = {name for _, name, _ in activity_of(ctx).counts}
    assert len(names) == 8
    assert "others" in names


def test_the_page_shows_all_of_it(ctx: Context, ada: FlaskClient) -> None:
    store(ctx, post(1, board="<b>"), post(2))
    look(ctx, 0)
    look(ctx, 30, failure="<script>no</script>")
    page = ada.get("/datasources/fourchan").text
    for text in (
        "/&lt;b&gt;/",
        "&lt;script&gt;no",
        "image_md5",
        "No board is scraped",
        "Deleted posts",
        "activity.svg",
    ):
        assert text in page
    picture = ada.get("/datasources/fourchan/activity.svg?theme=dark")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert picture.text.startswith("<svg")


def test_a_source_that_keeps_nothing_has_a_page_too(ada: FlaskClient) -> None:
    page = ada.get("/datasources/upload").text
    assert "About this source" in page
    assert "Gaps" not in page
    assert ada.get("/datasources/upload/activity.svg").status_code == 404


def test_all_sources_are_listed(ctx: Context, ada: FlaskClient) -> None:
    page = ada.get("/datasources").text
    assert all(f'href="/datasources/{id_}"' in page for id_ in ctx.registry.datasources)


def test_there_is_no_page_of_an_unknown_source_or_for_strangers(ada: FlaskClient, client: FlaskClient) -> None:
    assert ada.get("/datasources/nowhere").status_code == 404
    assert client.get("/datasources/fourchan").headers["Location"].startswith("/login")
