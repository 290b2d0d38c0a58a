"""Networks laid out and written for other programs."""

from __future__ import annotations

import io
import math
import time
from random import Random
from typing import Any

import networkx
import polars as pl
import pytest

from app.services.graphs import lay_out, write_gexf, write_graphml


def network(size: int, links: int, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    chance = Random(seed)
    names = [f"n{number}" for number in range(size)]
    ends = [(chance.choice(names), chance.choice(names)) for _ in range(links)]
    nodes = pl.DataFrame({"id": names, "label": names}, schema={"id": pl.String, "label": pl.String})
    columns = {"source": [a for a, _ in ends], "target": [b for _, b in ends], "weight": [1] * links}
    return nodes, pl.DataFrame(columns, schema={"source": pl.String, "target": pl.String, "weight": pl.Int64})


NODES = pl.DataFrame(
    {
        "id": ["a", 'b"<&'],
        "label": ["Tea & milk", "nul\x00 and\x0b bell\x07 😀"],
        "frequency": [4, 1],
        "community": [1, 2],
        "share": [0.5, None],
        "kind": ["x", None],
        "seen": [True, False],
        "x": [0.0, 1.5],
        "y": [0.0, -2.0],
    }
)
EDGES = pl.DataFrame({"source": ["a"], "target": ['b"<&'], "weight": [3], "note": ["<b>"]})


@pytest.mark.parametrize(("size", "links"), [(0, 0), (1, 0), (2, 1), (3, 0), (30, 20), (800, 1500), (3000, 2000)])
def test_every_node_gets_a_place_of_its_own(size: int, links: int) -> None:
    nodes, edges = network(size, links)
    placed = lay_out(nodes, edges, seed=1)
    if not size:
        assert placed.is_empty()
        return
    assert placed["id"].to_list() == nodes["id"].to_list()
    assert all(math.isfinite(value) for value in [*placed["x"], *placed["y"]])
    assert placed.select("x", "y").unique().height == size


def test_the_same_seed_gives_the_same_layout() -> None:
    nodes, edges = network(1500, 4000)
    assert lay_out(nodes, edges, seed=3).equals(lay_out(nodes, edges, seed=3))


def test_positions_that_are_there_stay() -> None:
    assert lay_out(NODES, EDGES, seed=1).equals(NODES)


def test_linked_nodes_stand_nearer_than_others() -> None:
    names = [f"{group}{number}" for group in "ab" for number in range(10)]
    pairs = [(a, b) for a in names for b in names if a < b and a[0] == b[0]] + [("a0", "b0")]
    nodes = pl.DataFrame({"id": names})
    edges = pl.DataFrame(pairs, schema=["source", "target"], orient="row")
    at = {row["id"]: (row["x"], row["y"]) for row in lay_out(nodes, edges, seed=1).iter_rows(named=True)}
    within = [math.dist(at[a], at[b]) for a in names for b in names if a < b and a[0] == b[0]]
    across = [math.dist(at[a], at[b]) for a in names for b in names if a[0] < b[0]]
    assert sum(within) / len(within) < 0.5 * sum(across) / len(across)


def test_unconnected_parts_do_not_overlap() -> None:
    names = [f"{part}{number}" for part in range(6) for number in range(4)]
    pairs = [(f"{part}{a}", f"{part}{b}") for part in range(6) for a in range(4) for b in range(a)]
    placed = lay_out(
        pl.DataFrame({"id": names}), pl.DataFrame(pairs, schema=["source", "target"], orient="row"), seed=1
    )
    middles = placed.group_by(pl.col("id").str.slice(0, 1)).agg(pl.col("x").mean(), pl.col("y").mean())
    points = middles.select("x", "y").rows()
    assert min(math.dist(a, b) for a in points for b in points if a != b) > 2


def test_links_to_nowhere_and_loops_do_no_harm() -> None:
    edges = pl.DataFrame({"source": ["n0", "n0", "gone"], "target": ["n0", "n1", "n1"], "weight": [1, None, 2]})
    placed = lay_out(network(3, 0)[0], edges, seed=1)
    assert placed["x"].is_finite().all()


@pytest.mark.slow
def test_fifty_thousand_nodes_take_seconds() -> None:
    nodes, edges = network(50_000, 150_000)
    began = time.monotonic()
    lay_out(nodes, edges, seed=1)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("directed", [True, False])
def test_gexf_reads_back_in_networkx(directed: bool) -> None:
    stream = io.BytesIO()
    write_gexf(NODES, EDGES, directed, stream)
    read = networkx.read_gexf(io.BytesIO(stream.getvalue()), version="1.3")
    node: dict[str, Any] = read.nodes['b"<&']
    assert read.is_directed() is directed
    assert node["label"] == "nul and bell 😀"
    assert (node["frequency"], node["community"], node["seen"], "share" in node) == (1, 2, False, False)
    assert read.nodes["a"]["share"] == 0.5
    assert read.nodes["a"]["viz"]["size"] > node["viz"]["size"] > 0
    assert node["viz"]["position"] == {"x": 30.0, "y": -40.0, "z": 0.0}
    assert set(node["viz"]["color"]) >= {"r", "g", "b"}
    edge = read.edges["a", 'b"<&']
    assert (edge["weight"], edge["note"]) == (3, "<b>")


@pytest.mark.parametrize("directed", [True, False])
def test_graphml_reads_back_in_networkx(directed: bool) -> None:
    stream = io.StringIO()
    write_graphml(NODES, EDGES, directed, stream)
    read = networkx.read_graphml(io.BytesIO(stream.getvalue().encode()))
    assert read.is_directed() is directed
    assert read.nodes["a"] == {
        "label": "Tea & milk", "frequency": 4, "community": 1, "share": 0.5, "kind": "x", "seen": True,
        "x": 0.0, "y": 0.0,
    }  # fmt: skip
    assert read.edges["a", 'b"<&'] == {"weight": 3, "note": "<b>"}


def test_a_network_without_attributes_is_written_too() -> None:
    stream = io.BytesIO()
    write_gexf(pl.DataFrame({"id": ["a", "b"]}), pl.DataFrame({"source": ["a"], "target": ["b"]}), False, stream)
    assert networkx.read_gexf(io.BytesIO(stream.getvalue()), version="1.3").number_of_edges() == 1
