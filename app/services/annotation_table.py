"""Annotations as columns beside a table: joined to its rows by the item's id whenever it is read, never stored in it.

A field gives a column with the value that most coders noted down (empty when none did, or when two values are as
frequent), and, once two have coded it, a column for each coder: `stance`, `stance (ann)`, `stance (bob)`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.annotation import State
from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.annotation_view import View, state_of, view_of
from app.services.kept import Kept
from app.storage import annotation as stored
from app.storage.database import Database, Session, Transaction

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

ITEM = "id"
_LONG = ("field", "item", "coder", "value")
_known: Kept[pl.DataFrame] = Kept(64 * 1024**2, lambda frame: int(frame.estimated_size()))
"""Frames made lately, by the checksum of all that is in them: the next page of the same table needs none anew."""


def column_names(fields: Sequence[str], coders: Mapping[str, Sequence[str]], taken: Sequence[str]) -> dict[str, str]:
    """The columns that fields give, each with its `field` or `field` and coder; a name that is taken is left out."""
    names: dict[str, str] = {}
    for field in fields:
        found = coders.get(field, ())
        names[field] = ""
        if len(found) > 1:
            names |= {f"{field} ({coder})": coder for coder in found}
    lowered = {name.lower() for name in taken}
    return {name: coder for name, coder in names.items() if name.lower() not in lowered}


def extra_columns(db: Session, actor: User, dataset: Dataset) -> list[str]:
    """The names of the columns that annotations add to a dataset, as an actor sees it."""
    view = view_of(db, actor, dataset)
    if not view.fields or ITEM not in dataset.columns:
        return []
    coders = stored.coders_of(db, view.ids, view.own, view.coder)
    return list(column_names([field.name for field in view.fields], coders, dataset.columns))


@dataclass(frozen=True)
class Beside:
    """The columns that annotations add to a table: a frame with one row for each annotated item, and its state."""

    frame: pl.DataFrame
    state: State

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return [name for name in self.frame.columns if name != ITEM]

    def join_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of a table with these columns after their own, which stay as they are."""
        import polars as pl

        ids = pl.DataFrame({ITEM: pl.Series(batch.column(ITEM).to_pylist(), dtype=pl.String)})
        added = ids.join(self.frame, on=ITEM, how="left", maintain_order="left")
        for name in self.columns:
            batch = batch.append_column(name, added[name].to_arrow().cast("string"))
        return batch

    def join_lazy(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """A table with these columns."""
        return table.join(self.frame.lazy(), on=ITEM, how="left", maintain_order="left")


def beside(db: Database, actor: User, dataset: Dataset) -> Beside | None:
    """The columns that annotations add to a dataset, as an actor sees it; None when there are none."""
    import polars as pl

    view = view_of(db, actor, dataset)
    if not view.fields or ITEM not in dataset.columns:
        return None
    names = [field.name for field in view.fields]
    with db.transaction() as tx:
        state = _frozen_state(tx, view)
        question = (state.checksum, *names, "", *dataset.columns)
        known = _known.get(question)
        if known is not None:
            return Beside(known, state)
        rows = [
            (row["field"], row["item"], row["coder"], row["value"])
            for some in stored.stream_codes(tx, view.ids, view.own, view.coder)
            for row in some
        ]
    long = pl.DataFrame(rows, schema=dict.fromkeys(_LONG, pl.String), orient="row")
    frame = _wide(long, names, dataset.columns)
    _known.put(question, frame)
    return Beside(frame, state)


def _frozen_state(tx: Transaction, view: View) -> State:
    """The state of what a view shows; the rest of the transaction sees that very state."""
    tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    found = state_of(tx, view)
    assert found is not None  # noqa: S101 - a view with fields has a state
    return found


@dataclass(frozen=True)
class Written:
    """Annotations written down for a process without a database: where, of which fields, in which state."""

    path: Path
    fields: list[str]
    state: State

    def read(self, taken: Sequence[str]) -> Beside:
        """Read them as columns beside a table with the columns `taken`."""
        import polars as pl

        long = pl.read_csv(self.path, schema=dict.fromkeys(_LONG, pl.String))
        return Beside(_wide(long, self.fields, taken), self.state)


def write_down(db: Database, actor: User, dataset: Dataset, folder: Path) -> Written | None:
    """Write what an actor sees of a dataset's annotations into a folder, row by row; None when it has none.

    Without any library that computes, so that the process may be forked afterwards.
    """
    path = folder / "annotations.csv"
    with db.transaction() as tx:
        tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        view = view_of(tx, actor, dataset)
        found = state_of(tx, view)
        if found is None or ITEM not in dataset.columns:
            return None
        with path.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow(_LONG)
            for rows in stored.stream_codes(tx, view.ids, view.own, view.coder):
                writer.writerows([row[name] for name in _LONG] for row in rows)
    return Written(path, [field.name for field in view.fields], found)


def _wide(long: pl.DataFrame, fields: Sequence[str], taken: Sequence[str]) -> pl.DataFrame:
    """One row for each item: the column `id`, and those that the fields give."""
    import polars as pl

    coders = {field: sorted(long.filter(pl.col("field") == field)["coder"].unique().to_list()) for field in fields}
    wide = long.select(pl.col("item").alias(ITEM)).unique(maintain_order=True)
    for name, coder in column_names(fields, coders, taken).items():
        field = name.removesuffix(f" ({coder})") if coder else name
        values = long.filter(pl.col("field") == field)
        column = values.filter(pl.col("coder") == coder).select("item", "value") if coder else _agreed(values)
        wide = wide.join(column.rename({"item": ITEM, "value": name}), on=ITEM, how="left", maintain_order="left")
    return wide


def _agreed(values: pl.DataFrame) -> pl.DataFrame:
    """For each item the value that most coders gave; null when there are two such values."""
    import polars as pl

    counted = values.group_by("item", "value").len()
    most = counted.filter(pl.col("len") == pl.col("len").max().over("item"))
    one = pl.when(pl.len() == 1).then(pl.col("value").first())
    return most.group_by("item").agg(one.alias("value"))
