"""An S3 server for the tests that need one."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The STORAGE_URL of a bucket on a local S3 server."""
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("w") as opened:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stdout=opened, stderr=opened
        )
    try:
        endpoint = _endpoint(log)
        assert requests.put(f"{endpoint}/results", timeout=10).status_code == 200
        yield f"s3://results/some/prefix?endpoint={endpoint}&region=us-east-1"
    finally:
        server.terminate()
        server.wait(10)


def _endpoint(log: Path) -> str:
    for _ in range(600):
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())
