"""Scrapers against a local board, job by job: what they ask for, what they do not ask for, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from app import __version__
from app.domain.job import Job
from app.domain.user import User
from app.plugins.overview import Gap
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.site_setting import set_site_setting
from app.storage import setting
from datasources._imageboard.engines import LynxChanEngine
from datasources._imageboard.store import images
from datasources.fourchan import FourChan
from extras.living_board import LivingBoard, rules_for
from extras.living_board.rules import Fates
from tests.conftest import Process, wait_for_end
from tests.scraping import SourceError, do, look, open_jobs, point_at, stored, threads

BOARDS = [
    rules_for("po", posts_per_hour=40, threads_per_hour=3, pages=1, per_page=8, image_share=0.4),
    rules_for("λ", posts_per_hour=40, threads_per_hour=3, pages=1, per_page=8, image_share=0.3, cyclical=0.4),
]


@pytest.fixture
def site() -> Iterator[LivingBoard]:
    with LivingBoard(5, BOARDS, history_hours=2) as running:
        yield running


def coverage(ctx: Context) -> list[dict[str, Any]]:
    return ctx.database.many("SELECT * FROM imageboard_coverage ORDER BY began")


@pytest.mark.parametrize(
    ("source", "dialect", "board"),
    [("fourchan", "fourchan", "po"), ("lainchan", "vichan", "λ"), ("eightkun", "infinity", "λ")],
)
def test_each_dialect_is_kept_as_its_ledger_has_it(
    ctx: Context, site: LivingBoard, source: str, dialect: str, board: str
) -> None:
    point_at(ctx, source, site.serve(dialect))
    for _ in range(4):
        look(ctx, source, board)
        site.advance(1200)
    look(ctx, source, board)
    found, now = stored(ctx, source, board), site.now()
    listed = {one.no for one in site.ledger.threads(board) if one.listed.is_open}
    readable = [post for post in site.ledger.visible_at(board, now) if post.thread in listed]

    assert len(readable) > 30
    assert {post.no for post in readable if found[post.no]["deleted"]} == set()
    assert {post.no: found[post.no]["body"] for post in readable} == {
        post.no: site.comment(post, dialect) or None for post in readable
    }
    dropped = {post.no for post in site.ledger.posts(board) if post.gone and post.gone[1] == "dropped"}
    assert {number for number in dropped & set(found) if found[number]["deleted"]} == set()


@pytest.mark.parametrize(("source", "dialect"), [("lainchan", "vichan"), ("eightkun", "infinity")])
def test_what_does_not_bump_a_thread_is_seen_too(ctx: Context, source: str, dialect: str) -> None:
    fates = Fates(post_deleted=0.15, post_edited=0.4, thread_closed=0.3, thread_deleted=0)
    rules = rules_for("λ", posts_per_hour=60, threads_per_hour=1, pages=1, per_page=8, bump_limit=12, fates=fates)
    with LivingBoard(5, [rules], history_hours=3) as site:
        point_at(ctx, source, site.serve(dialect))
        look(ctx, source, "λ")
        known, then = set(stored(ctx, source, "λ")), site.now()
        site.advance(1200)
        look(ctx, source, "λ")
        listed = site.board("λ").listed()
        quiet = {thread.no for thread in listed if thread.bumped <= then < thread.modified}
        readable = {post.no: post for post in site.ledger.visible_at("λ", site.now())}

        new = {number for number, post in readable.items() if post.thread in quiet} - known
        assert len(new & stored(ctx, source, "λ").keys()) > len(new) / 2  # the others came while as many went
        for _ in range(12):
            look(ctx, source, "λ")
        found, row = stored(ctx, source, "λ"), threads(ctx, source, "λ")
        gone = {post.no for post in site.ledger.deleted("λ") if post.thread in quiet and post.no in known}
        edited = {n for n, p in readable.items() if p.thread in quiet and p.texts[-1][0] > then and len(p.texts) > 1}
        assert gone
        assert edited & known
        assert {number for number in gone if found[number]["deleted"] is None} == set()
        assert {number: found[number]["body"] for number in readable} == {
            number: site.comment(post, dialect) or None for number, post in readable.items()
        }
        assert {thread.no for thread in listed if row[thread.no]["is_closed"]} == {t.no for t in listed if t.closed}


def test_threads_whose_marks_stay_are_read_in_turn_and_no_more_than_the_pace_leaves_room_for(
    ctx: Context, site: LivingBoard
) -> None:
    point_at(ctx, "lainchan", site.serve("vichan"))
    look(ctx, "lainchan", "λ")
    listed = {f"/λ/res/{thread.no}.json" for thread in site.board("λ").listed()}
    site.traffic.forget()
    for _ in range(len(listed)):
        assert look(ctx, "lainchan", "λ") == 1
    asked = [one for one in site.traffic.requests("*/res/*")]
    assert {unquote(one.path) for one in asked} == listed
    assert {one.status for one in asked} == {304}


def test_lynxchan_is_read_as_its_ledger_has_it(site: LivingBoard) -> None:
    url, engine = site.serve("lynxchan"), LynxChanEngine()
    listed = engine.read_index(requests.get(url + engine.index_path("λ"), timeout=5).content)
    read = [
        engine.read_thread(requests.get(url + engine.thread_path("λ", one.id), timeout=5).content, "λ")
        for one in listed
    ]
    expected = site.ledger.visible_at("λ", site.now())

    assert {post.id: post.body for thread in read for post in thread.posts} == {
        post.no: site.comment(post, "lynxchan") or None for post in expected
    }
    assert {thread.id for thread in read if thread.is_cyclical} == {
        one.no for one in site.ledger.threads("λ") if one.cyclical and one.listed.is_open
    }


def test_a_second_look_asks_for_nothing_that_has_not_changed(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    rows = "SELECT id, xmin::text FROM imageboard_{} ORDER BY id"
    before = [ctx.database.many(rows.format(table)) for table in ("threads", "posts")]
    site.traffic.forget()

    assert look(ctx, "fourchan", "po") == 0

    assert [(one.path, one.status) for one in site.traffic.requests()] == [("/po/threads.json", 304)]
    assert [ctx.database.many(rows.format(table)) for table in ("threads", "posts")] == before
    assert {row["outcome"] for row in coverage(ctx)} == {"read"}
    assert coverage(ctx)[-1]["ended"] > coverage(ctx)[0]["began"]


def test_only_threads_that_have_changed_are_read_and_conditionally(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    then = site.now()
    site.traffic.forget()
    site.advance(600)
    look(ctx, "fourchan", "po")

    asked = {int(one.path.split("/")[-1][:-5]) for one in site.traffic.requests("/po/thread/*")}
    changed = {one.no for one in site.ledger.threads("po") if one.last_modified > then}
    assert 0 < len(asked) < len(threads(ctx, "fourchan", "po"))
    assert asked <= changed
    known = [one for one in site.traffic.requests("/po/thread/*") if not one.is_conditional]
    assert len(known) < len(asked)


def test_times_are_those_of_the_request_and_not_of_the_wait_before_it(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    site.advance(1200)

    def wait_and(type_: str, remote_id: str, details: dict[str, Any]) -> datetime:
        ctx.database.run("UPDATE web_hosts SET free_at = clock_timestamp() + interval '1 second'")
        turn: datetime = ctx.database.one("SELECT free_at FROM web_hosts")["free_at"]
        do(ctx, type_, remote_id, details, interval=1)
        return turn

    turn = wait_and("fourchan-board", "po", {"board": "po"})
    rows = threads(ctx, "fourchan", "po").values()
    asked_at = coverage(ctx)[-1]["ended"]
    assert asked_at >= turn
    assert {row["seen"] for row in rows if row["scraped"] is None} <= {asked_at}
    assert {row["vanished"] for row in rows} <= {None, asked_at}
    known = set(stored(ctx, "fourchan", "po"))
    for job in open_jobs(ctx, "fourchan-thread"):
        turn = wait_and(job.type, job.remote_id, job.details)
        row = threads(ctx, "fourchan", "po")[job.details["thread"]]
        posts = [one for one in stored(ctx, "fourchan", "po").values() if one["thread_id"] == row["id"]]
        assert row["scraped"] >= turn
        assert {one["seen"] for one in posts if one["id"] not in known} <= {row["scraped"]}


def test_a_copy_that_has_not_heard_of_a_change_is_not_taken_for_the_thread_as_it_is(
    ctx: Context, site: LivingBoard
) -> None:
    point_at(ctx, "fourchan", site.url)
    site.advance(60)
    look(ctx, "fourchan", "po")
    with site.behind(site.copies(), "/po/thread/*"):
        site.advance(240)
        look(ctx, "fourchan", "po")
    listed = {one.no for one in site.board("po").listed()}
    readable = {post.no for post in site.ledger.visible_at("po", site.now()) if post.thread in listed}
    assert readable - set(stored(ctx, "fourchan", "po"))
    look(ctx, "fourchan", "po")
    assert readable <= set(stored(ctx, "fourchan", "po"))


def test_after_some_minutes_an_answer_counts_whatever_its_times(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    with site.behind(site.copies(), "/po/thread/*"):
        site.advance(240)
        look(ctx, "fourchan", "po")
        again = look(ctx, "fourchan", "po")
        ctx.database.run("UPDATE imageboard_threads SET modified = modified - interval '240 seconds'")
        look(ctx, "fourchan", "po")
        assert (again > 0, look(ctx, "fourchan", "po")) == (True, 0)


def test_a_copy_of_before_what_was_read_last_deletes_nothing(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    copies = site.copies()
    site.advance(240)
    look(ctx, "fourchan", "po")
    before = {number: row["deleted"] for number, row in stored(ctx, "fourchan", "po").items()}
    ctx.database.run("UPDATE imageboard_threads SET due = now(), etag = '\"other\"'")
    with site.behind(copies, "/po/thread/*"):
        assert look(ctx, "fourchan", "po") > 0
    assert {number: row["deleted"] for number, row in stored(ctx, "fourchan", "po").items()} == before


def test_a_copy_of_before_what_was_read_last_is_noticed_also_where_that_had_just_changed(
    ctx: Context, site: LivingBoard
) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    copies = site.copies()
    known, changed = set(copies["po"].threads), set[int]()
    while not changed:  # until a post is made in the very second in which it is read
        site.advance(1)
        changed = {one.no for one in site.board("po").listed() if one.modified == int(site.now())} & known
    look(ctx, "fourchan", "po")
    number = min(changed)
    assert threads(ctx, "fourchan", "po")[number]["last_modified"] is None
    before = {post: row["deleted"] for post, row in stored(ctx, "fourchan", "po").items()}
    with site.behind(copies, f"/po/thread/{number}.json"):
        log = do(ctx, "fourchan-thread", f"po/{number}", {"board": "po", "thread": number})
    assert log == [f"/po/{number}: a copy that is older than what was read last was left aside"]
    assert "gave a copy that is older" in threads(ctx, "fourchan", "po")[number]["failure"]
    assert {post: row["deleted"] for post, row in stored(ctx, "fourchan", "po").items()} == before


@pytest.mark.parametrize(
    ("source", "dialect", "path", "seconds"),
    [
        ("fourchan", "fourchan", "/po/threads.json", 240),
        ("lainchan", "vichan", "/po/catalog.json", 240),
        ("eightkun", "infinity", "/po/catalog.json", 240),
        ("fourchan", "fourchan", "/po/threads.json", 1),
    ],
)
def test_a_copy_of_an_earlier_list_of_threads_is_left_aside(
    ctx: Context, site: LivingBoard, source: str, dialect: str, path: str, seconds: int
) -> None:
    point_at(ctx, source, site.serve(dialect))
    look(ctx, source, "po")
    copies, then = site.copies(), {one.no for one in site.board("po").listed()}
    site.advance(1)
    while {one.no for one in site.board("po").listed()} == then:  # until a thread begins or falls off
        site.advance(seconds)
    look(ctx, source, "po")
    rows = "SELECT id, mark, vanished FROM imageboard_threads ORDER BY id"
    before, orders = ctx.database.many(rows), ctx.database.many("SELECT * FROM imageboard_orders")
    known = coverage(ctx)[-1]
    ctx.database.run("UPDATE imageboard_coverage SET etag = '\"other\"'")
    with site.behind(copies, path):
        log = do(ctx, f"{source}-board", "po", {"board": "po"}, interval=60)
    assert log == ["/po/: a list that is older than what was read last was left aside"]
    assert ctx.database.many(rows) == before
    assert ctx.database.many("SELECT * FROM imageboard_orders") == orders
    assert (coverage(ctx)[-1]["outcome"], "a copy that is older" in coverage(ctx)[-1]["reason"]) == ("failed", True)
    assert known in [row | {"etag": known["etag"]} for row in coverage(ctx)]

    do(ctx, f"{source}-board", "po", {"board": "po"}, interval=60)
    assert coverage(ctx)[-1]["outcome"] == "read"
    assert ctx.database.many(rows) == before


def test_minutes_later_a_list_counts_whatever_its_times(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    copies = site.copies()
    site.advance(1200)
    look(ctx, "fourchan", "po")
    ctx.database.run("UPDATE imageboard_coverage SET dated = dated - interval '300 seconds', etag = NULL")
    with site.behind(copies, "/po/threads.json"):
        do(ctx, "fourchan-board", "po", {"board": "po"}, interval=60)
    assert coverage(ctx)[-1]["outcome"] == "read"


def hours_pass(ctx: Context) -> None:
    """Let threads that have never been read have been waiting for it for two hours."""
    ctx.database.run("UPDATE imageboard_threads SET due = due - interval '2 hours' WHERE scraped IS NULL")


def unread(ctx: Context) -> list[Gap]:
    """The gaps of 4chan in which threads were not read, as its page shows them, the newest first."""
    found = FourChan.overview(ctx.site_settings(), ctx.database)
    return [gap for gap in found.gaps if gap.threads is not None]


def test_threads_that_the_server_does_not_give_are_a_gap_with_the_reason(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url, boards="po")
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    first, *others = open_jobs(ctx, "fourchan-thread")
    for job in others:
        do(ctx, job.type, job.remote_id, job.details)
    due = threads(ctx, "fourchan", "po")[first.details["thread"]]["due"]
    site.fail(status=403)
    with pytest.raises(SourceError):
        do(ctx, first.type, first.remote_id, first.details)
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    assert unread(ctx) == []

    hours_pass(ctx)
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    reason = f"{site.url}/po/thread/{first.details['thread']}.json answers with status 403."
    assert unread(ctx) == [Gap("po", due - timedelta(hours=2), None, reason, 1)]

    do(ctx, first.type, first.remote_id, first.details)
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    ended = coverage(ctx)[-1]["ended"]
    assert unread(ctx) == [Gap("po", due - timedelta(hours=2), ended, reason, 1)]


def test_threads_that_must_wait_for_their_turn_are_a_gap(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url, boards="po")
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    waiting = open_jobs(ctx, "fourchan-thread")
    hours_pass(ctx)
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    [gap] = unread(ctx)
    assert (gap.threads, gap.ended) == (len(waiting), None)
    assert gap.reason.startswith("They waited for their turn")

    site.fail(broken=True, path="/po/thread/*")
    with pytest.raises(SourceError):
        do(ctx, waiting[0].type, waiting[0].remote_id, waiting[0].details)
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=3600)
    assert unread(ctx)[0].reason.startswith("1 could not be read: http")
    assert unread(ctx)[0].reason.endswith("The others waited for their turn.")

    setting.put(ctx.database, "fourchan.autoscrape", False)
    assert [gap.ended for gap in unread(ctx)] == [coverage(ctx)[-1]["ended"]]


def test_a_host_that_is_left_alone_is_no_failure_of_a_thread(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url, boards="po")
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=60)
    first, second, *_ = open_jobs(ctx, "fourchan-thread")
    site.fail(status=429, retry_after=600)
    for job in (first, second):
        with pytest.raises(SourceError):
            do(ctx, job.type, job.remote_id, job.details)
    rows = threads(ctx, "fourchan", "po")
    assert "is busy (status 429)" in rows[first.details["thread"]]["failure"]
    assert rows[second.details["thread"]]["failure"] is None


def test_who_asks_says_who_it_is_and_what_it_is_called_now(ctx: Context, admin: User, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    named = replace(ctx, settings=replace(ctx.settings, site_url="https://4cat.example"))
    do(named, "fourchan-board", "po", {"board": "po"}, interval=1)
    set_site_setting(ctx, admin, "texts.name", "Łódź – 日")
    do(named, "fourchan-board", "po", {"board": "po"}, interval=1)
    end = f" (4CAT {__version__}, research tool; +https://4cat.example)"
    assert [one.user_agent for one in site.traffic.requests()] == [
        f"{ctx.settings.site_name}{end}",
        f"Lodz - %E6%97%A5{end}",
    ]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 503}, "is busy (status 503)"),
        ({"status": 403}, "answers with status 403"),
        ({"broken": True}, "cannot be read"),
        ({"drop": True}, "does not answer"),
    ],
)
def test_a_look_that_fails_is_noted_with_its_reason_and_nothing_else(
    ctx: Context, site: LivingBoard, fault: dict[str, Any], words: str
) -> None:
    point_at(ctx, "fourchan", site.url)
    site.fail(**fault)
    with pytest.raises(SourceError, match=words.replace("(", r"\(").replace(")", r"\)")):
        look(ctx, "fourchan", "po")
    assert [(row["outcome"], words in row["reason"]) for row in coverage(ctx)] == [("failed", True)]
    assert threads(ctx, "fourchan", "po") == {}


@pytest.mark.parametrize("fault", [{"status": 403}, {"broken": True}, {"status": 503}, {"drop": True}])
def test_a_thread_that_cannot_be_read_is_asked_for_again_and_not_taken_for_deleted(
    ctx: Context, site: LivingBoard, fault: dict[str, Any]
) -> None:
    point_at(ctx, "fourchan", site.url)
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=1)
    job = open_jobs(ctx, "fourchan-thread")[0]
    site.fail(**fault)
    with pytest.raises(SourceError) as caught:
        do(ctx, job.type, job.remote_id, job.details)
    row = threads(ctx, "fourchan", "po")[job.details["thread"]]
    assert (caught.value.permanent, row["deleted"], row["scraped"]) == (False, None, None)
    assert job.details["thread"] in {one.details["thread"] for one in jobs_of_a_look(ctx)}


def jobs_of_a_look(ctx: Context) -> list[Job]:
    """What is asked for after the index was read once more."""
    ctx.database.run("DELETE FROM jobs")
    ctx.database.run("TRUNCATE web_hosts")
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=1)
    return open_jobs(ctx, "fourchan-thread")


def test_images_are_kept_once_and_only_when_they_are_what_they_say(ctx: Context) -> None:
    rules = rules_for("po", posts_per_hour=80, threads_per_hour=4, image_share=0.7, lost_files=0.2, broken_files=0.2)
    with LivingBoard(6, [rules], history_hours=1) as site:
        point_at(ctx, "fourchan", site.url, save_images=True)
        look(ctx, "fourchan", "po")
        rows = {row["md5"]: row for row in ctx.database.many("SELECT * FROM imageboard_images")}
        found = {state: [row for row in rows.values() if row["state"] == state] for state in ("stored", "missing")}
        kept = {file.name: file for file in ctx.files.find("images")}

        assert {row["name"] for row in found["stored"]} <= set(kept)
        assert found["missing"]
        assert any(row["state"] == "different" for row in rows.values())
        assert all(row["reason"] for row in rows.values() if row["state"] != "stored")
        md5s = {row["image_md5"] for row in stored(ctx, "fourchan", "po").values() if row["image_md5"]}
        names = images.stored_images(ctx.database, md5s)
        assert set(names.values()) == {row["name"] for row in found["stored"]}
        assert all(name.startswith(f"images/{md5[:2]}/{md5}.") for md5, name in names.items())

        site.traffic.forget()
        md5, url = found["stored"][0]["md5"], f"{site.url}/po/1.jpg"
        do(ctx, "fourchan-image", md5, {"md5": md5, "url": url})
        assert site.traffic.requests() == []


def asked_images(ctx: Context) -> dict[str, str]:
    """The addresses of images that have been asked for and of which nothing is known."""
    rows = ctx.database.many("SELECT md5, url FROM imageboard_asked_images")
    return {row["md5"]: row["url"] for row in rows}


def test_images_that_could_not_be_had_are_asked_for_again_until_it_has_been_too_long(
    ctx: Context, site: LivingBoard
) -> None:
    point_at(ctx, "fourchan", site.url, save_images=True, image_url="http://127.0.0.1:1")
    do(ctx, "fourchan-board", "po", {"board": "po"}, interval=1)
    for job in open_jobs(ctx, "fourchan-thread"):
        do(ctx, job.type, job.remote_id, job.details)
    failing = {job.details["md5"]: job for job in open_jobs(ctx, "fourchan-image")}
    assert len(failing) > 5
    with pytest.raises(SourceError, match="does not answer"):
        do(ctx, "fourchan-image", "first", next(iter(failing.values())).details)
    ctx.database.run("DELETE FROM jobs")  # as when each has failed often enough
    assert asked_images(ctx).keys() == failing.keys()

    look(ctx, "fourchan", "po")
    assert open_jobs(ctx, "fourchan-image") == []
    away = "UPDATE imageboard_asked_images SET url = replace(url, 'http://127.0.0.1:1', %(url)s)"
    ctx.database.run(f"{away}, asked = asked - interval '61 minutes'", url=site.url)
    late = min(failing)
    ctx.database.run(
        "UPDATE imageboard_asked_images SET began = now() - interval '73 hours' WHERE md5 = %(md5)s", md5=late
    )
    look(ctx, "fourchan", "po")
    rows = ctx.database.many("SELECT md5, state, reason FROM imageboard_images")
    assert {row["md5"] for row in rows} == set(failing)
    assert {row["state"] for row in rows if row["md5"] != late} == {"stored"}
    assert [row["reason"] for row in rows if row["md5"] == late] == ["It could not be downloaded for 3 days."]
    assert asked_images(ctx) == {}


def test_an_image_that_one_post_has_no_more_is_taken_from_another(ctx: Context, site: LivingBoard) -> None:
    point_at(ctx, "fourchan", site.url)
    look(ctx, "fourchan", "po")
    post = next(row for row in stored(ctx, "fourchan", "po").values() if row["image_4chan"])
    md5, gone = post["image_md5"], f"{site.url}/po/1.jpg"
    do(ctx, "fourchan-image", md5, {"md5": md5, "url": gone})
    assert ctx.database.one("SELECT state FROM imageboard_images")["state"] == "stored"

    ctx.database.run("UPDATE imageboard_images SET state = 'missing'")
    ctx.database.run(
        "UPDATE imageboard_posts SET image_url = 'http://elsewhere.invalid/1.jpg' WHERE image_md5 = %(md5)s", md5=md5
    )
    do(ctx, "fourchan-image", md5, {"md5": md5, "url": gone})
    row = ctx.database.one("SELECT state, reason FROM imageboard_images")
    assert (row["state"], row["reason"]) == ("missing", f"{gone} does not have it any more.")


@pytest.mark.parametrize(("most", "path", "state"), [(1, "/po/threads.json", "refused"), (1, "/nothing", "missing")])
def test_what_is_no_image_is_not_kept(ctx: Context, site: LivingBoard, most: int, path: str, state: str) -> None:
    point_at(ctx, "fourchan", site.url, image_mb=most)
    do(ctx, "fourchan-image", "ab" * 16, {"md5": "ab" * 16, "url": site.url + path})
    row = ctx.database.one("SELECT * FROM imageboard_images")
    assert (row["state"], row["name"]) == (state, None)


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (b"\xff\xd8\xff\xe0", ".jpg"),
        (b"\x89PNG\r\n\x1a\n", ".png"),
        (b"GIF89a", ".gif"),
        (b"RIFF....WEBPVP8 ", ".webp"),
        (b"<html>", None),
        (b"\x1a\x45\xdf\xa3", None),
        (b"", None),
    ],
)
def test_images_are_told_by_their_first_bytes(content: bytes, extension: str | None) -> None:
    assert images.kind_of(content) == extension


def test_boards_are_scraped_as_they_are_set(ctx: Context, admin: User) -> None:
    def jobs() -> dict[str, int]:
        worker = ctx.registry.workers["fourchan-board"]
        return {one.remote_id: one.interval for one in worker.standing(ctx.site_settings())}

    assert jobs() == {}
    set_site_setting(ctx, admin, "fourchan.boards", "pol, g:300\nsp")
    assert jobs() == {}
    set_site_setting(ctx, admin, "fourchan.autoscrape", "yes")
    assert jobs() == {"pol": 60, "g": 300, "sp": 60}
    set_site_setting(ctx, admin, "fourchan.no_scrape", "sp")
    set_site_setting(ctx, admin, "fourchan.interval", "90")
    assert jobs() == {"pol": 90, "g": 300}
    setting.put(ctx.database, "fourchan.interval", "soon")
    assert jobs() == {"pol": 60, "g": 300}


def test_what_was_scraped_can_be_asked_for(ctx: Context, user: User, site: LivingBoard, workers: Process) -> None:
    point_at(ctx, "fourchan", site.url, autoscrape=False)
    setting.put(ctx.database, "fourchan.can_query_without_keyword", True)
    look(ctx, "fourchan", "po")
    asked = {"board": "po", "get_deleted": True}
    made = wait_for_end(ctx, create_capture(ctx, user, "fourchan", asked).key)
    none = wait_for_end(ctx, create_capture(ctx, user, "fourchan", {"body_match": "nobodysaysthis"}).key)

    assert (made.status, made.rows) == ("finished", len(stored(ctx, "fourchan", "po")))
    assert made.columns[:7] == ["id", "thread_id", "timestamp", "author", "body", "subject", "board"]
    assert (none.status, "fourchan.boards" in none.message) == ("empty", True)
