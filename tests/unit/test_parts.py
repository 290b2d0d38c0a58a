"""Captures come home in parts, and all parts become one result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest
import zstandard

from app.domain.checkpoint import checkpoint_files
from app.domain.dataset import StoredFile
from app.domain.errors import Unavailable
from app.plugins import CaptureRun, DataSource
from app.plugins.validation import load
from app.runner.capture import collect, import_file, item_schema
from app.runner.context import QuarantineRun, UploadedFile
from app.runner.parts import Parts, StartOver
from app.runner.report import Reader, Reporter
from app.runner.results import ROW_GROUP, Written
from app.storage.database import Database
from app.storage.files import FolderStore, digest
from datasources.upload import Upload, _csv

NOWHERE = Database("postgresql://nowhere")


class Numbers(DataSource):
    """Collect numbers; every fifth is no number."""

    id = "numbers"
    title = "Numbers"
    columns: ClassVar[Mapping[str, type]] = {"number": int}
    amount: ClassVar[int] = 40

    def collect(self, options: Any, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        first = run.resumed["next"] if run.resumed else 0
        for number in range(first, self.amount):
            yield {"n": "five" if number % 5 == 0 else number, "name": f"name{number % 3}"}
            if number == 12:
                run.warn("Twelve came by.")
            run.checkpoint({"next": number + 1})

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": str(int(raw["n"])), "author": raw["name"], "number": int(raw["n"])}


class BrokenOff(BaseException):
    """The process is gone."""


class Eager(QuarantineRun):
    """Brings everything home with every checkpoint, and is broken off after the last that it may make."""

    most = 1_000_000

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        self.hurry()
        super().checkpoint(state)
        self.most -= 1
        if self.most < 0:
            raise BrokenOff


@dataclass
class Home:
    """A storage, and attempts that bring something there."""

    folder: Path
    store: FolderStore = field(init=False)
    attempts: int = 0
    checkpoint: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = FolderStore(self.folder / "storage")

    def run(self, kind: type[QuarantineRun] = Eager) -> tuple[QuarantineRun, Reader]:
        self.attempts += 1
        folder = self.folder / f"attempt-{self.attempts}"
        folder.mkdir()
        said = self.folder / f"said-{self.attempts}"
        reporter = Reporter(os.open(said, os.O_WRONLY | os.O_CREAT))  # a pipe would fill before it is read
        parts = Parts(self.store, folder, f"datasets/key/{self.attempts}")
        return kind(reporter, folder, 1, {}, parts, NOWHERE, withhold=False), Reader(os.open(said, os.O_RDONLY))

    def attempt(self, work: Callable[[QuarantineRun], None], schema: Any, most: int) -> Written | None:
        """One attempt, broken off after so many checkpoints; what was said last about them is kept."""
        run, reader = self.run()
        run.most = most  # type: ignore[attr-defined]
        if self.checkpoint:
            run.go_on_from(self.checkpoint, schema)
        try:
            work(run)
            return run.parts.finish(run.folder)
        except BrokenOff:
            return None
        finally:
            os.close(run._reporter._descriptor)
            for kind, value in reader.messages():
                if kind == "checkpoint":
                    self.checkpoint = value
                elif kind == "log":
                    self.lines.append(value)
            os.close(reader.descriptor)


def content(written: Written) -> dict[str, Any]:
    """What is in the files of a result."""
    found: dict[str, Any] = {"columns": written.columns, "rows": written.rows}
    for role, path in written.files.items():
        packed = path.read_bytes()
        found[role] = (
            zstandard.ZstdDecompressor().stream_reader(packed).read() if role == "raw" else pq.read_table(path)
        )
    return found


def in_attempts(folder: Path, work: Callable[[QuarantineRun], None], schema: Any, most: int) -> tuple[Home, Written]:
    """The result of attempts that are each broken off after so many checkpoints."""
    folder.mkdir()
    home = Home(folder)
    for _ in range(200):
        written = home.attempt(work, schema, most)
        if written is not None:
            return home, written
    raise AssertionError("no attempt has come to an end")


@pytest.mark.parametrize("most", [0, 1, 6, 38, 39])
def test_a_capture_is_the_same_however_often_it_was_broken_off(tmp_path: Path, most: int) -> None:
    schema = item_schema(Numbers)
    _, whole = in_attempts(tmp_path / "whole", lambda run: collect(Numbers(), None, run, None), schema, 100)
    home, joined = in_attempts(tmp_path / "joined", lambda run: collect(Numbers(), None, run, None), schema, most)

    assert content(joined) == content(whole)
    assert content(whole)["table"]["number"].to_pylist() == [n for n in range(40) if n % 5]
    assert content(whole)["quarantine"]["position"].to_pylist() == [n + 1 for n in range(0, 40, 5)]
    assert home.checkpoint["warnings"] == ["Twelve came by."]
    assert home.attempts == -(-40 // (most + 1)) + (40 % (most + 1) == 0)


@pytest.mark.parametrize("most", [0, 3])
def test_an_import_is_the_same_however_often_it_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: Path, most: int
) -> None:
    monkeypatch.setattr(_csv, "BLOCK", 60_000)
    path = samples / "tweets/538-twitter-ratio-BarackObama.csv"
    store = FolderStore(tmp_path)
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "file").write_bytes(path.read_bytes())
    file = UploadedFile(path.name, StoredFile("uploads/file", *digest(path)), store)

    def work(run: QuarantineRun) -> None:
        import_file(Upload(), file, load(Upload.Options, {}), run, None)

    _, whole = in_attempts(tmp_path / "whole", work, None, 1_000)
    home, joined = in_attempts(tmp_path / "joined", work, None, most)
    assert content(joined) == content(whole)
    assert whole.rows > 3_000
    assert home.attempts > 3


def test_what_nothing_has_broken_off_is_not_written_twice(tmp_path: Path) -> None:
    run, _ = Home(tmp_path).run(QuarantineRun)
    collect(Numbers(), None, run, None)
    written = run.parts.finish(run.folder)

    assert {role: path.name for role, path in written.files.items()} == {
        "table": "table.parquet",
        "raw": "raw.ndjson.zst",
        "quarantine": "quarantine.parquet",
    }
    assert not list((tmp_path / "storage").rglob("*.*"))
    assert [path for path in run.folder.iterdir() if path.is_file()] == []


def test_small_parts_become_row_groups_of_a_good_size(tmp_path: Path) -> None:
    run, _ = Home(tmp_path).run()
    whole = pq_batch(100)
    for _ in range(ROW_GROUP // 100 + 50):
        run.parts.add(whole)
        if run.parts.rows % 10_000 == 0:
            run.parts.store()
    written = run.parts.finish(run.folder)

    metadata = pq.read_metadata(written.files["table"])
    assert metadata.num_rows == written.rows == (ROW_GROUP // 100 + 50) * 100
    assert metadata.num_row_groups == 2


def pq_batch(rows: int) -> Any:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([{"id": str(n)} for n in range(rows)], schema=pa.schema([("id", pa.string())]))


def test_storage_that_refuses_a_part_gets_it_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    run, reader = home.run()
    put, refusals = home.store.put, iter([True, False])

    def refuse_once(path: Path, name: str) -> StoredFile:
        if next(refusals, False):
            raise Unavailable("The disk is full.")
        return put(path, name)

    monkeypatch.setattr(home.store, "put", refuse_once)
    for number in range(2):
        run.parts.add(pq_batch(10))
        run.checkpoint({"next": number})
    said = list(reader.messages())

    assert [kind for kind, _ in said] == ["log", "checkpoint"]
    assert "The disk is full." in said[0][1]
    names = checkpoint_files(said[1][1])
    assert (len(names), said[1][1]["rows"], said[1][1]["state"]) == (2, 20, {"next": 1})
    assert {file.name for file in home.store.find("datasets")} == set(names)
    assert run.parts.finish(run.folder).rows == 20


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5] + b"wrong")


@pytest.mark.parametrize(("fault", "reason"), [(Path.unlink, "is gone"), (spoil, "is damaged")])
@pytest.mark.parametrize("which", range(3))
def test_a_part_that_is_gone_or_damaged_is_noticed(
    tmp_path: Path, fault: Callable[[Path], None], reason: str, which: int
) -> None:
    home = Home(tmp_path)
    home.attempt(lambda run: collect(Numbers(), None, run, None), item_schema(Numbers), 0)
    home.attempt(lambda run: collect(Numbers(), None, run, None), item_schema(Numbers), 0)
    fault(tmp_path / "storage" / checkpoint_files(home.checkpoint)[which])

    with pytest.raises(StartOver, match=reason):
        home.run()[0].go_on_from(home.checkpoint, item_schema(Numbers))


def test_parts_of_other_columns_are_not_joined(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.attempt(lambda run: collect(Numbers(), None, run, None), item_schema(Numbers), 5)

    with pytest.raises(StartOver, match="columns"):
        home.run()[0].go_on_from(home.checkpoint, item_schema(Upload))
    run, _ = home.run()
    run.go_on_from(home.checkpoint, None)
    with pytest.raises(StartOver, match="columns"):
        run.parts.add(pq_batch(1))


def test_a_checkpoint_of_another_form_is_not_used(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.attempt(lambda run: collect(Numbers(), None, run, None), item_schema(Numbers), 5)
    del home.checkpoint["records"]

    with pytest.raises(StartOver, match="another release"):
        home.run()[0].go_on_from(home.checkpoint, None)


def test_batches_of_different_columns_are_the_plug_ins_mistake(tmp_path: Path) -> None:
    run, _ = Home(tmp_path).run()
    run.parts.add(pq_batch(1))
    with pytest.raises(ValueError, match="same columns"):
        run.parts.add(pq_batch(1).rename_columns(["other"]))
