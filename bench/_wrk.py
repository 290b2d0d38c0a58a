"""Run wrk, the HTTP benchmark, and read what it measured."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SAY = """
done = function(summary, latency, requests)
  io.write(string.format('\\n{"requests": %d, "microseconds": %d, "p50": %d, "p95": %d, "p99": %d, "failed": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Measured:
    """Answers a second, milliseconds that a client waited, and how many requests failed."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int


def require_wrk() -> None:
    """End with a sentence when wrk is not there."""
    if shutil.which("wrk") is None:
        raise SystemExit("This needs wrk, a program that asks a web server for things. On Debian: apt install wrk")


def ask(url: str, headers: Mapping[str, str], *, clients: int, seconds: int) -> Measured:
    """Let so many clients ask for an address, each again as soon as it has its answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SAY)
        script.flush()
        given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        threads = min(clients, 2)
        command = ["wrk", f"-t{threads}", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s", script.name]
        done = subprocess.run([*command, *given, url], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    seconds_said = said["microseconds"] / 1e6
    waits = [said[name] / 1000 for name in ("p50", "p95", "p99")]
    return Measured(said["requests"] / seconds_said, waits[0], waits[1], waits[2], said["failed"])


def peak_memory(pid: int) -> int:
    """The most bytes that a process has had in memory so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak(pid: int) -> int:
    """Begin to measure the most memory anew; what the process has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_memory(pid)
