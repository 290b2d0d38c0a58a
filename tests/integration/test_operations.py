"""What docs/operations.md hands to operators fits the tool: unit files, and the metrics to watch."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.local.procfile import read_procfile
from app.services.context import Context
from app.services.metrics import prometheus
from app.settings import Settings
from tests.conftest import ROOT

UNITS = ROOT / "docs" / "systemd"
BIN = "/srv/4cat/.venv/bin/"
IN_SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600}


def service(path: Path) -> configparser.SectionProxy:
    """The `[Service]` part of a unit."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    return unit["Service"]


def test_the_units_run_what_the_procfile_runs() -> None:
    commands = read_procfile()
    release = commands.pop("release")
    units = {name: service(UNITS / f"fourcat-{name}.service") for name in commands}

    assert {name: unit["ExecStart"].removeprefix(BIN) for name, unit in units.items()} == commands
    assert {unit["ExecStartPre"].removeprefix(BIN) for unit in units.values()} == {release}


@pytest.mark.parametrize("name", ["fourcat", "fourcat-worker"])
def test_running_jobs_have_their_time_to_end(name: str, settings: Settings) -> None:
    unit = service(UNITS / f"{name}.service")
    given = Settings.__dataclass_fields__["shutdown_seconds"].metadata["default"]
    number, word = re.fullmatch(r"(\d+)(\w*)", unit["TimeoutStopSec"]).groups()  # type: ignore[union-attr]

    assert int(number) * IN_SECONDS[word] > float(given) + 20
    assert (unit["KillMode"], unit["Restart"], unit["OOMPolicy"]) == ("mixed", "always", "continue")


def test_systemd_understands_the_units() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    units = sorted(path for path in UNITS.iterdir() if path.suffix in (".service", ".target", ".timer"))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    ).stderr

    assert len(units) == 8
    assert [line for line in found.splitlines() if "fourcat" in line and "is not executable" not in line] == []


def test_every_metric_is_described_and_none_that_is_not_there(ctx: Context) -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    described = set(re.findall(r"`(fourcat_\w+)", page))
    there = set(re.findall(r"^# TYPE (\w+) ", prometheus(ctx), re.MULTILINE))

    assert described == there
