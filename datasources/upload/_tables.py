"""What the readers of all formats give: a piece of the file as text columns, and the rows that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Bad:
    """A row that cannot be used: where it stands in the file, why, and its text."""

    line: int
    reason: str
    raw: str


Place = Callable[[Sequence[int]], list[tuple[int, str]]]
"""Where rows of a piece stand in the file: line number and text, for these positions."""


@dataclass
class Chunk:
    """A piece of the file: text columns, the rows left out, and the share of the file read so far.

    `state`, which is plain JSON, lets a reader begin behind this piece; without it, it cannot.
    """

    table: pa.Table
    place: Place
    bad: list[Bad] = field(default_factory=list)
    done: float = 0.0
    state: dict[str, Any] | None = None


class Reader(Protocol):
    """A file being read, whatever its format."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns, each once."""

    @property
    def notes(self) -> list[str]:
        """What the user should know about the file, complete when all has been read."""

    def sample(self) -> pa.Table:
        """The first rows."""

    def chunks(self) -> Iterator[Chunk]:
        """The file in pieces, in order."""


def unique_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Names made unique with `_2`, `_3`, …; an empty one becomes `column_` and its number."""
    wanted = [name.strip() or f"column_{number}" for number, name in enumerate(names, 1)]
    used, found, own = set(taken), [], set(wanted)
    for name in wanted:
        candidate, number = name, 2
        while candidate in used or (candidate != name and candidate in own):
            candidate, number = f"{name}_{number}", number + 1
        used.add(candidate)
        found.append(candidate)
    return found


def listed(values: Iterable[object], limit: int = 10) -> str:
    """The first of these values in a sentence, and that there are more."""
    shown = [str(value) for value in values]
    return ", ".join(shown[:limit]) + (f" and {len(shown) - limit:,} more" if len(shown) > limit else "")
