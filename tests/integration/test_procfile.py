"""The Procfile alone, against a PostgreSQL, a Redis and an S3 server that are not the embedded ones."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from app.local.leftovers import free_port
from app.storage.connection import connect
from tests.conftest import POSTS, ROOT, wait_for


@pytest.fixture
def platform(servers: tuple[str, str], s3: str, tmp_path: Path) -> dict[str, str]:
    """What a platform puts into the environment: addresses of its servers, in its own spelling, and keys."""
    name = f"platform_{os.urandom(4).hex()}"
    admin = connect(servers[0])
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    admin.close()
    url = servers[0].rsplit("/", 1)[0].replace("postgresql://", "postgres://") + f"/{name}"
    port = str(free_port())
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "DATABASE_URL": url,
        "REDIS_URL": servers[1],
        "STORAGE_URL": s3.replace("some/prefix", "platform"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "DATA_DIR": str(tmp_path / "data"),
        "QUEUE_PREFIX": name,
        "SECRET_KEY": "a platform's secret key, long enough",
        "PSEUDONYM_KEY": "a platform's other key, long enough",
        "PORT": port,
        "HOST": "127.0.0.1",
    }


@pytest.fixture
def running(platform: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The Procfile's processes, as any runner starts them; the release step first."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    subprocess.run(shlex.split(lines.pop("release")), cwd=ROOT, env=platform, check=True, timeout=60)
    with (tmp_path / "honcho.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "honcho", "start", *lines], cwd=ROOT, env=platform, stdout=log, stderr=log
        )
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def test_the_demonstration_passes_on_servers_of_a_platform(
    platform: dict[str, str], running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    # honcho gives the first process of a type the base port.
    url = f"http://127.0.0.1:{platform['PORT']}"
    wait_for(lambda: running.poll() is None and _answers(url), "the web server", 60)
    file = tmp_path / "posts.csv"
    file.write_bytes(POSTS)

    done = subprocess.run(
        [sys.executable, "-m", "app.local.demo", platform["DATA_DIR"], url, "exit", str(file)],
        check=False,
        cwd=ROOT,
        env=platform,
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    last = done.stdout.splitlines()[-1]
    count = int(last.split()[1])
    assert (count >= 9, last) == (True, f"demo: {count} datasets finished, 0 failed")
    assert not (tmp_path / "data" / "storage").exists()
    assert not (tmp_path / "data" / "postgresql").exists()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).status_code == 200
    except requests.ConnectionError:
        return False
