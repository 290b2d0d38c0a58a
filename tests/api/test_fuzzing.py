"""Thousands of made-up requests, good and bad ones, against the running server: schemathesis with all its checks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from tests.api.fuzzing import PROTECTED
from tests.conftest import ROOT
from tests.results import store_table

CASES = 5_000
CONFIG = ROOT / "tests" / "api" / "fuzzing.toml"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_thousand_requests_find_no_fault(ctx: Context, admin: User, server: str, tmp_path: Path) -> None:
    """All phases, always the same requests. Nothing is at work, so nothing that is asked for changes meanwhile."""
    kept = tomllib.loads(CONFIG.read_text())["dictionaries"]["kept"]["values"]
    for key in kept:
        store_table(ctx, admin, tmp_path, key=key, top=key)
    token, secret = create_token(ctx, admin, "fuzzing")
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG)),
            *("run", f"{server}/api/openapi.json", "--max-examples", "8", "--no-color"),
            *("--header", f"Authorization: Bearer {secret}"),
            *("--report", "json", "--report-json-path", str(report)),
        ],
        cwd=ROOT,
        env={**os.environ, PROTECTED: ",".join([*kept, str(token.id)]), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    found = json.loads(report.read_text())
    assert found["complete"]
    assert {name: phase["status"] for name, phase in found["phases"].items()} == dict.fromkeys(
        ("examples", "coverage", "fuzzing", "stateful"), "success"
    )
    assert found["operations"]["tested"] == found["operations"]["total"]
    assert found["test_cases"]["generated"] >= CASES
    assert found["test_cases"]["unique_failures"] == 0
