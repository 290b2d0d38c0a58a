"""What a processor may return, and how it declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.dataset import Kind

if TYPE_CHECKING:
    import polars as pl


class Table:
    """Declares a table: its columns and their Python types (`str int float bool datetime list`).

    `Table(date=str, items=int)` is exactly these; `open_ended=True` allows more columns after them.
    `process` then returns a polars LazyFrame, or an iterator of Arrow record batches.
    """

    kind = Kind.TABLE

    def __init__(self, *, open_ended: bool = False, **columns: type) -> None:
        self.columns = columns
        self.open_ended = open_ended


class SameTable(Table):
    """Declares that the result has the columns of the source: a filter."""

    def __init__(self, **added: type) -> None:
        super().__init__(open_ended=True, **added)


@dataclass(frozen=True)
class Graph:
    """A network: `nodes` with `id` and `label`, `edges` with `source`, `target` and `weight`, and any more attributes.

    Positions (`x`, `y`) are computed for it when they are not there.
    """

    nodes: pl.LazyFrame | pl.DataFrame
    edges: pl.LazyFrame | pl.DataFrame
    directed: bool = False
    kind = Kind.GRAPH


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite or Vega specification with its data inside. `rows` is how many things it shows."""

    spec: dict[str, Any]
    rows: int
    kind = Kind.CHART


@dataclass(frozen=True)
class Page:
    """A page of HTML, shown only inside a sandbox."""

    html: str
    rows: int = 1
    kind = Kind.PAGE


@dataclass(frozen=True)
class Files:
    """Files, published as one zip. `files` yields (name in the zip, path); `metadata` becomes `metadata.json`."""

    files: Iterable[tuple[str, Path]]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    media: str = "file"
    kind = Kind.FILES


Returns = Table | type[Graph] | type[Chart] | type[Page] | type[Files]
"""How `returns` is written: `Table(...)`, `SameTable()`, or one of the classes `Graph Chart Page Files`."""


def kind_of(returns: Returns) -> Kind:
    """The kind of result a declaration promises."""
    return returns.kind
