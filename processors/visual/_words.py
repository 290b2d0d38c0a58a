"""Find places for the words of a word cloud."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WIDTH, HEIGHT = 960, 560
FONT = "DejaVu Sans, Verdana, Segoe UI, Helvetica Neue, Arial, sans-serif"
"""The fonts to draw with: places are found with the first, the widest of them, so words do not overlap in another."""

_CELL = 2
_MARGIN = 4
_LARGEST = (104, 84, 68, 54, 44)
"""Sizes of the most frequent word, tried in turn until all words fit."""
_SMALLEST = 10
_TRIES = 6
_LINE = 1.0
"""Height of a word's box as a share of its font size: from the top of a `b` to the bottom of a `p`, and a little."""


@dataclass(frozen=True)
class Place:
    """Where a word stands: the middle of its box, its size and its angle in degrees, and how often it occurs."""

    word: str
    value: float
    x: float
    y: float
    size: int
    angle: int


def find_places(counts: Mapping[str, float], seed: int) -> list[Place]:
    """A place for each word that fits, the larger the more often it occurs; the same for the same seed.

    `counts` is sorted, most frequent first. Every word keeps a box of its own, whatever its letters leave free.
    """
    width_of = _measure()
    widths = {word: width_of(word) for word in counts}
    places: list[Place] = []
    for largest in _LARGEST:
        places = _fill(counts, widths, largest, Random(seed))  # noqa: S311 (not for secrets)
        if len(places) == len(counts):
            break
    return places


def _fill(counts: Mapping[str, float], widths: Mapping[str, float], largest: int, chance: Random) -> list[Place]:
    """Places for as many words as fit when the first one has this size."""
    import numpy as np

    taken = np.zeros((HEIGHT // _CELL, WIDTH // _CELL), dtype=np.uint32)
    places: list[Place] = []
    size, before = float(largest), 0.0
    for word, value in counts.items():
        if before:
            size *= 0.5 + 0.5 * value / before
        size = max(min(size, 0.9 * WIDTH / widths[word]), _SMALLEST)
        found = _spot(taken, widths[word], int(size), chance)
        while found is None and size > _SMALLEST:
            size = max(size * 0.9, _SMALLEST)
            found = _spot(taken, widths[word], int(size), chance)
        if found is None:
            break
        before = value
        x, y, angle = found
        places.append(Place(word, value, x, y, int(size), angle))
    return places


def _spot(taken: np.ndarray, wide: float, size: int, chance: Random) -> tuple[float, float, int] | None:
    """A free place for a box, taken at once: lying as a rule, standing now and then; None when there is none."""
    across, down = wide * size + _MARGIN, _LINE * size + _MARGIN
    turns = (-90, 0) if chance.random() > 0.92 else (0, -90)
    for angle in turns:
        box = (down, across) if angle else (across, down)
        columns, rows = (2 * math.ceil(side / _CELL / 2) for side in box)
        corner = _nearest_free(taken, rows, columns, chance)
        if corner is not None:
            top, left = corner
            taken[top : top + rows, left : left + columns] = 1
            return (left + columns / 2) * _CELL, (top + rows / 2) * _CELL, angle
    return None


def _nearest_free(taken: np.ndarray, rows: int, columns: int, chance: Random) -> tuple[int, int] | None:
    """The corner of the middle when all is free; else of that one of some free places drawn at random nearest to it."""
    import numpy as np
    from wordcloud.query_integral_image import query_integral_image

    integral = np.cumsum(np.cumsum(taken, axis=0, dtype=np.uint32), axis=1, dtype=np.uint32)
    height, width = taken.shape
    if rows >= height or columns >= width:
        return None
    if not integral[-1, -1]:
        return (height - rows) // 2, (width - columns) // 2
    drawn = []
    for _ in range(_TRIES):
        corner = query_integral_image(integral, rows, columns, chance)
        if corner is None:
            return None
        top, left = int(corner[0]) + 1, int(corner[1]) + 1
        away = ((top + rows / 2) / height - 0.5) ** 2 + ((left + columns / 2) / width - 0.5) ** 2
        drawn.append((away, top, left))
    return min(drawn)[1:]


def _measure() -> Callable[[str], float]:
    """A function that gives the width of a word as a multiple of its font size.

    Signs that the measuring font does not have, as those of Chinese and emoji, count as square.
    """
    import matplotlib
    from PIL import ImageFont

    # The font comes with a library that the layout needs anyway.
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(file), 100)

    def width(word: str) -> float:
        square = sum(1.08 for sign in word if _is_square(sign))
        plain = "".join(sign for sign in word if not _is_square(sign))
        return square + float(font.getlength(plain)) / 100

    return width


def _is_square(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF" or ord(sign) > 0xFFFF
