"""Import a file: detect what it is, settle the mapping, and yield its items piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.texts import say
from app.plugins import ITEM_COLUMNS, CaptureRun, EmptyResult, InvalidInput
from datasources.upload._ahead import ahead
from datasources.upload._csv import DelimitedReader
from datasources.upload._dialect import Dialect, Wanted, described_encoding, detect
from datasources.upload._items import Maker, make_plan
from datasources.upload._json import JsonReader
from datasources.upload._mapping import CHOICES, check, guess
from datasources.upload._presets import PRESETS, Derived, find_preset
from datasources.upload._tables import Reader
from datasources.upload._xlsx import WorkbookReader

if TYPE_CHECKING:
    import pyarrow as pa

_FORM = 1
"""How the state of a checkpoint is to be read; another form has another number."""


def wanted_of(options: Any) -> Wanted:
    """What the options say of the file itself."""
    values = {name: getattr(options, name) for name in ("delimiter", "encoding", "has_header", "sheet")}
    values["format"] = options.file_format
    return Wanted(**{name: "" if value == "auto" else value for name, value in values.items()})


def open_reader(
    path: Path,
    dialect: Dialect,
    header: str,
    folder: Path,
    tick: Callable[[float], None],
    limit: int | None = None,
    state: Mapping[str, Any] | None = None,
) -> Reader:
    """The reader for a file of this sort; with the `state` of a piece, it goes on behind that."""
    if dialect.is_delimited:
        return DelimitedReader(path, dialect, state=state)
    if dialect.format == "xlsx":
        return WorkbookReader(path, dialect, header, state)
    return JsonReader(path, dialect, folder, tick, limit, state)


def settle(reader: Reader, options: Any, guessed: Mapping[str, str]) -> tuple[str, dict[str, Derived]]:
    """The format and where each of the six columns comes from: what was asked for, the format's own, or a guess."""
    given = {item: getattr(options, item) for item in ITEM_COLUMNS}
    check(given, reader.columns)
    preset = find_preset(options.format, reader.columns)
    mapping: dict[str, Derived] = dict(guessed)
    if preset:
        own = PRESETS[preset].items
        mapping |= {item: source for item, source in own.items() if callable(source) or source in reader.columns}
        mapping |= {item: source for item, source in own.items() if source == "__auto__"}
    mapping |= {item: column for item, column in given.items() if column}
    if not given["thread_id"] and not preset and guessed["thread_id"] == guessed["id"]:
        mapping["thread_id"] = mapping["id"]  # without threads, each post is its own
    return preset, mapping


def import_file(path: Path, filename: str, options: Any, run: CaptureRun) -> Iterator[pa.RecordBatch]:
    """Yield the items of a file; what cannot be used goes into quarantine, what the user should know to the run.

    An import that was broken off goes on behind the last piece whose items were brought home.
    """
    before = run.resumed
    if before is not None and before["form"] != _FORM:
        run.start_over("it was made by another release")
    wanted = wanted_of(options)
    dialect = detect(path, filename, wanted)
    state = before["reader"] if before is not None else None
    reader = open_reader(path, dialect, wanted.has_header, run.folder, run.progress, state=state)
    if not reader.columns:
        _refuse_without_columns(reader, run)
    guessed = before["guessed"] if before is not None else guess(reader.columns, reader.sample())
    preset, mapping = settle(reader, options, guessed)
    moment = datetime.fromisoformat(before["maker"]["moment"]) if before is not None else None
    plan = make_plan(reader.columns, mapping, preset, strip_html=options.strip_html, filename=filename, moment=moment)
    maker = Maker(plan, run)
    if before is not None:
        maker.go_on_from(before["maker"])
    else:
        _log(run, dialect, preset, mapping)
        other = DelimitedReader(path, dialect) if dialect.is_delimited else None
        _decide_day_first(maker, reader, other, run)
    for chunk in ahead(reader.chunks()):
        yield from maker.make(chunk)
        run.progress(min(chunk.done, 1.0))
        if chunk.state is not None:
            run.checkpoint({"form": _FORM, "reader": chunk.state, "guessed": guessed, "maker": maker.state()})
    for note in reader.notes:
        run.warn(note)
    maker.conclude()


def _refuse_without_columns(reader: Reader, run: CaptureRun) -> None:
    first = next((bad for chunk in reader.chunks() for bad in chunk.bad), None)
    if first is None:
        raise EmptyResult(say("The file holds no records."))
    raise InvalidInput(
        {
            "file": [
                say("No record of this file can be read. Line {line}: {reason}", line=first.line, reason=first.reason)
            ]
        }
    )


def _decide_day_first(maker: Maker, reader: Reader, other: Reader | None, run: CaptureRun) -> None:
    """Settle whether 03/04 is in March or April, looking through the whole file when its beginning does not tell."""
    column = maker.plan.time_column
    if not column:
        return
    first = [value for value in reader.sample()[column].to_pylist() if value]
    is_open = maker.moments.undecided(first)
    maker.moments.decide(first)
    if other is None or not is_open:
        return
    for chunk in other.chunks():
        run.check()
        maker.moments.decide(value for value in chunk.table[column].to_pylist() if value)
        if not maker.moments.guessed:
            return


def _log(run: CaptureRun, dialect: Dialect, preset: str, mapping: dict[str, Derived]) -> None:
    run.log(f"Format {dialect.format}, encoding {described_encoding(dialect.encoding)}, {preset or 'no named format'}.")
    named = {
        item: CHOICES.get(source, source) if isinstance(source, str) else preset for item, source in mapping.items()
    }
    shown = (f"{item} from {source}" for item, source in named.items())
    run.log(f"Mapping: {', '.join(shown)}.")
