"""A script plays Zeeschuimer against a running server: it signs in, sends 50 MB and asks until the dataset is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from app.domain.dataset import Status
from app.domain.user import User
from app.local.leftovers import free_port
from app.services.context import Context
from app.services.platform_import import remap_dataset
from app.storage import dataset as datasets
from tests.conftest import PASSWORD, Process, Starter, wait_for, wait_for_end
from tests.serving import serve_at

GOLDEN = Path(__file__).parents[1] / "golden" / "truthsocial" / "made_up.ndjson"
BYTES = 50_000_000
EXTENSION = {"Origin": "moz-extension://0b7c3a0e-1111-2222-3333-444455556666"}


def posts(path: Path) -> int:
    """Write a file of about 50 MB with posts, one of which cannot be mapped; how many there are."""
    record = json.loads(GOLDEN.read_text().splitlines()[0])
    count = 0
    with path.open("w") as out:
        while out.tell() < BYTES:
            record["item_id"] = record["data"]["id"] = str(count)
            out.write(json.dumps(record) + "\n")
            count += 1
        out.write('{"data": {}}\n')
    return count


def peak_mb(process: Process) -> int:
    """The most memory that a server and its workers have held, each; in MB."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    peaks = [Path(f"/proc/{pid}/status").read_text() for pid in (str(process.pid), *children)]
    return max(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) for text in peaks) // 1024  # type: ignore[index]


def sign_in(base: str, user: User) -> requests.Session:
    """A browser in which somebody has signed in."""
    browser = requests.Session()
    form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{base}/login", timeout=30).text)
    assert form is not None
    browser.post(f"{base}/login", {"name": user.name, "password": PASSWORD, "csrf_token": form[1]}, timeout=30)
    return browser


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.usefixtures("workers")
def test_the_extension_sends_fifty_megabytes(ctx: Context, user: User, start: Starter, tmp_path: Path) -> None:
    port = free_port()
    server = serve_at(port, start)
    base, path = f"http://127.0.0.1:{port}", tmp_path / "sent.ndjson"
    browser, count = sign_in(base, user), posts(path)
    before = peak_mb(server)

    refused = _send(browser, base, path, "myspace.com")
    sent = _send(browser, base, path, "truthsocial.com")

    assert (refused.status_code, "Unknown platform or source format" in refused.text) == (404, True)
    assert (sent.status_code, sent.json()["status"]) == (200, "queued")
    assert peak_mb(server) - before < 30
    key = sent.json()["key"]
    last = wait_for(lambda: _done(browser, base, key), "the import", 120)
    assert isinstance(last, dict)
    assert (last["rows"], last["url"]) == (count, f"{base}/datasets/{key}")
    made = datasets.get(ctx.database, key)
    assert made.quarantined == 1
    assert made.result is not None
    kept = made.result.files["original"]

    remap_dataset(ctx, user, key)
    again = wait_for_end(ctx, key, 120)

    assert (again.status, again.rows, again.quarantined) == (Status.FINISHED, count, 1)
    assert again.result is not None
    assert again.result.files["original"] == kept
    assert again.result.files["table"].name != made.result.files["table"].name


def _send(browser: requests.Session, base: str, path: Path, platform: str) -> requests.Response:
    headers = {**EXTENSION, "X-Zeeschuimer-Platform": platform}
    with path.open("rb") as body:
        return browser.post(f"{base}/api/import-dataset/", data=body, headers=headers, timeout=120)


def _done(browser: requests.Session, base: str, key: str) -> dict[str, Any] | None:
    found: dict[str, Any] = browser.get(f"{base}/api/check-query/", params={"key": key}, timeout=30).json()
    return found if found["done"] else None
