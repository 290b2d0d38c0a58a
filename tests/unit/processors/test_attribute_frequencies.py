"""Counting values, beyond the examples."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.plugins import InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from processors.metrics import _tally
from processors.metrics.attribute_frequencies import AttributeFrequencies


def ranked(items: list[dict[str, Any]], **options: Any) -> list[tuple[str, float]]:
    options = {"columns": ["tag"], **options}
    return [(row["item"], row["value"]) for row in run_processor(AttributeFrequencies, items, options)]


def dated(items: list[dict[str, Any]], **options: Any) -> list[tuple[str, str, float]]:
    options = {"columns": ["tag"], "timeframe": "year", **options}
    return [tuple(row.values()) for row in run_processor(AttributeFrequencies, items, options)]


TAGS = [{"tag": "a, B"}, {"tag": "b"}, {"tag": " "}, {"tag": None}, {"tag": "a,,b"}]
TEXT = [{"tag": "#One https://x.bbc.co.uk/a 👍🏽 #one"}, {"tag": "https://X.bbc.co.uk/a https://bbc.co.uk 👍🏽"}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [("b", 3), ("(missing)", 2), ("a", 2)]),
        ({"count_missing": False}, [("b", 3), ("a", 2)]),
        ({"to_lowercase": False, "count_missing": False}, [("a", 2), ("b", 2), ("B", 1)]),
        ({"split_comma": False, "count_missing": False}, [("a, b", 1), ("a,,b", 1), ("b", 1)]),
        ({"top": 1}, [("b", 3)]),
        ({"top": 0}, [("b", 3), ("(missing)", 2), ("a", 2)]),
        ({"filter": "^[ab]$"}, [("b", 3), ("a", 2)]),
        ({"filter": "^[ab]$", "negate_filter": True}, [("(missing)", 2)]),
    ],
)
def test_values_are_ranked(options: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    assert ranked(TAGS, **options) == expected


@pytest.mark.parametrize(
    ("extract", "expected"),
    [
        ("urls", [("https://X.bbc.co.uk/a", 1), ("https://bbc.co.uk", 1), ("https://x.bbc.co.uk/a", 1)]),
        ("hostnames", [("x.bbc.co.uk", 2), ("bbc.co.uk", 1)]),
        ("level2-hostnames", [("bbc.co.uk", 3)]),
        ("hashtags", [("#one", 2)]),
        ("emoji", [("👍🏽", 2)]),
    ],
)
def test_what_is_found_in_text_is_ranked(extract: str, expected: list[tuple[str, float]]) -> None:
    assert ranked(TEXT, extract=extract) == expected


def test_several_columns_are_counted_together() -> None:
    items = [{"tag": "a", "other": "b"}, {"tag": "b", "other": "c"}]
    assert ranked(items, columns=["tag", "other"]) == [("b", 2), ("a", 1), ("c", 1)]


YEARS = [
    {"timestamp": "2025-01-01", "tag": "a,a,b"},
    {"timestamp": "2026-01-01", "tag": "b,c,c"},
    {"timestamp": None, "tag": "c,d"},
]


def test_the_top_of_each_period() -> None:
    assert dated(YEARS, top=1) == [("2025", "a", 2), ("2026", "c", 2), ("unknown_date", "c", 1)]


def test_the_top_of_all_periods_in_each() -> None:
    assert dated(YEARS, top=2, top_style="overall") == [
        ("2025", "a", 2),
        ("2026", "c", 2),
        ("unknown_date", "c", 1),
    ]


def test_all_of_each_period() -> None:
    assert dated(YEARS, top=0) == [
        ("2025", "a", 2),
        ("2025", "b", 1),
        ("2026", "c", 2),
        ("2026", "b", 1),
        ("unknown_date", "c", 1),
        ("unknown_date", "d", 1),
    ]


def test_values_are_weighed(tmp_path: Path) -> None:
    items = [{"tag": "a", "n": "3"}, {"tag": "b", "n": "10"}, {"tag": "a", "n": "2"}, {"tag": "c", "n": "?"}]
    run = MemoryRun(tmp_path)
    result = run_processor(AttributeFrequencies, items, {"columns": ["tag"], "weigh": "n"}, run=run)
    assert [(row["item"], row["value"]) for row in result] == [("b", 10), ("a", 5), ("c", 0)]
    assert all(isinstance(row["value"], int) for row in result)
    assert run.warnings == ["1 rows have no number in the column “n”; they weigh nothing."]


def test_fractions_are_added_up() -> None:
    items = [{"tag": "a", "n": 0.1}] * 3
    assert ranked(items, weigh="n") == [("a", 0.3)]


@pytest.mark.parametrize(
    ("options", "field"),
    [({"weigh": "tag"}, "weigh"), ({"filter": "a("}, "filter"), ({"timeframe": "month"}, "timeframe")],
)
def test_what_cannot_be_used_is_refused_by_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ranked([{"tag": "a"}], **options)
    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize("options", [{}, {"timeframe": "year"}, {"timeframe": "year", "top_style": "overall"}])
def test_counting_in_several_passes_gives_the_same(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(1)
    items = [{"tag": f"t{draw.randint(0, 60)}", "timestamp": f"20{draw.randint(20, 26)}-01-01"} for _ in range(2_000)]
    chosen = {"columns": ["tag"], "top": 20, **options}
    at_once = run_processor(AttributeFrequencies, items, chosen)
    monkeypatch.setattr(_tally, "_TEXT_AT_ONCE", 1_000)
    assert _tally.passes_for(pl.LazyFrame({"item": ["abc"] * 2_000}), 2_000) == 7
    assert run_processor(AttributeFrequencies, items, chosen) == at_once


def test_ranking_agrees_with_counting_by_hand() -> None:
    draw = random.Random(2)
    words = [draw.choice("abcdefgh") for _ in range(500)]
    expected = sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))
    assert ranked([{"tag": word} for word in words]) == expected
