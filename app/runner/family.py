"""Run a data source that brings in families: write and store what it gives, and write down what it all is.

Nothing becomes a dataset before the attempt is concluded. What `keep` has brought home, a later attempt finds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import orjson

from app.domain.dataset import StoredFile
from app.domain.errors import EmptyResult, NotFound
from app.domain.texts import say
from app.plugins.datasource import DataSource
from app.plugins.family import Brought, Reading
from app.plugins.registry import Registry
from app.plugins.validation import load
from app.runner.capture import import_file
from app.runner.context import QuarantineRun, UploadedFile
from app.runner.pseudonym import Pseudonyms
from app.runner.report import End, Outcome
from app.runner.results import Written, write_any
from app.storage.files import FileStore, digest, discard

T = TypeVar("T")
_AT_ONCE = 5_000


@dataclass(frozen=True)
class LocalFile:
    """A file in the attempt's own folder, as a data source reads it."""

    filename: str
    path: Path

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.path.stat().st_size


class BringingRun(QuarantineRun):
    """The run of such a data source."""

    protection = "none"
    sources: Sequence[str] = ()
    prefix = ""
    _homes: dict[str, StoredFile]
    _at: dict[Path, StoredFile]

    def begin(self, prefix: str, registry: Registry, checkpoint: Mapping[str, Any] | None, *, protection: str) -> None:
        """Settle where files go, and take over what earlier attempts have kept."""
        self.prefix, self.protection = prefix, protection
        self.sources = [id_ for id_, source in registry.datasources.items() if source.imports() and not source.brings()]
        self._homes, self._at = {}, {}
        for part in (checkpoint or {}).get("parts", ()):
            self._homes |= {name: StoredFile(**file) for name, file in part.items()}
        self._number = 0
        if self._homes:
            self.log(f"Going on where an earlier attempt was broken off: {len(self._homes):,} files are there.")

    @property
    def replaces_names(self) -> bool:
        """Whether names of authors are replaced or removed."""
        return self.protection != "none"

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Nothing is brought home of a table that is read: it is read again from the file, which is."""

    def keep(self, name: str, path: Path, *, instead_of: Sequence[str] = ()) -> Path:
        """Store a file, and say so under the claim of this attempt."""
        self._number += 1
        self._homes[name] = self._files.put(path, f"{self.prefix}/kept-{self._number}{''.join(path.suffixes)}")
        self.forget(instead_of)
        return self._noted(name)

    def forget(self, names: Sequence[str]) -> None:
        """Delete files that were kept, after saying so."""
        gone = [self._homes.pop(name).name for name in names if name in self._homes]
        parts = [{name: asdict(file)} for name, file in self._homes.items()]
        self._reporter.send("checkpoint", {"state": {}, "parts": parts})
        discard(self._files, gone)

    def _noted(self, name: str) -> Path:
        path = self._files.local(self._homes[name])
        self._at[path] = self._homes[name]
        return path

    def kept(self, name: str) -> Path | None:
        """A file that is kept, if it is there and whole."""
        stored = self._homes.get(name)
        if stored is None:
            return None
        try:
            path = self._noted(name)
        except NotFound:
            return None
        return path if digest(path) == (stored.size, stored.sha256) else None

    def stored_at(self, path: Path) -> StoredFile | None:
        """What is kept and can be read there."""
        return self._at.get(path)


class _Store:
    """Stores the files of a family, each once, under names that only this attempt uses."""

    def __init__(self, files: FileStore, run: BringingRun) -> None:
        self._files, self._prefix = files, run.prefix
        self._run = run
        self._stored: dict[Path, StoredFile] = {}
        self.names: list[str] = []

    def put(self, path: Path, name: str, *, is_new: bool = True) -> StoredFile:
        """Store a file; one that is not new may be in storage already."""
        found = None if is_new else self._stored.get(path) or self._run.stored_at(path)
        if found is None:
            found = self._files.put(path, f"{self._prefix}/{name}")
            self.names.append(found.name)
        self._stored[path] = found
        return found


def bring_family(
    source: DataSource,
    file: UploadedFile | None,
    options: Any,
    run: BringingRun,
    registry: Registry,
    names: Pseudonyms | None,
) -> Outcome:
    """Bring a family in: its files are stored, and what it is is written down for the end of the attempt."""
    store = _Store(run.parts.files, run)
    told = run.folder / "family.ndjson"
    count = 0
    try:
        with told.open("wb") as written:
            for count, brought in enumerate(source.bring(file, options, run), start=1):
                record = {**brought.record, "warnings": list(brought.record["warnings"])}
                paths = _result_of(brought, record, run, registry, names)
                if count == 1:  # what the import has to say is said where people look first
                    record["warnings"] += run.warnings
                stored = {
                    role: store.put(path, f"{count}-{role}{_suffix(path)}", is_new=brought.files.get(role) != path)
                    for role, path in paths.items()
                }
                files = {role: asdict(file) for role, file in stored.items()}
                _write(written, record=record, files=files, origin=dict(brought.origin))
                for lines in _some(brought.log):
                    _write(written, key=record["key"], log=lines)
                for codes in _some(brought.codes):
                    rows = [[code[name] for name in ("item", "field", "coder", "value", "time")] for code in codes]
                    _write(written, key=record["key"], codes=rows)
                shutil.rmtree(run.folder / "brought", ignore_errors=True)
        if not count:
            raise EmptyResult(say("There is nothing in it."))
        description = store.put(told, "family.ndjson")
    except BaseException:  # whatever it is, what this attempt has stored is of no use any more
        discard(run.parts.files, store.names)
        raise
    return Outcome(End.DONE, run.message, told=asdict(description), stored=store.names)


def _suffix(path: Path) -> str:
    return "".join(path.suffixes[-2:])


def _write(written: Any, **line: Any) -> None:
    written.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _some(lines: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(lines)
    while some := list(islice(iterator, _AT_ONCE)):
        yield some


def _result_of(
    brought: Brought, record: dict[str, Any], run: BringingRun, registry: Registry, names: Pseudonyms | None
) -> Mapping[str, Path]:
    """The files of a result by role; what was not known of it before is put into the record."""
    if brought.reading is not None:
        written, record["quarantined"] = _read(brought.reading, run, registry, names), run.quarantined
        record["pseudonymise"] = run.protection
        record["status"] = "finished" if written.rows else "empty"
    elif brought.result is not None:
        folder = run.folder / "brought"
        folder.mkdir(exist_ok=True)
        written = write_any(brought.result, folder, run.seed)
    else:
        return brought.files
    record |= {"rows": written.rows, "columns": written.columns, "kind": str(written.kind)}
    return {**brought.files, **written.files}


def _read(reading: Reading, run: BringingRun, registry: Registry, names: Pseudonyms | None) -> Written:
    source = registry.datasource(reading.source)
    file = LocalFile(reading.filename, reading.path)
    import_file(source(), file, load(source.Options, dict(reading.options)), run, names)
    return run.parts.finish(run.folder)
