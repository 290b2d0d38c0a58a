"""Whatever is asked to stop ends at once, and its processes within five seconds, with all that they have started."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset, create_capture, retry_dataset
from app.services.dataset_bin import delete_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import finished_posts, wait_for, wait_for_end
from tests.reliability.asking import ask, assert_right, is_alive, redis_process, wait_for_trace

pytestmark = pytest.mark.usefixtures("workers")
_SOON = 5.0


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def cancel(ctx: Context, admin: User, key: str) -> float:
    """Cancel, and see that the dataset has ended by the time the answer is there; when that was asked for."""
    asked_at = time.monotonic()
    ended = cancel_dataset(ctx, admin, key)
    assert (ended.status, ended.message) == (Status.CANCELLED, "Cancelled.")
    return asked_at


def wait_for_death(ctx: Context, pid: int, asked_at: float) -> None:
    """The process ends in time, and its job with it."""
    wait_for(lambda: not is_alive(pid), "the process to end", _SOON)
    wait_for(lambda: not [job for job in jobs.list_jobs(ctx.database) if not job.interval], "the job to go", _SOON)
    assert time.monotonic() - asked_at < _SOON


@pytest.mark.parametrize("way", ["sleep", "library", "program", "swallow"])
def test_a_running_analysis(ctx: Context, admin: User, top: Dataset, way: str, trace: Path) -> None:
    asked = ask(ctx, admin, top, way, seconds=60, trace=str(trace))
    pid = wait_for_trace(trace)
    if way == "program":
        wait_for(programs, "the program")
    asked_at = cancel(ctx, admin, asked.key)
    wait_for_death(ctx, pid, asked_at)
    assert programs() == []
    assert datasets.get(ctx.database, asked.key).status is Status.CANCELLED


def programs() -> list[psutil.Process]:
    """What the way “program” has started."""
    return [found for found in psutil.process_iter(["cmdline"]) if "60.123" in (found.info["cmdline"] or [])]


def test_a_capture_that_waits_for_a_query(ctx: Context, admin: User, trace: Path) -> None:
    asked = create_capture(ctx, admin, "waits", {"way": "query", "trace": str(trace)})
    pid = wait_for_trace(trace)
    wait_for(lambda: queries(ctx), "the query")
    asked_at = cancel(ctx, admin, asked.key)
    wait_for_death(ctx, pid, asked_at)
    wait_for(lambda: not queries(ctx), "the query to be cancelled in the database", _SOON)
    assert time.monotonic() - asked_at < _SOON + 1


def queries(ctx: Context) -> list[dict[str, object]]:
    """The slow queries that the database is at work on."""
    return ctx.database.many("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


def test_a_capture_that_waits_for_the_network(ctx: Context, admin: User, trace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = {"way": "network", "trace": str(trace), "port": silent.getsockname()[1]}
        asked = create_capture(ctx, admin, "waits", options)
        pid = wait_for_trace(trace)
        wait_for_death(ctx, pid, cancel(ctx, admin, asked.key))


def test_after_redis_was_emptied(ctx: Context, admin: User, top: Dataset, trace: Path) -> None:
    asked = ask(ctx, admin, top, "sleep", seconds=60, trace=str(trace))
    pid = wait_for_trace(trace)
    ctx.bell.client.flushall()
    wait_for_death(ctx, pid, cancel(ctx, admin, asked.key))


def test_while_redis_hangs(ctx: Context, admin: User, top: Dataset, trace: Path) -> None:
    asked = ask(ctx, admin, top, "sleep", seconds=60, trace=str(trace))
    pid = wait_for_trace(trace)
    waiting = [ask(ctx, admin, top, "work", mark=str(number)) for number in range(2)]
    server = redis_process(ctx)
    server.suspend()
    try:
        time.sleep(2)  # so that what shows progress is in the middle of it
        asked_at = cancel(ctx, admin, asked.key)
        assert time.monotonic() - asked_at < _SOON
        wait_for_death_while_others_wait(ctx, pid, asked_at, asked.key)
    finally:
        server.resume()
    for dataset in waiting:
        assert_right(ctx, admin, wait_for_end(ctx, dataset.key))


def wait_for_death_while_others_wait(ctx: Context, pid: int, asked_at: float, key: str) -> None:
    wait_for(lambda: not is_alive(pid), "the process to end", _SOON)
    wait_for(lambda: jobs.for_dataset(ctx.database, key) is None, "the job to go", _SOON)
    assert time.monotonic() - asked_at < 2 * _SOON


def test_a_waiting_one_and_what_waits_for_it(ctx: Context, admin: User, top: Dataset) -> None:
    blockers = [ask(ctx, admin, top, "sleep", seconds=3, mark=str(number)) for number in range(2)]
    waiting = ask(ctx, admin, top, "work")
    child = run_processor(ctx, admin, waiting.key, "column-filter", {"column": "number", "match_value": "1"})[0]
    ended = cancel_dataset(ctx, admin, waiting.key)
    assert (ended.status, ended.message) == (Status.CANCELLED, "Cancelled before it started.")
    assert datasets.get(ctx.database, child.key).status is Status.CANCELLED
    for blocker in blockers:
        assert wait_for_end(ctx, blocker.key).status is Status.FINISHED


def test_one_between_two_tries(ctx: Context, admin: User, top: Dataset, trace: Path) -> None:
    asked = ask(ctx, admin, top, "source-once", trace=str(trace))
    ctx.database.run('UPDATE datasets SET parameters = parameters || \'{"way": "source-once"}\'')
    wait_for(lambda: "Trying again" in datasets.get(ctx.database, asked.key).message, "the first try to fail")
    assert cancel_dataset(ctx, admin, asked.key).status is Status.CANCELLED
    assert jobs.for_dataset(ctx.database, asked.key) is None


def test_one_whose_machine_is_frozen(ctx: Context, admin: User, top: Dataset, trace: Path) -> None:
    asked = ask(ctx, admin, top, "sleep", seconds=60, trace=str(trace))
    watcher = psutil.Process(wait_for_trace(trace)).parent()
    assert watcher is not None
    watcher.suspend()
    try:
        cancel(ctx, admin, asked.key)
    finally:
        watcher.resume()
    wait_for(lambda: jobs.for_dataset(ctx.database, asked.key) is None, "the job to go")
    assert datasets.get(ctx.database, asked.key).status is Status.CANCELLED


def test_what_was_cancelled_can_be_run_again_at_once(ctx: Context, admin: User, top: Dataset, trace: Path) -> None:
    asked = ask(ctx, admin, top, "sleep", seconds=1, trace=str(trace))
    wait_for_trace(trace)
    cancel(ctx, admin, asked.key)
    assert retry_dataset(ctx, admin, asked.key).status is Status.WAITING
    assert_right(ctx, admin, wait_for_end(ctx, asked.key))


def test_a_deleted_one_stops_too_and_has_its_place_until_then(
    ctx: Context, admin: User, top: Dataset, trace: Path
) -> None:
    setting.put(ctx.database, "workers.misbehave.max_workers", 1)
    asked = ask(ctx, admin, top, "sleep", seconds=60, trace=str(trace))
    pid = wait_for_trace(trace)
    waiting = ask(ctx, admin, top, "work")
    delete_dataset(ctx, admin, asked.key)
    asked_at = time.monotonic()
    wait_for(lambda: datasets.get(ctx.database, waiting.key).status is not Status.WAITING, "the next to begin", _SOON)
    assert not is_alive(pid)
    assert time.monotonic() - asked_at < _SOON
    assert_right(ctx, admin, wait_for_end(ctx, waiting.key))
