"""A whole installation for a benchmark: embedded servers and worker processes in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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
def servers(**more: str) -> Iterator[tuple[Context, dict[str, str]]]:
    """An open installation without any process at work, and the environment that its processes run in."""
    with tempfile.TemporaryDirectory() as folder, servers_in(Path(folder), **more) as found:
        yield found


@contextmanager
def servers_in(folder: Path, /, **more: str) -> Iterator[tuple[Context, dict[str, str]]]:
    """The same in a folder that stays."""
    with embedded_servers(folder) as (database_url, redis_url):
        migrate(database_url)
        environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(folder),
            "SECRET_KEY": "for a benchmark " * 3,
            "PSEUDONYM_KEY": "for a benchmark " * 3,
            "PLUGIN_PACKAGES": "bench.plugins",
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "WARNING",
            **more,
        }
        ctx = open_context(Settings.from_env(environ), Registry.discover((*BUILT_IN, "bench.plugins")))
        try:
            yield ctx, environ
        finally:
            ctx.close()


@contextmanager
def processes(environ: dict[str, str], *commands: Sequence[str], quiet: bool = False) -> Iterator[list[int]]:
    """Run Python commands in the folder of the project while the block lasts; their ids."""
    where = subprocess.DEVNULL if quiet else None
    running = [
        subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environ, stderr=where) for command in commands
    ]
    try:
        yield [process.pid for process in running]
        died = [str(process.args) for process in running if process.poll() is not None]
        if died:
            raise RuntimeError(f"ended by itself: {', '.join(died)}")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


@contextmanager
def managers(ctx: Context, environ: dict[str, str], count: int = 1, queues: Sequence[str] = ()) -> Iterator[list[int]]:
    """Managers, for all queues or for some; their ids. They are there when this returns."""
    command = ("-m", "app.runner", *(("--queues", *queues) if queues else ()))
    with processes(environ, *[command] * count) as started:
        wait(lambda: len(ctx.bell.managers()) >= count, 60)
        yield started
    wait(lambda: not ctx.bell.managers(), 60)


@contextmanager
def installation(**more: str) -> Iterator[tuple[Context, dict[str, str]]]:
    """An open installation with workers, and the environment its processes run in."""
    with servers(**more) as (ctx, environ), managers(ctx, environ):
        yield ctx, environ
