"""The living board: its life is decided by the seed, its ledger tells the truth, and its rules hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extras.living_board import START, LivingBoard, PostRecord, Rules, rules_for
from extras.living_board.fourchan import FourChan
from extras.living_board.markup import FOURCHAN, INFINITY, LYNXCHAN, VICHAN
from extras.living_board.rules import Fates
from extras.living_board.spans import Spans
from extras.living_board.state import Quote, Text
from extras.living_board.vichan import Infinity

ROOT = Path(__file__).resolve().parents[2]
BUSY = Fates(
    post_deleted=0.08,
    post_returns=0.3,
    post_edited=0.03,
    file_deleted=0.1,
    thread_deleted=0.15,
    thread_returns=0.5,
    thread_closed=0.15,
    thread_reopened=0.8,
    thread_stuck=0.1,
)


def small(board: str, **changed: Any) -> Rules:
    """A board on which much happens to few threads."""
    return rules_for(
        board,
        **{
            "posts_per_hour": 240,
            "threads_per_hour": 14,
            "pages": 2,
            "per_page": 6,
            "bump_limit": 25,
            "image_limit": 6,
            "archive_hours": 1.5,
            "authors": 40,
            "fates": BUSY,
        }
        | changed,
    )


def with_archive() -> Rules:
    return small("pol", rolling_sticky=8)


def without_archive() -> Rules:
    return small("b", archive_hours=0, cyclical=0.3, cyclical_keeps=6, spoilers=True, code_tags=True)


def site_of(*boards: Rules, seed: int = 5) -> LivingBoard:
    return LivingBoard(seed, boards or (with_archive(), without_archive()), history_hours=2)


def fetch(site: LivingBoard, path: str) -> Any:
    """What the 4chan API says at this path, without HTTP between; None for 404."""
    answer = site.read(FourChan(), path, lambda _: False)
    return json.loads(answer.body) if answer.status == 200 else None


def crawl(site: LivingBoard, board: str) -> dict[int, dict[str, Any]]:
    """All posts a naive crawler finds: those of every listed and every archived thread."""
    listed = [thread["no"] for page in fetch(site, f"/{board}/threads.json") for thread in page["threads"]]
    numbers = [*listed, *(fetch(site, f"/{board}/archive.json") or [])]
    assert len(set(numbers)) == len(numbers)
    pages = [fetch(site, f"/{board}/thread/{no}.json")["posts"] for no in numbers]
    return {post["no"]: post for posts in pages for post in posts}


def history(site: LivingBoard) -> tuple[Any, Any]:
    record = site.ledger.as_dict()
    return record["threads"], record["posts"]


@pytest.fixture(scope="module")
def aged() -> Iterator[LivingBoard]:
    """Two boards after six hours; for tests that only look."""
    site = site_of()
    site.advance(6 * 3600)
    yield site
    site.close()


def test_the_life_depends_on_the_seed_and_the_time_alone() -> None:
    at_once, in_steps = site_of(), site_of()
    at_once.advance(3600)
    for step in range(120):
        in_steps.advance(30)
        if step % 20 == 0:
            crawl(in_steps, "pol")

    assert history(at_once) == history(in_steps)
    assert crawl(at_once, "b") == crawl(in_steps, "b")
    assert history(site_of(seed=6)) != history(site_of())


def test_a_board_lives_alike_beside_others() -> None:
    alone, beside = site_of(with_archive()), site_of(without_archive(), with_archive())
    alone.advance(1800)
    beside.advance(1800)

    assert crawl(alone, "pol") == crawl(beside, "pol")


def test_the_life_is_the_same_in_another_process() -> None:
    program = (
        "import hashlib, json; from extras.living_board import LivingBoard\n"
        "ledger = LivingBoard(3, ['po', 'λ'], history_hours=6).ledger.as_dict()\n"
        "print(hashlib.sha256(json.dumps(ledger['posts']).encode()).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1


@pytest.mark.parametrize("board", ["pol", "b"])
def test_a_full_crawl_sees_what_the_ledger_says(board: str) -> None:
    site = site_of()
    for _ in range(10):
        now = site.advance(811)
        seen = crawl(site, board)
        expected = site.ledger.visible_at(board, now)

        assert {post.no: site.comment(post) for post in expected} == {
            no: post.get("com", "") for no, post in seen.items()
        }
        assert {post.no for post in expected if post.file_deleted} == {
            no for no, post in seen.items() if post.get("filedeleted")
        }
        assert {post.no: post.thread for post in expected} == {no: post["resto"] or no for no, post in seen.items()}
        assert all(post.born == seen[post.no]["time"] for post in expected)


@pytest.mark.parametrize("board", ["pol", "b"])
def test_threads_are_listed_marked_and_dated_as_the_ledger_says(board: str) -> None:
    site = site_of()
    for _ in range(10):
        now = site.advance(1200)
        entries = [thread for page in fetch(site, f"/{board}/catalog.json") for thread in page["threads"]]
        records = [record for record in site.ledger.threads(board) if record.listed.is_open]

        assert {(entry["no"], entry["last_modified"]) for entry in entries} == {
            (record.no, record.last_modified) for record in records
        }
        for mark in ("sticky", "closed"):
            assert {entry["no"] for entry in entries if entry.get(mark)} == {
                record.no for record in records if getattr(record, mark).touches(now, now)
            }


def test_a_crawler_misses_nothing_that_stayed_for_its_interval() -> None:
    site, interval, seen, gone = site_of(), 60, set(), dict[int, float]()
    for _ in range(60):
        now = site.advance(interval)
        found = crawl(site, "pol").keys()
        gone |= {no: now for no in seen - found if no not in gone}
        gone = {no: at for no, at in gone.items() if no not in found}
        seen |= found
    must = {post.no for post in site.ledger.posts_visible_for(interval, "pol")}
    opened = {post.no for post in site.ledger.posts("pol")}
    deleted = site.ledger.deleted("pol", noticeable_for=interval)

    assert must <= seen <= opened
    assert len(must) > 200
    assert len(deleted) > 5
    assert all(0 <= gone[post.no] - post.gone[0] < interval for post in deleted if post.gone)


def test_threads_that_fall_off_go_to_the_archive_and_out_of_it(aged: LivingBoard) -> None:
    site = site_of(with_archive())
    site.advance(3600)
    record = next(record for record in reversed(site.ledger.archived("pol")) if record.gone is None)
    opening = fetch(site, f"/pol/thread/{record.no}.json")["posts"][0]
    listed = [thread["no"] for page in fetch(site, "/pol/threads.json") for thread in page["threads"]]

    assert (opening["archived"], opening["archived_on"], opening["closed"]) == (1, record.archived_on, 1)
    assert record.no in fetch(site, "/pol/archive.json")
    assert record.no not in listed
    assert len(listed) == 12

    site.advance(1.5 * 3600)

    assert record.gone == (record.archived_on + 1.5 * 3600, "expired")
    assert fetch(site, f"/pol/thread/{record.no}.json") is None
    assert record.no not in fetch(site, "/pol/archive.json")
    assert all(post.gone for post in site.ledger.posts("pol") if post.thread == record.no)


def test_a_board_without_an_archive_forgets(aged: LivingBoard) -> None:
    pruned = [record for record in aged.ledger.threads("b") if record.gone and record.gone[1] == "pruned"]

    assert len(pruned) > 20
    assert fetch(aged, "/b/archive.json") is None
    assert all(fetch(aged, f"/b/thread/{record.no}.json") is None for record in pruned)
    assert not aged.ledger.archived("b")


def test_all_that_can_happen_does(aged: LivingBoard) -> None:
    posts, threads = aged.ledger.posts(), aged.ledger.threads()
    reasons = {reason for post in posts for _, reason in post.ends}

    assert reasons == {"user", "moderator", "dropped", "deleted", "pruned", "expired"}
    assert any(post.restored for post in posts if post.no != post.thread)
    assert any(thread.restored and thread.gone is None for thread in threads)
    assert any(len(post.texts) > 1 and "USER WAS" in post.texts[-1][1].note for post in posts)
    assert any(post.file_deleted for post in posts)
    assert any(len(thread.closed.pairs()) == 1 and not thread.closed.is_open for thread in threads)
    assert any(not thread.sticky.is_open and thread.sticky.pairs() for thread in threads)
    assert aged.ledger.deleted_threads()


def test_the_engine_keeps_its_limits() -> None:
    site = site_of()
    for _ in range(20):
        site.advance(500)
        for name in ("pol", "b"):
            board = site.board(name)
            assert len(board.listed()) <= board.rules.most_threads
            for thread in board.listed():
                replies = [post for post in thread.posts[1:] if post.visible]
                assert thread.replies == len(replies)
                assert thread.images == sum(len(post.uploads) for post in replies if not post.file_deleted)
                assert not thread.keeps or thread.replies <= thread.keeps
                assert thread.keeps or thread.images <= board.rules.image_limit + board.rules.max_files
            times = [thread.bumped for thread in board.live]
            assert times == sorted(times, reverse=True)
    full = [thread for thread in site.board("pol").threads.values() if thread.replies > 25 and not thread.keeps]
    assert full
    assert all(thread.bumped < thread.posts[-1].time for thread in full)


def test_time_with_the_server_down_does_not_count() -> None:
    site = site_of(with_archive())
    with site.outage():
        site.advance(1200)
    site.advance(100)
    while_down = [post for post in site.ledger.posts("pol") if START < post.born <= START + 1200]
    only_then = {post.no for post in while_down if post.gone and post.gone[0] <= START + 1200}

    assert only_then
    assert not only_then & {post.no for post in site.ledger.posts_visible_for(1, "pol")}
    assert site.ledger.up.pairs() == [(START, START), (START + 1200, None)]


def test_spans_know_what_was_so_and_how_long() -> None:
    spans = Spans([(10, 20), (30, None)])

    assert [spans.touches(*times) for times in ((0, 9), (0, 10), (19, 19), (20, 29), (35, 35))] == [
        False,
        True,
        True,
        False,
        True,
    ]
    assert spans.longest(Spans([(0, None)]), now=35) == 10
    assert spans.longest(Spans([(0, 15), (16, None)]), now=50) == 20
    assert spans.longest(Spans(), now=50) == 0


def test_the_ledger_can_be_kept_as_a_file(aged: LivingBoard, tmp_path: Path) -> None:
    aged.ledger.write(tmp_path / "ledger.json")
    kept = json.loads((tmp_path / "ledger.json").read_text())

    assert [path.name for path in tmp_path.iterdir()] == ["ledger.json"]
    assert len(kept["posts"]) == len(aged.ledger.posts())
    assert kept["posts"][0]["texts"][0]["typed"]
    assert kept["threads"][0]["listed"][0][0] == START - 2 * 3600


def test_rules_that_no_board_can_follow_are_refused() -> None:
    with pytest.raises(ValueError, match="/pol/: pages must be more than 0"):
        rules_for("pol", pages=0)
    with pytest.raises(ValueError, match="image_share is a share"):
        replace(Rules("x"), image_share=2)
    with pytest.raises(ValueError, match="does not go back"):
        site_of(with_archive()).advance(-1)


TYPED = Text(
    ">>5\n>>9\n>>7\n>green & <b>\nsee https://example.org/"
    + "x" * 40
    + "\n\n>>>/g/ [spoiler]it's[/spoiler][code]a < b[/code]",
    (Quote(5, 1), Quote(9, 2), Quote(7, None)),
    "(USER WAS BANNED FOR THIS POST)",
)


def test_4chan_shows_a_text_as_its_html() -> None:
    assert FOURCHAN.html(TYPED, "pol", 1) == (
        '<a href="#p5" class="quotelink">&gt;&gt;5</a><br>'
        '<a href="/pol/thread/2#p9" class="quotelink">&gt;&gt;9</a><br>'
        '<span class="deadlink">&gt;&gt;7</span><br>'
        '<span class="quote">&gt;green &amp; &lt;b&gt;</span><br>'
        f"see https://example.org/{'x' * 15}<wbr>{'x' * 25}<br><br>"
        '<a href="/g/" class="quotelink">&gt;&gt;&gt;/g/</a> <s>it&#039;s</s><pre class="prettyprint">a &lt; b</pre>'
        '<br><br><strong style="color: red;">(USER WAS BANNED FOR THIS POST)</strong>'
    )


@pytest.mark.parametrize(
    ("markup", "starts"),
    [
        (VICHAN, '<a onclick="highlightReply(\'5\', event);" href="/x/res/1.html#5">&gt;&gt;5</a><br/>'),
        (INFINITY, '<p class="body-line ltr "><a onclick="highlightReply('),
        (LYNXCHAN, '<a class="quoteLink" href="/x/res/1.html#5">&gt;&gt;5</a>\r<br>'),
    ],
)
def test_other_engines_have_other_html(markup: Any, starts: str) -> None:
    assert markup.html(TYPED, "x", 1).startswith(starts)
    assert markup.html(Text(""), "x", 1) == ""


def test_texts_are_of_all_kinds(aged: LivingBoard) -> None:
    comments = "\n".join(aged.comment(post) for post in aged.ledger.posts())

    for part in (
        'class="quotelink">&gt;&gt;4',
        'class="deadlink"',
        '<span class="quote">',
        "<wbr>",
        "<s>",
        "https://",
        "😂",
        "Это",
        "&amp;",
        "&#039;",
        'class="prettyprint"',
    ):
        assert part in comments
    assert "\0" not in comments


def test_a_post_without_text_has_a_file(aged: LivingBoard) -> None:
    silent = [post for post in aged.ledger.posts("b") if not aged.comment(post)]
    readable: list[PostRecord] = [post for post in silent if post.gone is None]
    pages = {post.thread: fetch(aged, f"/b/thread/{post.thread}.json")["posts"] for post in readable}
    posts = {post["no"]: post for page in pages.values() for post in page}

    assert readable
    assert all("com" not in posts[post.no] for post in readable)
    assert all("md5" in posts[post.no] or "filedeleted" in posts[post.no] for post in readable)


def test_8kun_marks_what_is_cyclical(aged: LivingBoard) -> None:
    cyclical = {thread.no for thread in aged.board("b").listed() if thread.keeps}
    answer = aged.read(Infinity(), "/b/catalog.json", lambda _: False)
    entries = [thread for page in json.loads(answer.body) for thread in page["threads"]]

    assert {entry["no"] for entry in entries if entry["cyclical"] == "1"} == cyclical
    assert cyclical
