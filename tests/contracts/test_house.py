"""How the code reads: short files, described plug-ins, and nothing that ruff, mypy or import-linter object to."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.plugins.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
CODE = ("app", "processors", "datasources", "workers", "extras", "scheduler.py", "wsgi.py")
TREE = (*CODE, "bench", "docs", "sql", "tests", ".ci", "4cat", "Procfile", "Makefile", "pyproject.toml")
LONGEST = 300
UNFINISHED = re.compile("|".join(rf"\b{first}{second}\b" for first, second in (("TO", "DO"), ("FIX", "ME"))))
MACHINE_PATHS = re.compile("|".join(f"(?<![\\w.]){path}/\\w" for path in ("/wo" + "rk", "/ro" + "ot", "/ho" + "me")))


def files(*places: str) -> Iterator[Path]:
    """The files in these places that belong to the project, without what is made or fetched."""
    for place in places:
        path = ROOT / place
        for found in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if found.is_file() and not {"__pycache__", "vendor"} & set(found.parts):
                yield found


def text_of(path: Path) -> str:
    """The text of a file; a picture has none."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode()


def complaints(*command: str) -> str:
    """What a checker says; empty when it has nothing to object to."""
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_no_module_is_too_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in files(*CODE) if path.suffix == ".py"}

    assert len(lengths) > 100
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST} == {}


def test_ruff_has_nothing_to_object_to() -> None:
    assert complaints("ruff", "check", "--no-cache") == ""


def test_the_code_is_formatted() -> None:
    assert complaints("ruff", "format", "--check", "--no-cache") == ""


def test_the_types_hold() -> None:
    assert complaints("mypy") == ""


def test_the_arrows_between_layers_hold() -> None:
    assert complaints("lint-imports", "--no-cache") == ""


def test_no_two_plugins_are_described_alike() -> None:
    registry = Registry.discover()
    plugins = [*registry.processors.values(), *registry.datasources.values(), *registry.workers.values()]
    said = sorted(plugin.description() for plugin in plugins)

    assert all(text.endswith(".") for text in said)
    assert sorted(set(said)) == said


@pytest.mark.parametrize("unwanted", [UNFINISHED, MACHINE_PATHS], ids=["unfinished work", "paths of one machine"])
def test_nothing_is_left_lying_about(unwanted: re.Pattern[str]) -> None:
    documents = (path.name for path in ROOT.glob("*.md"))
    found = {
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files(*TREE, *documents)
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if unwanted.search(line)
    }
    assert found == set()
