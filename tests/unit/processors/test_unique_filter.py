"""Unique posts, beyond the examples."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins.testing import run_processor
from processors.filters.unique_filter import UniqueFilter

ITEMS = [
    {"id": "1", "a": "x", "b": "1"},
    {"id": "2", "a": "X", "b": "1"},
    {"id": "3", "a": "x", "b": "1"},
    {"id": "4", "a": "y", "b": "2"},
    {"id": "5", "a": None, "b": "3"},
    {"id": "6", "a": "", "b": "3"},
]


def kept(columns: list[str], items: list[dict[str, Any]] = ITEMS, **options: Any) -> str:
    return "".join(row["id"] for row in run_processor(UniqueFilter, items, {"columns": columns, **options}))


@pytest.mark.parametrize(
    ("columns", "options", "expected"),
    [
        (["a"], {}, "1245"),
        (["a"], {"fold_case": True}, "145"),
        (["a", "b"], {}, "1245"),
        (["a", "b"], {"fold_case": True}, "145"),
        (["a", "b"], {"match_multiple": "any"}, "145"),
        (["a", "b"], {"match_multiple": "any", "fold_case": True}, "145"),
        (["id", "b"], {"match_multiple": "any"}, "145"),
    ],
)
def test_the_first_of_equals_stays(columns: list[str], options: dict[str, Any], expected: str) -> None:
    assert kept(columns, **options) == expected


def test_values_do_not_run_into_each_other() -> None:
    items = [{"id": "1", "a": "xy", "b": "z"}, {"id": "2", "a": "x", "b": "yz"}, {"id": "3", "a": "z", "b": "xy"}]
    assert kept(["a", "b"], items) == "123"


@given(st.lists(st.tuples(st.sampled_from("abA"), st.sampled_from("xyX")), min_size=1, max_size=30), st.booleans())
def test_it_agrees_with_a_plain_definition(pairs: list[tuple[str, str]], fold: bool) -> None:
    items = [{"id": f"{number},", "a": a, "b": b} for number, (a, b) in enumerate(pairs)]
    keys = [(a.lower(), b.lower()) if fold else (a, b) for a, b in pairs]
    expected = "".join(f"{number}," for number, key in enumerate(keys) if key not in keys[:number])
    assert kept(["a", "b"], items, fold_case=fold) == expected
