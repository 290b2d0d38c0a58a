"""What a site can answer with, before it is known whether the client has it already."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from extras.living_board.markup import Markup
from extras.living_board.state import Board, Thread, Upload

Boards = Mapping[str, Board]


@dataclass(frozen=True)
class Document:
    """A file of the site: when it last changed, a tag of its version, and how to make its bytes."""

    modified: int
    tag: str
    make: Callable[[], bytes]
    media_type: str = "application/json"


class Dialect(Protocol):
    """The read API of one engine over the boards."""

    name: str
    markup: Markup

    def find(self, boards: Boards, path: str, started: int) -> Document | None:
        """The document at this path, or None where the engine has nothing."""


def of_board(board: Board, make: Callable[[], Any]) -> Document:
    """A list that changes with anything on the board."""
    return Document(board.modified, f"{board.modified:x}-{board.version:x}", lambda: as_json(make()))


def of_thread(thread: Thread, make: Callable[[], Any]) -> Document:
    """A page that changes with its thread."""
    return Document(thread.modified, f"{thread.modified:x}-{thread.version:x}", lambda: as_json(make()))


def of_file(upload: Upload) -> Document:
    """A picture; at times not the bytes its MD5 was made of."""
    content = upload.picture.broken_content if upload.broken else upload.picture.content
    return Document(upload.tim // 1000, upload.picture.name[:24], content, upload.picture.media_type)


def of_thumbnail(upload: Upload) -> Document:
    """The preview of a picture."""
    return Document(upload.tim // 1000, f"t-{upload.picture.name[:24]}", upload.picture.thumbnail, "image/jpeg")


def as_json(value: Any) -> bytes:
    """Compact JSON in ASCII, as the real sites send it."""
    return json.dumps(value, separators=(",", ":")).encode()
