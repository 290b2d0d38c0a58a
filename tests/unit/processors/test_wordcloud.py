"""Word clouds: the words drawn, and that they stand clear of each other."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.plugins import EmptyResult, InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from app.services.charts import draw_svg
from app.services.palette import palette
from processors.visual._words import HEIGHT, WIDTH, _measure
from processors.visual.wordcloud import Wordcloud


def words_of(items: list[dict[str, Any]], options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The words of a cloud, as drawn."""
    words: list[dict[str, Any]] = run_processor(Wordcloud, items, options)["data"][0]["values"]
    return words


def some_words(count: int) -> list[dict[str, Any]]:
    chance = Random(3)
    made = ["".join(chance.choice("etaoinshrdlumwj日😀") for _ in range(chance.randint(2, 12))) for _ in range(count)]
    return [{"item": word, "value": 3000 // (rank + 2)} for rank, word in enumerate(made)]


def test_counts_of_one_word_are_added_and_the_most_frequent_kept() -> None:
    items = [
        {"item": "Tea", "value": 2},
        {"item": "milk", "value": 4},
        {"item": "tea", "value": 3},
        {"item": "x", "value": 0},
    ]
    assert [(word["word"], word["value"]) for word in words_of(items)] == [("tea", 5), ("milk", 4)]
    assert [word["word"] for word in words_of(items, {"max_words": 1, "to_lower": False})] == ["milk"]


def test_no_two_words_overlap_and_all_are_inside() -> None:
    width_of = _measure()
    boxes = []
    for word in words_of(some_words(150)):
        across, down = width_of(word["word"]) * word["size"], word["size"]
        across, down = (down, across) if word["angle"] else (across, down)
        boxes.append((word["x"] - across / 2, word["y"] - down / 2, word["x"] + across / 2, word["y"] + down / 2))
    assert len(boxes) == 150
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT for box in boxes)
    assert not [
        (a, b) for a, b in combinations(boxes, 2) if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


def test_more_frequent_words_are_never_smaller() -> None:
    sizes = [word["size"] for word in words_of([{"item": f"w{rank}", "value": 100 - rank} for rank in range(40)])]
    assert sizes == sorted(sizes, reverse=True)


def test_the_seed_decides_the_places(tmp_path: Path) -> None:
    items = some_words(30)
    first, again = words_of(items), words_of(items)
    other = run_processor(Wordcloud, items, run=MemoryRun(tmp_path, seed=9))["data"][0]["values"]
    assert first == again != other


def test_words_without_room_are_told(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    items = [{"item": f"{'long' * 12}{number}", "value": 5} for number in range(600)]
    drawn = run_processor(Wordcloud, items, {"max_words": 600}, run=run)["data"][0]["values"]
    assert run.warnings == [f"{600 - len(drawn)} of the words found no room in the cloud."]


def test_the_cloud_can_be_drawn() -> None:
    assert ">tea</text>" in draw_svg(run_processor(Wordcloud, [{"item": "tea", "value": 2}]))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_words_have_the_colours_of_the_site(theme: str) -> None:
    cloud = run_processor(Wordcloud, some_words(3))
    drawn = draw_svg(cloud, theme, "teal")
    fills = re.findall(r'<text [^>]*fill="(#\w+)"', drawn)
    assert sorted(fills) == sorted(palette("teal", theme)[:3])


def test_counts_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="“many”, which is not a number"):
        run_processor(Wordcloud, [{"item": "tea", "value": "many"}])


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(EmptyResult):
        run_processor(Wordcloud, [{"item": "tea", "value": 0}])
