"""The documents name what there is, and what they show works."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cli import make_parser
from app.plugins import ITEM_COLUMNS, DataSource, Example, Processor
from app.plugins.registry import Registry
from app.plugins.testing import run_processor
from app.settings import describe_settings

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Registry.discover()
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "processors/*.md", "datasources/*.md", "workers/*.md")
    for path in ROOT.glob(pattern)
)
SAVED_AS = re.compile(r"\bSave (?:this|it) as\s+`(\w+/[\w/]+\.py)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)")


def text_of(name: str) -> str:
    """The text of a document."""
    return (ROOT / name).read_text()


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, argparse.Action]]:
    """Every command with its words, and what the list of commands says of it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for shown in action._choices_actions:
                below = action.choices[shown.dest]
                found = list(commands(below, (*words, shown.dest)))
                yield from found or [(" ".join((*words, shown.dest)), shown)]


COMMANDS = dict(commands(make_parser()))


def test_every_setting_is_described() -> None:
    assert text_of("docs/settings.md") == describe_settings(), "run: make docs"


def test_every_route_of_the_api_is_described(app: Flask, client: FlaskClient) -> None:
    described = set(client.get("/api/openapi.json").get_json()["paths"])
    page = text_of("docs/api.md")
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    api = {route for route in routes if route.startswith("/api")}

    assert len(api) > 20
    assert {route for route in api if route not in described and not is_named(route, page)} == set()


def is_named(route: str, page: str) -> bool:
    """Whether a page names a route, or for a part of a page that it names (`/api/docs/start.js`), the page."""
    return any(place in page for place in (f"`{route}`", f"`{route.rpartition('/')[0]}`", f" {route}`"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_explains_itself(command: str) -> None:
    readme = text_of("README.md")
    first, *rest = command.split()

    assert COMMANDS[command].help
    assert f"./4cat {command}" in readme or (not rest and f"`{first}`" in readme)


def test_the_commands_that_the_documents_show_exist() -> None:
    shown = {
        (path.name, match[1])
        for path in DOCUMENTS
        for match in re.finditer(r"\./4cat ((?:[a-z]+ ?)+)", path.read_text())
    }
    known = tuple(COMMANDS)

    assert shown
    assert {found for found in shown if not any(is_command(found[1], command) for command in known)} == set()


def is_command(text: str, command: str) -> bool:
    """Whether a text is a command, whatever follows."""
    return f"{text.strip()} ".startswith(f"{command} ")


def test_the_two_commands_of_the_readme_are_there() -> None:
    readme = text_of("README.md")

    assert "./4cat demo" in readme
    assert "./4cat test" in readme
    assert {"demo", "test"} <= set(COMMANDS)
    assert (ROOT / "4cat").stat().st_mode & 0o111
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert re.search(r"^exec \./4cat test\b", text_of(".ci/run"), re.MULTILINE)


@pytest.mark.parametrize("type_", REGISTRY.workers)
def test_every_standing_task_is_listed(type_: str) -> None:
    assert f"`{type_}`" in text_of("workers/README.md")


@pytest.mark.parametrize("type_", REGISTRY.datasources)
def test_every_data_source_is_listed(type_: str) -> None:
    assert f"`{type_}`" in text_of("datasources/README.md")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target, anchor in LINK.findall(path.read_text()):
        found = path.parent / target
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)
            assert anchor[1:] in [heading.lower().replace(" ", "-") for heading in headings], anchor


def shown_in(path: Path) -> Iterator[tuple[str, str, str]]:
    """The files that a document tells people to save: the document, the file's name and its text."""
    before, *blocks = path.read_text().split("```python\n")
    for block in blocks:
        code, _, after = block.partition("```")
        for file in SAVED_AS.findall(before):
            yield str(path.relative_to(ROOT)), file, code
        before = after


SHOWN = [shown for path in DOCUMENTS for shown in shown_in(path)]


def test_the_documents_show_one_plugin_of_each_kind() -> None:
    assert {file.split("/")[0] for _, file, _ in SHOWN} == {"processors", "datasources", "workers"}


@pytest.mark.parametrize(("path", "file", "code"), SHOWN, ids=[f"{path}-{file}" for path, file, _ in SHOWN])
def test_a_plugin_that_a_document_shows_works(
    path: str, file: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"shown_{abs(hash((path, file)))}"
    place = tmp_path / package / file
    place.parent.mkdir(parents=True)
    place.write_text(code)
    for folder in (place.parent, *place.parent.parents):
        if folder == tmp_path:
            break
        (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    registry = Registry.discover((package,))
    plugins: list[Any] = [*registry.processors.values(), *registry.datasources.values(), *registry.workers.values()]

    assert len(plugins) == 1
    assert plugins[0].description().endswith(".")
    if issubclass(plugins[0], Processor):
        examples: tuple[Example, ...] = tuple(plugins[0].examples)
        assert [run_processor(plugins[0], case.items, case.options) for case in examples] == [
            case.result for case in examples
        ]
    if issubclass(plugins[0], DataSource):
        item = plugins[0].to_item(STATUS)
        assert tuple(item) == (*ITEM_COLUMNS, *plugins[0].columns)


STATUS = {
    "id": "113",
    "created_at": "2026-01-02T10:00:00.000Z",
    "content": "<p>Coffee</p>",
    "account": {"acct": "ann"},
    "tags": [{"name": "coffee"}],
}
