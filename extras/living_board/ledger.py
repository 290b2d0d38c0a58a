"""What could be seen when: a book kept beside the boards, for tests to compare a capture with."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from extras.living_board.spans import Spans
from extras.living_board.state import Post, Text, Upload

T = TypeVar("T")
TAKEN_DOWN = frozenset({"user", "moderator"})


@dataclass(slots=True)
class PostRecord:
    """The life of a post.

    `files` says which of its files the server lost from the start (404) or keeps with wrong bytes (`broken`).
    `ends` are the times it stopped being visible, with the reason: `user` and `moderator` deleted it, a cyclical
    thread `dropped` it, or its thread went: `deleted`, `pruned`, `expired` (out of the archive).
    """

    board: str
    thread: int
    no: int
    born: int
    texts: list[tuple[int, Text]]
    visible: Spans
    files: tuple[Upload, ...] = ()
    ends: list[tuple[int, str]] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    file_deleted: int | None = None

    @property
    def gone(self) -> tuple[int, str] | None:
        """When and why it cannot be seen any more; None while it can."""
        return self.ends[-1] if self.ends and not self.visible.is_open else None


@dataclass(slots=True)
class ThreadRecord:
    """The life of a thread: when it was listed, pinned, closed and archived, and how it ended."""

    board: str
    no: int
    born: int
    listed: Spans
    sticky: Spans = field(default_factory=Spans)
    closed: Spans = field(default_factory=Spans)
    cyclical: bool = False
    archived_on: int | None = None
    ends: list[tuple[int, str]] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    last_modified: int = 0
    posts: list[int] = field(default_factory=list)

    @property
    def gone(self) -> tuple[int, str] | None:
        """When and why it cannot be read any more: `deleted`, `pruned` or `expired`; None while it can."""
        return self.ends[-1] if len(self.ends) > len(self.restored) else None


class Ledger:
    """The records of all boards. The upper half is for tests; the lower half is written by the boards."""

    def __init__(self, lock: threading.RLock, now: Callable[[], float]) -> None:
        self._lock = lock
        self._now = now
        self._posts: dict[str, dict[int, PostRecord]] = defaultdict(dict)
        self._threads: dict[str, dict[int, ThreadRecord]] = defaultdict(dict)
        self.up = Spans()

    def post(self, board: str, no: int) -> PostRecord:
        """The record of one post."""
        return self._posts[board][no]

    def thread(self, board: str, no: int) -> ThreadRecord:
        """The record of one thread."""
        return self._threads[board][no]

    def posts(self, board: str | None = None) -> list[PostRecord]:
        """Every post there ever was, board by board in the order of birth."""
        with self._lock:
            return _of(self._posts, board)

    def threads(self, board: str | None = None) -> list[ThreadRecord]:
        """Every thread there ever was, board by board in the order of birth."""
        with self._lock:
            return _of(self._threads, board)

    def visible_between(self, board: str, start: float, end: float) -> list[PostRecord]:
        """The posts that could be read at some moment from `start` up to and including `end`."""
        return [post for post in self.posts(board) if post.visible.touches(start, end)]

    def visible_at(self, board: str, at: float) -> list[PostRecord]:
        """The posts that could be read at this moment, in listed and archived threads."""
        return self.visible_between(board, at, at)

    def posts_visible_for(self, seconds: float, board: str | None = None) -> list[PostRecord]:
        """The posts a scraper that looks every so many seconds cannot have missed.

        Each was visible for an unbroken time of that length while the server was up, in a thread that was listed
        for such a time. (A post may have been born just before its thread was archived: it counts.)
        """
        now = self._now()
        with self._lock:
            listed = {
                (thread.board, thread.no)
                for thread in self.threads(board)
                if thread.listed.longest(self.up, now) >= seconds
            }
            return [
                post
                for post in self.posts(board)
                if (post.board, post.thread) in listed and post.visible.longest(self.up, now) >= seconds
            ]

    def deleted(self, board: str | None = None, noticeable_for: float = 0) -> list[PostRecord]:
        """The posts that users and moderators deleted and that did not come back, each with `gone` as its time.

        With `noticeable_for`, only those that were visible so long, and gone so long from a thread that still could
        be read (all while the server was up), that a scraper which looks that often must have noticed.
        """
        return [
            post
            for post in self.posts(board)
            if post.gone and post.gone[1] in TAKEN_DOWN and self._is_noticeable(post, noticeable_for)
        ]

    def deleted_threads(self, board: str | None = None) -> list[ThreadRecord]:
        """The threads that were deleted as a whole and did not come back."""
        return [thread for thread in self.threads(board) if thread.gone and thread.gone[1] == "deleted"]

    def archived(self, board: str | None = None) -> list[ThreadRecord]:
        """The threads that went into the archive, whether or not they still are there."""
        return [thread for thread in self.threads(board) if thread.archived_on is not None]

    def as_dict(self) -> dict[str, Any]:
        """Everything in plain lists and dictionaries; a span is a pair of times, an open one ends with null."""
        with self._lock:
            return {
                "now": self._now(),
                "up": self.up.pairs(),
                "threads": [_plain_thread(record) for record in self.threads()],
                "posts": [_plain_post(record) for record in self.posts()],
            }

    def write(self, path: Path) -> None:
        """Put everything into a JSON file; whoever reads it sees the old or the new one."""
        text = json.dumps(self.as_dict(), ensure_ascii=False)
        draft = path.with_name(f"{path.name}.part")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)

    def _is_noticeable(self, post: PostRecord, seconds: float) -> bool:
        if not seconds or post.gone is None:
            return True
        now, thread = self._now(), self._threads[post.board][post.thread]
        readable = Spans([(post.gone[0], thread.gone[0] if thread.gone else None)])
        return min(post.visible.longest(self.up, now), readable.longest(self.up, now)) >= seconds

    # Written by the boards.

    def thread_born(self, board: str, no: int, at: int, *, sticky: bool, closed: bool, cyclical: bool) -> None:
        """A thread is listed for the first time."""
        record = ThreadRecord(board, no, at, Spans([(at, None)]), cyclical=cyclical, last_modified=at)
        self._threads[board][no] = record
        if sticky:
            record.sticky.begin(at)
        if closed:
            record.closed.begin(at)

    def post_born(self, board: str, post: Post) -> None:
        """A post can be read."""
        texts, visible = [(post.time, post.text)], Spans([(post.time, None)])
        self._posts[board][post.no] = PostRecord(board, post.thread, post.no, post.time, texts, visible, post.uploads)
        self._threads[board][post.thread].posts.append(post.no)

    def post_gone(self, board: str, no: int, at: int, reason: str) -> None:
        """A post cannot be read any more."""
        record = self._posts[board][no]
        record.visible.end(at)
        record.ends.append((at, reason))

    def post_back(self, board: str, no: int, at: int) -> None:
        """A deleted post is there again."""
        record = self._posts[board][no]
        record.visible.begin(at)
        record.restored.append(at)

    def text_changed(self, board: str, no: int, at: int, text: Text) -> None:
        """A post reads otherwise."""
        self._posts[board][no].texts.append((at, text))

    def file_gone(self, board: str, no: int, at: int) -> None:
        """The files of a post were deleted, not the post."""
        self._posts[board][no].file_deleted = at

    def thread_modified(self, board: str, no: int, at: int) -> None:
        """Something in a thread changed."""
        self._threads[board][no].last_modified = at

    def thread_marked(self, board: str, no: int, at: int, mark: str, *, on: bool) -> None:
        """A thread is now `sticky` or `closed`, or no longer."""
        spans: Spans = getattr(self._threads[board][no], mark)
        (spans.begin if on else spans.end)(at)

    def thread_archived(self, board: str, no: int, at: int) -> None:
        """A thread left the list for the archive."""
        record = self._threads[board][no]
        record.listed.end(at)
        record.archived_on = at

    def thread_gone(self, board: str, no: int, at: int, reason: str) -> None:
        """A thread cannot be read any more, nor what was still visible in it."""
        record = self._threads[board][no]
        record.listed.end(at)
        record.ends.append((at, reason))
        for post in self._records(record):
            if post.visible.is_open:
                self.post_gone(board, post.no, at, reason)

    def thread_back(self, board: str, no: int, at: int) -> None:
        """A deleted thread is there again, with what went with it."""
        record = self._threads[board][no]
        record.listed.begin(at)
        record.restored.append(at)
        for post in self._records(record):
            if post.gone and post.gone == record.ends[-1]:
                self.post_back(board, post.no, at)

    def _records(self, thread: ThreadRecord) -> Iterable[PostRecord]:
        return (self._posts[thread.board][no] for no in thread.posts)


def _of(records: dict[str, dict[int, T]], board: str | None) -> list[T]:
    """The records of one board, or of all."""
    boards = list(records) if board is None else [board]
    return [record for name in boards for record in records.get(name, {}).values()]


def _plain_thread(record: ThreadRecord) -> dict[str, Any]:
    spans = {name: getattr(record, name).pairs() for name in ("listed", "sticky", "closed")}
    lists = {name: list(getattr(record, name)) for name in ("ends", "restored", "posts")}
    names = ("board", "no", "born", "cyclical", "archived_on", "last_modified")
    return {name: getattr(record, name) for name in names} | lists | spans


def _plain_post(record: PostRecord) -> dict[str, Any]:
    names = ("board", "thread", "no", "born", "file_deleted")
    texts = [{"at": at, "typed": text.typed, "note": text.note} for at, text in record.texts]
    files = [
        {
            "tim": file.tim,
            "ext": file.picture.ext,
            "md5": file.picture.md5_base64,
            "lost": file.lost,
            "broken": file.broken,
        }
        for file in record.files
    ]
    lists = {"ends": list(record.ends), "restored": list(record.restored), "texts": texts, "files": files}
    return {name: getattr(record, name) for name in names} | lists | {"visible": record.visible.pairs()}
