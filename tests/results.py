"""Real results for tests: files in storage and the datasets they belong to, as a worker would leave them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from app.domain.dataset import ITEMS, Dataset, Kind, Result, Status
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage.dataset import Ending

POSTS = pl.DataFrame(
    {
        "id": [str(n) for n in range(1, 7)],
        "timestamp": [datetime(2026, 1, day, 12, 30, day) for day in range(1, 7)],
        "author": ["ann", "bob", "ann", "", None, "Zoë"],
        "body": ["tea", 'say "hi", all', "two\nlines", "=1+1", "-5", "climate talk"],
        "likes": ["9", "10", "100", "", "x", "-2"],
        "score": [1.5, None, float("inf"), 3.0, 4.0, 5.0],
        "hashtags": [["a", "b"], [], None, ["c"], ["a"], ["d"]],
    }
)


def new_dataset(owner: User, **fields: Any) -> Dataset:
    """A dataset that waits."""
    key = uuid.uuid4().hex
    made = Dataset(
        key=key,
        type="upload",
        datasource="upload",
        parent=None,
        top=key,
        acts_as=ITEMS,
        label="Posts",
        parameters={},
        status=Status.WAITING,
        message="Waiting to start.",
        owner_id=owner.id,
        is_private=True,
        created=datetime.now(UTC),
        kind=Kind.TABLE,
    )
    return replace(made, **fields)


def store(
    ctx: Context, owner: User, kind: Kind, files: dict[str, Path], *, columns: list[str], rows: int, **fields: Any
) -> Dataset:
    """A finished dataset of these files, which are moved into storage."""
    made = new_dataset(owner, kind=kind, **fields)
    stored = {
        role: ctx.files.put(path, f"datasets/{made.key}/1/{role}{''.join(path.suffixes)}")
        for role, path in files.items()
    }
    with ctx.database.transaction() as tx:
        datasets.insert(tx, made)
        datasets.end(
            tx,
            made.key,
            Ending(Status.FINISHED, "Done.", rows=rows, columns=tuple(columns), kind=kind, result=Result(kind, stored)),
        )
    return datasets.get(ctx.database, made.key)


def store_table(ctx: Context, owner: User, folder: Path, frame: pl.DataFrame = POSTS, **fields: Any) -> Dataset:
    """A finished table."""
    path = folder / f"{uuid.uuid4().hex}.parquet"
    frame.write_parquet(path)
    return store(ctx, owner, Kind.TABLE, {"table": path}, columns=frame.columns, rows=frame.height, **fields)


def store_graph(ctx: Context, owner: User, folder: Path, **fields: Any) -> Dataset:
    """A finished network of three nodes."""
    nodes = pl.DataFrame(
        {"id": ["a", "b", "c"], "label": ["A & B", "b", "c"], "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.5]}
    )
    edges = pl.DataFrame({"source": ["a", "b"], "target": ["b", "c"], "weight": [2, 1]})
    nodes.write_parquet(folder / "nodes.parquet")
    edges.write_parquet(folder / "edges.parquet", metadata={"directed": "true"})
    files = {"nodes": folder / "nodes.parquet", "edges": folder / "edges.parquet"}
    return store(ctx, owner, Kind.GRAPH, files, columns=nodes.columns, rows=3, **fields)


def store_bytes(ctx: Context, owner: User, folder: Path, kind: Kind, role: str, name: str, content: bytes) -> Dataset:
    """A finished result that is one file, such as a page."""
    path = folder / name
    path.write_bytes(content)
    return store(ctx, owner, kind, {role: path}, columns=[], rows=1)
