"""Plug-ins are found by being there; a broken one is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.errors import NotFound, PluginError
from app.plugins import Processor
from app.plugins.registry import Registry

PLUGIN = '''
from app.plugins import Processor, Table

class Found(Processor):
    """Does nothing much."""

    type = {type!r}
    title = "Found"
    category = "Metrics"
    returns = Table()

    def process(self, source, options, run):
        return source.lazy()
'''

Package = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Package:
    """Makes a package of these files, under a name that no other test has."""

    def make(**files: str) -> str:
        name = "plugins_of_" + request.node.name.partition("[")[0]
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for file, text in files.items():
            (folder / f"{file}.py").write_text(text)
        return name

    monkeypatch.syspath_prepend(tmp_path)
    return make


def test_a_plugin_is_found_by_its_file(package: Package) -> None:
    registry = Registry.discover((package(count_things=PLUGIN.format(type="count-things")),))
    assert list(registry.processors) == ["count-things"]
    assert issubclass(registry.processor("count-things"), Processor)
    assert registry.queues() == {"count-things": registry.processor("count-things")}


def test_files_with_a_leading_underscore_are_no_plugins(package: Package) -> None:
    registry = Registry.discover((package(_shared=PLUGIN.format(type="-shared")),))
    assert registry.processors == {}


def test_a_type_that_exists_twice_is_named(package: Package) -> None:
    both = PLUGIN.format(type="twice") + PLUGIN.format(type="twice").replace("Found", "Again")
    with pytest.raises(PluginError, match=r"the type twice exists twice"):
        Registry.discover((package(twice=both),))


def test_a_type_that_is_not_its_files_name_is_named(package: Package) -> None:
    with pytest.raises(PluginError, match=r"its type other is not its file's name count_things"):
        Registry.discover((package(count_things=PLUGIN.format(type="other")),))


def test_a_plugin_without_a_type_is_named(package: Package) -> None:
    with pytest.raises(PluginError, match=r"count_things\.Found: it has no type"):
        Registry.discover((package(count_things=PLUGIN.replace("    type = {type!r}\n", "")),))


@pytest.mark.parametrize("text", ["import no_such_library_at_all", "def broken(:", "1 / 0"])
def test_a_file_that_cannot_be_imported_is_named(package: Package, text: str) -> None:
    with pytest.raises(PluginError, match=r"broken_file: it cannot be imported: \w+Error"):
        Registry.discover((package(broken_file=text),))


def test_what_is_not_there_is_not_found() -> None:
    registry = Registry()
    for look_up in (registry.processor, registry.datasource, registry.runnable):
        with pytest.raises(NotFound, match="no-such-type"):
            look_up("no-such-type")
