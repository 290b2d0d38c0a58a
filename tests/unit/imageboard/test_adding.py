"""A board on a known engine is added in a few lines, and the documents show them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.plugins import SourceError
from app.plugins.options import specs
from app.plugins.registry import Registry
from datasources._imageboard.source import ImageboardSource
from datasources._imageboard.sphinx.configuration import SphinxSource, all_sources, configuration

ROOT = Path(__file__).resolve().parents[3]
REGISTRY = Registry.discover(("datasources",))
BOARDS = {id_: source for id_, source in REGISTRY.datasources.items() if issubclass(source, ImageboardSource)}


def code_of(source: str) -> list[Path]:
    """The files that make a source, but its description."""
    return [path for path in (ROOT / "datasources" / source).rglob("*") if path.suffix in (".py", ".sql", ".conf")]


def test_a_board_is_added_in_under_a_hundred_lines() -> None:
    assert sum(len(path.read_text().splitlines()) for path in code_of("lainchan")) < 100


def test_the_documents_show_the_whole_of_it() -> None:
    page = (ROOT / "docs" / "imageboards.md").read_text()
    folder = ROOT / "datasources" / "lainchan"
    for name in ("_site.py", "__init__.py", "database.sql", "sphinx.conf", "scrapers/lainchan_board.py"):
        assert (folder / name).read_text() in page, name


@pytest.mark.parametrize("id_", BOARDS)
def test_each_board_has_its_scrapers(id_: str) -> None:
    site = BOARDS[id_].site
    kinds = ["board", "thread", "image"] if site.has_images else ["board", "thread"]
    assert site.id == id_
    assert BOARDS[id_].Settings is site.settings
    assert sorted(type_ for type_ in REGISTRY.workers if type_.startswith(f"{id_}-")) == sorted(
        f"{id_}-{kind}" for kind in kinds
    )
    assert all(REGISTRY.workers[f"{id_}-{kind}"].site is site for kind in kinds)  # type: ignore[attr-defined]


@pytest.mark.parametrize("id_", BOARDS)
def test_each_board_says_what_sphinx_indexes(id_: str) -> None:
    [source] = [found for found in all_sources({}) if found.id == id_]
    written = configuration([source], "postgresql://name:word@host:5433/posts", Path("/srv/sphinx"))
    assert f"FROM {id_}_posts WHERE number BETWEEN" in written
    assert re.findall(r"^index (\w+)", written, re.MULTILINE) == ["imageboard", f"{id_}_main", f"{id_}_delta"]
    assert "sql_host = host\n    sql_port = 5433\n    sql_user = name\n    sql_pass = word\n" in written
    assert "listen = 127.0.0.1:9306:mysql41" in written


def test_what_is_missing_of_a_sphinx_conf_is_named(tmp_path: Path) -> None:
    source = SphinxSource("mychan", "127.0.0.1:9306", tmp_path)
    for text, said in (
        (None, "sphinx.conf is missing"),
        ("index mychan : imageboard\n{\n}\n", "has no section source mychan : imageboard"),
        ("source mychan : imageboard\n{\n    sql_query = {colums}\n}\n", "asks for {colums}, which is not known"),
    ):
        if text is not None:
            (tmp_path / "sphinx.conf").write_text(text)
        with pytest.raises(SourceError, match=re.escape(said)):
            configuration([source], "postgresql:///posts?host=/run/postgresql", tmp_path)


@pytest.mark.parametrize("id_", BOARDS)
def test_settings_are_described(id_: str) -> None:
    page = (ROOT / "docs" / "imageboards.md").read_text()
    assert [name for name in specs(BOARDS[id_].Settings) if f"`{name}`" not in page] == []
