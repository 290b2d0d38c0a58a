"""Counts of tokens."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from app.plugins.testing import run_processor
from processors.text import vectorise_tokens
from processors.text.vectorise_tokens import VectoriseTokens


def test_equally_frequent_tokens_are_in_order() -> None:
    rows = run_processor(VectoriseTokens, [{"item_id": "1", "date": "all", "tokens": ["b", "a", "c", "c"]}])
    assert [(row["item"], row["value"]) for row in rows] == [("c", 2), ("a", 1), ("b", 1)]


def test_documents_without_tokens_count_nothing() -> None:
    table = pl.DataFrame(
        {"item_id": ["1", "2", "3"], "date": ["all"] * 3, "tokens": [[], None, ["tea"]]},
        schema_overrides={"tokens": pl.List(pl.String)},
    )
    assert run_processor(VectoriseTokens, table) == [{"date": "all", "item": "tea", "value": 1}]


def test_counting_in_portions_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectorise_tokens, "_DOCUMENTS_AT_ONCE", 3)
    items = [{"item_id": str(row), "date": f"202{row % 2}", "tokens": ["a"] * row + ["b"]} for row in range(10)]
    rows = run_processor(VectoriseTokens, items)
    expected = Counter((item["date"], token) for item in items for token in item["tokens"])
    assert {(row["date"], row["item"]): row["value"] for row in rows} == expected
    assert len(rows) == 4
