"""Who imports whom, and that finding the plug-ins loads no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["flask", "psycopg2", "rq", "sklearn", "polars", "pyarrow", "duckdb", "igraph", "numpy", "pandas", "requests"]


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a fresh Python has loaded after a statement."""
    program = f"{statement}\nimport sys, json; print(json.dumps(sorted({{n.split('.')[0] for n in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("package", ["processors", "datasources", "workers"])
def test_finding_plugins_loads_nothing_heavy(package: str) -> None:
    loaded = loaded_after(f"from app.plugins.registry import Registry; Registry.discover(({package!r},))")
    assert sorted(loaded & set(HEAVY)) == []


def test_the_contract_alone_loads_nothing_heavy() -> None:
    loaded = loaded_after("import app.plugins, app.plugins.testing, app.plugins.columns, app.plugins.extract")
    assert sorted(loaded & set(HEAVY)) == []
