"""What is on the boards at this moment: boards, threads, posts, their texts and files. Nothing here knows an API."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

from extras.living_board.pictures import Picture
from extras.living_board.rules import Rules


@dataclass(frozen=True, slots=True)
class Quote:
    """A `>>number` in a text; without a thread it pointed at nothing when it was written."""

    no: int
    thread: int | None


@dataclass(frozen=True, slots=True)
class Text:
    """What a poster typed, what its quotes pointed at, and the public note a moderator left under it."""

    typed: str
    quotes: tuple[Quote, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent with one post: the name it had, the name it got, and whether the server kept it well."""

    tim: int
    filename: str
    picture: Picture
    spoiler: bool = False
    lost: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a number behind which a person or a bot is, with a flag and perhaps a name."""

    number: int
    name: str
    trip: str
    country: str
    country_name: str
    flag: str
    flag_name: str


@dataclass(slots=True, eq=False)
class Post:
    """A post; `visible` goes off when it is deleted and on when it comes back."""

    no: int
    thread: int
    time: int
    author: Author
    text: Text
    uploads: tuple[Upload, ...]
    subject: str = ""
    capcode: str = ""
    poster_id: str = ""
    sage: bool = False
    visible: bool = True
    file_deleted: bool = False
    edited: int = 0

    @property
    def short_id(self) -> str:
        """The poster id in six hexadecimal digits, as engines other than 4chan write it."""
        return f"{crc32(self.poster_id.encode()):08x}"[:6] if self.poster_id else ""


@dataclass(slots=True, eq=False)
class Thread:
    """A thread with all its posts, also those that are deleted."""

    no: int
    posts: list[Post]
    keeps: int = 0  # replies kept before the oldest is dropped; 0: all
    sticky: bool = False
    closed: bool = False
    archived_on: int = 0
    bumped: int = 0
    modified: int = 0
    version: int = 0
    replies: int = 0  # visible ones
    images: int = 0  # files of visible replies

    @property
    def opening(self) -> Post:
        """The post that opened the thread."""
        return self.posts[0]

    def visible_posts(self) -> list[Post]:
        """The posts a reader sees, oldest first."""
        return [post for post in self.posts if post.visible]


@dataclass(slots=True, eq=False)
class Board:
    """A board: its threads in the order of its pages, and its archive."""

    rules: Rules
    stuck: list[Thread] = field(default_factory=list)  # stickies, newest last
    live: list[Thread] = field(default_factory=list)  # the others, last bumped first
    archive: dict[int, Thread] = field(default_factory=dict)
    threads: dict[int, Thread] = field(default_factory=dict)  # all that can be read: listed and archived
    files: dict[int, tuple[Post, Upload]] = field(default_factory=dict)
    modified: int = 0
    version: int = 0
    archive_modified: int = 0
    last_no: int = 0

    def listed(self) -> list[Thread]:
        """The threads the board lists, first page first."""
        return [*self.stuck, *self.live]

    def pages(self) -> list[list[Thread]]:
        """The threads page by page; an empty board has one empty page."""
        threads, size = self.listed(), self.rules.per_page
        return [threads[at : at + size] for at in range(0, len(threads), size)] or [[]]

    def find_file(self, tim: int) -> Upload | None:
        """The file with this name, if its post can be read and the server has not lost it."""
        found = self.files.get(tim)
        return found[1] if found and self._is_served(*found) else None

    def find_content(self, name: str) -> Upload | None:
        """A file with this content, if a post that has it can be read."""
        found = (pair for pair in self.files.values() if pair[1].picture.name == name and self._is_served(*pair))
        return next((upload for _, upload in found), None)

    def _is_served(self, post: Post, upload: Upload) -> bool:
        return post.visible and not (post.file_deleted or upload.lost) and post.thread in self.threads
