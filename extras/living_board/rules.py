"""What a board is like: its limits, how busy it is, and how often something befalls a post or thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

HOUR = 3600


@dataclass(frozen=True)
class Fates:
    """How likely it is that something happens to a post (p) or thread (t), as a share of all of them."""

    post_deleted: float = 0.025
    post_returns: float = 0.08  # of the deleted ones
    post_edited: float = 0.006
    file_deleted: float = 0.01
    sweep: float = 0.15  # of the deletions by moderators: all posts of that author in the thread go
    thread_deleted: float = 0.04
    thread_returns: float = 0.2  # of the deleted ones
    thread_closed: float = 0.03
    thread_reopened: float = 0.4  # of the closed ones
    thread_stuck: float = 0.02


@dataclass(frozen=True)
class Rules:
    """A board: its name, the limits its engine keeps, and the life on it."""

    board: str
    title: str = ""
    posts_per_hour: float = 300
    threads_per_hour: float = 10
    pages: int = 10
    per_page: int = 15
    bump_limit: int = 310
    image_limit: int = 150
    archive_hours: float = 48  # 0: threads that fall off the last page are gone
    sticky: bool = True  # a welcome thread, closed, on top of the board
    rolling_sticky: int = 0  # a sticky that keeps this many replies; 0: none
    cyclical: float = 0.0  # share of threads that drop their oldest replies ...
    cyclical_keeps: int = 30  # ... and keep these
    poster_ids: bool = False
    country_flags: bool = False
    board_flags: bool = False
    spoilers: bool = False
    code_tags: bool = False
    forced_anonymous: bool = False
    worksafe: bool = True
    max_files: int = 1
    image_share: float = 0.25
    lost_files: float = 0.01  # share of the files that answer 404 from the start
    broken_files: float = 0.01  # share of the files whose bytes are not those of their MD5
    first_number: int = 1_000_000
    authors: int = 2000
    fates: Fates = Fates()

    def __post_init__(self) -> None:
        """Refuse a board that cannot live.

        :raises ValueError: a limit is not positive, or a share not between 0 and 1.
        """
        for name in ("posts_per_hour", "threads_per_hour", "pages", "per_page", "bump_limit", "authors", "max_files"):
            if getattr(self, name) <= 0:
                raise ValueError(f"/{self.board}/: {name} must be more than 0")
        for name in ("cyclical", "image_share", "lost_files", "broken_files"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"/{self.board}/: {name} is a share, between 0 and 1")

    @property
    def most_threads(self) -> int:
        """How many threads the board lists; one more, and the last falls off."""
        return self.pages * self.per_page

    @property
    def archives(self) -> bool:
        """Whether threads that fall off the last page can still be read for a while."""
        return self.archive_hours > 0


_KNOWN = {
    "pol": Rules(
        "pol",
        "Politically Incorrect",
        posts_per_hour=1500,
        threads_per_hour=35,
        rolling_sticky=60,
        poster_ids=True,
        country_flags=True,
        board_flags=True,
        worksafe=False,
        first_number=461_000_000,
        authors=6000,
    ),
    "g": Rules(
        "g", "Technology", posts_per_hour=600, threads_per_hour=18, code_tags=True, first_number=99_000_000,
    ),
    "v": Rules(
        "v", "Video Games", posts_per_hour=1200, threads_per_hour=40, bump_limit=500, spoilers=True,
        first_number=665_000_000,
    ),
    "b": Rules(
        "b", "Random", posts_per_hour=1500, threads_per_hour=60, archive_hours=0, forced_anonymous=True, worksafe=False,
        image_share=0.5, first_number=915_000_000,
    ),
    "int": Rules(
        "int", "International", posts_per_hour=700, threads_per_hour=25, country_flags=True, first_number=195_000_000
    ),
    "demo": Rules(  # small enough for a laptop to scrape all of it within seconds, and never dull
        "demo", "Demonstration", posts_per_hour=240, threads_per_hour=8, pages=2, poster_ids=True, country_flags=True,
        spoilers=True, code_tags=True, image_share=0.3, first_number=1_000, fates=Fates(post_deleted=0.08),
    ),
    "po": Rules("po", "Papercraft & Origami", posts_per_hour=6, threads_per_hour=0.5, first_number=570_000),
    "qresearch": Rules(
        "qresearch", "Q Research", posts_per_hour=250, threads_per_hour=2, bump_limit=750, poster_ids=True, pages=25,
        archive_hours=0, cyclical=0.1, max_files=5, first_number=20_000_000,
    ),
    "λ": Rules(
        "λ", "Programming", posts_per_hour=10, threads_per_hour=0.5, code_tags=True, archive_hours=0, cyclical=0.05,
        max_files=3, first_number=14_000,
    ),
    "a": Rules(
        "a", "Animu", posts_per_hour=20, threads_per_hour=1, spoilers=True, cyclical=0.05, max_files=4,
        forced_anonymous=True, first_number=1500,
    ),
}  # fmt: skip


def rules_for(board: str, **changed: Any) -> Rules:
    """The rules of a well-known board, or those of a middling one under this name, with some of them changed."""
    return replace(_KNOWN.get(board) or Rules(board, f"The /{board}/ board"), **changed)
