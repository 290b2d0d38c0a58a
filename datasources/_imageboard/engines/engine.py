"""What every engine of imageboards must tell: where its lists and threads are, and what they say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from datasources._imageboard.engines.reading import PostRead, ThreadListed, ThreadRead, Unreadable, tidied

Record = Mapping[str, Any]
UNFIT = (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError)
"""What reading a record raises that lacks something it must have."""


class Engine(ABC):
    """The read API of one kind of imageboard. Pure: it gives addresses and reads answers, and asks nobody.

    `tells_all` says that the mark of a listed thread changes with anything in it. Where it does not, threads are also
    read in turn while their marks stay.
    """

    index: ClassVar[str]
    thread: ClassVar[str]
    tells_all: ClassVar[bool] = False

    def index_path(self, board: str) -> str:
        """Where the list of the threads of a board is, below the base address."""
        return self.index.format(board=quote(board, safe=""))

    def thread_path(self, board: str, thread: int) -> str:
        """Where a thread is, below the base address."""
        return self.thread.format(board=quote(board, safe=""), thread=thread)

    @abstractmethod
    def read_index(self, body: bytes) -> list[ThreadListed]:
        """The threads of a board, in the order in which it shows them. :raises Unreadable: when this is no list"""

    @abstractmethod
    def read_thread(self, body: bytes, board: str) -> ThreadRead:
        """A thread with its posts. :raises Unreadable: when this is no thread"""

    def read_posts(self, records: Iterable[Any], board: str) -> tuple[list[PostRead], int]:
        """The posts that have what a post must have, each number once, and how many do not."""
        found: dict[int, PostRead] = {}
        unread = 0
        for record in records:
            try:
                post = self.read_post(record, board)
            except UNFIT:
                unread += 1
                continue
            found.setdefault(post.id, post)
        return list(found.values()), unread

    @abstractmethod
    def read_post(self, record: Record, board: str) -> PostRead:
        """One post. :raises KeyError, TypeError, ValueError: when it lacks its number or time"""


def leftover(record: Record, known: frozenset[str]) -> dict[str, Any]:
    """What a record says beside the known fields, fit to be stored."""
    return {str(name): tidied(value) for name, value in record.items() if name not in known}


def posts_of(document: Any) -> list[Any]:
    """The records of a thread. :raises Unreadable: when there are none"""
    posts = document.get("posts") if isinstance(document, Mapping) else None
    if not isinstance(posts, list) or not posts or not isinstance(posts[0], Mapping):
        raise Unreadable("it has no posts")
    return posts
