"""The living board over HTTP: the shapes of the real APIs, conditional requests, files, failures, the traffic log."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from extras.living_board import START, LivingBoard, rules_for
from extras.living_board.fourchan import new_york
from tests.conftest import ROOT, SAMPLES

FILE = ("filename", "ext", "w", "h", "tn_w", "tn_h", "tim", "md5", "fsize")


def sample(name: str) -> Any:
    if not SAMPLES.is_dir():
        pytest.skip(f"the sample files are not at {SAMPLES}")
    return json.loads((SAMPLES / "imageboard" / name).read_text())


def kinds(records: list[dict[str, Any]]) -> dict[str, set[type]]:
    """The types of the values under each key."""
    found: dict[str, set[type]] = {}
    for record in records:
        for key, value in record.items():
            found.setdefault(key, set()).add(type(value))
    return found


def assert_alike(ours: list[dict[str, Any]], real: list[dict[str, Any]], *, rare: tuple[str, ...] = ()) -> None:
    """What the real records have, ours have with values of the same types; what all real ones have, all ours have."""
    here, there = kinds(ours), kinds(real)
    assert there.keys() - here.keys() <= set(rare)
    assert {key: here[key] - {type(None)} for key in here.keys() & there.keys() if not here[key] & there[key]} == {}
    always = {key for key in there if all(key in record for record in real)} - set(rare)
    assert all(always <= record.keys() for record in ours)


@pytest.fixture(scope="module")
def site() -> Iterator[LivingBoard]:
    boards = [
        rules_for(
            "pol", posts_per_hour=300, threads_per_hour=12, pages=3, lost_files=0.1, broken_files=0.1, spoilers=True
        ),
        rules_for("λ", posts_per_hour=60, threads_per_hour=3, pages=2, cyclical=0.3),
    ]
    with LivingBoard(2, boards, history_hours=4) as running:
        yield running


@pytest.fixture
def calm(site: LivingBoard) -> Iterator[LivingBoard]:
    """The site with a clean log, and nothing planned after the test."""
    site.traffic.forget()
    yield site
    site.recover()
    site.limit_requests(None)


@pytest.fixture(scope="module")
def web() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def get(web: requests.Session, site: LivingBoard, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.get(site.url + path, headers=named, timeout=10)


def threads_of(web: requests.Session, site: LivingBoard, board: str = "pol") -> list[dict[str, Any]]:
    pages = get(web, site, f"/{board}/threads.json").json()
    return [thread for page in pages for thread in page["threads"]]


def all_posts(web: requests.Session, site: LivingBoard, board: str = "pol") -> list[dict[str, Any]]:
    numbers = [thread["no"] for thread in threads_of(web, site, board)]
    return [post for no in numbers for post in get(web, site, f"/{board}/thread/{no}.json").json()["posts"]]


def test_lists_look_like_those_of_4chan(calm: LivingBoard, web: requests.Session) -> None:
    assert_alike(get(web, calm, "/pol/threads.json").json(), sample("4chan-docs-threadlist-0.json"))
    assert_alike(threads_of(web, calm), [t for page in sample("4chan-docs-threadlist-0.json") for t in page["threads"]])
    assert_alike(
        get(web, calm, "/boards.json").json()["boards"],
        sample("4chan-boards-excerpt.json")["boards"],
        rare=("custom_spoilers", "spoilers", "is_archived"),
    )
    archive = get(web, calm, "/pol/archive.json").json()
    assert archive == sorted(archive)
    assert all(type(no) is int for no in archive)


def test_the_catalog_looks_like_that_of_4chan(calm: LivingBoard, web: requests.Session) -> None:
    pages, real = get(web, calm, "/pol/catalog.json").json(), sample("4chan-docs-catalog-0.json")
    ours = [thread for page in pages for thread in page["threads"]]
    theirs = [thread for page in real for thread in page["threads"]]
    rare = ("omitted_posts", "omitted_images", "last_replies", *FILE)

    assert_alike(pages, real)
    assert_alike(ours, theirs, rare=rare)
    assert_alike(
        [p for t in ours for p in t.get("last_replies", [])],
        [p for t in theirs for p in t["last_replies"]],
        rare=("com", "capcode", *FILE),
    )
    assert [thread["no"] for thread in ours] == [thread["no"] for thread in threads_of(web, calm)]


def test_threads_and_index_pages_look_like_those_of_4chan(calm: LivingBoard, web: requests.Session) -> None:
    posts = all_posts(web, calm)
    real = sample("4chan-docs-threads-0.json")["posts"]
    index, real_index = get(web, calm, "/pol/1.json").json(), sample("4chan-docs-indexes-0.json")
    marks = ("sticky", "closed", "sub", "capcode")

    assert_alike([post for post in posts if not post["resto"]], real[:1], rare=(*marks, *FILE))
    assert_alike([post for post in posts if post["resto"]], real[1:], rare=("com", "capcode", *FILE))
    assert all(set(FILE) <= post.keys() or not set(FILE) & post.keys() for post in posts)
    openings, real_openings = ([thread["posts"][0] for thread in page["threads"]] for page in (index, real_index))
    assert_alike(openings, real_openings, rare=(*marks, *FILE, "unique_ips"))
    assert get(web, calm, "/pol/4.json").status_code == 404
    assert get(web, calm, "/pol/0.json").status_code == 404


def test_a_thread_counts_what_it_shows(calm: LivingBoard, web: requests.Session) -> None:
    for thread in threads_of(web, calm):
        opening, *replies = get(web, calm, f"/pol/thread/{thread['no']}.json").json()["posts"]
        assert opening["replies"] == thread["replies"] == len(replies)
        assert opening["images"] == sum("tim" in reply for reply in replies)
        assert [reply["no"] for reply in replies] == sorted(reply["no"] for reply in replies)


def test_posters_have_flags_and_ids_where_the_board_has_them(calm: LivingBoard, web: requests.Session) -> None:
    ordinary = [post for post in all_posts(web, calm) if "capcode" not in post]

    assert all(len(post["id"]) == 8 for post in ordinary)
    assert all(("country" in post) != ("board_flag" in post) for post in ordinary)
    assert any("flag_name" in post for post in ordinary)
    assert any(post.get("trip", "").startswith("!") for post in ordinary)
    assert not any("id" in post or "country" in post for post in all_posts(web, calm, "λ"))


def test_the_time_is_told_as_in_new_york() -> None:
    threads = [sample("4chan-docs-threads-0.json")["posts"], sample("4chan-docs-catalog-0.json")[1]["threads"]]

    assert [new_york(post["time"]) for posts in threads for post in posts] == [
        post["now"] for posts in threads for post in posts
    ]
    assert [new_york(at) for at in (1710053999, 1710054000, 1730613599, 1730613600)] == [
        "03/10/24(Sun)01:59:59",
        "03/10/24(Sun)03:00:00",
        "11/03/24(Sun)01:59:59",
        "11/03/24(Sun)01:00:00",
    ]


def test_vichan_threads_look_like_those_of_lainchan(calm: LivingBoard, web: requests.Session) -> None:
    url, real = calm.serve("vichan"), sample("vichan-lainchan-thread-14298.json")["posts"]
    pages = web.get(f"{url}/λ/threads.json", timeout=10).json()
    posts = [
        post
        for page in pages
        for thread in page["threads"]
        for post in web.get(f"{url}/λ/res/{thread['no']}.json", timeout=10).json()["posts"]
    ]
    openings = [post for post in posts if not post["resto"] and "filedeleted" not in post]

    assert_alike(openings, real, rare=("trip", "extra_files"))
    extra = [file for post in posts for file in post.get("extra_files", [])]
    assert_alike([file for file in extra if "filedeleted" not in file], real[0]["extra_files"])
    assert {post["cyclical"] for post in posts} == {"0", "1"}
    assert {post["no"] for post in posts} == {post.no for post in calm.ledger.visible_at("λ", calm.now())}
    file = next(post for post in posts if "fsize" in post)
    content = web.get(f"{url}/λ/src/{file['tim']}{file['ext']}", timeout=10)
    assert content.status_code in (200, 404)
    assert web.get(f"{url}/λ/0.json", timeout=10).json()["threads"][0]["posts"][0]["no"] == pages[0]["threads"][0]["no"]


@pytest.mark.parametrize("dialect", ["vichan", "infinity"])
def test_vichan_tells_when_threads_were_bumped_and_their_pages_when_they_changed(
    calm: LivingBoard, web: requests.Session, dialect: str
) -> None:
    url, threads = calm.serve(dialect), {thread.no: thread for thread in calm.board("pol").listed()}
    bumped = {thread.no: thread.bumped for thread in threads.values()}
    told = [
        {
            t["no"]: t["last_modified"]
            for page in web.get(f"{url}/pol/{name}.json", timeout=10).json()
            for t in page["threads"]
        }
        for name in ("threads", "catalog")
    ]
    later = next(thread for thread in threads.values() if thread.modified > thread.bumped)
    page = web.get(f"{url}/pol/res/{later.no}.json", timeout=10)

    assert told == [bumped, bumped]
    assert page.json()["posts"][0]["last_modified"] == later.bumped
    assert page.headers["Last-Modified"] == formatdate(later.modified, usegmt=True)


def test_lynxchan_threads_look_like_those_of_kohlchan(calm: LivingBoard, web: requests.Session) -> None:
    url, real = calm.serve("lynxchan"), sample("lynxchan-kohlchan-thread-1534.json")
    entries = web.get(f"{url}/λ/catalog.json", timeout=10).json()
    threads = [web.get(f"{url}/λ/res/{entry['threadId']}.json", timeout=10).json() for entry in entries]
    replies = [post for thread in threads for post in thread["posts"]]

    assert_alike(threads, [real])
    assert_alike(replies, real["posts"])
    assert_alike([file for post in replies for file in post["files"]], real["files"])
    listed = {thread["threadId"] for thread in threads} | {post["postId"] for post in replies}
    assert listed == {post.no for post in calm.ledger.visible_at("λ", calm.now())}
    file = next(file for thread in threads for file in thread["files"])
    assert len(web.get(url + file["path"], timeout=10).content) <= file["size"]
    assert web.get(url + file["thumb"], timeout=10).headers["Content-Type"] == "image/jpeg"


def test_8kun_lists_threads_without_counts_and_names_files_by_content(calm: LivingBoard, web: requests.Session) -> None:
    url = calm.serve("infinity")
    listed = [t for page in web.get(f"{url}/pol/threads.json", timeout=10).json() for t in page["threads"]]
    posts = web.get(f"{url}/pol/res/{listed[-1]['no']}.json", timeout=10).json()["posts"]
    file = next(post for post in posts if "fsize" in post)

    assert {"no", "last_modified", "id"} in [thread.keys() for thread in listed]
    assert all("replies" not in thread for thread in listed)
    assert (len(file["tim"]), file["fpath"], file["bumplocked"]) == (64, 1, "0")
    assert posts[0]["com"].startswith("<p class=")


def test_what_did_not_change_is_not_sent_again(calm: LivingBoard, web: requests.Session) -> None:
    first = get(web, calm, "/pol/threads.json")
    modified, tag = first.headers["Last-Modified"], first.headers["ETag"]
    earlier = "Mon, 04 Mar 2024 00:00:00 GMT"

    by_time = get(web, calm, "/pol/threads.json", If_Modified_Since=modified)
    by_tag = get(web, calm, "/pol/threads.json", If_None_Match=f'"other", {tag}')
    assert (by_time.status_code, by_time.content, by_time.headers["ETag"]) == (304, b"", tag)
    assert (by_tag.status_code, by_tag.headers["Last-Modified"]) == (304, modified)
    assert get(web, calm, "/pol/threads.json", If_Modified_Since=earlier).status_code == 200
    assert get(web, calm, "/pol/threads.json", If_None_Match='"other"', If_Modified_Since=modified).status_code == 200
    assert get(web, calm, "/pol/threads.json", If_Modified_Since="yesterday").status_code == 200

    calm.advance(120)

    changed = get(web, calm, "/pol/threads.json", If_None_Match=tag, If_Modified_Since=modified)
    assert changed.status_code == 200
    assert changed.headers["Date"] > "Mon, 04 Mar 2024 12:02"
    assert changed.headers["ETag"] != tag


def test_a_conditional_request_never_hides_a_change(calm: LivingBoard, web: requests.Session) -> None:
    known: dict[str, tuple[str, bytes]] = {}
    unchanged = 0
    for _ in range(15):
        calm.advance(7)
        for thread in threads_of(web, calm)[:3]:
            path = f"/pol/thread/{thread['no']}.json"
            full = get(web, calm, path).content
            since, body = known.get(path, ("", b""))
            again = get(web, calm, path, If_Modified_Since=since) if since else get(web, calm, path)
            unchanged += again.status_code == 304
            assert (body if again.status_code == 304 else again.content) == full
            known[path] = (again.headers["Last-Modified"], full)
    assert unchanged > 5


def test_a_thread_page_says_when_it_changed_last(calm: LivingBoard, web: requests.Session) -> None:
    thread = threads_of(web, calm)[3]
    response = web.head(f"{calm.url}/pol/thread/{thread['no']}.json", timeout=10)

    assert (response.status_code, response.content) == (200, b"")
    stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(thread["last_modified"]))
    assert response.headers["Last-Modified"] == stamp


@pytest.mark.parametrize(
    "path", ["/", "/pol/", "/xyz/threads.json", "/pol/thread/1.json", "/pol/1.jpg", "/pol/res/1.json"]
)
def test_what_is_not_there_is_not_found(calm: LivingBoard, web: requests.Session, path: str) -> None:
    assert get(web, calm, path).status_code == 404


def test_files_are_pictures_and_most_have_their_md5(calm: LivingBoard, web: requests.Session) -> None:
    posts = [post for post in all_posts(web, calm) if "tim" in post][:80]
    answers = [(post, get(web, calm, f"/pol/{post['tim']}{post['ext']}")) for post in posts]
    kept = [(post, answer.content) for post, answer in answers if answer.status_code == 200]
    right = [
        (post, body) for post, body in kept if base64.b64encode(hashlib.md5(body).digest()).decode() == post["md5"]
    ]

    assert {answer.status_code for _, answer in answers} == {200, 404}
    assert 0 < len(kept) - len(right) < len(right) / 2
    assert all(len(body) == post["fsize"] for post, body in right)
    for post, body in right:
        if post["ext"] != ".webm":
            assert Image.open(io.BytesIO(body)).size == (post["w"], post["h"])
    assert len({post["md5"] for post in posts}) < len(posts)
    post = right[0][0]
    thumbnail = get(web, calm, f"/pol/{post['tim']}s.jpg").content
    assert Image.open(io.BytesIO(thumbnail)).size == (post["tn_w"], post["tn_h"])


def test_answers_fail_on_order(calm: LivingBoard, web: requests.Session) -> None:
    calm.fail(next=2, status=503, retry_after=7, path="/pol/thread/*")
    no = threads_of(web, calm)[0]["no"]
    answers = [get(web, calm, f"/pol/thread/{no}.json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"

    calm.fail(broken=True)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(web, calm, "/pol/threads.json").json()
    calm.fail(drop=True)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{calm.url}/pol/threads.json", timeout=10)
    calm.fail(hang=30)
    with pytest.raises(requests.Timeout):
        requests.get(f"{calm.url}/pol/threads.json", timeout=0.2)
    assert threads_of(web, calm)


def test_who_asks_too_often_is_told_to_wait(calm: LivingBoard, web: requests.Session) -> None:
    calm.limit_requests(3, seconds=30)
    answers = [get(web, calm, "/boards.json") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["Retry-After"] == "30"


def test_nothing_is_served_during_an_outage(calm: LivingBoard, web: requests.Session) -> None:
    with calm.outage(status=502):
        assert get(web, calm, "/boards.json").status_code == 502
        calm.advance(10)
    assert get(web, calm, "/boards.json").status_code == 200
    assert calm.ledger.up.pairs()[-1] == (calm.now(), None)


def test_the_traffic_shows_who_was_polite(calm: LivingBoard, web: requests.Session) -> None:
    for _ in range(4):
        get(web, calm, "/boards.json", User_Agent="hasty")
    time.sleep(0.3)
    get(
        web,
        calm,
        "/boards.json",
        User_Agent="polite",
        If_Modified_Since=get(web, calm, "/boards.json").headers["Last-Modified"],
    )
    hasty, polite = (calm.traffic.requests(user_agent=name) for name in ("hasty", "polite"))

    assert len(hasty) == 4
    assert calm.traffic.busiest(seconds=30, requests=hasty) == 4
    assert calm.traffic.busiest(seconds=0.000001, requests=hasty) == 1
    assert polite[0].at - hasty[-1].at >= 0.3
    assert calm.traffic.shortest_gap(polite) == float("inf")
    assert (polite[0].status, polite[0].is_conditional, polite[0].path) == (304, True, "/boards.json")
    assert len(calm.traffic.requests("/boards.json", status=200)) == 5


def test_an_unknown_dialect_is_refused(calm: LivingBoard) -> None:
    with pytest.raises(ValueError, match="choose one of fourchan, vichan"):
        calm.serve("futaba")


def test_time_can_pass_by_itself() -> None:
    with LivingBoard(1, ["g"], speed=2000, history_hours=1) as site:
        before = len(site.ledger.posts())
        deadline = time.monotonic() + 30
        while len(site.ledger.posts()) < before + 50 and time.monotonic() < deadline:
            requests.get(f"{site.url}/g/threads.json", timeout=10)

        assert len(site.ledger.posts()) >= before + 50
        assert site.now() > START


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    command = [sys.executable, "-m", "extras.living_board", "--boards", "po", "--ledger", str(ledger), "--speed", "60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as running:
        assert running.stdout
        line = running.stdout.readline()
        pages = requests.get(f"{line.split()[1]}/po/catalog.json", timeout=20).json()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0

    assert line.startswith("fourchan: http://127.0.0.1:")
    known = {thread["no"] for thread in json.loads(ledger.read_text())["threads"]}
    assert {thread["no"] for page in pages for thread in page["threads"]} <= known


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [(("--boards", " , "), 2, "name at least one board"), (("--dialect", "futaba"), 1, "There is no dialect 'futaba'")],
)
def test_a_program_that_could_show_nothing_says_why_and_ends(
    arguments: tuple[str, ...], status: int, said: str
) -> None:
    command = [sys.executable, "-m", "extras.living_board", *arguments]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, said in done.stderr) == (status, True)
