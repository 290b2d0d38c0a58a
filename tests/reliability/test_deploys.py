"""Managers and schedulers are stopped and started again while there is work: none is lost, none counted as tried."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture, log_text
from app.services.run import run_processor
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, Starter, finished_posts, import_posts, wait_for, wait_for_end, wait_for_manager
from tests.reliability.asking import ask, wait_for_trace

LONG = 900
"""Seconds that outlast every grace."""


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


def start_manager(ctx: Context, start: Starter, **settings: str) -> Process:
    """A manager that is there."""
    process = start("-m", "app.runner", **settings)
    wait_for_manager(ctx, process)
    return process


def replace_process(process: Process, again: Callable[[], Process]) -> Process:
    """What a platform does at a deploy: SIGTERM, wait for the end, start anew."""
    process.terminate()
    assert process.wait(60) == 0
    return again()


@contextmanager
def flow(ctx: Context, admin: User, top: Dataset) -> Iterator[list[Dataset]]:
    """Ask for work of one type after the other, again and again, until the block ends."""
    asked: list[Dataset] = []
    numbers = count()
    kinds: tuple[Callable[[int], Dataset], ...] = (
        lambda number: ask(ctx, admin, top, "sleep", seconds=0.3, mark=f"{number}"),
        lambda number: run_processor(ctx, admin, top.key, "random-filter", {"sample_size": 1 + number % 50})[0],
        lambda number: run_processor(ctx, admin, top.key, "count-posts", {}, rerun=True)[0],
        lambda _: import_posts(ctx, admin),
        lambda number: create_capture(ctx, admin, "pages_of_posts", {"amount": 1 + number}),
    )
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.15):
            number = next(numbers)
            asked.append(kinds[number % len(kinds)](number))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join()


def test_a_rolling_restart_under_load_loses_nothing_and_counts_nothing(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    setting.put(ctx.database, "workers.misbehave.max_workers", 5)
    running = [start_manager(ctx, start) for _ in range(2)]
    scheduler = start("scheduler.py")
    traces = [tmp_path / f"{n}" for n in range(3)]
    long = [ask(ctx, admin, top, "stamps", seconds=LONG, trace=str(trace)) for trace in traces]
    for trace in traces:
        wait_for_trace(trace)
    with flow(ctx, admin, top) as asked:
        for manager in running:
            time.sleep(1)
            replace_process(manager, lambda: start_manager(ctx, start))
        replace_process(scheduler, lambda: start("scheduler.py"))
        time.sleep(1)
    ended = [wait_for_end(ctx, dataset.key, 120) for dataset in [*asked, *long]]
    assert len(asked) >= 10
    assert [dataset for dataset in ended if dataset.status is not Status.FINISHED] == []
    again = [dataset for dataset in ended if dataset.provenance["attempt"] != 1]
    assert {f"{dataset.type}: {log_text(ctx, admin, dataset.key)}" for dataset in again} == set()
    assert {len(trace.read_text().split()) for trace in traces} == {2}, "each long one was begun once more"


def test_what_outlasts_the_grace_goes_on_elsewhere_at_once(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    first = start_manager(ctx, start, SHUTDOWN_SECONDS="1")
    asked = ask(ctx, admin, top, "stamps", seconds=LONG, trace=str(tmp_path / "trace"))
    wait_for_trace(tmp_path / "trace")
    start_manager(ctx, start)
    first.terminate()
    ended = wait_for_end(ctx, asked.key)
    assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 1)
    assert first.wait(30) == 0


def test_what_ends_within_the_grace_is_not_begun_again(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    manager = start_manager(ctx, start, SHUTDOWN_SECONDS="60")
    asked = ask(ctx, admin, top, "sleep", seconds=4, trace=str(tmp_path / "trace"))
    wait_for_trace(tmp_path / "trace")
    waiting = [ask(ctx, admin, top, "sleep", seconds=0.1, mark=f"{n}") for n in range(4)]
    manager.terminate()
    assert manager.wait(90) == 0
    ended = wait_for_end(ctx, asked.key, 1)
    assert (ended.status, len((tmp_path / "trace").read_text().split())) == (Status.FINISHED, 1)
    start_manager(ctx, start)
    assert {wait_for_end(ctx, dataset.key).provenance["attempt"] for dataset in waiting} == {1}


def test_being_told_to_stop_twice_ends_no_work(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    manager = start_manager(ctx, start, SHUTDOWN_SECONDS="60")
    asked = ask(ctx, admin, top, "sleep", seconds=5, trace=str(tmp_path / "trace"))
    watcher = psutil.Process(wait_for_trace(tmp_path / "trace")).parent()
    worker = watcher.parent() if watcher else None
    assert worker is not None
    worker.terminate()
    time.sleep(1.5)
    manager.terminate()
    assert manager.wait(90) == 0
    ended = wait_for_end(ctx, asked.key, 1)
    assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 1)


def test_work_whose_worker_died_is_handed_back_too(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    manager = start_manager(ctx, start, SHUTDOWN_SECONDS="1")
    asked = ask(ctx, admin, top, "sleep", seconds=LONG, trace=str(tmp_path / "trace"))
    plugin = psutil.Process(wait_for_trace(tmp_path / "trace"))
    watcher = plugin.parent()
    worker = watcher.parent() if watcher else None
    assert watcher is not None
    assert worker is not None
    worker.kill()
    wait_for(lambda: watcher.ppid() == manager.pid, "the manager to take the watcher over")
    manager.terminate()
    manager.wait(30)
    assert not alive(watcher)
    assert not alive(plugin)
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    assert (job.state in ("waiting", "rung"), job.attempts) == (True, 0)


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
