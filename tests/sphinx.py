"""Sphinx's own programs on the installation that tests share: `indexer` through the standing tasks, and `searchd`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.local.leftovers import free_port
from app.plugins import Worker
from app.runner.report import Reader, Reporter
from app.runner.task_context import TaskContext
from app.services.context import Context
from app.storage import setting
from datasources._imageboard.sphinx.server import SphinxServer
from workers.index_board_posts import IndexBoardPosts
from workers.index_new_board_posts import IndexNewBoardPosts

needs_sphinx = pytest.mark.skipif(
    shutil.which("searchd") is None or shutil.which("indexer") is None,
    reason="searchd and indexer are not installed (Debian's sphinxsearch)",
)
TASKS: dict[str, type[Worker]] = {"main": IndexBoardPosts, "delta": IndexNewBoardPosts}


def free_address() -> str:
    """An address at which nobody listens."""
    return f"127.0.0.1:{free_port()}"


class Sphinx:
    """An installation for which Sphinx is chosen."""

    def __init__(self, ctx: Context, folder: Path, *sources: str) -> None:
        self.ctx, self.address, self.sources = ctx, free_address(), sources
        self.folder = ctx.settings.data_dir / "sphinx"
        self._work = folder
        self._searchd: subprocess.Popen[bytes] | None = None
        shutil.rmtree(self.folder, ignore_errors=True)
        for source in sources:
            setting.put(ctx.database, f"{source}.search_engine", "sphinx")
            setting.put(ctx.database, f"{source}.sphinx_address", self.address)

    @property
    def settings(self) -> dict[str, Any]:
        """What an administrator has set."""
        return self.ctx.site_settings()

    def index(self, part: str, source: str = "fourchan") -> list[str]:
        """Do the standing task that makes an index; the lines of its log. Waits until the index is served."""
        task = TASKS[part]
        reading, writing = os.pipe()
        before = self._served(source)
        with self.ctx.database.transaction() as tx:
            job = self.ctx.queue.enqueue(tx, task.type, source)
        try:
            task().work(job, TaskContext(self.ctx, self.settings, self._work, Reporter(writing)))
        finally:
            self.ctx.database.run("DELETE FROM jobs WHERE id = %(id)s", id=job.id)
            os.close(writing)
            said = [value for kind, value in Reader(reading).messages() if kind == "log"]
            os.close(reading)
        if self._searchd is not None and not said:
            self._wait(lambda: self._served(source).get(part) not in (None, before.get(part)))
        return said

    def _served(self, source: str) -> dict[str, int]:
        return SphinxServer(source, self.address).served() if self._searchd is not None else {}

    def start(self) -> None:
        """Start `searchd` as the documents say, and wait until it answers."""
        self._searchd = subprocess.Popen(
            ["searchd", "--nodetach", "--config", self.folder / "sphinx.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        host, _, port = self.address.rpartition(":")

        def answers() -> bool:
            with socket.socket() as asking:
                return asking.connect_ex((host, int(port))) == 0

        self._wait(answers)

    def _wait(self, condition: Any) -> None:
        until = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < until, (self.folder / "searchd.log").read_text()[-2000:]
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop `searchd`."""
        if self._searchd is not None:
            self._searchd.terminate()
            self._searchd.wait(30)
            self._searchd = None

    def signal(self, number: int) -> None:
        """Send a signal to `searchd`."""
        assert self._searchd is not None
        self._searchd.send_signal(number)


@contextmanager
def sphinx_for(ctx: Context, folder: Path, *sources: str) -> Iterator[Sphinx]:
    """Sphinx for these sources; `searchd` runs when it is started, at most until the end of the block."""
    sphinx = Sphinx(ctx, folder, *sources)
    try:
        yield sphinx
    finally:
        sphinx.stop()
