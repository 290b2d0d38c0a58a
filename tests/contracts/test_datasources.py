"""What holds for every data source that is found, whatever it does."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import re
import socket
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.domain.package import FORMAT, MANIFEST, VERSION
from app.plugins import ITEM_COLUMNS, DataSource
from app.plugins.options import dump, specs
from app.plugins.registry import Registry
from app.plugins.testing import MemoryRun
from app.plugins.validation import json_schema, load

SOURCES = Registry.discover(("datasources",)).datasources
KINDS = ("capture", "search", "import", "tool")
POSTS = "id,created_at,user,text,likes\n1,2020-01-01 10:00:00,ann,Hello,3\n2,2020-01-02 11:00:00,bob,“Hi”,4\n"

every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


class GivenFile:
    """An uploaded file."""

    def __init__(self, path: Path) -> None:
        self.path, self.filename, self.size = path, path.name, path.stat().st_size


def given_posts(source: type[DataSource], folder: Path) -> Path:
    """A file of posts as the source reads them: two rows, or its saved records."""
    saved = sorted((Path(__file__).parents[1] / "golden" / source.id).glob("*.ndjson"))
    path = folder / ("posts.ndjson" if source.maps_files() else "posts.csv")
    path.write_text("".join(part.read_text() for part in saved) if source.maps_files() else POSTS)
    return path


def given_family(folder: Path) -> Path:
    """A package of one dataset that has failed."""
    record = {"key": "a" * 32, "type": "upload", "acts_as": "items", "label": "Tea", "message": "", "status": "failed"}
    manifest = {"format": FORMAT, "version": VERSION, "top": record["key"], "datasets": [record], "members": {}}
    path = folder / "tea.4cat.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
    return path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@every_source
def test_its_folder_is_complete(source: type[DataSource]) -> None:
    folder = source.folder()

    assert folder.name == source.id.replace("-", "_")
    assert len((folder / "DESCRIPTION.md").read_text().strip()) > 40
    for script in folder.glob("*.sql"):
        assert script.read_text().strip(), script


@every_source
def test_it_says_what_it_is(source: type[DataSource]) -> None:
    assert source.title
    assert source.description().endswith(".")
    assert source.kind in KINDS
    assert source.max_workers >= 1
    assert source.max_attempts >= 1
    assert isinstance(source.personal_columns, (tuple, list))


@every_source
def test_it_collects_or_searches_or_imports(source: type[DataSource]) -> None:
    collects = source.collect is not DataSource.collect

    assert [collects, source.searches(), source.imports()].count(True) == 1
    if collects:
        assert source.to_item is not DataSource.to_item
        assert isinstance(inspect.getattr_static(source, "to_item"), staticmethod)
    if source.imports():
        assert source.preview is not DataSource.preview
    if source.brings():
        assert source.import_file is DataSource.import_file, "it makes families, not tables"


@every_source
def test_its_options_are_sound(source: type[DataSource]) -> None:
    schema = json_schema(source.Options)

    assert source.Options.__dataclass_params__.frozen
    assert set(schema["properties"]) == set(specs(source.Options))
    assert json.loads(json.dumps(schema)) == schema
    assert all(spec.label for spec in specs(source.Options).values())
    if not schema.get("required"):
        chosen = load(source.Options, {})
        assert load(source.Options, dump(chosen)) == chosen
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(chosen, next(iter(specs(source.Options)), "none"), None)


@every_source
@pytest.mark.usefixtures("no_network")
def test_building_it_touches_no_network(source: type[DataSource]) -> None:
    assert source().id == source.id


@every_source
def test_saved_records_map_to_items_without_being_changed(source: type[DataSource]) -> None:
    saved = sorted((Path(__file__).parents[1] / "golden" / source.id).glob("*.ndjson"))
    if source.imports() and not source.maps_files():
        assert saved == [], "an import maps no records"
        return
    if source.searches():
        assert source.to_item is DataSource.to_item
        return
    assert saved, f"put records of {source.id} into tests/golden/{source.id}"
    for line in (line for path in saved for line in path.read_text().splitlines() if line):
        raw = json.loads(line)
        before = copy.deepcopy(raw)
        item = source.to_item(raw)
        assert raw == before
        assert tuple(item)[: len(ITEM_COLUMNS)] == ITEM_COLUMNS
        assert item == source.to_item(raw)


@every_source
@pytest.mark.usefixtures("no_network")
def test_imports_give_batches_of_one_schema_that_begins_with_the_item_columns(
    source: type[DataSource], tmp_path: Path
) -> None:
    if source.brings() or not source.imports():
        assert source.import_file is DataSource.import_file
        return
    path = given_posts(source, tmp_path)

    with tempfile.TemporaryDirectory() as folder:
        run = MemoryRun(Path(folder))
        batches = list(source().import_file(GivenFile(path), load(source.Options, {}), run))

    assert sum(len(batch) for batch in batches) == (len(path.read_text().splitlines()) if source.maps_files() else 2)
    assert len({batch.schema for batch in batches}) == 1
    names = batches[0].schema.names
    assert tuple(names[: len(ITEM_COLUMNS)]) == ITEM_COLUMNS
    assert len(set(names)) == len(names)
    assert str(batches[0].schema.field("timestamp").type) == "timestamp[us, tz=UTC]"


@every_source
@pytest.mark.usefixtures("no_network")
def test_previews_say_what_the_form_needs(source: type[DataSource], tmp_path: Path) -> None:
    if not source.imports():
        assert source.preview is DataSource.preview
        return
    path = given_family(tmp_path) if source.brings() else given_posts(source, tmp_path)

    found = source().preview(path, path.name, {})

    assert {"format", "dialect", "described", "columns", "rows", "guess", "preset", "problems", "size"} <= set(found)
    assert json.loads(json.dumps(found)) == found
    load(source.Options, found["guess"])


@every_source
@pytest.mark.usefixtures("no_network")
def test_an_import_goes_on_behind_each_of_its_checkpoints(source: type[DataSource], tmp_path: Path) -> None:
    if source.brings() or not source.imports():
        assert source.import_file is DataSource.import_file
        return
    path = given_posts(source, tmp_path)
    options = load(source.Options, {})

    def rows(run: MemoryRun) -> list[dict[str, Any]]:
        return [row for batch in source().import_file(GivenFile(path), options, run) for row in batch.to_pylist()]

    with tempfile.TemporaryDirectory() as folder:
        first = MemoryRun(Path(folder))
        whole: list[dict[str, Any]] = []
        lengths: list[int] = []
        first.at_checkpoint = lambda: lengths.append(len(whole))
        for batch in source().import_file(GivenFile(path), options, first):
            whole.extend(batch.to_pylist())
        for state, length in zip(first.checkpoints, lengths, strict=True):
            assert whole[:length] + rows(MemoryRun(Path(folder), resumed=state)) == whole


@every_source
def test_what_it_brings_to_pages_can_be_used(source: type[DataSource], app: Flask) -> None:
    """Templates compile, and scripts need neither evaluation nor a place of their own in a page."""
    folders = {base.folder() for base in source.__mro__ if issubclass(base, DataSource) and base is not DataSource}
    for path in (path for folder in folders for path in sorted((folder / "templates").glob("*"))):
        assert source.brought(f"templates/{path.name}") is not None, path
        app.jinja_env.get_template(f"sources/{source.id}/{path.name}")
        assert not re.search(r"<script|<style| on[a-z]+=|style=|\| *safe\b", path.read_text()), path
    for path in (path for folder in folders for path in sorted((folder / "static").glob("*"))):
        assert path.suffix in (".js", ".css", ".svg", ".png", ".webp"), path
        if path.suffix == ".js":
            assert not re.search(r"\beval\b|new Function|innerHTML", path.read_text()), path
