"""Standing tasks with real schedulers and workers: on their grid whatever is stopped, emptied, changed or removed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from app.domain.errors import NotFound
from app.domain.job import Job
from app.runner.schedule import open_scheduler
from app.services.context import Context
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, Starter, wait_for, wait_for_manager
from tests.ticking import assert_on_grid, runs, tick_entries

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def manager(ctx: Context, start: Starter) -> Process:
    """A manager alone: the test starts its schedulers."""
    started = start("-m", "app.runner")
    wait_for_manager(ctx, started)
    return started


def wait_for_runs(ctx: Context, count: int, since: float = 0) -> None:
    wait_for(lambda: len(runs(ctx, since)) >= count, f"{count} runs", 60)


def end(process: Process) -> None:
    process.terminate()
    assert process.wait(30) == 0


def interval_of(entry: str) -> int:
    return int(entry.rsplit("-", 1)[1])


def tick_job(ctx: Context) -> Job | None:
    try:
        return jobs.find_open(ctx.database, "tick", "")
    except NotFound:
        return None


def test_two_schedulers_run_nothing_twice(ctx: Context, manager: Process, start: Starter) -> None:
    for _ in range(2):
        start("scheduler.py")
    wait_for_runs(ctx, 5)
    assert_on_grid(runs(ctx))


def test_runs_longer_than_the_interval_neither_overlap_nor_pile_up(
    ctx: Context, manager: Process, start: Starter
) -> None:
    setting.put(ctx.database, "tick.seconds", 5)
    for _ in range(2):
        start("scheduler.py")
    wait_for_runs(ctx, 3)
    assert_on_grid(runs(ctx))
    assert ctx.bell.queue("tick").count <= 2, "a doorbell of the job, and one of its entry"


def test_one_run_makes_up_for_those_missed_in_a_long_stop(ctx: Context, manager: Process, start: Starter) -> None:
    scheduler = start("scheduler.py")
    wait_for_runs(ctx, 1)
    scheduler.kill()
    scheduler.wait()
    wait_for(lambda: (job := tick_job(ctx)) and job.state == "waiting", "the last run to end")
    before = set(runs(ctx))
    as_if_stopped_for(ctx, DAY)
    back = time.time()
    start("scheduler.py")
    wait_for(lambda: len(set(runs(ctx)) - before) >= 4, "four runs", 60)
    made = sorted(set(runs(ctx)) - before)
    assert_on_grid(made)
    assert made[0].point >= back - 2, "not the first of those that were missed"


def as_if_stopped_for(ctx: Context, seconds: int) -> None:
    """Put back in time what a scheduler that stops leaves behind."""
    ctx.database.run(
        "UPDATE jobs SET last_claimed = last_claimed - make_interval(secs => %(seconds)s),"
        " claim_after = claim_after - make_interval(secs => %(seconds)s) WHERE interval IS NOT NULL",
        seconds=seconds,
    )
    scheduler = open_scheduler(ctx.bell)
    for name in tick_entries(ctx):
        ctx.bell.client.zincrby(scheduler.scheduled_jobs_key, -seconds, name)


def test_an_emptied_redis_changes_nothing(ctx: Context, manager: Process, start: Starter) -> None:
    start("scheduler.py")
    setting.put(ctx.database, "tick.seconds", 1)
    for _ in range(3):
        seen = len(runs(ctx))
        wait_for(lambda: (job := tick_job(ctx)) and job.state == "running", "a run to begin", 60)
        ctx.bell.client.flushall()
        wait_for_runs(ctx, seen + 2)
    wait_for(lambda: tick_entries(ctx), "the entry to be back")
    assert_on_grid(runs(ctx))


def test_a_changed_interval_counts_from_the_next_start(ctx: Context, manager: Process, start: Starter) -> None:
    scheduler = start("scheduler.py")
    wait_for_runs(ctx, 2)
    end(scheduler)
    before = set(runs(ctx))

    longer = start("scheduler.py", TICK_INTERVAL="5")
    wait_for(lambda: {interval_of(name) for name in tick_entries(ctx)} == {5}, "the entry for 5 s")
    changed = time.time()
    wait_for_runs(ctx, 3, changed)
    assert_on_grid(runs(ctx, changed), 5)
    end(longer)

    longest = start("scheduler.py", TICK_INTERVAL=str(HOUR))
    wait_for(lambda: {interval_of(name) for name in tick_entries(ctx)} == {HOUR}, "the entry for an hour")
    wait_for(lambda: (job := tick_job(ctx)) and job.state == "waiting", "the last run to end")
    end(longest)

    shorter = time.time()
    start("scheduler.py")
    wait_for_runs(ctx, 3, shorter)
    assert_on_grid(runs(ctx, shorter))
    assert {interval_of(name) for name in tick_entries(ctx)} == {2}
    assert before <= set(runs(ctx))


def test_nothing_is_left_of_a_removed_type(ctx: Context, start: Starter, tmp_path: Path) -> None:
    scheduler = start("scheduler.py")
    wait_for(lambda: ctx.bell.queue("tick").count == 2, "doorbells that nobody answers", 60)
    end(scheduler)

    start("scheduler.py", PLUGIN_PACKAGES="")
    start("-m", "app.runner", PLUGIN_PACKAGES="")
    wait_for(lambda: tick_job(ctx) is None, "the job to go")
    wait_for(lambda: not tick_keys(ctx), "the entry and its doorbells to go")
    wait_for(ctx.bell.managers, "the manager", 60)
    assert complaints(tmp_path) == []


def test_a_type_removed_while_it_runs_is_stopped(
    ctx: Context, manager: Process, start: Starter, tmp_path: Path
) -> None:
    setting.put(ctx.database, "tick.seconds", 600)
    scheduler = start("scheduler.py")
    wait_for(lambda: (job := tick_job(ctx)) and job.state == "running", "a run to begin", 60)
    end(scheduler)
    start("scheduler.py", PLUGIN_PACKAGES="")
    wait_for(lambda: tick_job(ctx) is None, "the job to go")
    wait_for(lambda: not plugins_of(manager), "its process to end")
    wait_for(lambda: not tick_entries(ctx), "its entry to go")
    assert complaints(tmp_path) == []


def plugins_of(manager: Process) -> list[int]:
    """The processes that do a job: those three below the manager."""
    level = [psutil.Process(manager.pid)]
    for _ in range(3):
        level = [child for parent in level for child in children_of(parent)]
    return [process.pid for process in level]


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """What it has started; nothing when it has ended, even while it is asked."""
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def tick_keys(ctx: Context) -> list[bytes]:
    return [name for name in ctx.bell.client.scan_iter() if b"tick" in name]


def complaints(folder: Path) -> list[str]:
    """Lines about errors in what the processes of this test have said."""
    lines = [line for log in sorted(folder.glob("process-*.log")) for line in log.read_text().splitlines()]
    return [line for line in lines if "Traceback" in line or " ERROR " in line or "Error:" in line]


def test_a_scheduler_killed_with_the_lock_holds_up_nothing(ctx: Context, manager: Process, start: Starter) -> None:
    killed = start("scheduler.py")
    wait_for(lambda: tick_entries(ctx), "the entry")
    killed.kill()
    killed.wait()
    dead = open_scheduler(ctx.bell)
    ctx.bell.client.delete(dead.scheduler_lock_key)
    assert dead.acquire_lock(), "taken as by a scheduler, and never given back"
    back = time.time()
    start("scheduler.py")
    wait_for_runs(ctx, 3, back - 2)
    assert_on_grid(runs(ctx, back - 2))
    wait_for(lambda: min(tick_entries(ctx).values()) > back + 2, "rq-scheduler to ring again", 60)


def test_a_frozen_scheduler_that_thaws_runs_nothing_twice(ctx: Context, manager: Process, start: Starter) -> None:
    frozen = start("scheduler.py")
    wait_for_runs(ctx, 1)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        start("scheduler.py")
        seen = len(runs(ctx))
        wait_for_runs(ctx, seen + 3)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    seen = len(runs(ctx))
    wait_for_runs(ctx, seen + 3)
    assert_on_grid(runs(ctx))
