"""What a processor takes, and what it needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.dataset import Kind
from app.plugins import Accepts, Needs
from app.plugins.testing import MemorySource, frame_of

ITEMS = MemorySource(frame_of([{"id": "1", "body": "b"}])).dataset
COUNTS = replace(ITEMS, acts_as="count-posts", columns=["date", "item", "value"])
CHART = replace(ITEMS, acts_as="histogram", kind=Kind.CHART, columns=[])
RUNNING = replace(ITEMS, kind=None, columns=[])


@pytest.mark.parametrize(
    ("accepts", "dataset"),
    [
        (Accepts(), ITEMS),
        (Accepts(), COUNTS),
        (Accepts(items=True), ITEMS),
        (Accepts(types=("count-posts",)), COUNTS),
        (Accepts(kinds=(Kind.CHART,)), CHART),
        (Accepts(any_columns=("item", "word_1")), COUNTS),
        (Accepts(all_columns=("date", "value")), COUNTS),
        (Accepts(items=True, all_columns=("nope",)), RUNNING),
    ],
)
def test_a_dataset_that_fits_is_taken(accepts: Accepts, dataset: Any) -> None:
    assert accepts.refusal(dataset) is None


@pytest.mark.parametrize(
    ("accepts", "dataset", "said"),
    [
        (Accepts(), CHART, "chart"),
        (Accepts(items=True), COUNTS, "posts"),
        (Accepts(types=("tokenise-posts",)), ITEMS, "tokenise-posts"),
        (Accepts(any_columns=("url", "link")), ITEMS, "url or link"),
        (Accepts(all_columns=("body", "likes", "url")), ITEMS, "likes, url"),
    ],
)
def test_a_dataset_that_does_not_fit_is_refused_with_the_reason(accepts: Accepts, dataset: Any, said: str) -> None:
    refusal = accepts.refusal(dataset)
    assert refusal is not None
    assert said in refusal


def test_what_is_there_is_not_missing() -> None:
    assert Needs(libraries=("json",), programs=("sh",), settings=("key",)).missing({"key": "k"}) is None


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (Needs(libraries=("no_such_library",)), "no_such_library"),
        (Needs(programs=("no-such-program",)), "no-such-program"),
        (Needs(settings=("api_key",)), "api_key"),
    ],
)
def test_what_is_missing_is_named(needs: Needs, said: str) -> None:
    assert said in (needs.missing({"api_key": ""}) or "")
