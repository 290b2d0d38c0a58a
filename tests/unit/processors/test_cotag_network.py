"""Networks of tags."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random
from typing import Any

import polars as pl
import pytest

from app.plugins import EmptyResult
from app.plugins.testing import run_processor
from processors.networks import _shared, cotag_network
from processors.networks.cotag_network import CotagNetwork


def edges_of(cells: list[Any], **options: Any) -> dict[tuple[str, str], int]:
    """The links of a network made of these cells."""
    network = run_processor(CotagNetwork, [{"hashtags": cell} for cell in cells], options)
    return {(edge["source"], edge["target"]): edge["weight"] for edge in network["edges"]}


def test_case_counts_only_when_asked() -> None:
    assert edges_of(["Tea,tea,milk"]) == {("milk", "tea"): 1}
    assert edges_of(["Tea,tea"], to_lowercase=False) == {("Tea", "tea"): 1}


def test_ignored_and_empty_tags_make_no_link() -> None:
    assert edges_of(["a,b,c,, ", "a,c"], ignore_tags="B, x") == {("a", "c"): 2}


def test_weak_links_and_the_tags_left_alone_go() -> None:
    network = run_processor(CotagNetwork, [{"tags": "a,b"}, {"tags": "a,b"}, {"tags": "a,c"}], {"min_weight": 2})
    assert network["edges"] == [{"source": "a", "target": "b", "weight": 2}]
    assert [(node["id"], node["frequency"]) for node in network["nodes"]] == [("a", 3), ("b", 2)]


def test_lists_are_read_as_lists() -> None:
    table = pl.DataFrame({"groups": [["x, y", "z"], ["z", "x, y"], None]})
    assert run_processor(CotagNetwork, table)["edges"] == [{"source": "x, y", "target": "z", "weight": 2}]


def test_nothing_together_is_said() -> None:
    with pytest.raises(EmptyResult, match="No two tags in the column hashtags"):
        run_processor(CotagNetwork, [{"hashtags": "a"}, {"hashtags": None}])


def test_separate_groups_are_separate_communities() -> None:
    items = [{"hashtags": "a,b,c,d"}, {"hashtags": "x,y,z"}]
    nodes = run_processor(CotagNetwork, items)["nodes"]
    assert {node["id"]: node["community"] for node in nodes} == dict.fromkeys("abcd", 1) | dict.fromkeys("xyz", 2)


@pytest.mark.parametrize(("pairs", "rows"), [(1, 1000), (7, 11), (1000, 1)])
def test_counting_in_portions_agrees_with_counting_by_hand(
    pairs: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_shared, "PAIRS_AT_ONCE", pairs)
    monkeypatch.setattr(cotag_network, "POSTS_AT_ONCE", rows)
    chance = Random(5)
    posts = [sorted({f"t{chance.randint(0, 9)}" for _ in range(chance.randint(0, 6))}) for _ in range(60)]
    expected = Counter(pair for post in posts for pair in combinations(post, 2))
    assert edges_of([",".join(post) for post in posts]) == expected


def test_the_same_seed_gives_the_same_communities() -> None:
    chance = Random(2)
    items = [{"hashtags": ",".join(f"t{chance.randint(0, 60)}" for _ in range(4))} for _ in range(300)]
    assert run_processor(CotagNetwork, items) == run_processor(CotagNetwork, items)
