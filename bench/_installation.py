"""A whole installation for a benchmark: embedded servers and worker processes in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.dataset import Dataset
from app.local.servers import embedded_servers
from app.plugins.registry import BUILT_IN, Registry
from app.services.context import Context, open_context
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage.migrate import migrate

ROOT = Path(__file__).resolve().parents[1]


def wait(condition: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the queue did not do its work")
        time.sleep(0.005)


def ended(ctx: Context, key: str) -> bool:
    return datasets.get(ctx.database, key).status.is_ended


def wait_for_end(ctx: Context, key: str) -> Dataset:
    wait(lambda: ended(ctx, key))
    found = datasets.get(ctx.database, key)
    if found.result is None:
        raise RuntimeError(f"{found.label}: {found.status}: {found.message}")
    return found


@contextmanager
def installation(**more: str) -> Iterator[tuple[Context, dict[str, str]]]:
    """An open installation with workers, and the environment its processes run in."""
    with tempfile.TemporaryDirectory() as folder, embedded_servers(Path(folder)) as (database_url, redis_url):
        migrate(database_url)
        environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": folder,
            "SECRET_KEY": "for a benchmark " * 3,
            "PSEUDONYM_KEY": "for a benchmark " * 3,
            "PLUGIN_PACKAGES": "bench.plugins",
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "WARNING",
            **more,
        }
        ctx = open_context(Settings.from_env(environ), Registry.discover((*BUILT_IN, "bench.plugins")))
        manager = subprocess.Popen([sys.executable, "-m", "app.runner"], cwd=ROOT, env=environ)
        try:
            wait(lambda: bool(ctx.bell.managers()))
            yield ctx, environ
        finally:
            manager.terminate()
            manager.wait()
            ctx.close()
