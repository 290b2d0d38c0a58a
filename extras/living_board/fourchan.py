"""The read API of 4chan: boards, threads, catalog, index pages, threads, archive, files."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import Any

from extras.living_board import documents
from extras.living_board.authors import FLAGS
from extras.living_board.documents import Boards, Document
from extras.living_board.markup import FOURCHAN
from extras.living_board.rules import Rules
from extras.living_board.state import Board, Post, Thread

Record = dict[str, Any]
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PATH = re.compile(
    r"/(?P<board>[^/]+)/(?:(?P<list>threads|catalog|archive)\.json|(?P<page>\d+)\.json|thread/(?P<thread>\d+)\.json"
    r"|(?P<thumb>\d+)s\.jpg|(?P<tim>\d+)(?P<ext>\.\w+))"
)
_PREVIEWED = 5  # replies shown on an index page


class FourChan:
    """Answers as a.4cdn.org, i.4cdn.org and t.4cdn.org do, all on one host."""

    name = "fourchan"
    markup = FOURCHAN

    def find(self, boards: Boards, path: str, started: int) -> Document | None:
        """The document at this path."""
        if path == "/boards.json":
            return Document(started, "boards", lambda: documents.as_json(_boards(boards)))
        match = _PATH.fullmatch(path)
        board = boards.get(match["board"]) if match else None
        if match is None or board is None:
            return None
        if match["thumb"] or match["tim"]:
            return _file(board, match)
        if match["thread"]:
            thread = board.threads.get(int(match["thread"]))
            return documents.of_thread(thread, lambda: thread_page(board, thread)) if thread else None
        return _listing(board, match)


def _file(board: Board, match: re.Match[str]) -> Document | None:
    upload = board.find_file(int(match["thumb"] or match["tim"]))
    if upload is None or match["ext"] not in (None, upload.picture.ext):
        return None
    return documents.of_thumbnail(upload) if match["thumb"] else documents.of_file(upload)


def _listing(board: Board, match: re.Match[str]) -> Document | None:
    if match["list"] == "archive":
        if not board.rules.archives:
            return None
        tag = f"{board.archive_modified:x}-{len(board.archive):x}"
        return Document(board.archive_modified, tag, lambda: documents.as_json(sorted(board.archive)))
    if match["list"]:
        make = {"threads": thread_list, "catalog": catalog}[match["list"]]
        return documents.of_board(board, lambda: make(board))
    page = int(match["page"])
    if not 1 <= page <= len(board.pages()):
        return None
    return documents.of_board(board, lambda: index_page(board, page))


def thread_page(board: Board, thread: Thread) -> Record:
    """A whole thread, as at /board/thread/no.json."""
    posts = thread.visible_posts()
    opening = opening_record(board, thread)
    opening["unique_ips"] = len({post.author.number for post in posts})
    if thread.archived_on:
        opening |= {"archived": 1, "archived_on": thread.archived_on}
    return {"posts": [opening, *(post_record(board, post) for post in posts[1:])]}


def thread_list(board: Board) -> list[Record]:
    """Number, time of change and replies of every thread, page by page."""
    return [
        {
            "page": page,
            "threads": [
                {"no": thread.no, "last_modified": thread.modified, "replies": thread.replies} for thread in threads
            ],
        }
        for page, threads in enumerate(board.pages(), start=1)
    ]


def catalog(board: Board) -> list[Record]:
    """The opening posts of every thread with their last replies, page by page."""
    return [
        {"page": page, "threads": [_catalog_entry(board, thread) for thread in threads]}
        for page, threads in enumerate(board.pages(), start=1)
    ]


def index_page(board: Board, page: int) -> Record:
    """The threads of one page, each with its last replies."""
    threads = []
    for thread in board.pages()[page - 1]:
        opening, last = _with_last_replies(board, thread)
        threads.append({"posts": [opening, *last]})
    return {"threads": threads}


def opening_record(board: Board, thread: Thread) -> Record:
    """An opening post with what it says of its thread."""
    record = post_record(board, thread.opening)
    if thread.sticky:
        record["sticky"] = 1
        if thread.keeps:
            record["sticky_cap"] = thread.keeps
    else:
        record["bumplimit"] = int(thread.replies >= board.rules.bump_limit)
        record["imagelimit"] = int(thread.images >= board.rules.image_limit)
    if thread.closed:
        record["closed"] = 1
    return record | {"semantic_url": _slug(thread.opening), "replies": thread.replies, "images": thread.images}


def post_record(board: Board, post: Post) -> Record:
    """A post as every list and thread shows it."""
    author = post.author
    record: Record = {"no": post.no, "now": new_york(post.time), "name": escape(author.name) or "Anonymous"}
    if post.subject:
        record["sub"] = escape(post.subject)
    comment = FOURCHAN.html(post.text, board.rules.board, post.thread)
    if comment:
        record["com"] = comment
    record |= _file_record(post) | {"time": post.time, "resto": 0 if post.no == post.thread else post.thread}
    optional = {"trip": author.trip, "id": post.poster_id, "capcode": post.capcode}
    if author.flag:
        optional |= {"board_flag": author.flag, "flag_name": author.flag_name}
    elif author.country:
        optional |= {"country": author.country, "country_name": author.country_name}
    record.update((name, value) for name, value in optional.items() if value)
    return record


def _file_record(post: Post) -> Record:
    if not post.uploads:
        return {}
    if post.file_deleted:
        return {"filedeleted": 1}
    upload = post.uploads[0]
    picture = upload.picture
    record: Record = {
        "filename": escape(upload.filename),
        "ext": picture.ext,
        "w": picture.width,
        "h": picture.height,
        "tn_w": picture.thumb_size[0],
        "tn_h": picture.thumb_size[1],
        "tim": upload.tim,
        "md5": picture.md5_base64,
        "fsize": picture.size,
    }
    return record | {"spoiler": 1} if upload.spoiler else record


def _catalog_entry(board: Board, thread: Thread) -> Record:
    opening, last = _with_last_replies(board, thread, 1 if thread.sticky else _PREVIEWED)
    return opening | ({"last_replies": last} if last else {}) | {"last_modified": thread.modified}


def _with_last_replies(board: Board, thread: Thread, shown: int = _PREVIEWED) -> tuple[Record, list[Record]]:
    last = [post for post in thread.posts[1:] if post.visible][-shown:]
    opening = opening_record(board, thread)
    if thread.replies > len(last):
        files = sum(len(post.uploads) for post in last if not post.file_deleted)
        opening |= {"omitted_posts": thread.replies - len(last), "omitted_images": thread.images - files}
    return opening, [post_record(board, post) for post in last]


def _slug(post: Post) -> str:
    words = re.findall(r"[a-z0-9]+", (post.subject or post.text.typed).lower().replace("'", ""))
    slug = "-".join(words)
    return slug if len(slug) <= 50 else slug[:51].rpartition("-")[0] or slug[:50]


def _boards(boards: Boards) -> Record:
    record: Record = {"boards": [_board_record(board.rules) for board in boards.values()]}
    return record | {"troll_flags": FLAGS} if any(board.rules.board_flags for board in boards.values()) else record


def _board_record(rules: Rules) -> Record:
    about = f"/{rules.board}/ - {rules.title}"
    record: Record = {
        "board": rules.board,
        "title": rules.title,
        "ws_board": int(rules.worksafe),
        "per_page": rules.per_page,
        "pages": rules.pages,
        "max_filesize": 4194304,
        "max_webm_filesize": 3145728,
        "max_comment_chars": 2000,
        "max_webm_duration": 120,
        "bump_limit": rules.bump_limit,
        "image_limit": rules.image_limit,
        "cooldowns": {"threads": 600, "replies": 60, "images": 60},
        "meta_description": escape(f'"{about}" is a board of an imageboard that lives on this machine.'),
    }
    marks = {
        "spoilers": rules.spoilers,
        "is_archived": rules.archives,
        "country_flags": rules.country_flags,
        "troll_flags": rules.board_flags,
        "user_ids": rules.poster_ids,
        "code_tags": rules.code_tags,
        "forced_anon": rules.forced_anonymous,
    }
    return (
        record
        | {name: 1 for name, holds in marks.items() if holds}
        | ({"board_flags": FLAGS} if rules.board_flags else {})
    )


def new_york(at: int) -> str:
    """A time as the clocks in New York showed it, in the words of 4chan."""
    year = datetime.fromtimestamp(at, UTC).year
    begins, ends = _daylight_saving(year)
    local = datetime.fromtimestamp(at - (4 if begins <= at < ends else 5) * 3600, UTC)
    return f"{local:%m/%d/%y}({_DAYS[local.weekday()]}){local:%H:%M:%S}"


@cache
def _daylight_saving(year: int) -> tuple[int, int]:
    """From two o'clock on the second Sunday in March until two o'clock on the first one in November."""
    march = 14 - datetime(year, 3, 1, tzinfo=UTC).weekday()
    november = 7 - datetime(year, 11, 1, tzinfo=UTC).weekday()
    return timegm((year, 3, march, 7, 0, 0)), timegm((year, 11, november, 6, 0, 0))
