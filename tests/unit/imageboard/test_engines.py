"""What the engines make of real answers, and of such as are broken."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datasources._imageboard.engines import Engine, FourChanEngine, LynxChanEngine, Unreadable, VichanEngine
from datasources._imageboard.engines.reading import clean, md5_of, tidied

FOURCHAN, VICHAN, LYNXCHAN = FourChanEngine(), VichanEngine(), LynxChanEngine()


@pytest.fixture
def sample(samples: Path) -> Any:
    """The bytes of a saved answer."""
    return lambda name: (samples / "imageboard" / f"{name}.json").read_bytes()


def test_a_thread_of_4chan(sample: Any) -> None:
    thread = FOURCHAN.read_thread(sample("4chan-docs-threads-0"), "po")
    opening = thread.posts[0]

    assert (thread.id, len(thread.posts), thread.unread) == (570368, 3, 0)
    assert (thread.is_sticky, thread.is_closed, thread.is_archived) == (True, True, False)
    assert (thread.replies, thread.images, thread.posters) == (2, 2, 1)
    assert opening.created == datetime(2018, 12, 31, 22, 5, 48, tzinfo=UTC)
    assert (opening.subject, opening.author, opening.author_type_id) == ("Welcome to /po/!", "Anonymous", "mod")
    assert opening.body is not None
    assert opening.body.startswith("Welcome to /po/!")
    image = opening.images[0]
    assert (image.file, image.name, image.path) == (
        "yotsuba_folding.png",
        "1546293948883.png",
        "/po/1546293948883.png",
    )
    assert (image.md5, image.width, image.height, image.filesize) == (
        "b9951e65e075e05551f8c73649c1ef54",
        530,
        449,
        516657,
    )


def test_every_post_of_a_long_thread_is_read(sample: Any) -> None:
    body = sample("4chan-ck-thread-3856791")
    thread = FOURCHAN.read_thread(body, "ck")
    records = json.loads(body)["posts"]

    assert [post.id for post in thread.posts] == [record["no"] for record in records]
    assert [post.body or "" for post in thread.posts] == [record.get("com", "") for record in records]
    assert {post.author_trip for post in thread.posts} >= {None, "!!s1shuD45usb"}


@pytest.mark.parametrize(("name", "first"), [("4chan-docs-threadlist-0", 570368), ("4chan-po-catalog", 570368)])
def test_a_list_of_threads_in_its_order(sample: Any, name: str, first: int) -> None:
    body = sample(name)
    listed = FOURCHAN.read_index(body)
    records = [thread for page in json.loads(body) for thread in page["threads"]]

    assert [thread.id for thread in listed] == [record["no"] for record in records]
    assert [thread.position for thread in listed] == list(range(1, len(records) + 1))
    assert listed[0].id == first
    assert all(thread.modified is not None for thread in listed)


def test_a_thread_of_vichan_with_several_files(sample: Any) -> None:
    thread = VICHAN.read_thread(sample("vichan-lainchan-thread-14298"), "λ")
    opening = thread.posts[0]

    assert (thread.id, opening.author, opening.author_trip) == (14298, "Gitgood", "!MY2dR21qWo")
    assert (thread.is_sticky, thread.is_cyclical) == (False, False)
    assert [image.file for image in opening.images] == ["learn-you.pdf", "great-good.jpg"]
    assert opening.images[1].path == "/%CE%BB/src/1563642402862-1.jpg"
    assert opening.images[1].md5 == "41b46a83c63e152196189c2275d7b33d"
    assert "extra_files" in opening.more


def test_a_thread_of_lynxchan_with_its_replies_within(sample: Any) -> None:
    thread = LYNXCHAN.read_thread(sample("lynxchan-kohlchan-thread-1534"), "a")

    assert [post.id for post in thread.posts] == [1534, 1535, 1542]
    assert thread.posts[0].subject == "Was ist dieses Anime"
    assert thread.posts[0].created == datetime(2019, 6, 1, 16, 10, 1, 564000, tzinfo=UTC)
    assert [len(post.images) for post in thread.posts] == [1, 0, 2]
    assert thread.posts[0].images[0].path.startswith("/.media/5f1d")
    assert thread.posts[1].body is not None
    assert "Matsumoto Riko" in thread.posts[1].body


def test_marks_of_lynxchan_change_with_replies_that_do_not_bump() -> None:
    def mark(count: int) -> str:
        record = {"threadId": 5, "lastBump": "2024-01-01T00:00:00.000Z", "postCount": count}
        return LYNXCHAN.read_index(json.dumps([record]).encode())[0].mark

    assert mark(1) != mark(2)


@pytest.mark.parametrize(
    "name", ["replies", "images", "omitted_posts", "sticky", "locked", "cyclical", "last_modified"]
)
def test_marks_of_vichan_change_with_what_does_not_bump(name: str) -> None:
    def mark(**more: int) -> str:
        record = {"no": 5, "last_modified": 1709553600, **more}
        return VICHAN.read_index(json.dumps([{"threads": [record], "page": 0}]).encode())[0].mark

    assert mark(**{name: 1}) != mark(**{name: 2})
    assert mark(time=1) == mark(time=2)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"country": "NL", "country_name": "Netherlands"}, ("NL", "Netherlands")),
        ({"board_flag": "AC", "flag_name": "Anarcho-Capitalist"}, ("t_AC", "Anarcho-Capitalist")),
        ({"troll_country": "KP", "country_name": "Kekistani"}, ("t_KP", "Kekistani")),
        ({}, (None, None)),
    ],
)
def test_flags(more: dict[str, str], expected: tuple[str | None, str | None]) -> None:
    post = FOURCHAN.read_thread(thread_of({"no": 1, "time": 5} | more), "pol").posts[0]
    assert (post.country_code, post.country_name) == expected


def thread_of(*records: dict[str, Any]) -> bytes:
    """A thread with these posts."""
    return json.dumps({"posts": records}).encode()


def test_what_holds_for_a_whole_thread() -> None:
    opening = {"no": 1, "time": 5, "closed": 1, "archived": 1, "archived_on": 9, "bumplimit": 1, "imagelimit": 0}
    thread = FOURCHAN.read_thread(thread_of(opening), "g")
    assert (thread.is_closed, thread.is_archived, thread.bump_limit, thread.image_limit) == (True, True, True, False)
    assert thread.archived_on == datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC)
    rolling = VICHAN.read_thread(thread_of({"no": 1, "time": 5, "cyclical": "1", "locked": 1, "sticky": 0}), "a")
    assert (rolling.is_cyclical, rolling.is_closed, rolling.is_sticky) == (True, True, False)


def test_a_post_without_number_or_time_is_left_out_and_counted() -> None:
    records = [{"no": 1, "time": 5}, {"no": 2}, {"time": 6}, {"no": "x", "time": 7}, "text", {"no": 3, "time": 8}]
    thread = FOURCHAN.read_thread(json.dumps({"posts": records}).encode(), "g")
    assert ([post.id for post in thread.posts], thread.unread) == ([1, 3], 4)


def test_a_deleted_file_is_no_file() -> None:
    whole = {"no": 1, "time": 5, "tim": 7, "ext": ".png", "filename": "a", "md5": "/o72jJQixXCBZXFD0htPBg=="}
    assert len(FOURCHAN.read_thread(thread_of(whole), "g").posts[0].images) == 1
    assert FOURCHAN.read_thread(thread_of(whole | {"filedeleted": 1}), "g").posts[0].images == ()
    assert VICHAN.read_thread(thread_of(whole | {"ext": "deleted", "tim": ""}), "g").posts[0].images == ()


def test_files_of_infinity_lie_together() -> None:
    record = {"no": 1, "time": 5, "tim": "ab" * 32, "ext": ".png", "fpath": 1}
    assert VICHAN.read_thread(thread_of(record), "g").posts[0].images[0].path == f"/file_store/{'ab' * 32}.png"


@pytest.mark.parametrize("engine", [FOURCHAN, VICHAN, LYNXCHAN], ids=lambda engine: type(engine).__name__)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"posts":[', b"null", b"[]", b"7", b'{"posts":[]}', b'{"posts":[{}]}', b'"posts"']
)
def test_what_is_no_thread_is_refused(engine: Engine, body: bytes) -> None:
    with pytest.raises(Unreadable):
        engine.read_thread(body, "g")


@pytest.mark.parametrize("engine", [FOURCHAN, VICHAN, LYNXCHAN], ids=lambda engine: type(engine).__name__)
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[7]", b'[{"threads":[{}],"threadId":1}]', b'[{"page":'])
def test_what_is_no_list_is_refused(engine: Engine, body: bytes) -> None:
    with pytest.raises(Unreadable):
        engine.read_index(body)


def test_a_list_without_times_of_change_gives_no_marks() -> None:
    listed = FOURCHAN.read_index(b'[{"page":0,"threads":[{"no":1},{"no":2,"last_modified":5}]}]')
    assert [(one.id, one.mark, one.modified is None) for one in listed] == [(1, "", True), (2, "5.", False)]


def test_numbers_that_are_none_are_not_kept() -> None:
    body = b'{"posts":[{"no":1,"time":5,"odd":NaN,"far":1e999,"w":1e999,"tim":1,"ext":".png"}]}'
    post = FOURCHAN.read_thread(body, "g").posts[0]
    assert (post.more, post.images[0].width) == ({"odd": None, "far": None}, None)


def test_texts_can_be_stored() -> None:
    assert clean("a\0b\ud800c") == "ab?c"
    assert tidied({"a\0": ["\udfff", 1, None]}) == {"a": ["?", 1, None]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/o72jJQixXCBZXFD0htPBg==", "fe8ef68c9422c57081657143d21b4f06"),
        ("FE8EF68C9422C57081657143D21B4F06", "fe8ef68c9422c57081657143d21b4f06"),
        ("short", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_md5_in_either_writing(given: object, expected: str | None) -> None:
    assert md5_of(given) == expected
