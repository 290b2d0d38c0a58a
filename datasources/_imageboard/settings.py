"""What an administrator sets for a source of imageboards: which boards, how often, and where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.plugins import Choice, Number, Text, Toggle

_BOARD = r"[^\s,:/]{1,40}"
_BOARDS = rf"\s*(?:{_BOARD}(?::[1-9][0-9]{{0,5}})?(?:[\s,]+|\Z))*"
_NAMES = rf"\s*(?:{_BOARD}(?:[\s,]+|\Z))*"
_HOST = r"[A-Za-z0-9.-]+"
ADDRESS = r"https?://[^\s/?#]+(?:/[^\s?#]*)?"


@dataclass(frozen=True)
class BoardSettings:
    """What every source of imageboards has; a source gives its own addresses."""

    boards: str = Text(
        "Boards",
        pattern=_BOARDS,
        help="Names with commas between them, such as pol,g; pol:300 is looked at every 300 seconds.",
    )
    autoscrape: bool = Toggle("Scrape", help="Whether these boards are scraped.")
    interval: int = Number(
        "Seconds between looks", 60, minimum=1, maximum=86_400, help="How often a board's list of threads is read."
    )
    no_scrape: str = Text("Boards to leave out", pattern=_NAMES, help="Names with commas between them.")
    save_images: bool = Toggle("Keep images", help="Whether the images of new posts are downloaded.")
    image_mb: int = Number("Largest image in MB", 10, minimum=1, maximum=1_000, help="Larger ones are not kept.")
    pace: float = Number(
        "Seconds between requests",
        1.0,
        integer=False,
        minimum=0.01,
        maximum=3_600,
        help="To one host, for all machines together. Most boards ask for one second or more.",
    )
    can_query_without_keyword: bool = Toggle(
        "Search without keywords", help="Whether people may ask for all posts of a time, whatever they say."
    )
    search_engine: str = Choice(
        "Search engine",
        {"postgresql": "PostgreSQL", "sphinx": "Sphinx"},
        help="What finds posts by their words. Sphinx has to be installed and started; PostgreSQL is always there.",
    )
    sphinx_address: str = Text(
        "Address of Sphinx",
        "127.0.0.1:9306",
        pattern=rf"{_HOST}:[0-9]{{1,5}}",
        help="The host and the port at which searchd listens. It knows no passwords: keep others away from it.",
    )
    api_url: str = Text("Address of the API", pattern=ADDRESS, help="Where threads are read, without the board.")
    image_url: str = Text("Address of images", pattern=ADDRESS, help="Where images are read, without the board.")

    def intervals(self) -> dict[str, int]:
        """The boards that are to be scraped, each with its interval in seconds."""
        left_out = set(_split(self.no_scrape))
        found = {}
        for entry in _split(self.boards):
            name, _, seconds = entry.partition(":")
            if name not in left_out:
                found[name] = int(seconds) if seconds else self.interval
        return found


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", text) if part]
