"""Where 8kun is, which engine it runs on, and what is set for it."""

from __future__ import annotations

from dataclasses import dataclass

from app.plugins import Text
from datasources._imageboard.engines import VichanEngine
from datasources._imageboard.settings import ADDRESS, BoardSettings
from datasources._imageboard.site import Site


@dataclass(frozen=True)
class Settings(BoardSettings):
    """What an administrator sets for 8kun."""

    api_url: str = Text(
        "Address of the API", "https://8kun.top", pattern=ADDRESS, help="Where threads are read, without the board."
    )
    image_url: str = Text(
        "Address of images",
        "https://media.128ducks.com",
        pattern=ADDRESS,
        help="Where images are read, without the board.",
    )


SITE = Site("eightkun", "8kun", VichanEngine(), Settings)
