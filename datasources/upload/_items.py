"""Make items of the rows of a file: map columns, read times, derive what a format asks for, set bad rows aside."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.domain.texts import say, say_many
from app.plugins import ITEM_COLUMNS, CaptureRun, EmptyResult, InvalidInput
from datasources.upload._mapping import AUTO, EMPTY, NOW
from datasources.upload._moments import Moments, weibo_reader
from datasources.upload._presets import FILENAME, MOMENT, PRESETS, Derived, Preset
from datasources.upload._tables import Bad, Chunk, unique_names

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

UNREADABLE = "The time cannot be read: "
_TAGS = r"<[a-zA-Z/!][^>]*>"


@dataclass(frozen=True)
class Plan:
    """What becomes of the columns: the six of an item, those a format derives, and the others that are kept."""

    items: Mapping[str, Derived]
    derived: Mapping[str, Derived]
    kept: Mapping[str, str]
    strip_html: bool = False
    filename: str = ""
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    relative_times: bool = False

    @property
    def time_column(self) -> str:
        """The column with the time; empty when it comes from no column."""
        source = self.items["timestamp"]
        return source if isinstance(source, str) and source not in (AUTO, EMPTY, NOW) else ""


def make_plan(
    columns: list[str],
    items: Mapping[str, Derived],
    preset: str,
    *,
    strip_html: bool,
    filename: str,
    moment: datetime | None = None,
) -> Plan:
    """Decide which columns there will be. `moment` is when the import began, if not now.

    A column mapped as it stands is not repeated; one whose value changes (the time; a text freed of HTML) is kept
    under its own name beside the item's column, unless the names are the same.
    """
    format_ = PRESETS.get(preset, Preset(""))
    renamed = {name: source for name, source in format_.derived.items() if _is_there(source, columns)}
    used = {source for item, source in items.items() if isinstance(source, str) and item != "timestamp"}
    used |= {source for source in renamed.values() if isinstance(source, str)}
    changed = {source for item, source in items.items() if item == "timestamp" or (item == "body" and strip_html)}
    used -= {source for source in changed if source not in ITEM_COLUMNS}
    used |= {source for item, source in items.items() if source == item}
    rest = [name for name in columns if name not in used]
    derived_names = unique_names(renamed, ITEM_COLUMNS)
    kept_names = unique_names(rest, (*ITEM_COLUMNS, *derived_names))
    return Plan(
        items,
        dict(zip(derived_names, renamed.values(), strict=True)),
        dict(zip(kept_names, rest, strict=True)),
        strip_html,
        filename,
        moment or datetime.now(UTC),
        relative_times=format_.relative_times,
    )


def _is_there(source: Derived, columns: list[str]) -> bool:
    return not isinstance(source, str) or source in (FILENAME, MOMENT) or source in columns


class Maker:
    """Makes items of the pieces of one file and keeps count."""

    def __init__(self, plan: Plan, run: CaptureRun) -> None:
        self.plan, self._run = plan, run
        self.moments = Moments(weibo_reader(plan.moment) if plan.relative_times else None)
        self.good = self.undated = 0
        self.reasons: Counter[str] = Counter()
        self._examples: dict[str, Bad] = {}
        self._number = 0

    def state(self) -> dict[str, Any]:
        """What has been made so far, as plain JSON."""
        return {
            "moment": self.plan.moment.isoformat(),
            "number": self._number,
            "good": self.good,
            "undated": self.undated,
            "reasons": dict(self.reasons),
            "examples": {sort: [row.line, row.reason] for sort, row in self._examples.items()},
            "day_first": self.moments.day_first,
            "guessed": self.moments.guessed,
        }

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Take over what was made before."""
        self._number, self.good, self.undated = state["number"], state["good"], state["undated"]
        self.reasons = Counter(state["reasons"])
        self._examples = {sort: Bad(line, reason, "") for sort, (line, reason) in state["examples"].items()}
        self.moments.day_first, self.moments.guessed = state["day_first"], state["guessed"]

    @property
    def bad(self) -> int:
        """How many rows were set aside."""
        return sum(self.reasons.values())

    def make(self, chunk: Chunk) -> Iterator[pa.RecordBatch]:
        """The items of one piece; its bad rows go into quarantine."""
        import pyarrow as pa

        for row in chunk.bad:
            self._set_aside(row)
        table = chunk.table
        if not len(table):
            return
        moments = self._moments(table)
        if self.plan.time_column and moments.null_count():
            table, moments = self._without_unreadable(chunk, moments)
        self._number += len(table)
        self.good += len(table)
        items = self._table(table, moments)
        for batch in items.combine_chunks().to_batches():
            yield pa.RecordBatch.from_arrays(batch.columns, schema=items.schema)

    def _set_aside(self, row: Bad, sort: str = "") -> None:
        self.reasons[sort or row.reason] += 1
        self._examples.setdefault(sort or row.reason, row)
        self._run.quarantine(row.line, row.reason, row.raw)

    def _moments(self, table: pa.Table) -> pl.Series:
        import polars as pl

        if self.plan.time_column:
            return self.moments.read(table[self.plan.time_column])
        value = self.plan.moment if self.plan.items["timestamp"] == NOW else None
        return pl.Series([value], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(table))

    def _without_unreadable(self, chunk: Chunk, moments: pl.Series) -> tuple[pa.Table, pl.Series]:
        """Set the rows aside whose time is written but cannot be read, and count those without a time."""
        import polars as pl
        import pyarrow as pa

        table = chunk.table
        written = pl.Series(pl.from_arrow(table[self.plan.time_column])).cast(pl.String)
        empty = written.is_null() | (written.str.strip_chars() == "")
        wrong = moments.is_null() & ~empty
        self.undated += int((moments.is_null() & empty).sum())
        places = wrong.arg_true().to_list()
        if not places:
            return table, moments
        for place, (line, raw) in zip(places, chunk.place(places), strict=True):
            value = str(written[place])[:100]
            self._set_aside(Bad(line, f"{UNREADABLE}“{value}”.", raw), UNREADABLE)
        return table.filter(pa.array((~wrong).to_numpy())), moments.filter(~wrong)

    def _table(self, table: pa.Table, moments: pl.Series) -> pa.Table:
        """All columns of the items, in order."""
        import pyarrow as pa

        made = {}
        for item in ITEM_COLUMNS:
            if item == "timestamp":
                made[item] = moments.to_arrow().cast(pa.timestamp("us", "UTC"))
            else:
                made[item] = self._column(table, self.plan.items[item])
        if self.plan.strip_html:
            made["body"] = without_html(made["body"])
        made |= {name: self._column(table, source) for name, source in self.plan.derived.items()}
        made |= {name: table[source] for name, source in self.plan.kept.items()}
        return pa.table(made)

    def _column(self, table: pa.Table, source: Derived) -> pa.Array | pa.ChunkedArray:
        import numpy as np
        import polars as pl
        import pyarrow as pa

        rows = len(table)
        if source == AUTO:
            first = self._number - rows + 1
            return pa.array(np.arange(first, first + rows)).cast(pa.string())
        if source in (EMPTY, NOW, MOMENT, FILENAME):
            moment = self.plan.moment.strftime("%Y-%m-%d %H:%M:%S")
            value = {EMPTY: "", FILENAME: self.plan.filename}.get(str(source), moment)
            return pa.repeat(pa.scalar(value, pa.string()), rows)
        if isinstance(source, str):
            return table[source]
        derived = pl.DataFrame(pl.from_arrow(table)).select(source(pl.col).cast(pl.String).alias("made"))
        made = derived.to_series()
        full = made.new_from_index(0, rows) if len(made) == 1 != rows else made
        return full.to_arrow().cast(pa.string())

    def conclude(self) -> None:
        """Tell the user what was left out, or that nothing usable came of it.

        :raises InvalidInput: when more than half of the rows could not be used for one and the same reason
        :raises EmptyResult: when there were no rows
        """
        if self.bad:
            self._refuse_if_hopeless()
            self._run.warn(
                say_many(
                    "{n} row was left out and put into quarantine, each with its line number and the reason.",
                    "{n} rows were left out and put into quarantine, each with its line number and the reason.",
                    self.bad,
                )
            )
        if not self.good:
            raise EmptyResult(say("The file has a header and no rows below it."))
        if self.undated:
            self._run.warn(
                say_many(
                    "{n} row has no time; it is left empty.", "{n} rows have no time; it is left empty.", self.undated
                )
            )
        if self.moments.guessed:
            self._run.warn(
                say("Dates such as 03/04/2020 can be read in two ways; they were read with the day first.")
                if self.moments.day_first
                else say("Dates such as 03/04/2020 can be read in two ways; they were read with the month first.")
            )

    def _refuse_if_hopeless(self) -> None:
        reason, count = self.reasons.most_common(1)[0]
        total = self.good + self.bad
        if self.good and count * 2 <= total:
            return
        example = self._examples[reason]
        share = f"{count:,} of {total:,} rows cannot be used"
        if reason == UNREADABLE:
            column = self.plan.time_column
            text = f"{share}: “{column}” does not hold times that can be read. {example.reason}"
            advice = (
                "Choose the column with the time for it, or “Nothing” (__empty__), or “The moment of import” (__now__)."
            )
            raise InvalidInput({"timestamp": [say("{text} {advice}", text=text, advice=advice)]})
        text = f"{share}. {example.reason} The first is on line {example.line}."
        raise InvalidInput(
            {"file": [say("{text} Check the delimiter, the quotes and the header that were detected.", text=text)]}
        )


def without_html(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Texts without HTML: paragraphs and line breaks become line ends, entities the characters they mean."""
    import polars as pl
    import pyarrow as pa

    series = pl.Series("t", pl.from_arrow(texts))
    plain = series.str.replace_all(r"(?i)<br\s*/?>|</p>\s*<p[^>]*>", "\n").str.replace_all(_TAGS, "").str.strip_chars()
    coded = plain.str.contains("&", literal=True).fill_null(False).arg_true()
    if len(coded):
        plain = plain.scatter(coded, [html.unescape(text) for text in plain.gather(coded).to_list()])
    return plain.to_arrow().cast(pa.string())
