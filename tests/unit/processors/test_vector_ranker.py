"""Ranks of tokens."""

from __future__ import annotations

from typing import Any

from app.plugins.testing import run_processor
from processors.text.vector_ranker import VectorRanker

COUNTS: list[dict[str, Any]] = [
    {"date": "2026-01", "item": item, "value": value} for item, value in [("b", 3), ("a", 3), ("c", 9), ("d", 1)]
] + [{"date": "2026-02", "item": "d", "value": 2}]


def test_ties_at_the_border_keep_exactly_the_number_asked_for() -> None:
    rows = run_processor(VectorRanker, COUNTS, {"top": 2})
    assert [(row["date"], row["item"]) for row in rows] == [("2026-01", "c"), ("2026-01", "a"), ("2026-02", "d")]


def test_zero_keeps_all_in_order() -> None:
    rows = run_processor(VectorRanker, COUNTS, {"top": 0})
    assert [row["item"] for row in rows] == ["c", "a", "b", "d", "d"]


def test_overall_follows_the_same_items_through_all_periods() -> None:
    rows = run_processor(VectorRanker, COUNTS, {"top": 4, "top_style": "overall"})
    assert [(row["date"], row["item"], row["value"]) for row in rows][-1] == ("2026-02", "d", 2)
    assert {row["item"] for row in run_processor(VectorRanker, COUNTS, {"top": 1, "top_style": "overall"})} == {"c"}
